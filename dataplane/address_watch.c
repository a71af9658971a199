#include "dataplane/address_watch.h"

#include <stdio.h>

#include "dataplane/logger.h"
#include "dataplane/worker/mailbox.h"
#include "stack/ip/ip_show.h"

#define BATCH 32

static const char *mac_text(const struct ip_show_address *shown, char text[18])
{
	const uint8_t *m = shown->other_mac;

	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	return text;
}

static void tell_people(const struct assembly *a, const struct ip_show_address *shown, uint8_t before,
			bool more_conflicts)
{
	const char *port = a->settings.ports[shown->netif].name;
	char addr[IP_ADDR_TEXT_BYTES], mac[18];

	ip_addr_format(&shown->addr, addr, sizeof(addr));
	if (shown->state == NETIF_ADDRESS_DUPLICATE && before != NETIF_ADDRESS_DUPLICATE)
		log_error("port", "%s: %s has the address %s already; it is not used here, and tried again "
				  "every minute", port, mac_text(shown, mac), addr);
	else if (shown->state == NETIF_ADDRESS_PREFERRED && before == NETIF_ADDRESS_TENTATIVE)
		log_info("port", "%s: nobody else has the address %s", port, addr);
	else if (more_conflicts && shown->state != NETIF_ADDRESS_DUPLICATE)
		log_warning("port", "%s: %s claims our address %s too", port, mac_text(shown, mac), addr);
}

/* False when a mailbox was full. */
static bool tell_workers(struct assembly *a, const struct ip_show_address *shown, uint8_t index)
{
	struct mail mail = {.kind = MAIL_ADDRESS,
			    .address = {shown->netif, index, (uint8_t)shown->state}};
	bool all = true;

	for (uint16_t i = 1; i < a->workers_made; i++)
		all &= mailbox_post(worker_mailbox(a->workers[i].worker), &mail);
	return all;
}

/* The kernel has the same addresses on the exception port, as long as they are ours. */
static void tell_kernel(const struct assembly *a, const struct ip_show_address *shown, uint8_t index)
{
	const struct exception_port *exception = a->exception_list[shown->netif];
	bool in_use = shown->state <= NETIF_ADDRESS_OPTIMISTIC;
	struct why why;

	if (exception &&
	    !exception_port_set_address(exception, &a->ports[shown->netif].netif.addresses[index], in_use,
					&why))
		log_warning("port", "%s: %s", a->settings.ports[shown->netif].name, why.text);
}

static void look_at(struct address_watch *watch, struct assembly *a,
		    const struct ip_show_address *shown, uint8_t index)
{
	uint8_t before = watch->seen[shown->netif][index].state;
	bool more_conflicts = shown->conflicts != watch->seen[shown->netif][index].conflicts;

	watch->tentative += shown->state == NETIF_ADDRESS_TENTATIVE;
	if (shown->state != before || more_conflicts)
		tell_people(a, shown, before, more_conflicts);
	if (shown->state != before)
		tell_kernel(a, shown, index);
	if (shown->state != before || !watch->seen[shown->netif][index].all_told)
		watch->seen[shown->netif][index].all_told = tell_workers(a, shown, index);
	watch->seen[shown->netif][index].state = (uint8_t)shown->state;
	watch->seen[shown->netif][index].conflicts = shown->conflicts;
}

void address_watch_look(struct address_watch *watch, struct assembly *a)
{
	struct ip_show_address shown[BATCH];
	uint32_t cursor = 0, count;
	uint16_t netif = UINT16_MAX;
	uint8_t index = 0;

	watch->tentative = 0;
	if (a->workers_made == 0)
		return;
	do {
		count = ip_show_addresses(stack_ip(worker_stack(a->workers[0].worker)), &cursor, shown,
					  BATCH);
		for (uint32_t i = 0; i < count; i++) {
			index = shown[i].netif == netif ? (uint8_t)(index + 1) : 0;
			netif = shown[i].netif;
			look_at(watch, a, &shown[i], index);
		}
	} while (count > 0);
}
