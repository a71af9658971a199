/* Header mbufs for segments that leave (DESIGN.md section 4, zero copy).
 *
 *     header_pool mbuf          indirect_pool mbufs, attached to the slices' buffers
 *     +----------+-----+ next   +---------+ next +---------+
 *     | headroom | TCP | -----> | slice   | ---> | slice   |
 *     +----------+-----+        +---------+      +---------+
 *
 * Payloads up to TCP_COPY_BYTES_MAX, and all where the port has no multi-segment tx, are copied
 * behind the header instead. */
#ifndef STACK_TCP_TCP_SEGMENT_H
#define STACK_TCP_TCP_SEGMENT_H

#include "stack/tcp/tcp_conn.h"

/* Sends one segment of a connection: `bytes` of tx from sequence number `seq` on.  Fills in ports,
 * ACK, window and timestamps.  False when no mbuf was to be had; nothing has changed then. */
MUST_USE bool tcp_segment_send(struct tcp *tcp, struct tcp_conn *conn, uint32_t seq, uint8_t flags,
			       uint32_t bytes, uint64_t now_ns);
/* Most payload that one segment on this connection's port can carry. */
uint32_t tcp_segment_payload_max(const struct tcp *tcp, const struct tcp_conn *conn);
/* Sends a segment without payload and without a connection: *header as it stands.  A failure is
 * counted; the peer will ask again. */
void tcp_segment_send_bare(struct tcp *tcp, const struct flow_key *key,
			   const struct tcp_header *header, uint64_t now_ns);

#endif
