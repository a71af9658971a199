/* foilctl top: plain ANSI, no library; fits 80 columns, and shows more where there is room. */
#include <inttypes.h>
#include <string.h>

#include "dataplane/admin/admin.h"
#include "dataplane/foilctl/foilctl.h"
#include "dataplane/foilctl/table.h"
#include "dataplane/foilctl/top_sample.h"
#include "stack/base/time.h"

#define WIDE_COLUMNS 132
#define COLUMNS_WITHOUT_TERMINAL 100
#define BAR_COLUMNS 10
#define WIDE_BAR_COLUMNS 30
#define CLUSTERS_SHOWN 10
#define DROPS_SHOWN 8

/* A screen: lines that end where the terminal does, and rows that are left. */
struct screen {
	struct text *out;
	unsigned columns;
	unsigned rows_left;
	bool live;
};

static void end_line(struct screen *screen)
{
	text_add(screen->out, screen->live ? "\033[K\n" : "\n");
	if (screen->rows_left > 0)
		screen->rows_left--;
}

static bool has_room(const struct screen *screen, unsigned rows)
{
	return screen->rows_left > rows;
}

static const char *short_rate(double rate, char out[8])
{
	if (rate > 0 && rate < 9.95)
		snprintf(out, 8, "%.1f", rate);
	else
		table_short_number((uint64_t)(rate + 0.5), out);
	return out;
}

static const char *short_time(uint64_t ns, char out[8])
{
	static const struct {
		double ns;
		const char *unit;
	} units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		double value = (double)ns / units[i].ns;

		if (value < 0.9995)
			continue;
		snprintf(out, 8, value < 9.95 ? "%.1f%s" : "%.0f%s", value > 9999 ? 9999 : value,
			 units[i].unit);
		return out;
	}
	snprintf(out, 8, ns ? "<1us" : "-");
	return out;
}

static void add_bar(struct text *out, double share, unsigned columns)
{
	unsigned full = (unsigned)(share * columns + 0.5);

	for (unsigned i = 0; i < columns; i++)
		text_add(out, i < full ? "█" : "░");
	text_printf(out, " %3.0f%%", share * 100);
}

static void add_worker(struct screen *screen, const char *name, const struct top_worker *w)
{
	bool wide = screen->columns >= WIDE_COLUMNS;
	char a[8], b[8], c[8], d[8], e[8], f[8];

	text_printf(screen->out, "%3s ", name);
	add_bar(screen->out, w->busy, wide ? WIDE_BAR_COLUMNS : BAR_COLUMNS);
	text_printf(screen->out, " %6s %6s", short_rate(w->rx_frames, a),
		    short_rate(w->tx_frames, b));
	if (wide)
		text_printf(screen->out, " %6s %6s", short_rate(w->rx_bytes * 8, c),
			    short_rate(w->tx_bytes * 8, d));
	table_short_number(w->connections, a);
	text_printf(screen->out, " %6s %6s", a, short_rate(w->requests, b));
	if (wide)
		text_printf(screen->out, " %6s", short_rate(w->requests_5xx, c));
	text_printf(screen->out, " %6s %6s %6s %4.0f%%", short_time(w->p50_ns, d),
		    short_time(w->p99_ns, e), short_rate(w->drops, f), w->mbufs_free * 100);
	if (wide)
		text_printf(screen->out, " %7s %7s", short_rate(w->polls, a),
			    short_rate(w->rests, b));
	end_line(screen);
}

static void add_workers(struct screen *screen, const struct top_rates *rates)
{
	bool wide = screen->columns >= WIDE_COLUMNS;

	text_printf(screen->out, "  W %-*s   RX/s   TX/s", wide ? WIDE_BAR_COLUMNS + 5 : 15, "BUSY");
	if (wide)
		text_add(screen->out, " RXbit  TXbit ");
	text_add(screen->out, "  CONNS  REQ/s");
	if (wide)
		text_add(screen->out, "  5xx/s");
	text_add(screen->out, "    P50    P99 DROP/s  MBUF");
	if (wide)
		text_add(screen->out, "  POLL/s  REST/s");
	end_line(screen);
	for (uint16_t w = 0; w < rates->worker_count && has_room(screen, 1); w++) {
		char name[8];

		snprintf(name, sizeof(name), "%u", w);
		add_worker(screen, name, &rates->workers[w]);
	}
	if (rates->worker_count > 1)
		add_worker(screen, "all", &rates->all);
}

