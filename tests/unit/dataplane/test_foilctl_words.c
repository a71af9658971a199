/* The table of commands and what is made of it: help, the manual page, completions, parsing. */
#include <stdio.h>
#include <string.h>

#include "dataplane/foilctl/commands.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/fixture.h"
#include "tests/unit/dataplane/foilctl_run.h"

static void help_teaches_every_command(void)
{
	CU_ASSERT_EQUAL(FOILCTL(80, "--help"), FOILCTL_OK);
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++) {
		char word[64];

		snprintf(word, sizeof(word), "\n  %s ", c->name);
		CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, word));
	}
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++) {
		CU_ASSERT_EQUAL(FOILCTL(80, c->name, "--help"), FOILCTL_OK);
		CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "Examples:"));
		CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "Exit status:"));
		for (const struct foilctl_option *o = c->options; o && o->name; o++)
			CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, o->name));
		for (const char *line = foilctl_out; *line; line = strchr(line, '\n') + 1)
			CU_ASSERT(strcspn(line, "\n") <= 80 || strncmp(line, "  foilctl", 9) == 0);
	}
	CU_ASSERT_EQUAL(FOILCTL(80, "help", "drops"), FOILCTL_OK);
	CU_ASSERT_EQUAL(strncmp(foilctl_out, "Usage: foilctl drops [-a] [--json]\n", 35), 0);
}

static void one_table_makes_man_page_and_completions(void)
{
	static const char *const kinds[][2] = {{"man", NULL}, {"completion", "bash"},
					       {"completion", "zsh"}};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		CU_ASSERT_EQUAL(foilctl_words(80, (const char *const[]){kinds[i][0], kinds[i][1],
									NULL}), FOILCTL_OK);
		for (const struct foilctl_command *c = foilctl_commands; c->name; c++) {
			CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, c->name));
			for (const struct foilctl_option *o = c->options; o && o->name; o++) {
				char first[32];

				/* roff writes its hyphens in its own way */
				snprintf(first, sizeof(first), "%.*s", (int)strcspn(o->name, "-"),
					 o->name);
				CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, first));
			}
		}
	}
	CU_ASSERT_EQUAL(FOILCTL(80, "completion", "fish"), FOILCTL_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "fish is not a shell it knows"));
}

static void the_man_page_hides_nothing_from_roff(void)
{
	CU_ASSERT_EQUAL(FOILCTL(80, "man"), FOILCTL_OK);
	for (const char *line = foilctl_out; *line; line = strchr(line, '\n') + 1) {
		static const char *const known[] = {".TH ", ".SH ", ".SS ", ".TP\n", ".PP\n", ".B "};
		bool macro = line[0] == '.', is_known = false;

		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			is_known |= strncmp(line, known[i], strlen(known[i])) == 0;
		CU_ASSERT(!macro || is_known);
		CU_ASSERT_NOT_EQUAL(line[0], '\'');
	}
}

static void options_of_a_command_have_one_letter_each(void)
{
	for (const struct foilctl_command *c = foilctl_commands; c->name; c++) {
		const struct foilctl_option *one, *other;

		for (unsigned i = 0; (one = foilctl_option_next(c, &i));)
			for (unsigned k = i; (other = foilctl_option_next(c, &k));) {
				CU_ASSERT(!one->letter || one->letter != other->letter);
				CU_ASSERT_NOT_EQUAL(strcmp(one->name, other->name), 0);
			}
	}
}

static void mistakes_are_named(void)
{
	CU_ASSERT_EQUAL(FOILCTL(80, "dorps"), FOILCTL_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "there is no command dorps"));
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "Usage: foilctl COMMAND"));
	CU_ASSERT_EQUAL(FOILCTL(80, "drops", "--nonzero"), FOILCTL_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "--nonzero is not an option of it"));
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "Usage: foilctl drops [-a] [--json]"));
	CU_ASSERT_EQUAL(FOILCTL(80, "drops", "x"), FOILCTL_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "x is one argument too many"));
	CU_ASSERT_EQUAL(FOILCTL(80, "stat", "--segment"), FOILCTL_USAGE);
	CU_ASSERT_EQUAL(FOILCTL(80, "completion"), FOILCTL_USAGE);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_err, "it wants bash|zsh"));
	CU_ASSERT_EQUAL(FOILCTL(80, ""), FOILCTL_USAGE);
}

UNIT_TESTS(UNIT_TEST(help_teaches_every_command), UNIT_TEST(one_table_makes_man_page_and_completions),
	   UNIT_TEST(the_man_page_hides_nothing_from_roff),
	   UNIT_TEST(options_of_a_command_have_one_letter_each), UNIT_TEST(mistakes_are_named))
