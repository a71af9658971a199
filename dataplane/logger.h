/* The program's own log (not the access log): lines for the operator on stderr.
 *
 *     [2026-11-23 19:50:42.123][4711][info][main] listening on 10.0.0.1:80
 *
 * Envoy's plain format and level names.  Control threads only: a worker never logs, it counts. */
#ifndef DATAPLANE_LOGGER_H
#define DATAPLANE_LOGGER_H

#include <stdbool.h>

#include "stack/base/compiler.h"

enum logger_level {
	LOGGER_TRACE,
	LOGGER_DEBUG,
	LOGGER_INFO,
	LOGGER_WARNING,
	LOGGER_ERROR,
	LOGGER_CRITICAL,
	LOGGER_OFF,
};

/* "trace", "debug", "info", "warning" or "warn", "error", "critical", "off". */
MUST_USE bool logger_level_parse(const char *text, enum logger_level *out);
const char *logger_level_name(enum logger_level level);
void logger_set_level(enum logger_level level);
enum logger_level logger_level(void);
/* Every component is a logger with a level of its own, which logger_set_level sets for all.  The
 * name of logger `index`, in order of name; NULL past the last. */
const char *logger_name(unsigned index);
enum logger_level logger_level_of(unsigned index);
MUST_USE bool logger_set_level_of(const char *name, enum logger_level level);
/* Lines below the level are not written; a line is at most 1 KiB.  component: a logger's name;
 * any other has the level of "main". */
void logger_write(enum logger_level level, const char *component, const char *format, ...)
	PRINTF_LIKE(3, 4);

#define log_debug(component, ...) logger_write(LOGGER_DEBUG, component, __VA_ARGS__)
#define log_info(component, ...) logger_write(LOGGER_INFO, component, __VA_ARGS__)
#define log_warning(component, ...) logger_write(LOGGER_WARNING, component, __VA_ARGS__)
#define log_error(component, ...) logger_write(LOGGER_ERROR, component, __VA_ARGS__)

#endif
