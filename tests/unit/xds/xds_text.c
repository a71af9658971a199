#include "tests/unit/xds/xds_text.h"

#include <stdio.h>
#include <string.h>

void xds_text_begin_as(struct xds_text *test, const char *text, enum tree_format format)
{
	test->env = (struct translate_env){.names = config_names_create()};
	test->good = bootstrap_parse(&test->bootstrap, "test.yaml", text, strlen(text), format,
				     &test->env);
}

void xds_text_begin(struct xds_text *test, const char *text)
{
	xds_text_begin_as(test, text, TREE_YAML);
}

void xds_text_end(struct xds_text *test)
{
	bootstrap_free(&test->bootstrap);
	config_names_destroy(test->env.names);
}

bool xds_text_has(const struct xds_text *test, enum fault_severity severity, uint32_t line,
		  uint32_t column, const char *path, const char *part)
{
	const struct fault *fault = test->bootstrap.document.faults.first;

	for (; fault; fault = fault->next)
		if (fault->severity == severity && strcmp(fault->path, path) == 0 &&
		    strstr(fault->text, part) && (!line || fault->position.line == line) &&
		    (!column || fault->position.column == column))
			return true;
	xds_text_print(test);
	return false;
}

void xds_text_print(const struct xds_text *test)
{
	const struct fault *fault = test->bootstrap.document.faults.first;

	for (; fault; fault = fault->next)
		printf("# %u:%u: %s: %s\n", fault->position.line, fault->position.column, fault->path,
		       fault->text);
}
