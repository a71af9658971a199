/* The table of commands: what the parser, --help, the man page and the completions are made of. */
#ifndef DATAPLANE_FOILCTL_COMMANDS_H
#define DATAPLANE_FOILCTL_COMMANDS_H

#include <stddef.h>

#include "dataplane/counters/text.h"
#include "dataplane/foilctl/foilctl.h"

enum foilctl_option_kind {
	FOILCTL_FLAG,     /* bool */
	FOILCTL_TEXT,     /* const char * */
	FOILCTL_NUMBER,   /* uint64_t: 4096, 64K, 10M, 1G (factors of 1024) */
	FOILCTL_DURATION, /* uint64_t of ns: 250us, 20ms, 1.5s, 2m; without a unit: seconds */
};

struct foilctl_option {
	const char *name;     /* without the dashes */
	char letter;          /* 0 = it has none */
	const char *argument; /* "FILE", "NUMBER", or its values: "rx|tx"; NULL of a flag */
	enum foilctl_option_kind kind;
	size_t offset;        /* in struct foilctl_options */
	const char *help;
};

struct foilctl_example {
	const char *words;    /* after "foilctl "; may go on with a pipe */
	const char *what;
};

struct foilctl_command {
	const char *name;
	const char *operand;  /* "PATTERN", "bash|zsh", "rest|add N" (two words); NULL = takes none */
	bool operand_needed;
	const char *summary;
	const char *text;     /* paragraphs, with an empty line between them; wrapped when printed */
	const char *status;   /* what its exit status says beyond the usual; NULL = nothing */
	const struct foilctl_option *options; /* ends with a NULL name; NULL = only the common ones */
	const struct foilctl_example *examples; /* ends with NULL words */
	foilctl_command_run run;
};

/* Ends with a NULL name. */
extern const struct foilctl_command foilctl_commands[];
/* Options of every command; the same end. */
extern const struct foilctl_option foilctl_common_options[];
extern const char foilctl_usual_status[];

/* NULL when there is none of that name. */
const struct foilctl_command *foilctl_command_find(const char *name);
/* Walks over the options of a command, its own first, then the common ones; *at starts at 0.  NULL
 * at the end. */
const struct foilctl_option *foilctl_option_next(const struct foilctl_command *command,
						 unsigned *at);
/* What stands for the argument in help: as in the table, or "STATE" for a long list of values. */
const char *foilctl_argument(const struct foilctl_option *option, char out[32]);
/* "drops [-a] [--json]": as after "Usage: foilctl ". */
void foilctl_synopsis(const struct foilctl_command *command, struct text *out);

/* help.c */
void foilctl_help(const struct foilctl_io *io);
void foilctl_command_help(const struct foilctl_command *command, const struct foilctl_io *io);

#endif
