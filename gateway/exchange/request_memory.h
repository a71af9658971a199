/* What one worker remembers of the last requests that failed or were slow: two rings of fixed size.
 *
 *     exchange ends --wanted?--> request_memory_note --> slot: sequence odd, text, sequence even
 *     other threads ----------------------------------> request_memory_read, again while odd
 *
 * One writer, which never waits; a reader that was overtaken tries again, and then skips the slot.
 * A request that neither failed nor was slow costs two comparisons. */
#ifndef GATEWAY_EXCHANGE_REQUEST_MEMORY_H
#define GATEWAY_EXCHANGE_REQUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/addr.h"
#include "stack/base/compiler.h"

#define REQUEST_MEMORY_SLOTS 256
#define REQUEST_SLOW_NS_DEFAULT UINT64_C(1000000000)

enum request_kind { REQUEST_FAILED, REQUEST_SLOW, REQUEST_KINDS };

/* Texts end with NUL and are cut where they are longer.  All of it is copied word by word. */
struct request_note {
	uint64_t start_wall_ns;
	uint64_t duration_ns;
	uint64_t request_duration_ns;  /* until the request was whole; 0 = it never was */
	uint64_t response_duration_ns; /* until the answer began; 0 = it never did */
	uint64_t response_flags;
	uint64_t bytes_received;
	uint64_t bytes_sent;
	struct ip_addr client;
	uint16_t client_port;
	uint16_t status;               /* 0 = no answer */
	uint32_t attempts;
	char method[16];
	char authority[64];
	char path[160];
	char route[48];
	char cluster[64];
	char upstream[64];
	char details[96];
	char request_id[40];
};
_Static_assert(sizeof(struct request_note) % 8 == 0, "notes are copied word by word");

struct request_slot {
	uint64_t sequence; /* odd while it is written; 0 = never */
	struct request_note note;
};

struct request_memory {
	uint64_t slow_ns;  /* from there on a request is slow; written by control threads */
	uint64_t written[REQUEST_KINDS];
	struct request_slot slots[REQUEST_KINDS][REQUEST_MEMORY_SLOTS];
};

static inline bool request_memory_is_slow(const struct request_memory *memory, uint64_t duration_ns)
{
	return duration_ns >= __atomic_load_n(&memory->slow_ns, __ATOMIC_RELAXED);
}

/* The worker. */
void request_memory_note(struct request_memory *memory, enum request_kind kind,
			 const struct request_note *note);
/* Any thread: the note `age` places before the latest one; false when there is none, or it is being
 * written over. */
MUST_USE bool request_memory_read(const struct request_memory *memory, enum request_kind kind,
				  uint32_t age, struct request_note *out);
/* Any thread. */
void request_memory_set_slow(struct request_memory *memory, uint64_t slow_ns);

#endif
