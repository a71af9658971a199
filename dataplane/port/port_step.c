/* The control thread's look at a running port: what happened, said once. */
#include <stdio.h>
#include <string.h>

#include "dataplane/port/ethdev_calls.h"
#include "dataplane/port/pci_function.h"
#include "dataplane/port/port_ethdev.h"
#include "stack/base/toeplitz.h"

/* Frames lost on their way out, from one look to the next, that are no accident. */
#define TX_ERRORS_SUSPICIOUS 16

static void list_seen(const struct port *port, const struct port_rss_seen **seen)
{
	for (uint16_t i = 0; i < port->queues; i++)
		seen[i] = &port->lanes[i].rss_seen;
}

static void set_rss(void *context)
{
	const struct port_rss_seen *seen[PORT_LANES_MAX];
	struct port *port = context;
	struct why cause;

	if (port->queues < 2)
		return;
	list_seen(port, seen);
	port_rss_forget(&port->rss, seen, port->queues);
	if (port_rss_set_up(&port->rss, port->calls, port->ethdev_id, &port->caps,
			    toeplitz_default_key, port->queues, &cause))
		return;
	port->has_note = true;
	why_set(&port->note, "port %s: RSS is not used: %.200s; flows are dispatched by software",
		port->netif.name, cause.text);
}

static int on_reset(uint16_t id, enum rte_eth_event_type type, void *context, void *result)
{
	struct port *port = context;

	(void)id;
	(void)type;
	(void)result;
	ethdev_watch_tell_reset(&port->watch);
	return 0;
}

static bool judge(struct port *port, struct why *out)
{
	const struct port_rss_seen *seen[PORT_LANES_MAX];
	struct why verdict;

	list_seen(port, seen);
	if (!port_rss_judge(&port->rss, seen, port->queues, &verdict))
		return false;
	why_set(out, "port %s: %.250s", port->netif.name, verdict.text);
	return true;
}

/* A VF with an address that its PF does not know sends into nothing. */
static bool suspect_spoof_check(struct port *port, struct why *out)
{
	struct rte_eth_stats stats;
	struct pci_function f;
	struct why sentence;

	if (port->spoof_check_told || port->calls->stats(port->ethdev_id, &stats) != 0)
		return false;
	uint64_t before = port->tx_errors_before;

	port->tx_errors_before = stats.oerrors;
	if (stats.oerrors - before < TX_ERRORS_SUSPICIOUS ||
	    !pci_function_look(&f, "/sys", port->plan.device, &sentence) || !f.is_vf)
		return false;
	port->spoof_check_told = true;
	pci_function_explain_spoof_check(&f, &sentence);
	why_set(out, "port %s: %.250s", port->netif.name, sentence.text);
	return true;
}

static bool look(struct port *port, struct why *out)
{
	if (port->has_note) {
		port->has_note = false;
		*out = port->note;
		return true;
	}
	return ethdev_watch_step(&port->watch, port->calls, port->ethdev_id, &port->plan, set_rss, port,
				 out) != ETHDEV_NOTHING ||
	       judge(port, out) || suspect_spoof_check(port, out);
}

void port_watch(struct port *port, const struct ethdev_calls *calls)
{
	port->calls = calls;
	port->step = look;
	set_rss(port);
	port->calls->on_event(port->ethdev_id, RTE_ETH_EVENT_INTR_RESET, on_reset, port);
}

bool port_step(struct port *port, struct why *out)
{
	return port->step && port->step(port, out);
}

bool port_follow(struct port *port, const uint16_t *queue_of, struct why *out)
{
	struct why cause;

	if (!port_rss_follow(&port->rss, port->calls, port->ethdev_id, queue_of, &cause))
		return false;
	why_set(out, "port %s: %.250s", port->netif.name, cause.text);
	return true;
}
