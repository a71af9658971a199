#include "dataplane/cpu_list.h"

#include <stdio.h>
#include <string.h>

/* A number and what follows it; CPU_LIST_MAX where there is none, or too large a one. */
static uint32_t read_number(const char **at)
{
	uint32_t number = 0;
	const char *from = *at;

	for (; **at >= '0' && **at <= '9'; (*at)++)
		if (number < CPU_LIST_MAX)
			number = number * 10 + (uint32_t)(**at - '0');
	return *at == from || number > CPU_LIST_MAX ? CPU_LIST_MAX : number;
}

static bool add(struct cpu_list *list, uint32_t cpu, struct why *why)
{
	if (cpu_list_has(list, (uint16_t)cpu))
		return why_set(why, "CPU %u is named twice", cpu);
	list->cpus[list->count++] = (uint16_t)cpu;
	return true;
}

bool cpu_list_parse(struct cpu_list *out, const char *text, struct why *why)
{
	const char *at = text;

	out->count = 0;
	while (*at) {
		uint32_t first = read_number(&at), last = first;

		if (*at == '-') {
			at++;
			last = read_number(&at);
		}
		if (first == CPU_LIST_MAX || last == CPU_LIST_MAX || (*at != ',' && *at != '\0') ||
		    (*at == ',' && at[1] == '\0'))
			return why_set(why, "\"%.64s\" is no list of CPUs such as 2-5,7", text);
		if (last < first)
			return why_set(why, "the range %u-%u runs backwards", first, last);
		for (; first <= last; first++)
			if (!add(out, first, why))
				return false;
		at += *at == ',';
	}
	return true;
}

bool cpu_list_has(const struct cpu_list *list, uint16_t cpu)
{
	for (uint16_t i = 0; i < list->count; i++)
		if (list->cpus[i] == cpu)
			return true;
	return false;
}

const char *cpu_list_format(const struct cpu_list *list, char *text, size_t bytes)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint16_t i = 0; i < list->count; i++) {
		uint16_t last = i;
		char part[16];

		while (last + 1 < list->count && list->cpus[last + 1] == list->cpus[last] + 1)
			last++;
		/* Two in a row are no shorter as a range. */
		if (last < i + 2)
			last = i;
		int length = last > i ? snprintf(part, sizeof(part), "%s%u-%u", i ? "," : "",
						 list->cpus[i], list->cpus[last])
				      : snprintf(part, sizeof(part), "%s%u", i ? "," : "", list->cpus[i]);

		if (used + (size_t)length + 1 > bytes)
			break;
		memcpy(text + used, part, (size_t)length + 1);
		used += (size_t)length;
		i = last;
	}
	return text;
}
