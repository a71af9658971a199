/* foilctl completion bash|zsh, made of the table. */
#include <string.h>

#include "dataplane/foilctl/commands.h"

/* The values of an option when they are listed ("rx|tx"): words apart by spaces; else "".  What an
 * operand wants behind its values ("rest|add N") is not completed. */
static void write_values(FILE *out, const char *argument)
{
	if (!argument || !strchr(argument, '|') || (argument[0] >= 'A' && argument[0] <= 'Z'))
		return;
	for (; *argument && *argument != ' '; argument++)
		fputc(*argument == '|' ? ' ' : *argument, out);
}

static bool has_values(const char *argument)
{
	return argument && strchr(argument, '|') && argument[0] >= 'a';
}

static void write_words(FILE *out, const struct foilctl_command *command)
{
	const struct foilctl_option *option;
	const char *space = "";

	if (command->operand && has_values(command->operand)) {
		write_values(out, command->operand);
		space = " ";
	}
	for (unsigned at = 0; (option = foilctl_option_next(command, &at)); space = " ")
		fprintf(out, "%s--%s", space, option->name);
}

static void write_bash(FILE *out)
{
	const struct foilctl_option *option;

	fputs("# bash completion for foilctl\n"
	      "_foilctl()\n{\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal words=\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\twords=\"",
	      out);
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++)
		fprintf(out, "%s ", c->name);
	fputs("--help --version\"\n\telse\n\t\tcase ${COMP_WORDS[1]}:$before in\n", out);
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++) {
		for (unsigned at = 0; (option = foilctl_option_next(c, &at));) {
			if (!option->argument)
				continue;
			fprintf(out, "\t\t%s:--%s", c->name, option->name);
			if (option->letter)
				fprintf(out, "|%s:-%c", c->name, option->letter);
			fputs(") words=\"", out);
			write_values(out, option->argument);
			fputs("\" ;;\n", out);
		}
		fprintf(out, "\t\t%s:*) words=\"", c->name);
		write_words(out, c);
		fputs("\" ;;\n", out);
	}
	fputs("\t\tesac\n\tfi\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	      "}\n"
	      "complete -o default -F _foilctl foilctl\n",
	      out);
}

/* In single quotes, inside of an _arguments description: no quote, bracket or colon. */
static void write_description(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			fprintf(out, "\\%c", *text);
		else if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
}

static void write_zsh_option(FILE *out, const struct foilctl_option *option)
{
	fprintf(out, " \\\n\t\t\t'--%s[", option->name);
	write_description(out, option->help);
	fputc(']', out);
	if (option->argument) {
		fputc(':', out);
		write_description(out, option->argument);
		fputc(':', out);
		if (has_values(option->argument)) {
			fputc('(', out);
			write_values(out, option->argument);
			fputc(')', out);
		} else if (strcmp(option->argument, "FILE") == 0) {
			fputs("_files", out);
		}
	}
	fputc('\'', out);
}

static void write_zsh(FILE *out)
{
	const struct foilctl_option *option;

	fputs("#compdef foilctl\n"
	      "_foilctl()\n{\n\tlocal -a commands\n\tcommands=(\n",
	      out);
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++) {
		fprintf(out, "\t\t'%s:", c->name);
		write_description(out, c->summary);
		fputs("'\n", out);
	}
	fputs("\t)\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\t_describe command commands\n\t\treturn\n\tfi\n"
	      "\tcase $words[2] in\n",
	      out);
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++) {
		fprintf(out, "\t%s)\n\t\t_arguments '1:command:'", c->name);
		if (c->operand) {
			fprintf(out, " '2:%s:(", has_values(c->operand) ? "value" : c->operand);
			write_values(out, c->operand);
			fputs(")'", out);
		}
		for (unsigned at = 0; (option = foilctl_option_next(c, &at));)
			write_zsh_option(out, option);
		fputs("\n\t\t;;\n", out);
	}
	fputs("\tesac\n}\n_foilctl \"$@\"\n", out);
}

int foilctl_completion(const struct foilctl_options *options, const struct foilctl_io *io)
{
	if (strcmp(options->operand, "bash") == 0) {
		write_bash(io->out);
	} else if (strcmp(options->operand, "zsh") == 0) {
		write_zsh(io->out);
	} else {
		fprintf(io->err, "foilctl completion: %s is not a shell it knows; bash or zsh\n",
			options->operand);
		return FOILCTL_USAGE;
	}
	return FOILCTL_OK;
}
