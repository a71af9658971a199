/* --help of foilctl and of each command, made of the table. */
#include <string.h>

#include "dataplane/foilctl/commands.h"

#define HELP_COLUMNS_MAX 100
#define HELP_COLUMNS 80
#define LABEL_COLUMNS_MAX 26

static unsigned columns_of(const struct foilctl_io *io)
{
	if (io->width == 0)
		return HELP_COLUMNS;
	return io->width < HELP_COLUMNS_MAX ? io->width : HELP_COLUMNS_MAX;
}

/* Words of text from column `at` on, further lines indented; an empty line stays one. */
static void wrap(FILE *out, const char *text, unsigned indent, unsigned at, unsigned columns)
{
	while (*text) {
		size_t word = strcspn(text, " \n");

		if (at > indent && at + 1 + word > columns) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, word, out);
		at += (unsigned)word;
		text += word;
		if (strncmp(text, "\n\n", 2) == 0) {
			fprintf(out, "\n\n%*s", (int)indent, "");
			at = indent;
		}
		text += strspn(text, " \n");
	}
	fputc('\n', out);
}

static void print_label(FILE *out, const char *label, unsigned column, const char *text,
			unsigned columns)
{
	unsigned length = (unsigned)strlen(label);

	fputs(label, out);
	if (length + 2 > column)
		fprintf(out, "\n%*s", (int)column, "");
	else
		fprintf(out, "%*s", (int)(column - length), "");
	wrap(out, text, column, column, columns);
}

static void option_label(const struct foilctl_option *option, char *out, size_t size)
{
	char letter[8] = "    ", argument[32];

	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(out, size, "  %s--%s%s%s", letter, option->name, option->argument ? " " : "",
		 option->argument ? foilctl_argument(option, argument) : "");
}

static void print_options(const struct foilctl_command *command, const struct foilctl_io *io)
{
	const struct foilctl_option *option;
	unsigned longest = 0, at = 0;
	char label[128];

	while ((option = foilctl_option_next(command, &at))) {
		option_label(option, label, sizeof(label));
		unsigned length = (unsigned)strlen(label);

		if (length > longest && length <= LABEL_COLUMNS_MAX)
			longest = length;
	}
	fputs("\nOptions:\n", io->out);
	for (at = 0; (option = foilctl_option_next(command, &at));) {
		option_label(option, label, sizeof(label));
		print_label(io->out, label, longest + 2, option->help, columns_of(io));
	}
}

static void print_examples(const struct foilctl_command *command, FILE *out)
{
	unsigned longest = 0;

	if (!command->examples)
		return;
	for (const struct foilctl_example *e = command->examples; e->words; e++)
		if (strlen(e->words) > longest && strlen(e->words) <= 40)
			longest = (unsigned)strlen(e->words);
	fputs("\nExamples:\n", out);
	for (const struct foilctl_example *e = command->examples; e->words; e++) {
		if (strlen(e->words) <= longest)
			fprintf(out, "  foilctl %-*s  %s\n", (int)longest, e->words, e->what);
		else
			fprintf(out, "  foilctl %s\n      %s\n", e->words, e->what);
	}
}

void foilctl_command_help(const struct foilctl_command *command, const struct foilctl_io *io)
{
	struct text synopsis = {0};

	foilctl_synopsis(command, &synopsis);
	fputs("Usage: foilctl ", io->out);
	wrap(io->out, synopsis.data ? synopsis.data : command->name, 15, 15, columns_of(io));
	text_free(&synopsis);
	fputc('\n', io->out);
	wrap(io->out, command->text, 0, 0, columns_of(io));
	print_options(command, io);
	print_examples(command, io->out);
	fputs("\nExit status: ", io->out);
	wrap(io->out, command->status ? command->status : foilctl_usual_status, 13, 13,
	     columns_of(io));
}

void foilctl_help(const struct foilctl_io *io)
{
	fputs("Usage: foilctl COMMAND [OPTIONS]\n\n"
	      "Looks into a running hydrofoil.  foilctl COMMAND --help says more.\n\n",
	      io->out);
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++)
		fprintf(io->out, "  %-12s %s\n", c->name, c->summary);
	fputs("\nOptions of every command:\n", io->out);
	for (const struct foilctl_option *o = foilctl_common_options; o->name; o++) {
		char label[128];

		option_label(o, label, sizeof(label));
		print_label(io->out, label, LABEL_COLUMNS_MAX + 2, o->help, columns_of(io));
	}
	fprintf(io->out, "\nExit status: %s\n", foilctl_usual_status);
}
