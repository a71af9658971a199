/* TIME-WAIT in a table of its own: compact, bounded, oldest out first; nothing of a connection
 * block stays behind (RFC 9293 3.10.7.4; RFC 6191 reuse; RFC 1337: a RST does not end it). */
#ifndef STACK_TCP_TCP_TIMEWAIT_H
#define STACK_TCP_TCP_TIMEWAIT_H

#include "stack/tcp/tcp_conn.h"

struct tcp_timewait_entry {
	struct flow_key key;
	uint64_t hash;
	uint64_t expires_ns;
	uint32_t snd_nxt;
	uint32_t rcv_nxt;
	uint32_t ts_recent;
	uint32_t ts_offset;
	uint32_t older;
	uint32_t newer;
	uint16_t window;
	bool has_timestamp;
};

MUST_USE bool tcp_timewait_create(struct tcp_timewait *timewait, uint32_t capacity,
				  const struct siphash_key *hash_key);
void tcp_timewait_destroy(struct tcp_timewait *timewait);
/* Moves a connection's state there; the block itself is detached. */
void tcp_timewait_enter(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
/* A segment for the entry.  True = it was answered or dropped (counted); false = it is a SYN that
 * may take the place: the entry is gone and *iss_after says where the old sequence ended. */
bool tcp_timewait_input(struct tcp *tcp, uint32_t index, const struct tcp_segment *segment,
			uint32_t *iss_after, uint64_t now_ns);
uint64_t tcp_timewait_deadline_ns(const struct tcp *tcp);
uint32_t tcp_timewait_expire(struct tcp *tcp, uint64_t now_ns, uint32_t max);

#endif
