/* From resolved addresses to config_endpoints.  Pure but for memory; see dns.h. */
#ifndef DATAPLANE_CONFIG_DNS_ENDPOINTS_H
#define DATAPLANE_CONFIG_DNS_ENDPOINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/config/dns.h"

struct dns_answer {
	uint32_t count;
	struct ip_addr addresses[DNS_ADDRESSES_MAX];
};

/* Envoy's dns_lookup_family on what came: 4 and 6 alone, 46 and 64 the preferred family where it
 * has an address and else the other, 0 both.  Also removes duplicates. */
void dns_answer_filter(struct dns_answer *answer, uint8_t family);
bool dns_answer_equal(const struct dns_answer *a, const struct dns_answer *b);

/* NULL when there is no memory.  destroy() of the object frees it and gives the counter slots of its
 * endpoints back: the publisher calls it when no worker holds the object, or a host of it, any more. */
struct config_endpoints *dns_endpoints_make(uint32_t cluster_id, const char *cluster_name,
					    const struct dns_target *targets,
					    const struct dns_answer *answers, uint32_t target_count,
					    struct stat_registry *stats);

#endif
