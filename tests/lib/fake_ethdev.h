/* A NIC that a test makes up: the control path's calls over a few variables, and RSS as it would be
 * computed, right or wrong. */
#ifndef TESTS_LIB_FAKE_ETHDEV_H
#define TESTS_LIB_FAKE_ETHDEV_H

#include "dataplane/port/ethdev_calls.h"
#include "stack/base/toeplitz.h"

enum fake_rss { FAKE_RSS_RIGHT, FAKE_RSS_WRONG, FAKE_RSS_ABSENT };

struct fake_ethdev {
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	uint16_t queues, rx_queues_set_up, tx_queues_set_up;
	bool started;
	uint8_t key[64];
	uint64_t hash_types;
	uint16_t table[1024];
	bool link_up;
	/* How it misbehaves. */
	enum fake_rss rss;
	bool keeps_its_key;     /* says yes, and has another */
	bool keeps_its_table;
	bool spreads_otherwise; /* by a table of its own, whatever it was told */
	int key_result, key_read_result, table_result, table_read_result;
	int configure_result, start_result, reset_result, link_result;
	unsigned stops, resets, starts;
	uint64_t tx_errors;
	int (*event)(uint16_t id, enum rte_eth_event_type type, void *context, void *result);
	void *event_context;
};

extern struct fake_ethdev fake_ethdev;
extern const struct ethdev_calls fake_ethdev_calls;

/* A good device: `queues` of them at most, a key of 52 bytes, a table of reta_size. */
void fake_ethdev_init(uint16_t queues, uint16_t reta_size);
/* What the device does with a frame whose input has this Toeplitz hash with the key it was given:
 * fills in ol_flags and hash, returns the queue. */
uint16_t fake_ethdev_receive(struct rte_mbuf *frame, uint32_t hash);

#endif
