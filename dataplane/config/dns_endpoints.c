#include "dataplane/config/dns_endpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_NAME_BYTES 512

static uint32_t keep_family(struct dns_answer *answer, bool v4)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < answer->count; i++)
		if (ip_addr_is_v4(&answer->addresses[i]) == v4)
			answer->addresses[kept++] = answer->addresses[i];
	return kept;
}

static bool has_family(const struct dns_answer *answer, bool v4)
{
	for (uint32_t i = 0; i < answer->count; i++)
		if (ip_addr_is_v4(&answer->addresses[i]) == v4)
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ip_addr));
}

void dns_answer_filter(struct dns_answer *answer, uint8_t family)
{
	uint32_t kept = 0;

	switch (family) {
	case 4:
		answer->count = keep_family(answer, true);
		break;
	case 6:
		answer->count = keep_family(answer, false);
		break;
	case 46:
		answer->count = keep_family(answer, has_family(answer, true));
		break;
	case 64:
		answer->count = keep_family(answer, !has_family(answer, false));
		break;
	default:
		break;
	}
	/* Servers rotate their answers: sorted, the same set is the same set. */
	qsort(answer->addresses, answer->count, sizeof(answer->addresses[0]), compare);
	for (uint32_t i = 0; i < answer->count; i++)
		if (i == 0 || compare(&answer->addresses[i], &answer->addresses[kept - 1]) != 0)
			answer->addresses[kept++] = answer->addresses[i];
	answer->count = kept;
}

bool dns_answer_equal(const struct dns_answer *a, const struct dns_answer *b)
{
	return a->count == b->count &&
	       memcmp(a->addresses, b->addresses, a->count * sizeof(a->addresses[0])) == 0;
}

/* The object, and where the slots of its endpoints go back to. */
struct dns_endpoints {
	struct config_endpoints set;
	struct stat_registry *stats; /* NULL = no slots */
};

static void destroy(struct config_object *object)
{
	struct config_endpoints *set = (struct config_endpoints *)object;
	struct stat_registry *stats = container_of_member(set, struct dns_endpoints, set)->stats;

	for (uint32_t i = 0; i < set->endpoint_count; i++) {
		if (stats && stats->release)
			stats->release(stats, STAT_ENDPOINT, set->endpoints[i].stat_slot);
		free((void *)(uintptr_t)set->endpoints[i].hostname.data);
	}
	free(set->endpoints);
	free(container_of_member(set, struct dns_endpoints, set));
}

static uint32_t slot(struct stat_registry *stats, const char *cluster, const struct ip_addr *addr,
		     uint16_t port)
{
	char name[SLOT_NAME_BYTES], text[IP_ADDR_TEXT_BYTES];

	snprintf(name, sizeof(name), "%s\n%s", cluster,
		 ip_endpoint_format(addr, port, text, sizeof(text)));
	return stats ? stats->slot(stats, STAT_ENDPOINT, name) : STAT_SLOT_OVERFLOW;
}

struct config_endpoints *dns_endpoints_make(uint32_t cluster_id, const char *cluster_name,
					    const struct dns_target *targets,
					    const struct dns_answer *answers, uint32_t target_count,
					    struct stat_registry *stats)
{
	struct dns_endpoints *made = calloc(1, sizeof(*made));
	struct config_endpoints *set;
	uint32_t total = 0;

	if (!made)
		return NULL;
	made->stats = stats;
	set = &made->set;
	set->object.kind = CONFIG_ENDPOINTS;
	set->object.id = cluster_id;
	set->object.destroy = destroy;
	for (uint32_t t = 0; t < target_count; t++)
		total += answers[t].count;
	set->endpoints = calloc(total + 1, sizeof(*set->endpoints));
	for (uint32_t t = 0; set->endpoints && t < target_count; t++)
		for (uint32_t i = 0; i < answers[t].count; i++) {
			char *hostname = strdup(targets[t].hostname);

			if (!hostname) {
				destroy(&set->object);
				return NULL;
			}
			set->endpoints[set->endpoint_count++] = (struct config_endpoint){
				.addr = answers[t].addresses[i],
				.port = targets[t].port,
				.weight = targets[t].weight ? targets[t].weight : 1,
				.health = targets[t].health,
				.hostname = {hostname, (uint32_t)strlen(hostname)},
				.stat_slot = slot(stats, cluster_name, &answers[t].addresses[i],
						  targets[t].port),
			};
		}
	if (!set->endpoints) {
		free(made);
		return NULL;
	}
	return set;
}