static void add_clusters(struct screen *screen, const struct top_rates *rates)
{
	unsigned shown = 0;

	if (rates->cluster_count == 0 || !has_room(screen, 2))
		return;
	end_line(screen);
	text_add(screen->out, " REQ/s  5xx/s RETR/s  CONNS ACTIVE    P50    P99  CLUSTER");
	end_line(screen);
	for (uint32_t i = 0; i < rates->cluster_count && shown < CLUSTERS_SHOWN; i++, shown++) {
		const struct top_cluster *cluster = &rates->clusters[i];
		char a[8], b[8], c[8], d[8], e[8], f[8], g[8];

		if (!has_room(screen, 0))
			return;
		table_short_number(cluster->connections, d);
		table_short_number(cluster->active, e);
		text_printf(screen->out, "%6s %6s %6s %6s %6s %6s %6s  %.*s",
			    short_rate(cluster->requests, a), short_rate(cluster->requests_5xx, b),
			    short_rate(cluster->retries, c), d, e, short_time(cluster->p50_ns, f),
			    short_time(cluster->p99_ns, g),
			    screen->columns > 52 ? (int)screen->columns - 51 : 1, cluster->name);
		end_line(screen);
	}
}

static void add_drops(struct screen *screen, const struct top_rates *rates)
{
	unsigned shown = 0;

	if (rates->drop_count == 0 || !has_room(screen, 2))
		return;
	end_line(screen);
	text_add(screen->out, "DROP/s  TOTAL  REASON");
	end_line(screen);
	for (uint32_t i = 0; i < rates->drop_count && shown < DROPS_SHOWN; i++, shown++) {
		const struct top_drop *drop = &rates->drops[i];
		char a[8], b[8];

		if (!has_room(screen, 0))
			return;
		table_short_number(drop->total, b);
		text_printf(screen->out, "%6s %6s  %-21s %.*s", short_rate(drop->rate, a), b,
			    drop_reason_name(drop->reason),
			    screen->columns > 40 ? (int)screen->columns - 38 : 1,
			    drop_reason_help(drop->reason));
		end_line(screen);
	}
}

static void add_title(struct screen *screen, const struct segment_reader *reader,
		      const struct top_sample *now, const struct top_rates *rates)
{
	const struct segment_header *header = segment_reader_header(reader);
	uint64_t up = now->uptime_seconds;

	text_printf(screen->out, "hydrofoil %.20s  %s  up %" PRIu64 "h%02um%02us  process %u  %u worker%s"
				 "  every %.3g s", header->version,
		    segment_reader_is_alive(reader)
			    ? admin_state_name((enum admin_state)now->state) : "GONE",
		    up / 3600, (unsigned)(up / 60 % 60), (unsigned)(up % 60), header->pid,
		    now->worker_count, now->worker_count == 1 ? "" : "s", rates->seconds);
	end_line(screen);
}

static void write_screen(struct text *out, const struct foilctl_io *io, bool live,
			 const struct segment_reader *reader, const struct top_sample *now,
			 const struct top_rates *rates)
{
	struct screen screen = {
		.out = out,
		.columns = io->width ? io->width : COLUMNS_WITHOUT_TERMINAL,
		.rows_left = live && io->height > 0 ? io->height : UINT32_MAX,
		.live = live,
	};

	if (live)
		text_add(out, "\033[H");
	add_title(&screen, reader, now, rates);
	end_line(&screen);
	add_workers(&screen, rates);
	add_clusters(&screen, rates);
	add_drops(&screen, rates);
	/* The last line feed would scroll a full screen. */
	if (live && out->length > 0 && screen.rows_left == 0)
		out->data[--out->length] = '\0';
	if (live)
		text_add(out, "\033[J");
}

/* --- --json ------------------------------------------------------------------------------ */

static void json_worker(struct text *out, const struct top_worker *w)
{
	text_printf(out, "{\"busy\":%.4f,\"polls\":%.1f,\"rests\":%.1f,\"rx_frames\":%.1f,"
			 "\"tx_frames\":%.1f,\"rx_bytes\":%.0f,\"tx_bytes\":%.0f,"
			 "\"requests\":%.1f,\"requests_5xx\":%.1f,\"drops\":%.1f,"
			 "\"connections\":%" PRIu64 ",\"mbufs_free\":%.4f,\"p50_us\":%.1f,"
			 "\"p99_us\":%.1f}",
		    w->busy, w->polls, w->rests, w->rx_frames, w->tx_frames, w->rx_bytes,
		    w->tx_bytes, w->requests, w->requests_5xx, w->drops, w->connections,
		    w->mbufs_free, (double)w->p50_ns / 1000, (double)w->p99_ns / 1000);
}

