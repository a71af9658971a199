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
	"OpenMetrics by Accept) and /healthz.  Needs no privileges, and no restart when the data\n"
	"plane starts, stops or is replaced; hydrofoil_up says whether it is there.\n"
	"\n"
	"  --listen ADDRESS:PORT  where to listen (" LISTEN_DEFAULT "; [::1]:9902; unix:/path)\n"
	"  --segment NAME|PATH    which counters (hydrofoil, which is /dev/shm/hydrofoil)\n"
	"  --help, --version\n";

static int serve(const char *listen, const char *segment)
{
	struct exporter exporter = {.segment_name = segment};
	struct http_server *server;
	struct why why;
	sigset_t set;
	int signal_number;

	/* Before the server's thread is made, so that it inherits the mask. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!http_server_start(&server, listen, exporter_handle, &exporter, &why)) {
		fprintf(stderr, "hydrofoil-exporter: %s\n", why.text);
		return EXIT_FAILURE;
	}
	fprintf(stderr, "hydrofoil-exporter: serving /metrics on %s\n",
		http_server_address(server));
	sigwait(&set, &signal_number);
	http_server_stop(server);
	exporter_close(&exporter);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"listen", required_argument, NULL, 'l'}, {"segment", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},         {"version", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	const char *listen = LISTEN_DEFAULT, *segment = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'l') {
			listen = optarg;
		} else if (option == 's') {
			segment = optarg;
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
	return serve(listen, segment);
}
