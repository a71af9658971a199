#include "gateway/filters/filter.h"

const struct filter_type filter_router = {.name = "envoy.filters.http.router", .terminal = true};
const struct filter_type filter_header_mutation = {.name = "envoy.filters.http.header_mutation"};

const struct filter_type *filter_type_find(struct str name)
{
	if (str_equal(name, STR("envoy.filters.http.router")))
		return &filter_router;
	return str_equal(name, STR("envoy.filters.http.header_mutation")) ? &filter_header_mutation : NULL;
}
