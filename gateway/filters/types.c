/* All filter types by their Envoy name. */
#include "gateway/filters/filter.h"

static const struct filter_type *const types[] = {
	&filter_header_mutation,
	&filter_router,
};

const struct filter_type *filter_type_find(struct str name)
{
	for (uint32_t i = 0; i < ARRAY_LEN(types); i++) {
		struct str known = {types[i]->name, (uint32_t)__builtin_strlen(types[i]->name)};

		if (str_equal(known, name))
			return types[i];
	}
	return NULL;
}
