#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/foilctl/check/check.h"

#define PATH_BYTES 512

#define MAKE_PATH(check, path, format)                                                             \
	char path[PATH_BYTES];                                                                     \
	va_list args;                                                                              \
                                                                                                   \
	va_start(args, format);                                                                    \
	make_path(check, path, format, args);                                                      \
	va_end(args)

static void make_path(const struct check *check, char *path, const char *format, va_list args)
{
	int length = snprintf(path, PATH_BYTES, "%s", check->root ? check->root : "");

	if (length >= 0 && length < PATH_BYTES)
		vsnprintf(path + length, PATH_BYTES - (size_t)length, format, args);
}

static bool first_line(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	bool got = fgets(out, (int)size, file) != NULL;

	fclose(file);
	if (!got)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return got;
}

bool check_read(const struct check *check, char *out, size_t size, const char *format, ...)
{
	MAKE_PATH(check, path, format);

	return first_line(path, out, size);
}

bool check_read_field(const struct check *check, const char *path, const char *name, char *out,
		      size_t size)
{
	char whole[PATH_BYTES], line[4096];
	size_t length = strlen(name);
	bool found = false;

	snprintf(whole, sizeof(whole), "%s%s", check->root ? check->root : "", path);
	FILE *file = fopen(whole, "re");

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		const char *field = line + strspn(line, " "), *value = field + length;

		if (strncmp(field, name, length) != 0 || !strchr(" \t:=", *value))
			continue;
		value += strspn(value, " \t:=");
		snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
		found = true;
	}
	fclose(file);
	return found;
}

int64_t check_read_number(const struct check *check, int64_t absent, const char *format, ...)
{
	MAKE_PATH(check, path, format);
	char line[64], *end;

	if (!first_line(path, line, sizeof(line)))
		return absent;
	long long value = strtoll(line, &end, 10);

	return end == line ? absent : value;
}

bool check_exists(const struct check *check, const char *format, ...)
{
	MAKE_PATH(check, path, format);

	return access(path, F_OK) == 0;
}

bool check_may_use(const struct check *check, const char *format, ...)
{
	MAKE_PATH(check, path, format);

	return access(path, R_OK | W_OK) == 0;
}

bool check_link(const struct check *check, char *out, size_t size, const char *format, ...)
{
	MAKE_PATH(check, path, format);
	char target[PATH_BYTES];
	ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length <= 0)
		return false;
	target[length] = '\0';
	const char *slash = strrchr(target, '/');

	snprintf(out, size, "%s", slash ? slash + 1 : target);
	return true;
}

static uint32_t list_folder(const char *path, char *first, size_t size)
{
	DIR *folder = opendir(path);
	uint32_t count = 0;
	struct dirent *entry;

	if (!folder)
		return 0;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && count++ == 0 && first)
			snprintf(first, size, "%s", entry->d_name);
	closedir(folder);
	return count;
}

bool check_entry(const struct check *check, char *out, size_t size, const char *format, ...)
{
	MAKE_PATH(check, path, format);

	return list_folder(path, out, size) > 0;
}

uint32_t check_entries(const struct check *check, const char *path)
{
	char whole[PATH_BYTES];

	snprintf(whole, sizeof(whole), "%s%s", check->root ? check->root : "", path);
	return list_folder(whole, NULL, 0);
}

uint32_t check_cpu_list(const char *text, uint8_t *flags, uint32_t size)
{
	uint32_t count = 0;

	memset(flags, 0, size);
	while (isdigit((unsigned char)*text)) {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long cpu = first; cpu <= last && cpu < size; cpu++) {
			count += !flags[cpu];
			flags[cpu] = 1;
		}
		text = *end == ',' ? end + 1 : end;
	}
	return count;
}

void check_cpu_text(const uint8_t *flags, uint32_t count, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t cpu = 0; cpu < count && n < size; cpu++) {
		uint32_t last = cpu;

		if (!flags[cpu])
			continue;
		while (last + 1 < count && flags[last + 1])
			last++;
		n += (size_t)snprintf(out + n, size - n, last > cpu ? "%s%u-%u" : "%s%u",
				      n ? "," : "", cpu, last);
		cpu = last;
	}
}

bool check_capable(const struct check *check, enum check_capability capability)
{
	return (check->capabilities >> capability) & 1;
}

bool check_has_kind(const struct check *check, const char *kind)
{
	for (uint32_t i = 0; i < check->port_count; i++)
		if (strcmp(check->ports[i].kind, kind) == 0)
			return true;
	return false;
}
