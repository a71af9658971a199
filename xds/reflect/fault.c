#include "xds/reflect/fault.h"

#include <stdarg.h>

void fault_list_init(struct fault_list *list, struct config_arena *arena, const char *file)
{
	*list = (struct fault_list){.arena = arena, .file = file};
}

void fault_add(struct fault_list *list, enum fault_severity severity, struct position position,
	       const char *path, const char *format, ...)
{
	char text[FAULT_TEXT_BYTES];
	va_list args;

	if (severity == FAULT_ERROR)
		list->errors++;
	else
		list->warnings++;
	if (list->kept == FAULTS_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	struct fault *fault = config_arena_alloc(list->arena, sizeof(*fault));
	const char *kept_path = config_arena_text(list->arena, path);
	const char *kept_text = config_arena_text(list->arena, text);

	if (!fault || !kept_path || !kept_text)
		return; /* counted above; the arena remembers the failure */
	*fault = (struct fault){NULL, severity, position, kept_path, kept_text};
	if (list->last)
		list->last->next = fault;
	else
		list->first = fault;
	list->last = fault;
	list->kept++;
}

static bool comes_after(const struct fault *a, const struct fault *b)
{
	uint32_t line_a = a->position.line ? a->position.line : UINT32_MAX;
	uint32_t line_b = b->position.line ? b->position.line : UINT32_MAX;

	if (line_a != line_b)
		return line_a > line_b;
	return a->position.column > b->position.column;
}

/* Insertion into a sorted list; at most FAULTS_MAX of them, and mostly in order already. */
void fault_list_sort(struct fault_list *list)
{
	struct fault *sorted = NULL;
	struct fault *tail = NULL;

	for (struct fault *fault = list->first, *next; fault; fault = next) {
		next = fault->next;
		struct fault **at = tail && !comes_after(tail, fault) ? &tail->next : &sorted;

		while (*at && !comes_after(*at, fault))
			at = &(*at)->next;
		fault->next = *at;
		*at = fault;
		if (!fault->next)
			tail = fault;
	}
	list->first = sorted;
	list->last = tail;
}

uint32_t fault_list_print(const struct fault_list *list, FILE *out)
{
	for (const struct fault *fault = list->first; fault; fault = fault->next) {
		fprintf(out, "%s:", list->file);
		if (fault->position.line)
			fprintf(out, "%u:%u:", fault->position.line, fault->position.column);
		fprintf(out, " %s%s%s%s\n", fault->severity == FAULT_WARNING ? "warning: " : "",
			fault->path, fault->path[0] ? ": " : "", fault->text);
	}
	if (list->errors + list->warnings > list->kept)
		fprintf(out, "%s: %u more were found\n", list->file,
			list->errors + list->warnings - list->kept);
	return list->errors;
}
