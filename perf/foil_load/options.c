#include "perf/foil_load/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf/foil_load/origin.h"

static bool parse_prefix(const char *text, struct netif_address *out, struct why *why)
{
	char host[IP_ADDR_TEXT_BYTES];
	const char *slash = strchr(text, '/');
	int length = slash ? (int)(slash - text) : 0;

	snprintf(host, sizeof(host), "%.*s", length, text);
	if (!slash || !ip_addr_parse(host, &out->addr))
		return why_set(why, "%s: expected an address with its prefix, as in 10.0.0.2/24", text);
	out->prefix_bits = (uint8_t)atoi(slash + 1);
	return true;
}

/* "A/24,B/24,…" into the port's addresses. */
static bool parse_addresses(const char *text, struct port_settings *port, struct why *why)
{
	char one[IP_ADDR_TEXT_BYTES];

	port->address_count = 0;
	for (const char *at = text; *at;) {
		size_t length = strcspn(at, ",");

		if (port->address_count == NETIF_ADDRESSES_MAX)
			return why_set(why, "%s: more than %d addresses", text, NETIF_ADDRESSES_MAX);
		snprintf(one, sizeof(one), "%.*s", (int)length, at);
		if (!parse_prefix(one, &port->addresses[port->address_count++], why))
			return false;
		at += length + (at[length] == ',');
	}
	return true;
}

static bool parse_target(const char *text, struct load_options *options, struct why *why)
{
	char host[IP_ADDR_TEXT_BYTES];
	const char *colon = strrchr(text, ':');
	bool bracketed = text[0] == '[';
	int length = colon ? (int)(colon - text) - 2 * bracketed : 0;

	snprintf(host, sizeof(host), "%.*s", length, text + bracketed);
	if (!colon || !ip_addr_parse(host, &options->target))
		return why_set(why, "%s: expected ADDRESS:PORT or [ADDRESS]:PORT", text);
	options->target_port = (uint16_t)atoi(colon + 1);
	return true;
}

static void set_port(struct port_settings *port, const char *name, const char *socket_path)
{
	snprintf(port->name, sizeof(port->name), "%s", name);
	snprintf(port->device, sizeof(port->device), "%s", socket_path);
	port->kind = PORT_KIND_MEMIF;
	port->memif_server = true;
}

static void set_defaults(struct load_options *options)
{
	memset(options, 0, sizeof(*options));
	options->settings.port_count = 2;
	options->settings.workers = 1;
	options->settings.memory_mib = 256;
	options->origin_port = 8080;
	options->connections = 64;
	options->paths = 1;
	options->header_bytes = 400;
	options->body_bytes = 1024;
	options->warmup_seconds = 1;
	options->seconds = 5;
}

void load_options_help(void)
{
	puts("foil-load: load generator and origin server on Hydrofoil's own stack, on one core\n"
	     "\n"
	     "  --front SOCKET        memif socket towards the gateway's clients' side (server role)\n"
	     "  --back SOCKET         memif socket towards the gateway's origins' side (server role)\n"
	     "  --client A/24         address of the client\n"
	     "  --origin A/24,B/24    addresses of the origin\n"
	     "  --origin-port N       8080\n"
	     "  --target A:PORT       what the client talks to\n"
	     "  --connections N       64, each with one request in flight\n"
	     "  --paths N             requests go to /route/0 … /route/N-1 in turn\n"
	     "  --header-bytes N      least size of a request head; 400\n"
	     "  --body-bytes N        size of an answer's body; 1024; above 46080 a multiple of that\n"
	     "  --pause-ms N          between an answer and the next request; 0\n"
	     "  --reconnect           a new connection for every request\n"
	     "  --warmup S, --seconds S\n"
	     "\n"
	     "Prints `start` and `end` when the measurement starts and ends, then one line of JSON.");
}

enum { OPT_FRONT = 1, OPT_BACK, OPT_CLIENT, OPT_ORIGIN, OPT_ORIGIN_PORT, OPT_TARGET, OPT_CONNECTIONS,
       OPT_PATHS, OPT_HEADER, OPT_BODY, OPT_WARMUP, OPT_SECONDS, OPT_RECONNECT, OPT_PAUSE,
       OPT_HELP };

static const struct option long_options[] = {
	{"front", required_argument, NULL, OPT_FRONT},
	{"back", required_argument, NULL, OPT_BACK},
	{"client", required_argument, NULL, OPT_CLIENT},
	{"origin", required_argument, NULL, OPT_ORIGIN},
	{"origin-port", required_argument, NULL, OPT_ORIGIN_PORT},
	{"target", required_argument, NULL, OPT_TARGET},
	{"connections", required_argument, NULL, OPT_CONNECTIONS},
	{"paths", required_argument, NULL, OPT_PATHS},
	{"header-bytes", required_argument, NULL, OPT_HEADER},
	{"body-bytes", required_argument, NULL, OPT_BODY},
	{"warmup", required_argument, NULL, OPT_WARMUP},
	{"seconds", required_argument, NULL, OPT_SECONDS},
	{"pause-ms", required_argument, NULL, OPT_PAUSE},
	{"reconnect", no_argument, NULL, OPT_RECONNECT},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static bool take_number(struct load_options *options, int option, const char *text)
{
	uint32_t number = (uint32_t)strtoul(text, NULL, 10);

	switch (option) {
	case OPT_ORIGIN_PORT:
		options->origin_port = (uint16_t)number;
		return number > 0 && number < 65536;
	case OPT_CONNECTIONS:
		options->connections = number;
		return number > 0;
	case OPT_PATHS:
		options->paths = number;
		return number > 0;
	case OPT_HEADER:
		options->header_bytes = number;
		return number < 4000;
	case OPT_BODY:
		options->body_bytes = strtoull(text, NULL, 10);
		return options->body_bytes <= ORIGIN_BLOCK_BYTES ||
		       options->body_bytes % ORIGIN_BLOCK_BYTES == 0;
	case OPT_PAUSE:
		options->pause_ms = number;
		return true;
	case OPT_WARMUP:
		options->warmup_seconds = strtod(text, NULL);
		return true;
	default:
		options->seconds = strtod(text, NULL);
		return options->seconds > 0;
	}
}

static bool take_option(struct load_options *options, int option, const char *text, struct why *why)
{
	struct port_settings *ports = options->settings.ports;

	switch (option) {
	case OPT_FRONT:
		set_port(&ports[0], "front", text);
		return true;
	case OPT_BACK:
		set_port(&ports[1], "back", text);
		return true;
	case OPT_CLIENT:
		return parse_addresses(text, &ports[0], why);
	case OPT_ORIGIN:
		return parse_addresses(text, &ports[1], why);
	case OPT_TARGET:
		return parse_target(text, options, why);
	case OPT_RECONNECT:
		options->reconnect = true;
		return true;
	case OPT_HELP:
		options->help = true;
		return true;
	case '?':
		return why_set(why, "see --help");
	default:
		return take_number(options, option, text) || why_set(why, "%s: out of range", text);
	}
}

bool load_options_parse(struct load_options *options, int argc, char **argv, struct why *why)
{
	int option;

	set_defaults(options);
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(options, option, optarg, why))
			return false;
	if (options->help)
		return true;
	for (unsigned i = 0; i < 2; i++)
		if (options->settings.ports[i].device[0] == '\0' ||
		    options->settings.ports[i].address_count == 0)
			return why_set(why, "--front, --back, --client and --origin are needed; see --help");
	if (options->target_port == 0)
		return why_set(why, "--target is needed; see --help");
	return true;
}
