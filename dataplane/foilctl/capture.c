/* foilctl capture: fetches pcapng blocks from the data plane and writes them into files. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/foilctl/admin_client.h"
#include "dataplane/foilctl/foilctl.h"
#include "stack/base/time.h"

#define READ_EVERY_NS (50 * NS_PER_MS)
#define BLOCK_PACKET 6u
#define BLOCK_BYTES_MIN 12u

struct sink {
	const struct foilctl_options *options;
	const struct foilctl_io *io;
	FILE *file;
	struct text header;   /* section and interfaces: begins every file */
	uint64_t file_bytes;
	uint64_t files_begun;
	uint64_t packets;
	bool full;            /* as many packets as were asked for */
};

/* "cap.pcapng" -> "cap-00007.pcapng" where there are several. */
static void file_name(const struct sink *sink, uint64_t number, char *out, size_t size)
{
	const char *name = sink->options->write_file, *slash = strrchr(name, '/');
	const char *dot = strrchr(slash ? slash : name, '.');
	size_t stem = dot ? (size_t)(dot - name) : strlen(name);

	if (sink->options->file_bytes == 0)
		snprintf(out, size, "%s", name);
	else
		snprintf(out, size, "%.*s-%05" PRIu64 "%s", (int)stem, name, number, name + stem);
}

static bool open_next(struct sink *sink, struct why *why)
{
	const struct foilctl_options *options = sink->options;
	char name[1024];

	if (strcmp(options->write_file, "-") == 0) {
		sink->file = sink->io->out;
	} else {
		file_name(sink, sink->files_begun + 1, name, sizeof(name));
		sink->file = fopen(name, "we");
		if (!sink->file)
			return why_set(why, "%.300s: %s", name, strerror(errno));
		if (options->files > 0 && sink->files_begun >= options->files) {
			file_name(sink, sink->files_begun + 1 - options->files, name, sizeof(name));
			unlink(name);
		}
	}
	sink->files_begun++;
	sink->file_bytes = 0;
	return true;
}

static bool close_file(struct sink *sink, struct why *why)
{
	bool good = sink->file == NULL || fflush(sink->file) == 0;

	if (sink->file && sink->file != sink->io->out)
		good &= fclose(sink->file) == 0;
	sink->file = NULL;
	return good || why_set(why, "%.300s: %s", sink->options->write_file, strerror(errno));
}

static bool put(struct sink *sink, const char *bytes, size_t length, struct why *why)
{
	sink->file_bytes += length;
	return fwrite(bytes, 1, length, sink->file) == length ||
	       why_set(why, "%.300s: %s", sink->options->write_file, strerror(errno));
}

static bool put_packet(struct sink *sink, const char *block, uint32_t length, struct why *why)
{
	uint64_t limit = sink->options->file_bytes;

	if (sink->full)
		return true;
	if (limit > 0 && sink->file_bytes + length > limit &&
	    sink->file_bytes > sink->header.length &&
	    (!close_file(sink, why) || !open_next(sink, why) ||
	     !put(sink, sink->header.data, sink->header.length, why)))
		return false;
	sink->packets++;
	sink->full = sink->options->count > 0 && sink->packets >= sink->options->count;
	return put(sink, block, length, why);
}

/* What a read brought: whole blocks, the header's first. */
static bool put_blocks(struct sink *sink, const struct text *body, struct why *why)
{
	size_t at = 0;

	while (at + BLOCK_BYTES_MIN <= body->length) {
		const char *block = body->data + at;
		uint32_t type, length;

		memcpy(&type, block, sizeof(type));
		memcpy(&length, block + 4, sizeof(length));
		if (length < BLOCK_BYTES_MIN || length % 4 != 0 || length > body->length - at)
			break;
		at += length;
		if (type == BLOCK_PACKET) {
			if (!put_packet(sink, block, length, why))
				return false;
			continue;
		}
		text_add_bytes(&sink->header, block, length);
		if (!put(sink, block, length, why))
			return false;
	}
	if (at != body->length || sink->header.failed)
		return why_set(why, "what the data plane sends is no pcapng");
	return fflush(sink->file) == 0 ||
	       why_set(why, "%.300s: %s", sink->options->write_file, strerror(errno));
}

