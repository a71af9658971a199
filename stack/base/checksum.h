/* The Internet checksum (RFC 1071), in software: no port of the lab computes it for us. */
#ifndef STACK_BASE_CHECKSUM_H
#define STACK_BASE_CHECKSUM_H

#include <rte_mbuf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/addr.h"

/* Running ones-complement sum, not folded; start with 0.  Odd lengths only in the last piece,
 * except through checksum_add_mbuf, which keeps track. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t length_bytes);
/* Over a chain, from offset_bytes of its first segment on. */
uint64_t checksum_add_mbuf(uint64_t sum, const struct rte_mbuf *mbuf, uint32_t offset_bytes,
			   uint32_t length_bytes);
/* IPv4 or IPv6 pseudo-header (RFC 9293 3.1, RFC 8200 8.1), by the family of the addresses. */
uint64_t checksum_add_pseudo_header(uint64_t sum, const struct ip_addr *source,
				    const struct ip_addr *destination, uint8_t protocol,
				    uint32_t length_bytes);
/* Folds and complements: the value for the header field, in network order as it lies in memory. */
uint16_t checksum_finish(uint64_t sum);

#endif
