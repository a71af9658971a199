/* The operator's tool: one word a command, tables for people, --json for programs. */
#ifndef DATAPLANE_FOILCTL_FOILCTL_H
#define DATAPLANE_FOILCTL_FOILCTL_H

#include <stdbool.h>
#include <stdio.h>

#include "dataplane/counters/segment_reader.h"
#include "stack/base/compiler.h"

#define FOILCTL_OK 0
#define FOILCTL_FAILED 1
#define FOILCTL_USAGE 64

/* Where it writes: streams, and columns of the terminal (0 = none: nothing is wrapped). */
struct foilctl_io {
	FILE *out;
	FILE *err;
	unsigned width;
};

/* What the command line said. */
struct foilctl_options {
	const char *segment; /* NULL = the default */
	const char *admin;   /* NULL = as the data plane says */
	const char *pattern; /* NULL = all */
	bool json;
	bool nonzero;
	bool all;
};

/* A whole run; returns the exit status. */
int foilctl_run(int argc, char **argv, const struct foilctl_io *io);

/* The commands; each in its file. */
int foilctl_stat(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_drops(const struct foilctl_options *options, const struct foilctl_io *io);
int foilctl_conns(const struct foilctl_options *options, const struct foilctl_io *io);

/* Opens the counters; NULL after a line on err.  Warns when their process is dead. */
struct segment_reader *foilctl_open(const struct foilctl_options *options,
				    const struct foilctl_io *io);

#endif
