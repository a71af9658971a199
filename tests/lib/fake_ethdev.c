#include "tests/lib/fake_ethdev.h"

#include <string.h>

struct fake_ethdev fake_ethdev;

void fake_ethdev_init(uint16_t queues, uint16_t reta_size)
{
	fake_ethdev = (struct fake_ethdev){
		.link_up = true,
		.info = {.driver_name = "net_fake", .max_rx_queues = queues, .max_tx_queues = queues,
			 .hash_key_size = 52, .reta_size = reta_size,
			 .flow_type_rss_offloads = RTE_ETH_RSS_NONFRAG_IPV4_TCP |
						   RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_IPV4,
			 .rx_desc_lim = {.nb_max = 4096, .nb_min = 64},
			 .tx_desc_lim = {.nb_max = 512, .nb_min = 64},
			 .tx_offload_capa = RTE_ETH_TX_OFFLOAD_MULTI_SEGS},
	};
}

static int get_info(uint16_t id, struct rte_eth_dev_info *info)
{
	*info = fake_ethdev.info;
	return 0;
}

static int socket_id(uint16_t id)
{
	return -1;
}

static int configure(uint16_t id, uint16_t rx_queues, uint16_t tx_queues,
		     const struct rte_eth_conf *conf)
{
	fake_ethdev.queues = rx_queues;
	fake_ethdev.conf = *conf;
	fake_ethdev.rx_queues_set_up = fake_ethdev.tx_queues_set_up = 0;
	return rx_queues == tx_queues ? fake_ethdev.configure_result : -EINVAL;
}

static int rx_queue_setup(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
			  const struct rte_eth_rxconf *conf, struct rte_mempool *pool)
{
	bool fits = descriptors <= fake_ethdev.info.rx_desc_lim.nb_max;

	fake_ethdev.rx_queues_set_up++;
	return fits && queue < fake_ethdev.queues ? 0 : -EINVAL;
}

static int tx_queue_setup(uint16_t id, uint16_t queue, uint16_t descriptors, unsigned socket,
			  const struct rte_eth_txconf *conf)
{
	bool fits = descriptors <= fake_ethdev.info.tx_desc_lim.nb_max;

	fake_ethdev.tx_queues_set_up++;
	return fits && queue < fake_ethdev.queues ? 0 : -EINVAL;
}

static int start(uint16_t id)
{
	fake_ethdev.starts++;
	fake_ethdev.started = fake_ethdev.start_result == 0;
	return fake_ethdev.start_result;
}

static int stop(uint16_t id)
{
	fake_ethdev.stops++;
	fake_ethdev.started = false;
	return 0;
}

/* Forgets what it was told, as a VF does. */
static int reset(uint16_t id)
{
	fake_ethdev.resets++;
	memset(fake_ethdev.key, 0, sizeof(fake_ethdev.key));
	memset(fake_ethdev.table, 0, sizeof(fake_ethdev.table));
	return fake_ethdev.reset_result;
}

static int link_get(uint16_t id, struct rte_eth_link *link)
{
	link->link_status = fake_ethdev.link_up;
	return fake_ethdev.link_result;
}

static int stats(uint16_t id, struct rte_eth_stats *out)
{
	*out = (struct rte_eth_stats){.oerrors = fake_ethdev.tx_errors};
	return 0;
}

static int on_event(uint16_t id, enum rte_eth_event_type type,
		    int (*call)(uint16_t, enum rte_eth_event_type, void *, void *), void *context)
{
	fake_ethdev.event = call;
	fake_ethdev.event_context = context;
	return type == RTE_ETH_EVENT_INTR_RESET ? 0 : -EINVAL;
}

static int rss_update(uint16_t id, struct rte_eth_rss_conf *conf)
{
	if (fake_ethdev.key_result == 0 && !fake_ethdev.keeps_its_key) {
		memcpy(fake_ethdev.key, conf->rss_key, conf->rss_key_len);
		fake_ethdev.hash_types = conf->rss_hf;
	}
	return fake_ethdev.key_result;
}

static int rss_get(uint16_t id, struct rte_eth_rss_conf *conf)
{
	memcpy(conf->rss_key, fake_ethdev.key, conf->rss_key_len);
	conf->rss_hf = fake_ethdev.hash_types;
	return fake_ethdev.key_read_result;
}

static int reta_update(uint16_t id, struct rte_eth_rss_reta_entry64 *table, uint16_t size)
{
	for (uint16_t i = 0; i < size; i++)
		if (fake_ethdev.table_result == 0 && !fake_ethdev.keeps_its_table &&
		    table[i / 64].mask >> i % 64 & 1)
			fake_ethdev.table[i] = table[i / 64].reta[i % 64];
	return size == fake_ethdev.info.reta_size ? fake_ethdev.table_result : -EINVAL;
}

static int reta_query(uint16_t id, struct rte_eth_rss_reta_entry64 *table, uint16_t size)
{
	for (uint16_t i = 0; i < size; i++)
		if (table[i / 64].mask >> i % 64 & 1)
			table[i / 64].reta[i % 64] = fake_ethdev.table[i];
	return fake_ethdev.table_read_result;
}

const struct ethdev_calls fake_ethdev_calls = {
	.info = get_info,
	.socket_id = socket_id,
	.configure = configure,
	.rx_queue_setup = rx_queue_setup,
	.tx_queue_setup = tx_queue_setup,
	.start = start,
	.stop = stop,
	.reset = reset,
	.link_get = link_get,
	.stats = stats,
	.on_event = on_event,
	.rss_update = rss_update,
	.rss_get = rss_get,
	.reta_update = reta_update,
	.reta_query = reta_query,
};

uint16_t fake_ethdev_receive(struct rte_mbuf *frame, uint32_t hash)
{
	frame->ol_flags &= ~RTE_MBUF_F_RX_RSS_HASH;
	if (fake_ethdev.rss != FAKE_RSS_ABSENT) {
		frame->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
		frame->hash.rss = fake_ethdev.rss == FAKE_RSS_RIGHT ? hash : hash * 31 + 1;
	}
	uint16_t entry = (uint16_t)(hash & (fake_ethdev.info.reta_size - 1u));

	return fake_ethdev.spreads_otherwise ? (uint16_t)((hash >> 16) % fake_ethdev.info.max_rx_queues) :
					       fake_ethdev.table[entry];
}
