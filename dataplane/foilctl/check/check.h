/* foilctl check: is this machine fit for hydrofoil, and if not, what cures it.
 *
 *     bootstrap (-c) --> ports, memory --+
 *     /sys, /proc of `root` -------------+--> probes --> findings --> √ ‼ ×, or JSON
 *
 * Probes only read.  A finding is × (BAD) where the bootstrap cannot run as it stands, ‼ (WARN)
 * where it runs, but slower or with something missing, √ (GOOD) else.  Without a bootstrap nothing
 * but the CPU is needed, so the rest warns. */
#ifndef DATAPLANE_FOILCTL_CHECK_CHECK_H
#define DATAPLANE_FOILCTL_CHECK_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/counters/text.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

#define CHECK_PORTS_MAX 16
#define CHECK_CPUS_MAX 1024
#define CHECK_NODES_MAX 64

enum check_level { CHECK_GOOD, CHECK_WARN, CHECK_BAD, CHECK_LEVELS };

struct check_finding {
	enum check_level level;
	char subject[48];
	char text[320];
	char cure[320];   /* "" = none needed */
};

/* A port of the bootstrap, as far as the machine is concerned. */
struct check_port {
	char name[64];
	char kind[16];    /* "af_packet", "af_xdp", "tap", "memif", "pci", … */
	char device[128]; /* interface, socket or PCI address */
	bool is_server;   /* of memif */
	uint32_t mtu_bytes; /* 0 = the device's own */
	char exception[16]; /* kind of its exception port, "" = it has none */
	char exception_interface[20];
};

struct check {
	const char *root;        /* "" or a folder that has sys/ and proc/ */
	/* From the bootstrap. */
	bool has_bootstrap;
	struct check_port ports[CHECK_PORTS_MAX];
	uint32_t port_count;
	uint32_t workers;
	uint8_t cores[CHECK_CPUS_MAX]; /* 1 = named for a worker; none are = any will do */
	bool has_cores;
	uint32_t memory_mib;
	bool hugepages_required;
	bool hugepages_never;
	/* Found on the way, for later probes. */
	uint8_t cpus[CHECK_CPUS_MAX]; /* 1 = allotted to this process */
	uint64_t capabilities;
	bool is_root_user;
	/* The result. */
	struct check_finding *findings;
	uint32_t count;
	uint32_t capacity;
	bool failed;             /* no memory */
};

/* Adds a finding; text is formatted, cure is taken as it is (NULL = none) and left out
 * where all is good. */
void check_add(struct check *check, enum check_level level, const char *subject, const char *cure,
	       const char *format, ...) PRINTF_LIKE(5, 6);
void check_free(struct check *check);

/* check_read.c: files under root.  Paths begin with a slash and may be formatted. */

/* The first line without its line feed; false when it cannot be read. */
MUST_USE bool check_read(const struct check *check, char *out, size_t size, const char *format, ...)
	PRINTF_LIKE(4, 5);
/* The value after "NAME:", "NAME " or "NAME=" at the head of a line of a file. */
MUST_USE bool check_read_field(const struct check *check, const char *path, const char *name,
			       char *out, size_t size);
/* A number at the head of the first line; `absent` when there is none. */
int64_t check_read_number(const struct check *check, int64_t absent, const char *format, ...)
	PRINTF_LIKE(3, 4);
bool check_exists(const struct check *check, const char *format, ...) PRINTF_LIKE(2, 3);
/* Whether this process may read and write it. */
bool check_may_use(const struct check *check, const char *format, ...) PRINTF_LIKE(2, 3);
/* Last part of what a symbolic link points to ("vfio-pci"). */
MUST_USE bool check_link(const struct check *check, char *out, size_t size, const char *format, ...)
	PRINTF_LIKE(4, 5);
/* The first entry of a folder. */
MUST_USE bool check_entry(const struct check *check, char *out, size_t size, const char *format, ...)
	PRINTF_LIKE(4, 5);
uint32_t check_entries(const struct check *check, const char *path);
/* "0-2,5" into flags; returns how many, 0 for what is no list. */
uint32_t check_cpu_list(const char *text, uint8_t *flags, uint32_t size);
/* The opposite of it. */
void check_cpu_text(const uint8_t *flags, uint32_t count, char *out, size_t size);

enum check_capability { CHECK_CAP_NET_ADMIN = 12, CHECK_CAP_NET_RAW = 13, CHECK_CAP_IPC_LOCK = 14,
			CHECK_CAP_SYS_ADMIN = 21, CHECK_CAP_BPF = 39 };
bool check_capable(const struct check *check, enum check_capability capability);
bool check_has_kind(const struct check *check, const char *kind);

/* check_bootstrap.c: fills ports and memory; false and *why when the file has faults. */
MUST_USE bool check_bootstrap(struct check *check, const char *file, struct why *why);
/* check_machine.c */
void check_machine(struct check *check);
/* check_memory.c */
void check_memory(struct check *check);
/* check_rights.c; the identity (capabilities, user) comes first, others ask for it */
void check_identity(struct check *check);
void check_rights(struct check *check);
/* check_ports.c */
void check_ports(struct check *check);

#endif
