#include <stdlib.h>

#include "gateway/route/route.h"

bool route_index_build(struct config_route_table *table, struct why *why)
{
	for (uint32_t i = 0; i < table->virtual_host_count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (str_equal(table->virtual_hosts[i].domains[0],
				      table->virtual_hosts[k].domains[0]))
				return why_set(why, "duplicate domain");
	table->index = malloc(1);
	return table->index;
}

void route_index_free(struct route_index *index)
{
	free(index);
}
