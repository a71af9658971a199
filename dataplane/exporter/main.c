/* hydrofoil-exporter: maps the shared counters read-only and serves them to Prometheus. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/exporter/exporter.h"

#define LISTEN_DEFAULT "0.0.0.0:9902"

static const char help[] =
	"Usage: hydrofoil-exporter [--listen ADDRESS:PORT] [--segment NAME|PATH]\n"
	"\n"
	"Serves the counters of a hydrofoil on this machine to Prometheus: /metrics (text, or\n"
	"OpenMetrics by Accept, gzip by Accept-Encoding) and /healthz.  Needs no privileges, and no restart when the data\n"
	"plane starts, stops or is replaced; hydrofoil_up says whether it is there.\n"
	"\n"
	"  --listen ADDRESS:PORT  where to listen (" LISTEN_DEFAULT "; [::1]:9902; unix:/path)\n"
	"  --segment NAME|PATH    which counters (hydrofoil, which is /dev/shm/hydrofoil)\n"
	"  --series-max N         series that one metric may have (20000); hydrofoil_series_cut says\n"
	"                         how many were left out\n"
	"  --envoy-names          times by Envoy's names (upstream_cx_connect_ms) for its dashboards;\n"
	"                         promtool check metrics complains of the abbreviated unit\n"
	"  --help, --version\n";

static int serve(const char *listen, struct exporter *exporter)
{
	struct http_server *server;
	struct why why;
	sigset_t set;
	int signal_number;

	/* Before the server's thread is made, so that it inherits the mask. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!http_server_start(&server, listen, exporter_handle, exporter, &why)) {
		fprintf(stderr, "hydrofoil-exporter: %s\n", why.text);
		return EXIT_FAILURE;
	}
	fprintf(stderr, "hydrofoil-exporter: serving /metrics on %s\n",
		http_server_address(server));
	sigwait(&set, &signal_number);
	http_server_stop(server);
	exporter_close(exporter);
	return EXIT_SUCCESS;
}

static bool read_number(const char *text, uint32_t *out)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*out = (uint32_t)value;
	if (*text >= '0' && *text <= '9' && *end == '\0' && value >= 1 && value <= UINT32_MAX)
		return true;
	fprintf(stderr, "hydrofoil-exporter: --series-max %s: not a number from 1 on\n", text);
	return false;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"listen", required_argument, NULL, 'l'}, {"segment", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'v'},
		{"series-max", required_argument, NULL, 'm'}, {"envoy-names", no_argument, NULL, 'e'},
		{NULL, 0, NULL, 0},
	};
	const char *listen = LISTEN_DEFAULT;
	struct exporter exporter = {0};
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'l') {
			listen = optarg;
		} else if (option == 's') {
			exporter.segment_name = optarg;
		} else if (option == 'e') {
			exporter.envoy_names = true;
		} else if (option == 'm') {
			if (!read_number(optarg, &exporter.series_max))
				return EXIT_FAILURE;
		} else if (option == 'h') {
			fputs(help, stdout);
			return EXIT_SUCCESS;
		} else if (option == 'v') {
			puts("hydrofoil-exporter " HYDROFOIL_VERSION);
			return EXIT_SUCCESS;
		} else {
			fputs("Try hydrofoil-exporter --help.\n", stderr);
			return EXIT_FAILURE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "hydrofoil-exporter: unexpected argument %s; try --help\n",
			argv[optind]);
		return EXIT_FAILURE;
	}
	return serve(listen, &exporter);
}