static void make_start(const struct foilctl_options *o, struct text *path)
{
	char number[24];

	text_add(path, "/hydrofoil/capture/start");
	admin_client_argument(path, "on", o->on);
	admin_client_argument(path, "direction", o->direction);
	admin_client_argument(path, "address", o->address);
	admin_client_argument(path, "src", o->source);
	admin_client_argument(path, "dst", o->destination);
	admin_client_argument(path, "port", o->port);
	admin_client_argument(path, "sport", o->source_port);
	admin_client_argument(path, "dport", o->destination_port);
	admin_client_argument(path, "proto", o->protocol);
	admin_client_argument(path, "flags", o->flags);
	admin_client_argument(path, "dropped", o->dropped ? "1" : NULL);
	snprintf(number, sizeof(number), "%" PRIu64, o->snap_bytes);
	admin_client_argument(path, "snap", o->snap_bytes ? number : NULL);
	snprintf(number, sizeof(number), "%" PRIu64, o->rate);
	admin_client_argument(path, "rate", o->rate ? number : NULL);
}

static bool begin(const struct foilctl_options *options, const char *admin, uint64_t *id,
		  struct why *why)
{
	struct text path = {0};

	make_start(options, &path);
	return admin_client_begin(admin, &path, id, why);
}

static bool read_once(struct sink *sink, const char *admin, uint64_t id, struct why *why)
{
	struct text body = {0};
	char path[80];

	snprintf(path, sizeof(path), "/hydrofoil/capture/read?id=%" PRIu64, id);
	bool done = admin_client_ask(admin, path, false, &body, why) &&
		    put_blocks(sink, &body, why);

	text_free(&body);
	return done;
}

static void end_and_sum_up(const struct sink *sink, const char *admin, uint64_t id)
{
	struct text body = {0};
	char path[80];
	struct why why;

	snprintf(path, sizeof(path), "/hydrofoil/capture/stop?id=%" PRIu64, id);
	if (!admin_client_ask(admin, path, true, &body, &why)) {
		fprintf(sink->io->err, "foilctl capture: %s\n", why.text);
	} else {
		json_t *root = json_loads(body.data ? body.data : "", 0, NULL);
		json_int_t missed = json_integer_value(json_object_get(root, "missed"));
		json_int_t limited = json_integer_value(json_object_get(root, "limited"));

		fprintf(sink->io->err, "%" PRIu64 " frames captured, %lld missed because they came "
				       "faster than they were read, %lld over the rate\n",
			sink->packets, (long long)missed, (long long)limited);
		json_decref(root);
	}
	text_free(&body);
}

static bool run(struct sink *sink, const char *admin, uint64_t id, struct why *why)
{
	const struct foilctl_io *io = sink->io;
	uint64_t end_ns = sink->options->duration_ns ? io->now_ns() + sink->options->duration_ns
						     : UINT64_MAX;

	do {
		if (!read_once(sink, admin, id, why))
			return false;
	} while (!sink->full && io->now_ns() < end_ns && io->sleep_ns(READ_EVERY_NS));
	return sink->full || read_once(sink, admin, id, why);
}

int foilctl_capture(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct sink sink = {.options = options, .io = io};
	char admin[160];
	uint64_t id;
	struct why why;

	if (!options->write_file) {
		fputs("foilctl capture: say where to: -w FILE, or -w - for a pipe into tshark\n",
		      io->err);
		return FOILCTL_USAGE;
	}
	if (!admin_client_find(options, io, admin, sizeof(admin)))
		return FOILCTL_FAILED;
	bool done = open_next(&sink, &why) && begin(options, admin, &id, &why);

	if (done) {
		done = run(&sink, admin, id, &why);
		end_and_sum_up(&sink, admin, id);
	}
	struct why close_why;

	if (!close_file(&sink, &close_why) && done) {
		why = close_why;
		done = false;
	}
	text_free(&sink.header);
	if (!done)
		fprintf(io->err, "foilctl capture: %s\n", why.text);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
