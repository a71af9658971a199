/* The command line of foilctl, parsed by the table of commands. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/foilctl/commands.h"
#include "stack/base/time.h"

#define OPTIONS_MAX 40
#define LONG_ONLY 256 /* above all letters */

enum { PARSED_RUN, PARSED_HELP, PARSED_WRONG };

static bool parse_number(const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	char *end;
	unsigned long long value = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;

	if (end == text || *text == '-' || *text == '+')
		return false;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;

	if (*end && (!unit || end[1] != '\0'))
		return false;
	if (value > UINT64_MAX >> shift)
		return false;
	*out = (uint64_t)value << shift;
	return true;
}

static bool parse_duration(const char *text, uint64_t *out)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9},   {"ms", 1e6}, {"us", 1e3},
		     {"ns", 1}, {"m", 60e9},  {"h", 3600e9}};
	char *end;
	double value = strtod(text, &end);

	if (end == text || !(value >= 0 && value < 1e9) || *text == '-')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		*out = (uint64_t)(value * units[i].ns);
		return true;
	}
	return false;
}

static bool store(struct foilctl_options *options, const struct foilctl_option *option,
		  const char *value)
{
	void *member = (char *)options + option->offset;

	switch (option->kind) {
	case FOILCTL_FLAG:
		*(bool *)member = true;
		return true;
	case FOILCTL_TEXT:
		*(const char **)member = value;
		return true;
	case FOILCTL_NUMBER:
		return parse_number(value, member);
	case FOILCTL_DURATION:
		return parse_duration(value, member);
	}
	return false;
}

struct getopt_table {
	struct option known[OPTIONS_MAX + 1];
	const struct foilctl_option *options[OPTIONS_MAX];
	char letters[2 * OPTIONS_MAX + 1];
	unsigned count;
};

static void make_table(struct getopt_table *table, const struct foilctl_command *command)
{
	const struct foilctl_option *option;
	unsigned at = 0, letters = 0;

	memset(table, 0, sizeof(*table));
	while (table->count < OPTIONS_MAX && (option = foilctl_option_next(command, &at))) {
		unsigned i = table->count++;

		table->options[i] = option;
		table->known[i] = (struct option){option->name,
						  option->argument ? required_argument : no_argument,
						  NULL, LONG_ONLY + (int)i};
		if (!option->letter)
			continue;
		table->letters[letters++] = option->letter;
		if (option->argument)
			table->letters[letters++] = ':';
	}
}

static const struct foilctl_option *option_of(const struct getopt_table *table, int found)
{
	if (found >= LONG_ONLY)
		return table->options[found - LONG_ONLY];
	for (unsigned i = 0; i < table->count; i++)
		if (table->options[i]->letter == found)
			return table->options[i];
	return NULL;
}

static int parse(struct foilctl_options *options, const struct foilctl_command *command, int argc,
		 char **argv, const struct foilctl_io *io)
{
	struct getopt_table table;
	int found;

	make_table(&table, command);
	optind = 0; /* from the start again */
	opterr = 0;
	while ((found = getopt_long(argc, argv, table.letters, table.known, NULL)) != -1) {
		const struct foilctl_option *option = option_of(&table, found);

		if (!option) {
			fprintf(io->err, "foilctl %s: %s is not an option of it, or lacks its value\n",
				command->name, argv[optind - 1]);
			return PARSED_WRONG;
		}
		if (strcmp(option->name, "help") == 0)
			return PARSED_HELP;
		if (!store(options, option, optarg)) {
			fprintf(io->err, "foilctl %s: --%s wants a %s, not %s\n", command->name,
				option->name,
				option->kind == FOILCTL_NUMBER ? "number (4096, 64K, 10M)"
							       : "time (20ms, 1.5s, 2m)", optarg);
			return PARSED_WRONG;
		}
	}
	if (command->operand && optind < argc)
		options->operand = argv[optind++];
	if (command->operand && strchr(command->operand, ' ') && optind < argc)
		options->operand_value = argv[optind++];
	if (optind < argc) {
		fprintf(io->err, "foilctl %s: %s is one argument too many\n", command->name,
			argv[optind]);
		return PARSED_WRONG;
	}
	if (command->operand_needed && !options->operand) {
		fprintf(io->err, "foilctl %s: it wants %s\n", command->name, command->operand);
		return PARSED_WRONG;
	}
	return PARSED_RUN;
}

/* With --watch: a screen of it, a rest, and again; into a file one after the other. */
static int run_command(const struct foilctl_command *command, const struct foilctl_options *options,
		       const struct foilctl_io *io)
{
	if (!options->watch)
		return command->run(options, io);
	for (;;) {
		if (io->height > 0)
			fputs("\033[H\033[2J", io->out);
		int status = command->run(options, io);

		if (status != FOILCTL_OK || fflush(io->out) != 0)
			return status;
		if (!io->sleep_ns(options->interval_ns ? options->interval_ns : NS_PER_SECOND))
			return FOILCTL_OK;
	}
}

static void print_usage(const struct foilctl_command *command, FILE *out)
{
	struct text synopsis = {0};

	foilctl_synopsis(command, &synopsis);
	fprintf(out, "Usage: foilctl %s\n", synopsis.data ? synopsis.data : command->name);
	text_free(&synopsis);
}

int foilctl_run(int argc, char **argv, const struct foilctl_io *io)
{
	struct foilctl_options options = {0};
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
		const struct foilctl_command *wanted =
			argc > 2 ? foilctl_command_find(argv[2]) : NULL;

		if (wanted)
			foilctl_command_help(wanted, io);
		else
			foilctl_help(io);
		return FOILCTL_OK;
	}
	if (strcmp(word, "--version") == 0) {
		fputs("foilctl " HYDROFOIL_VERSION "\n", io->out);
		return FOILCTL_OK;
	}
	const struct foilctl_command *command = foilctl_command_find(word);

	if (!command) {
		struct foilctl_io on_err = *io;

		if (word[0])
			fprintf(io->err, "foilctl: there is no command %s\n\n", word);
		on_err.out = io->err;
		foilctl_help(&on_err);
		return FOILCTL_USAGE;
	}
	switch (parse(&options, command, argc - 1, argv + 1, io)) {
	case PARSED_HELP:
		foilctl_command_help(command, io);
		return FOILCTL_OK;
	case PARSED_RUN:
		return run_command(command, &options, io);
	default:
		print_usage(command, io->err);
		return FOILCTL_USAGE;
	}
}

struct segment_reader *foilctl_open(const struct foilctl_options *options,
				    const struct foilctl_io *io)
{
	struct segment_reader *reader = NULL;
	struct why why;

	if (!segment_reader_open(&reader, options->segment, &why)) {
		fprintf(io->err, "foilctl: %s\n", why.text);
		return NULL;
	}
	if (!segment_reader_is_alive(reader))
		fprintf(io->err, "foilctl: hydrofoil (process %u) is gone; this is what it left\n",
			segment_reader_header(reader)->pid);
	return reader;
}
