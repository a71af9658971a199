/* The hydrofoil section of a bootstrap, by names: a kind of port that is new needs no line here. */
#include <jansson.h>
#include <string.h>

#include "dataplane/foilctl/check/check.h"
#include "gateway/config/names.h"
#include "xds/bootstrap/bootstrap.h"
#include "xds/reflect/to_json.h"

#define MEMORY_MIB_DEFAULT 512

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void read_exception(struct check_port *to, json_t *from)
{
	const char *kind;
	json_t *device;

	json_object_foreach(from, kind, device) {
		if (!json_is_object(device))
			continue;
		snprintf(to->exception, sizeof(to->exception), "%s", kind);
		snprintf(to->exception_interface, sizeof(to->exception_interface), "%s",
			 text_of(device, "interface"));
	}
}

static void read_port(struct check_port *to, json_t *from)
{
	static const char *const names[] = {"interface", "socket", "address", "name", "device"};
	const char *kind;
	json_t *device;

	*to = (struct check_port){
		.mtu_bytes = (uint32_t)json_integer_value(json_object_get(from, "mtu"))};
	json_object_foreach(from, kind, device) {
		if (strcmp(kind, "exception") == 0)
			read_exception(to, device);
		if (!json_is_object(device) || strcmp(kind, "exception") == 0)
			continue;
		snprintf(to->kind, sizeof(to->kind), "%s", kind);
		for (size_t i = 0; i < ARRAY_LEN(names) && !to->device[0]; i++)
			snprintf(to->device, sizeof(to->device), "%s", text_of(device, names[i]));
		to->is_server = strcmp(text_of(device, "role"), "SERVER") == 0;
	}
	snprintf(to->name, sizeof(to->name), "%s",
		 text_of(from, "name")[0] ? text_of(from, "name") : to->device);
}

static void read_section(struct check *check, const json_t *section)
{
	json_t *ports = json_object_get(section, "ports"), *port;
	json_t *memory = json_object_get(section, "memory");
	json_int_t mib = json_integer_value(json_object_get(memory, "mib"));
	json_int_t workers = json_integer_value(json_object_get(section, "workers"));
	size_t i;

	json_array_foreach(ports, i, port) {
		if (check->port_count == CHECK_PORTS_MAX)
			break;
		read_port(&check->ports[check->port_count++], port);
	}
	check->memory_mib = mib > 0 ? (uint32_t)mib : MEMORY_MIB_DEFAULT;
	uint32_t cores = check_cpu_list(text_of(section, "cores"), check->cores, CHECK_CPUS_MAX);

	check->has_cores = cores > 0;
	check->workers = workers > 0 ? (uint32_t)workers : cores > 0 ? cores : 1;
	check->hugepages_required = strcmp(text_of(memory, "hugepages"), "ON") == 0;
	check->hugepages_never = strcmp(text_of(memory, "hugepages"), "OFF") == 0;
	check->has_bootstrap = true;
}

static bool first_fault(const struct bootstrap *bootstrap, const char *file, struct why *why)
{
	const struct fault_list *faults = &bootstrap->document.faults;

	for (const struct fault *f = faults->first; f; f = f->next)
		if (f->severity == FAULT_ERROR)
			return why_set(why, "%.200s:%u:%u: %.100s: %.200s (%u in all)", file,
				       f->position.line, f->position.column, f->path, f->text,
				       faults->errors);
	return why_set(why, "%.200s cannot be used", file);
}

bool check_bootstrap(struct check *check, const char *file, struct why *why)
{
	struct translate_env env = {.names = config_names_create()};
	struct bootstrap bootstrap;
	bool done = false;

	if (!env.names)
		return why_set(why, "no memory");
	if (!bootstrap_load(&bootstrap, file, &env)) {
		first_fault(&bootstrap, file, why);
	} else if (!bootstrap.hydrofoil) {
		done = true; /* the kernel's sockets alone: nothing asked of the machine */
	} else {
		json_t *section = to_json(&bootstrap.document, &bootstrap.hydrofoil->base);

		done = section != NULL || why_set(why, "no memory");
		if (done)
			read_section(check, section);
		json_decref(section);
	}
	bootstrap_free(&bootstrap);
	config_names_destroy(env.names);
	return done;
}