static void write_json(struct text *out, const struct top_sample *now,
		       const struct top_rates *rates)
{
	text_printf(out, "{\"seconds\":%.3f,\"state\":\"%s\",\"all\":", rates->seconds,
		    admin_state_name((enum admin_state)now->state));
	json_worker(out, &rates->all);
	text_add(out, ",\"workers\":[");
	for (uint16_t w = 0; w < rates->worker_count; w++) {
		text_add(out, w ? "," : "");
		json_worker(out, &rates->workers[w]);
	}
	text_add(out, "],\"clusters\":[");
	for (uint32_t i = 0; i < rates->cluster_count; i++) {
		const struct top_cluster *c = &rates->clusters[i];

		text_add(out, i ? ",{\"name\":" : "{\"name\":");
		text_add_json(out, c->name);
		text_printf(out, ",\"requests\":%.1f,\"requests_5xx\":%.1f,\"retries\":%.1f,"
				 "\"connections\":%" PRIu64 ",\"active\":%" PRIu64
				 ",\"p50_us\":%.1f,\"p99_us\":%.1f}",
			    c->requests, c->requests_5xx, c->retries, c->connections, c->active,
			    (double)c->p50_ns / 1000, (double)c->p99_ns / 1000);
	}
	text_add(out, "],\"drops\":[");
	for (uint32_t i = 0; i < rates->drop_count; i++)
		text_printf(out, "%s{\"reason\":\"%s\",\"rate\":%.1f,\"total\":%" PRIu64 "}",
			    i ? "," : "", drop_reason_name(rates->drops[i].reason),
			    rates->drops[i].rate, rates->drops[i].total);
	text_add(out, "]}\n");
}

/* --- the loop ---------------------------------------------------------------------------- */

static bool show(const struct foilctl_options *options, const struct foilctl_io *io, bool live,
		 const struct segment_reader *reader, const struct top_sample *before,
		 const struct top_sample *now, struct why *why)
{
	struct text out = {0};
	struct top_rates rates;

	if (!top_rates_make(&rates, before, now, why))
		return false;
	if (options->json)
		write_json(&out, now, &rates);
	else
		write_screen(&out, io, live, reader, now, &rates);
	top_rates_free(&rates);
	bool done = !out.failed || why_set(why, "no memory");

	if (done)
		fputs(out.data ? out.data : "", io->out);
	/* A reader that has gone (head -1) ends it. */
	done = done && (fflush(io->out) == 0 || why_set(why, "nobody reads what it writes"));
	text_free(&out);
	return done;
}

static bool look_on(const struct foilctl_options *options, const struct foilctl_io *io, bool live,
		    struct segment_reader **reader, struct why *why)
{
	struct top_sample before, now;
	uint64_t interval_ns = options->interval_ns ? options->interval_ns : NS_PER_SECOND;

	if (!top_sample_take(&before, *reader, io->now_ns(), why))
		return false;
	while (io->sleep_ns(interval_ns)) {
		if (!segment_reader_is_current(*reader)) {
			struct segment_reader *newer;

			if (segment_reader_open(&newer, options->segment, why)) {
				segment_reader_close(*reader);
				*reader = newer;
			}
		}
		if (!top_sample_take(&now, *reader, io->now_ns(), why))
			break;
		bool shown = show(options, io, live, *reader, &before, &now, why);

		top_sample_free(&before);
		before = now;
		if (!shown || options->once) {
			top_sample_free(&before);
			return shown;
		}
	}
	top_sample_free(&before);
	return true;
}

int foilctl_top(const struct foilctl_options *options, const struct foilctl_io *io)
{
	struct segment_reader *reader = foilctl_open(options, io);
	bool live = io->height > 0 && !options->once && !options->json;
	struct why why;

	if (!reader)
		return FOILCTL_FAILED;
	if (live)
		fputs("\033[?1049h\033[?25l", io->out); /* another screen, no cursor */
	bool done = look_on(options, io, live, &reader, &why);

	if (live)
		fputs("\033[?25h\033[?1049l", io->out);
	segment_reader_close(reader);
	if (!done)
		fprintf(io->err, "foilctl top: %s\n", why.text);
	return done ? FOILCTL_OK : FOILCTL_FAILED;
}
