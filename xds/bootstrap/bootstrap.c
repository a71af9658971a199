#include "xds/bootstrap/bootstrap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xds/bootstrap/placement.h"
#include "xds/bootstrap/ports.h"
#include "xds/bootstrap/stats.h"
#include "xds/reflect/from_tree.h"
#include "xds/status/status.h"
#include "xds/translate/internal.h"

#define SECTION "hydrofoil"

static void read_section(struct bootstrap *bootstrap, const struct node *root)
{
	const struct node *section = tree_child(root, SECTION);

	if (!section)
		return;
	ProtobufCMessage *message = from_tree(&bootstrap->document,
					      &hydrofoil__hydrofoil__descriptor, section, SECTION,
					      NULL);

	bootstrap->hydrofoil = (const Hydrofoil__Hydrofoil *)message;
	if (message)
		ports_check(&bootstrap->document, bootstrap->hydrofoil);
}

static void read_admin(struct translation *t, struct bootstrap *bootstrap)
{
	const Bootstrap__Admin *admin = bootstrap->proto->admin;

	if (admin && admin->address)
		(void)!translate_address(t, admin, "address", admin->address, &bootstrap->admin_addr,
					 &bootstrap->admin_port, NULL);
}

static void interpret(struct bootstrap *bootstrap, const struct node *root,
		      const struct translate_env *env)
{
	struct translation t = {.env = env, .document = &bootstrap->document,
				.resources = &bootstrap->resources};

	bootstrap->proto = (const Bootstrap__Bootstrap *)from_tree(
		&bootstrap->document, &bootstrap__bootstrap__descriptor, root, "", SECTION);
	read_section(bootstrap, root);
	if (!bootstrap->proto || config_arena_failed(bootstrap->document.arena))
		return;
	status_check(&bootstrap->document, &bootstrap->proto->base);
	read_admin(&t, bootstrap);
	if (bootstrap->proto->stats_config)
		stats_check(&bootstrap->document, bootstrap->proto->stats_config);
	translate_static(&t, bootstrap->proto->static_resources);
	placement_check(&bootstrap->document, bootstrap->hydrofoil,
			bootstrap->proto->static_resources);
}

bool bootstrap_parse(struct bootstrap *bootstrap, const char *name, const char *text,
		     size_t length, enum tree_format format, const struct translate_env *env)
{
	*bootstrap = (struct bootstrap){0};
	if (!document_init(&bootstrap->document, name))
		return false;
	struct fault_list *faults = &bootstrap->document.faults;
	const struct node *root = tree_parse(text, length, format, bootstrap->document.arena, faults);

	if (root && root->kind == NODE_MAPPING)
		interpret(bootstrap, root, env);
	else if (root)
		fault_add(faults, FAULT_ERROR, root->position, "", "expected a mapping");
	if (config_arena_failed(bootstrap->document.arena))
		faults->errors++; /* there may be no memory to say so */
	fault_list_sort(faults);
	return faults->errors == 0;
}

static char *read_file(FILE *file, size_t *length)
{
	size_t capacity = 65536;
	char *text = malloc(capacity);

	*length = 0;
	while (text) {
		*length += fread(text + *length, 1, capacity - *length, file);
		if (*length < capacity || capacity > TREE_TEXT_BYTES_MAX)
			break;
		char *more = realloc(text, capacity * 2);

		if (!more)
			free(text);
		text = more;
		capacity *= 2;
	}
	if (text && ferror(file)) {
		free(text);
		return NULL;
	}
	return text;
}

bool bootstrap_load(struct bootstrap *bootstrap, const char *file, const struct translate_env *env)
{
	FILE *stream = fopen(file, "rb");
	size_t length = 0;
	char *text = stream ? read_file(stream, &length) : NULL;
	int error = errno;
	const char *end = strrchr(file, '.');
	enum tree_format format = end && !strcmp(end, ".json") ? TREE_JSON : TREE_YAML;

	if (stream)
		fclose(stream);
	if (!text) {
		*bootstrap = (struct bootstrap){0};
		if (document_init(&bootstrap->document, file))
			fault_add(&bootstrap->document.faults, FAULT_ERROR, (struct position){0, 0}, "",
				  "cannot be read: %s", strerror(error));
		return false;
	}
	bool good = bootstrap_parse(bootstrap, file, text, length, format, env);

	free(text);
	return good;
}

void bootstrap_free(struct bootstrap *bootstrap)
{
	config_resources_destroy(&bootstrap->resources);
	document_free(&bootstrap->document);
	*bootstrap = (struct bootstrap){0};
}

uint32_t bootstrap_validate(const char *file, FILE *out)
{
	struct translate_env env = {.names = config_names_create()};
	struct bootstrap bootstrap;
	uint32_t errors = 1;

	if (!env.names) {
		fprintf(out, "%s: out of memory\n", file);
		return errors;
	}
	if (bootstrap_load(&bootstrap, file, &env))
		errors = 0;
	fault_list_print(&bootstrap.document.faults, out);
	if (errors && bootstrap.document.faults.errors > 1)
		errors = bootstrap.document.faults.errors;
	bootstrap_free(&bootstrap);
	config_names_destroy(env.names);
	return errors;
}
