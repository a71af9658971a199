/* YAML in, config objects out: shared by the tests of this folder. */
#ifndef TESTS_UNIT_XDS_XDS_TEXT_H
#define TESTS_UNIT_XDS_XDS_TEXT_H

#include "xds/bootstrap/bootstrap.h"

/* Parsed with names of its own, which xds_text_end frees with the bootstrap. */
struct xds_text {
	struct bootstrap bootstrap;
	struct translate_env env;
	bool good;
};

void xds_text_begin(struct xds_text *test, const char *text);
void xds_text_begin_as(struct xds_text *test, const char *text, enum tree_format format);
void xds_text_end(struct xds_text *test);
/* Whether a fault of this severity stands at the path and its text holds `part`. */
bool xds_text_has(const struct xds_text *test, enum fault_severity severity, uint32_t line,
		  uint32_t column, const char *path, const char *part);
/* Prints all faults as TAP comments, for when an assertion fails. */
void xds_text_print(const struct xds_text *test);

#endif
