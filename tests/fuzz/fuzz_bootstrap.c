/* Text to a root: whatever stands in the file, it is read or refused. */
#include <stdlib.h>

#include "xds/bootstrap/bootstrap.h"
#include "xds/reflect/to_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct translate_env env = {.names = config_names_create()};
	struct bootstrap bootstrap;
	enum tree_format format = size && data[0] == '{' ? TREE_JSON : TREE_YAML;
	bool good = bootstrap_parse(&bootstrap, "fuzz", (const char *)data, size, format, &env);

	if (good != (bootstrap.document.faults.errors == 0))
		abort();
	if (bootstrap.proto)
		json_decref(to_json(&bootstrap.document, &bootstrap.proto->base));
	if (good)
		free(config_root_create(&bootstrap.resources, &env, 1));
	bootstrap_free(&bootstrap);
	config_names_destroy(env.names);
	return 0;
}
