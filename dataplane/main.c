#include <stdio.h>
#include <unistd.h>

#include "dataplane/clock.h"
#include "dataplane/options.h"
#include "dataplane/server.h"
#include "xds/bootstrap/bootstrap.h"

int main(int argc, char **argv)
{
	struct options options;
	struct why why;

	if (!options_parse(&options, argc, argv, &why)) {
		fprintf(stderr, "hydrofoil: %s\n", why.text);
		return 2;
	}
	clock_start();
	logger_set_level(options.log_level);
	switch (options.mode) {
	case OPTIONS_HELP:
		fputs(options_help, stdout);
		return 0;
	case OPTIONS_VERSION:
		printf("hydrofoil %s\n", server_version);
		return 0;
	case OPTIONS_VALIDATE:
		if (bootstrap_validate(options.config_path, stderr) > 0)
			return 1;
		printf("configuration '%s' OK\n", options.config_path);
		return 0;
	case OPTIONS_SERVE:
		break;
	}
	if (options.without_effect)
		log_debug("main", "%s is accepted and has no effect", options.without_effect);
	return server_run(&options);
}
