/* foilctl man: the manual page in roff (man(7)), made of the table. */
#include <string.h>

#include "dataplane/foilctl/commands.h"

/* Text in which roff finds nothing to interpret; "\n\n" begins a paragraph. */
static void escape(FILE *out, const char *text)
{
	bool at_start = true;

	for (; *text; text++) {
		if (text[0] == '\n' && text[1] == '\n') {
			fputs("\n.PP\n", out);
			text++;
			at_start = true;
			continue;
		}
		if (at_start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		at_start = *text == '\n';
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else if (*text == '\'')
			fputs("\\(aq", out);
		else if (*text == '"')
			fputs("\\(dq", out);
		else
			fputc(*text, out);
	}
}

static void write_option(FILE *out, const struct foilctl_option *option)
{
	char argument[32];

	fputs(".TP\n", out);
	if (option->letter)
		fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
	fputs("\\fB\\-\\-", out);
	escape(out, option->name);
	fputs("\\fR", out);
	if (option->argument) {
		fputs(" \\fI", out);
		escape(out, foilctl_argument(option, argument));
		fputs("\\fR", out);
	}
	fputc('\n', out);
	escape(out, option->help);
	fputc('\n', out);
}

static void write_command(FILE *out, const struct foilctl_command *command)
{
	struct text synopsis = {0};

	foilctl_synopsis(command, &synopsis);
	fputs(".SS ", out);
	escape(out, synopsis.data ? synopsis.data : command->name);
	fputc('\n', out);
	text_free(&synopsis);
	escape(out, command->text);
	fputc('\n', out);
	for (const struct foilctl_option *o = command->options; o && o->name; o++)
		write_option(out, o);
	for (const struct foilctl_example *e = command->examples; e && e->words; e++) {
		fputs(".TP\n.B foilctl ", out);
		escape(out, e->words);
		fputc('\n', out);
		escape(out, e->what);
		fputc('\n', out);
	}
	if (command->status) {
		fputs(".PP\nExit status: ", out);
		escape(out, command->status);
		fputc('\n', out);
	}
}

int foilctl_man(const struct foilctl_options *options, const struct foilctl_io *io)
{
	FILE *out = io->out;

	fputs(".TH FOILCTL 1 \"\" \"hydrofoil " HYDROFOIL_VERSION "\" \"hydrofoil\"\n"
	      ".SH NAME\nfoilctl \\- look into a running hydrofoil\n"
	      ".SH SYNOPSIS\n.B foilctl\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
	      ".SH DESCRIPTION\n"
	      "Shows what a running hydrofoil does: its load, ports, connections, requests and\n"
	      "packets.  Counters are read from shared memory and cost the data plane nothing;\n"
	      "what only the workers know is asked of the admin server.\n"
	      ".SH COMMANDS\n",
	      out);
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++)
		write_command(out, c);
	fputs(".SH OPTIONS OF EVERY COMMAND\n", out);
	for (const struct foilctl_option *o = foilctl_common_options; o->name; o++)
		write_option(out, o);
	fputs(".SH EXIT STATUS\n", out);
	escape(out, foilctl_usual_status);
	fputc('\n', out);
	return FOILCTL_OK;
}
