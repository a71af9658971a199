#include "dataplane/admin/json_mask.h"

#include <string.h>

#define DEPTH_MAX 64 /* as deep as a bootstrap may be */

static json_t *object_like(const json_t *object)
{
	json_t *made = json_object();
	json_t *type = json_object_get(object, "@type");

	if (made && type && json_object_set(made, "@type", type) != 0) {
		json_decref(made);
		return NULL;
	}
	return made;
}

/* One path, down from `from`; `to` has been made for `from`. */
static bool keep(json_t *to, const json_t *from, const char *path, size_t length, struct why *why)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		const char *dot = memchr(path, '.', length);
		size_t name = dot ? (size_t)(dot - path) : length;
		json_t *value = json_object_getn(from, path, name);

		if (!value)
			return true;
		if (!dot)
			return json_object_setn(to, path, name, value) == 0 ||
			       why_set(why, "no memory for the mask");
		if (!json_is_object(value))
			return why_set(why, "mask: %.*s is not a message, nothing is below it",
				       (int)name, path);
		json_t *below = json_object_getn(to, path, name);

		if (!below) {
			below = object_like(value);
			if (!below || json_object_setn_new(to, path, name, below) != 0)
				return why_set(why, "no memory for the mask");
		}
		/* The whole of it was asked for already. */
		if (below == value)
			return true;
		to = below;
		from = value;
		path = dot + 1;
		length -= name + 1;
	}
	return why_set(why, "mask: too deep");
}

json_t *json_mask(const json_t *object, const char *paths, struct why *why)
{
	json_t *made = object_like(object);

	if (!made)
		why_set(why, "no memory for the mask");
	while (made && *paths) {
		size_t length = strcspn(paths, ",");

		if (length > 0 && !keep(made, object, paths, length, why)) {
			json_decref(made);
			made = NULL;
			break;
		}
		paths += length + (paths[length] == ',');
	}
	return made;
}

bool json_mask_kept(const json_t *object)
{
	return json_object_size(object) > (json_object_get(object, "@type") ? 1u : 0u);
}
