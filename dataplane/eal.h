/* DPDK's environment (EAL): its arguments from the settings and from what the machine has, its
 * messages turned into sentences, and no file of it left behind, not even by kill -9.
 *
 *     machine_look --> struct machine --+
 *                      settings --------+--> eal_plan_make --> struct eal_plan --> eal_start
 *
 * Files: hugepages are taken with --in-memory, else --no-huge (the two exclude each other); no
 * shared config, no telemetry socket.  The directory that EAL makes all the same lies in a private
 * one that is locked while it is in use and removed as soon as EAL is up; one that a killed start
 * left is removed by the next start. */
#ifndef DATAPLANE_EAL_H
#define DATAPLANE_EAL_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/settings.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct machine {
	struct cpu_list cpus;            /* allotted to this process, in order */
	struct cpu_list online;          /* of the machine; empty = it does not say */
	uint64_t free_hugepage_mib;      /* over all sizes and nodes */
};

/* What this process may use. */
void machine_look(struct machine *out);

#define EAL_ARGS_MAX 48 /* two for each port, and the rest */
#define EAL_ARG_BYTES 1024

struct eal_plan {
	int count;
	char *args[EAL_ARGS_MAX + 1];
	char text[EAL_ARGS_MAX][EAL_ARG_BYTES];
	bool hugepages;
	unsigned main_lcore;
	uint16_t worker_count;
	unsigned worker_lcores[SETTINGS_WORKERS_MAX];
	uint16_t worker_cpus[SETTINGS_WORKERS_MAX];
	struct cpu_list main_cpus; /* of all other threads */
};

/* Pure.  False when the settings ask for more than the machine has. */
MUST_USE bool eal_plan_make(struct eal_plan *plan, const struct dataplane_settings *settings,
			    const struct machine *machine, struct why *why);
/* Starts EAL; false with a sentence that names the cure.
 *
 * Nothing stops it but the end of the process, which gives all of it back: there are no files.
 * rte_eal_cleanup() is not called, because it unmaps memory that EAL's interrupt thread still walks
 * through (memif's listening sockets are never unregistered): SIGSEGV in one of four exits. */
MUST_USE bool eal_start(struct eal_plan *plan, struct why *why);

/* From EAL's own message lines (joined by line feeds, as many as were kept) to a sentence with
 * a cure; where the messages are not known, the last of them is quoted.  Pure. */
void eal_explain(const char *messages, struct why *why);
/* The error lines that DPDK has written since the last call of eal_messages_clear. */
const char *eal_messages(void);
void eal_messages_clear(void);

#endif
