#include "dataplane/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_DEFAULT_SECONDS 45

const char options_help[] =
	"Usage: hydrofoil -c FILE [FLAG ...]\n"
	"\n"
	"  -c, --config-path FILE     bootstrap in YAML or JSON (Envoy's, with a hydrofoil section)\n"
	"      --mode serve|validate  validate: report every fault of FILE and exit (default serve)\n"
	"      --drain-time-s N       longest wait for open requests after SIGTERM (default: the\n"
	"                             bootstrap's hydrofoil.drain_time, else 45)\n"
	"  -l, --log-level LEVEL      trace, debug, info, warning, error, critical, off (default info)\n"
	"      --concurrency N        workers, each on a CPU of its own (default: the bootstrap's)\n"
	"      --service-node ID      node.id in place of the bootstrap's\n"
	"      --service-cluster NAME node.cluster in place of the bootstrap's\n"
	"      --version\n"
	"  -h, --help\n"
	"\n"
	"Accepted, without effect here: --drain-strategy, --parent-shutdown-time-s,\n"
	"--local-address-ip-version, --file-flush-interval-msec, --disable-hot-restart,\n"
	"--allow-unknown-static-fields, --component-log-level, --skip-deprecated-logs,\n"
	"--service-zone, --cpuset-threads, --reject-unknown-dynamic-fields.\n"
	"\n"
	"SIGTERM, SIGINT: take no new connections, let open requests end, exit 0; a second one ends\n"
	"at once.  SIGHUP is ignored: the bootstrap is read once.\n"
	"Exit status: 0 done, 1 could not start or the file has faults, 2 bad command line.\n";

enum flag_kind {
	FLAG_CONFIG,
	FLAG_MODE,
	FLAG_DRAIN,
	FLAG_LEVEL,
	FLAG_CONCURRENCY,
	FLAG_NODE,
	FLAG_CLUSTER,
	FLAG_VERSION,
	FLAG_HELP,
	FLAG_IGNORED_SWITCH,
	FLAG_IGNORED_VALUE,
};

static const struct flag {
	const char *name;
	const char *letter;
	enum flag_kind kind;
} flags[] = {
	{"--config-path", "-c", FLAG_CONFIG},
	{"--mode", NULL, FLAG_MODE},
	{"--drain-time-s", NULL, FLAG_DRAIN},
	{"--log-level", "-l", FLAG_LEVEL},
	{"--concurrency", NULL, FLAG_CONCURRENCY},
	{"--service-node", NULL, FLAG_NODE},
	{"--service-cluster", NULL, FLAG_CLUSTER},
	{"--version", NULL, FLAG_VERSION},
	{"--help", "-h", FLAG_HELP},
	{"--disable-hot-restart", NULL, FLAG_IGNORED_SWITCH},
	{"--allow-unknown-static-fields", NULL, FLAG_IGNORED_SWITCH},
	{"--reject-unknown-dynamic-fields", NULL, FLAG_IGNORED_SWITCH},
	{"--skip-deprecated-logs", NULL, FLAG_IGNORED_SWITCH},
	{"--cpuset-threads", NULL, FLAG_IGNORED_SWITCH},
	{"--drain-strategy", NULL, FLAG_IGNORED_VALUE},
	{"--parent-shutdown-time-s", NULL, FLAG_IGNORED_VALUE},
	{"--local-address-ip-version", NULL, FLAG_IGNORED_VALUE},
	{"--file-flush-interval-msec", NULL, FLAG_IGNORED_VALUE},
	{"--component-log-level", NULL, FLAG_IGNORED_VALUE},
	{"--service-zone", NULL, FLAG_IGNORED_VALUE},
};

static bool takes_value(enum flag_kind kind)
{
	return kind <= FLAG_CLUSTER || kind == FLAG_IGNORED_VALUE;
}

/* "--name", "--name=value" or "-x"; *value points behind '=' or is NULL. */
static const struct flag *find_flag(const char *arg, const char **value)
{
	const char *equals = strncmp(arg, "--", 2) == 0 ? strchr(arg, '=') : NULL;
	size_t length = equals ? (size_t)(equals - arg) : strlen(arg);

	*value = equals ? equals + 1 : NULL;
	for (unsigned i = 0; i < ARRAY_LEN(flags); i++) {
		if (strlen(flags[i].name) == length && memcmp(flags[i].name, arg, length) == 0)
			return &flags[i];
		if (flags[i].letter && strcmp(flags[i].letter, arg) == 0)
			return &flags[i];
	}
	return NULL;
}

static bool parse_number(const char *flag, const char *text, uint32_t most, uint32_t *out,
			 struct why *why)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno || value > most)
		return why_set(why, "%s: \"%s\" is not a number from 0 to %u", flag, text, most);
	*out = (uint32_t)value;
	return true;
}

static bool apply(struct options *out, const struct flag *flag, const char *value, struct why *why)
{
	uint32_t number = 0;

	switch (flag->kind) {
	case FLAG_CONFIG:
		out->config_path = value;
		return true;
	case FLAG_MODE:
		if (strcmp(value, "serve") == 0)
			out->mode = OPTIONS_SERVE;
		else if (strcmp(value, "validate") == 0)
			out->mode = OPTIONS_VALIDATE;
		else
			return why_set(why, "--mode: \"%s\" is neither serve nor validate", value);
		return true;
	case FLAG_DRAIN:
		out->drain_given = true;
		return parse_number(flag->name, value, 86400, &out->drain_seconds, why);
	case FLAG_LEVEL:
		if (!logger_level_parse(value, &out->log_level))
			return why_set(why, "--log-level: \"%s\" is no level; they are trace, debug, "
					    "info, warning, error, critical, off", value);
		return true;
	case FLAG_CONCURRENCY:
		if (!parse_number(flag->name, value, 1024, &number, why))
			return false;
		out->concurrency = (uint16_t)number;
		return true;
	case FLAG_NODE:
		out->service_node = value;
		return true;
	case FLAG_CLUSTER:
		out->service_cluster = value;
		return true;
	case FLAG_VERSION:
		out->mode = OPTIONS_VERSION;
		return true;
	case FLAG_HELP:
		out->mode = OPTIONS_HELP;
		return true;
	case FLAG_IGNORED_SWITCH:
	case FLAG_IGNORED_VALUE:
		out->without_effect = flag->name;
		return true;
	}
	return true;
}

bool options_parse(struct options *out, int argc, char **argv, struct why *why)
{
	*out = (struct options){.mode = OPTIONS_SERVE,
				.drain_seconds = DRAIN_DEFAULT_SECONDS,
				.log_level = LOGGER_INFO};
	for (int i = 1; i < argc; i++) {
		const char *value;
		const struct flag *flag = find_flag(argv[i], &value);

		if (!flag)
			return why_set(why, "unknown flag \"%s\"; hydrofoil --help lists them", argv[i]);
		if (!takes_value(flag->kind) && value)
			return why_set(why, "%s takes no value", flag->name);
		if (takes_value(flag->kind) && !value) {
			if (i + 1 == argc)
				return why_set(why, "%s needs a value", flag->name);
			value = argv[++i];
		}
		if (!apply(out, flag, value, why))
			return false;
		if (out->mode == OPTIONS_HELP || out->mode == OPTIONS_VERSION)
			return true;
	}
	if (!out->config_path)
		return why_set(why, "no bootstrap is named; use -c FILE");
	return true;
}
