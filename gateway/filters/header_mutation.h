/* envoy.filters.http.header_mutation: changes request and answer heads as configured. */
#ifndef GATEWAY_FILTERS_HEADER_MUTATION_H
#define GATEWAY_FILTERS_HEADER_MUTATION_H

#include "gateway/config/config.h"

/* What config_http_filter.config and a route's override of this filter point to. */
struct header_mutation_config {
	struct config_header_mutations request;
	struct config_header_mutations response;
};

#endif
