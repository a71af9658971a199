#include "dataplane/logger.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/clock.h"
#include "stack/base/time.h"

#define LINE_BYTES 1024

static const char *const names[] = {
	[LOGGER_TRACE] = "trace",	[LOGGER_DEBUG] = "debug", [LOGGER_INFO] = "info",
	[LOGGER_WARNING] = "warning",	[LOGGER_ERROR] = "error", [LOGGER_CRITICAL] = "critical",
	[LOGGER_OFF] = "off",
};

static enum logger_level current = LOGGER_INFO;

/* Of "main" is the one that stands for components without an entry. */
static struct {
	const char *name;
	enum logger_level level;
} loggers[] = {
	{"admin", LOGGER_INFO},	   {"capture", LOGGER_INFO}, {"config", LOGGER_INFO},
	{"dns", LOGGER_INFO},	   {"listener", LOGGER_INFO}, {"main", LOGGER_INFO},
	{"port", LOGGER_INFO},	   {"worker", LOGGER_INFO},
};

bool logger_level_parse(const char *text, enum logger_level *out)
{
	if (strcasecmp(text, "warn") == 0) {
		*out = LOGGER_WARNING;
		return true;
	}
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(text, names[i]) == 0) {
			*out = (enum logger_level)i;
			return true;
		}
	return false;
}

const char *logger_level_name(enum logger_level level)
{
	return level <= LOGGER_OFF ? names[level] : "?";
}

void logger_set_level(enum logger_level level)
{
	__atomic_store_n(&current, level, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < ARRAY_LEN(loggers); i++)
		__atomic_store_n(&loggers[i].level, level, __ATOMIC_RELAXED);
}

enum logger_level logger_level(void)
{
	return __atomic_load_n(&current, __ATOMIC_RELAXED);
}

const char *logger_name(unsigned index)
{
	return index < ARRAY_LEN(loggers) ? loggers[index].name : NULL;
}

enum logger_level logger_level_of(unsigned index)
{
	return __atomic_load_n(&loggers[index].level, __ATOMIC_RELAXED);
}

static unsigned logger_find(const char *name)
{
	unsigned i = 0;

	while (i < ARRAY_LEN(loggers) && strcmp(loggers[i].name, name) != 0)
		i++;
	return i;
}

bool logger_set_level_of(const char *name, enum logger_level level)
{
	unsigned index = logger_find(name);

	if (index == ARRAY_LEN(loggers))
		return false;
	__atomic_store_n(&loggers[index].level, level, __ATOMIC_RELAXED);
	return true;
}

static bool is_written(const char *component, enum logger_level level)
{
	unsigned index = logger_find(component);

	if (index == ARRAY_LEN(loggers))
		index = logger_find("main");
	return level < LOGGER_OFF && level >= logger_level_of(index);
}

void logger_write(enum logger_level level, const char *component, const char *format, ...)
{
	char line[LINE_BYTES];
	uint64_t wall_ns = clock_wall_ns();
	time_t seconds = (time_t)(wall_ns / NS_PER_SECOND);
	struct tm tm;
	va_list args;

	if (!is_written(component, level))
		return;
	gmtime_r(&seconds, &tm);
	int n = (int)strftime(line, sizeof(line), "[%Y-%m-%d %H:%M:%S", &tm);

	n += snprintf(line + n, sizeof(line) - (size_t)n, ".%03u][%d][%s][%s] ",
		      (unsigned)(wall_ns / NS_PER_MS % 1000), (int)getpid(),
		      logger_level_name(level), component);
	va_start(args, format);
	int text = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
	va_end(args);
	n += text < 0 ? 0 : text;
	if (n > LINE_BYTES - 2)
		n = LINE_BYTES - 2;
	line[n++] = '\n';
	/* One write a line, so that lines of several threads do not mix. */
	ssize_t written = write(STDERR_FILENO, line, (size_t)n);
	(void)written;
}
