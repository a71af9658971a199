/* The command line of foilctl: words, flags and help. */
#include <getopt.h>
#include <string.h>

#include "dataplane/foilctl/foilctl.h"

static const struct {
	const char *name;
	const char *synopsis;
	const char *summary;
	int (*run)(const struct foilctl_options *options, const struct foilctl_io *io);
	const char *help;
} commands[] = {
	{"stat", "stat [PATTERN] [--nonzero] [--json]", "counters by name", foilctl_stat,
	 "Shows counters by name, summed over workers; PATTERN is a regular expression that\n"
	 "is looked for anywhere in the name.\n"
	 "\n"
	 "  --nonzero   only what has counted something\n"
	 "\n"
	 "Examples:\n"
	 "  foilctl stat --nonzero cluster            what upstream clusters did\n"
	 "  foilctl stat 'upstream_rq_5xx'            which cluster answers with errors\n"
	 "  foilctl stat hydrofoil.worker             load of every worker\n"},
	{"drops", "drops [-a] [--json]", "why packets were dropped", foilctl_drops,
	 "Shows why packets and requests were dropped, the most frequent reason first.\n"
	 "\n"
	 "  -a, --all   also the reasons that never occurred: what is watched at all\n"
	 "\n"
	 "Example:\n"
	 "  foilctl drops --json | jq '.drops[] | select(.reason == \"TCP_CHECKSUM\")'\n"},
	{"conns", "conns [--admin ADDRESS] [--json]", "open connections", foilctl_conns,
	 "Shows the connections of all workers: state, addresses, bytes received and sent,\n"
	 "round-trip time, and why a connection does not move.\n"
	 "\n"
	 "  --admin ADDRESS   of the admin server (127.0.0.1:15000, unix:/path); foilctl\n"
	 "                    finds it by itself while the data plane runs\n"},
};

static void print_help(FILE *out)
{
	fputs("Usage: foilctl COMMAND [OPTIONS]\n"
	      "\n"
	      "Looks into a running hydrofoil.  foilctl COMMAND --help says more.\n"
	      "\n",
	      out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-37s %s\n", commands[i].synopsis, commands[i].summary);
	fputs("\n"
	      "Options of every command:\n"
	      "  --segment NAME|PATH   which hydrofoil (default hydrofoil: /dev/shm/hydrofoil)\n"
	      "  --json                for programs\n"
	      "  --help                what the command shows, with examples\n"
	      "\n"
	      "Exit status: 0 done, 1 it could not be done (the reason is on stderr), 64 usage.\n",
	      out);
}

static int find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return (int)i;
	return -1;
}

enum { PARSED_RUN, PARSED_HELP, PARSED_WRONG };

static int parse(struct foilctl_options *options, int command, int argc, char **argv,
		 const struct foilctl_io *io)
{
	static const struct option known[] = {
		{"segment", required_argument, NULL, 's'}, {"admin", required_argument, NULL, 'd'},
		{"json", no_argument, NULL, 'j'},          {"nonzero", no_argument, NULL, 'n'},
		{"all", no_argument, NULL, 'a'},           {"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool is_stat = commands[command].run == foilctl_stat;
	int option;

	optind = 0; /* from the start again */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "ah", known, NULL)) != -1) {
		if (option == 's')
			options->segment = optarg;
		else if (option == 'd' && commands[command].run == foilctl_conns)
			options->admin = optarg;
		else if (option == 'j')
			options->json = true;
		else if (option == 'n' && is_stat)
			options->nonzero = true;
		else if (option == 'a' && commands[command].run == foilctl_drops)
			options->all = true;
		else if (option == 'h')
			return PARSED_HELP;
		else {
			fprintf(io->err, "foilctl %s: %s is not an option of it, or lacks its value\n",
				commands[command].name, argv[optind - 1]);
			return PARSED_WRONG;
		}
	}
	if (is_stat && optind < argc)
		options->pattern = argv[optind++];
	if (optind == argc)
		return PARSED_RUN;
	fprintf(io->err, "foilctl %s: %s is one argument too many\n", commands[command].name,
		argv[optind]);
	return PARSED_WRONG;
}

int foilctl_run(int argc, char **argv, const struct foilctl_io *io)
{
	struct foilctl_options options = {0};
	const char *word = argc > 1 ? argv[1] : "";

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
		print_help(io->out);
		return FOILCTL_OK;
	}
	if (strcmp(word, "--version") == 0) {
		fputs("foilctl " HYDROFOIL_VERSION "\n", io->out);
		return FOILCTL_OK;
	}
	int command = find_command(word);

	if (command < 0) {
		if (word[0])
			fprintf(io->err, "foilctl: there is no command %s\n\n", word);
		print_help(io->err);
		return FOILCTL_USAGE;
	}
	switch (parse(&options, command, argc - 1, argv + 1, io)) {
	case PARSED_HELP:
		fprintf(io->out, "Usage: foilctl %s\n\n%s", commands[command].synopsis,
			commands[command].help);
		return FOILCTL_OK;
	case PARSED_RUN:
		return commands[command].run(&options, io);
	default:
		fprintf(io->err, "Usage: foilctl %s\n", commands[command].synopsis);
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
