/* The operator's tool: one word a command, tables for people, --json for programs.
 *
 *     commands.c: the one table ---> options.c  parses by it
 *                              \---> help.c     --help
 *                              \---> man.c      foilctl man         (at build: foilctl.1)
 *                              \---> completion.c  foilctl completion bash|zsh
 *
 * A command reads the shared counters (segment_reader.h) or asks the admin server (admin_client.h);
 * it never stops the data plane. */
#ifndef DATAPLANE_FOILCTL_FOILCTL_H
#define DATAPLANE_FOILCTL_FOILCTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "dataplane/counters/segment_reader.h"
#include "stack/base/compiler.h"

#define FOILCTL_OK 0
#define FOILCTL_FAILED 1
#define FOILCTL_USAGE 64
/* Of foilctl check: it runs, with limits; it will not run. */
#define FOILCTL_CHECK_WARN 1
#define FOILCTL_CHECK_BAD 2

/* Where it writes: streams, and the size of the terminal (0 = none: nothing is wrapped). */
struct foilctl_io {
	FILE *out;
	FILE *err;
	unsigned width;
	unsigned height;
	/* UNIX time; and a rest, false when it was cut short because the user wants to end (Ctrl-C).
	 * Tests bring their own. */
	uint64_t (*now_ns)(void);
	bool (*sleep_ns)(uint64_t ns);
};

/* What the command line said; zero where nothing was said and the table has no default. */
struct foilctl_options {
	const char *segment; /* NULL = the default */
	const char *admin;   /* NULL = as the data plane says */
	const char *operand; /* the word after the command */
	const char *operand_value; /* the one after that */
	bool json;
	bool nonzero;
	bool all;
	const char *config;
	const char *root;
	bool once;
	bool watch;
	uint64_t interval_ns;
	const char *address;
	const char *port;
	const char *state;
	const char *cluster;
	const char *listener;
	uint64_t idle_ns;
	/* requests */
	bool failed;
	bool slow;
	uint64_t over_ns;
	/* workers */
	const char *from;
	const char *to;
	/* capture */
	const char *write_file;
	const char *on;
	const char *direction;
	const char *source;
	const char *destination;
	const char *source_port;
	const char *destination_port;
	const char *protocol;
	const char *flags;
	bool dropped;
	uint64_t snap_bytes;
	uint64_t rate;
	uint64_t count;
	uint64_t duration_ns;
	uint64_t file_bytes;
	uint64_t files;
	/* trace */
	const char *connection;
	const char *path;
};

/* A whole run; returns the exit status. */
int foilctl_run(int argc, char **argv, const struct foilctl_io *io);

typedef int (*foilctl_command_run)(const struct foilctl_options *options,
				   const struct foilctl_io *io);

/* The commands; each in its file. */
int foilctl_stat(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_drops(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_conns(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_check(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_top(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_capture(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_trace(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_requests(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_ports(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_workers(const struct foilctl_options *options, const struct foilctl_io *io);
/* Of workers: rest, add, move. */
int foilctl_workers_order(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_neigh(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_routes(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_completion(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_man(const struct foilctl_options *options, const struct foilctl_io *io);

/* Opens the counters; NULL after a line on err.  Warns when their process is dead. */
struct segment_reader *foilctl_open(const struct foilctl_options *options,
				    const struct foilctl_io *io);

#endif
