/* Which frames a capture wants.  Made by a control thread from words, then plain data that workers
 * only read; everything that is 0 asks for nothing. */
#ifndef DATAPLANE_CAPTURE_CAPTURE_FILTER_H
#define DATAPLANE_CAPTURE_CAPTURE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct capture_prefix {
	bool set;
	uint8_t bits;          /* of the mapped form: IPv4 has 96 more */
	struct ip_addr addr;
};

struct capture_filter {
	uint32_t port_mask;        /* bit i: port i; 0 = all */
	bool rx_unwanted;
	bool tx_unwanted;
	bool dropped_only;         /* asked of the reader, not of a frame */
	bool has_protocol;
	bool arp;                  /* the protocol is ARP */
	uint8_t protocol;          /* of IP */
	uint8_t tcp_flags;         /* at least one of these is set */
	struct capture_prefix either, source, destination;
	uint16_t either_port, source_port, destination_port;
	/* Whether any of the members below port_mask and directions asks for something. */
	bool looks_inside;
};

/* What a frame's bytes say; zero where it has no such thing. */
struct capture_facts {
	bool is_ip;
	bool is_arp;
	bool has_ports;
	uint8_t protocol;
	uint8_t tcp_flags;
	uint16_t source_port, destination_port;
	struct ip_addr source, destination;
	uint32_t tcp_seq, tcp_ack;
	uint32_t tcp_bytes;        /* payload, as the IP header says */
};

/* Reads the first `length` bytes of a frame; never beyond.  VLAN tags are skipped. */
void capture_facts_read(const uint8_t *frame, uint32_t length, struct capture_facts *out);
/* Whether a frame that says this is wanted; ports and directions are asked by the caller. */
bool capture_filter_match_facts(const struct capture_filter *filter,
				const struct capture_facts *facts);
/* Whether the frame's bytes are wanted; ports and directions are asked by the caller. */
bool capture_filter_match(const struct capture_filter *filter, const uint8_t *frame,
			  uint32_t length);

/* One word of a filter: name "address", "src", "dst" (address or prefix), "port", "sport", "dport",
 * "proto" (tcp, udp, icmp, icmp6, arp or a number), "flags" ("syn,rst"), "direction" (rx, tx),
 * "dropped" (any value).  False and *why when it is not understood. */
MUST_USE bool capture_filter_set(struct capture_filter *filter, const char *name, const char *value,
				 struct why *why);

#endif
