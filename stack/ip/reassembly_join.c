#include "stack/ip/reassembly_join.h"

#include <string.h>

#include "stack/base/checksum.h"
#include "stack/ip/ip_header.h"
#include "stack/link/frame.h"

#define ECN_NOT_ECT 0
#define ECN_CE 3
/* What the device said holds for a fragment, not for the datagram. */
#define STALE_FLAGS (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_RSS_HASH)

void reassembly_join_begin(struct reassembly_chain *chain, const struct ip_packet *first,
			   uint8_t ecn_seen)
{
	*chain = (struct reassembly_chain){.first = *first, .ecn_seen = ecn_seen};
}

void reassembly_join_part(struct reassembly_chain *chain, const struct ip_packet *part)
{
	struct rte_mbuf *mbuf;

	chain->payload_bytes += part->l4_bytes;
	if (!chain->mbuf) {
		mbuf = frame_cut(part->mbuf, 0, (uint32_t)part->l4_offset + part->l4_bytes);
		chain->mbuf = mbuf;
	} else {
		mbuf = frame_cut(part->mbuf, part->l4_offset, part->l4_bytes);
		chain->tail->next = mbuf;
		chain->mbuf->nb_segs = (uint16_t)(chain->mbuf->nb_segs + mbuf->nb_segs);
		chain->mbuf->pkt_len += mbuf->pkt_len;
	}
	chain->tail = rte_pktmbuf_lastseg(mbuf);
}

static void put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/* RFC 3168 5.3: one mark marks the datagram. */
static bool is_marked(const struct reassembly_chain *chain)
{
	return chain->ecn_seen & 1u << ECN_CE;
}

static void rewrite4(const struct reassembly_chain *chain)
{
	uint8_t *header = rte_pktmbuf_mtod_offset(chain->mbuf, uint8_t *, chain->first.l3_offset);
	uint32_t header_bytes = (uint32_t)chain->first.l4_offset - chain->first.l3_offset;

	if (is_marked(chain))
		header[1] |= ECN_CE;
	put16(header + 2, header_bytes + chain->payload_bytes);
	put16(header + 6, 0);
	put16(header + 10, 0);
	uint16_t checksum = checksum_finish(checksum_add(0, header, header_bytes));

	memcpy(header + 10, &checksum, sizeof(checksum));
}

/* RFC 8200 4.5: the Fragment header goes, and the header in front of it names what follows. */
static void rewrite6(const struct reassembly_chain *chain)
{
	uint32_t l3 = chain->first.l3_offset;
	uint32_t before_bytes = chain->first.l4_offset - l3 - IP6_FRAGMENT_HEADER_BYTES;
	uint8_t *frame = rte_pktmbuf_mtod(chain->mbuf, uint8_t *);
	uint8_t *header = frame + l3;
	uint8_t *next = &header[6];

	for (uint32_t at = IP6_HEADER_BYTES; at < before_bytes; at += (header[at + 1] + 1u) * 8)
		next = &header[at];
	*next = header[before_bytes];
	if (is_marked(chain))
		header[1] |= ECN_CE << 4;
	put16(header + 4, before_bytes - IP6_HEADER_BYTES + chain->payload_bytes);
	memmove(frame + IP6_FRAGMENT_HEADER_BYTES, frame, l3 + before_bytes);
	rte_pktmbuf_adj(chain->mbuf, IP6_FRAGMENT_HEADER_BYTES);
}

enum drop_reason reassembly_join_end(struct reassembly_chain *chain, struct ip_input_from *whole)
{
	struct rte_mbuf *mbuf = chain->mbuf;

	if (is_marked(chain) && (chain->ecn_seen & 1u << ECN_NOT_ECT))
		return DROP_IP_FRAGMENT_ECN;
	if (!frame_is_ours_alone(mbuf))
		return DROP_LINK_SPLIT_HEADER;
	if (chain->first.is_v6)
		rewrite6(chain);
	else
		rewrite4(chain);
	mbuf->ol_flags &= ~STALE_FLAGS;
	mbuf->packet_type = IP_PACKET_REASSEMBLED;
	if (!frame_pull_up(mbuf, FRAME_HEADERS_BYTES))
		return DROP_LINK_SPLIT_HEADER;
	*whole = (struct ip_input_from){.mbuf = mbuf, .netif = chain->first.netif,
					.l3_offset = chain->first.l3_offset,
					.link_group = chain->first.is_group};
	return DROP_NONE;
}
