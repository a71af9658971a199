/* foilctl check: runs the probes and prints what they found. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/foilctl/check/check.h"
#include "dataplane/foilctl/foilctl.h"

#define SUBJECT_COLUMNS 18

static const char *const marks[CHECK_LEVELS] = {"√", "‼", "×"};
static const char *const names[CHECK_LEVELS] = {"good", "warning", "bad"};

void check_add(struct check *check, enum check_level level, const char *subject, const char *cure,
	       const char *format, ...)
{
	va_list args;

	if (check->count == check->capacity) {
		uint32_t capacity = check->capacity ? 2 * check->capacity : 32;
		struct check_finding *grown =
			realloc(check->findings, capacity * sizeof(*check->findings));

		if (!grown) {
			check->failed = true;
			return;
		}
		check->findings = grown;
		check->capacity = capacity;
	}
	struct check_finding *finding = &check->findings[check->count++];

	finding->level = level;
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	snprintf(finding->cure, sizeof(finding->cure), "%s",
		 cure && level != CHECK_GOOD ? cure : "");
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

void check_free(struct check *check)
{
	free(check->findings);
	check->findings = NULL;
	check->count = check->capacity = 0;
}

/* Words from column `indent` on; the first line has been begun up to there. */
static void print_wrapped(FILE *out, const char *text, unsigned indent, unsigned width)
{
	unsigned at = indent;

	while (*text) {
		unsigned word = (unsigned)strcspn(text, " ");

		if (width > 0 && at > indent && at + 1 + word > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)word, text);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_findings(const struct check *check, const struct foilctl_io *io,
			   const uint32_t counts[CHECK_LEVELS])
{
	for (uint32_t i = 0; i < check->count; i++) {
		const struct check_finding *f = &check->findings[i];

		fprintf(io->out, "%s %-*s ", marks[f->level], SUBJECT_COLUMNS, f->subject);
		print_wrapped(io->out, f->text, SUBJECT_COLUMNS + 3, io->width);
		if (!f->cure[0])
			continue;
		fprintf(io->out, "%*s", SUBJECT_COLUMNS + 3, "cure: ");
		print_wrapped(io->out, f->cure, SUBJECT_COLUMNS + 3, io->width);
	}
	fprintf(io->out, "\n%u √  %u ‼  %u ×: %s\n", counts[CHECK_GOOD], counts[CHECK_WARN],
		counts[CHECK_BAD],
		counts[CHECK_BAD]    ? "hydrofoil will not run like this"
		: counts[CHECK_WARN] ? "hydrofoil runs, with these limits"
				     : "all is well");
}

static bool print_json(const struct check *check, const struct foilctl_io *io,
		       const uint32_t counts[CHECK_LEVELS])
{
	struct text out = {0};

	text_printf(&out, "{\"good\":%u,\"warnings\":%u,\"bad\":%u,\"findings\":[",
		    counts[CHECK_GOOD], counts[CHECK_WARN], counts[CHECK_BAD]);
	for (uint32_t i = 0; i < check->count; i++) {
		const struct check_finding *f = &check->findings[i];

		text_printf(&out, "%s{\"level\":\"%s\",\"subject\":", i ? ",\n" : "\n",
			    names[f->level]);
		text_add_json(&out, f->subject);
		text_add(&out, ",\"text\":");
		text_add_json(&out, f->text);
		text_add(&out, ",\"cure\":");
		text_add_json(&out, f->cure);
		text_add(&out, "}");
	}
	text_add(&out, "\n]}\n");
	bool done = !out.failed;

	if (done)
		fputs(out.data, io->out);
	text_free(&out);
	return done;
}

static void probe(struct check *check)
{
	check_identity(check);
	check_machine(check);
	check_memory(check);
	check_rights(check);
	check_ports(check);
}

int foilctl_check(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct check check = {.root = options->root, .workers = 1, .memory_mib = 512};
	uint32_t counts[CHECK_LEVELS] = {0};
	struct why why;

	if (options->config && !check_bootstrap(&check, options->config, &why))
		check_add(&check, CHECK_BAD, "bootstrap",
			  "hydrofoil --mode validate -c FILE tells all of its faults", "%s", why.text);
	probe(&check);
	for (uint32_t i = 0; i < check.count; i++)
		counts[check.findings[i].level]++;
	if (options->json)
		check.failed |= !print_json(&check, io, counts);
	else
		print_findings(&check, io, counts);
	check_free(&check);
	if (check.failed) {
		fputs("foilctl check: no memory\n", io->err);
		return FOILCTL_CHECK_BAD;
	}
	return counts[CHECK_BAD] ? FOILCTL_CHECK_BAD : counts[CHECK_WARN] ? FOILCTL_CHECK_WARN
									    : FOILCTL_OK;
}
