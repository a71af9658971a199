#include "gateway/exchange/request_memory.h"

#define READ_TRIES 4
#define NOTE_WORDS (sizeof(struct request_note) / 8)

void request_memory_note(struct request_memory *memory, enum request_kind kind,
			 const struct request_note *note)
{
	uint64_t number = memory->written[kind];
	struct request_slot *slot = &memory->slots[kind][number % REQUEST_MEMORY_SLOTS];
	const uint64_t *from = (const uint64_t *)note;
	uint64_t *to = (uint64_t *)&slot->note;

	__atomic_store_n(&slot->sequence, slot->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	for (uint32_t i = 0; i < NOTE_WORDS; i++)
		__atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
	__atomic_store_n(&slot->sequence, slot->sequence + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&memory->written[kind], number + 1, __ATOMIC_RELEASE);
}

bool request_memory_read(const struct request_memory *memory, enum request_kind kind, uint32_t age,
			 struct request_note *out)
{
	uint64_t written = __atomic_load_n(&memory->written[kind], __ATOMIC_ACQUIRE);

	if (age >= REQUEST_MEMORY_SLOTS || age >= written)
		return false;
	const struct request_slot *slot =
		&memory->slots[kind][(written - 1 - age) % REQUEST_MEMORY_SLOTS];
	const uint64_t *from = (const uint64_t *)&slot->note;
	uint64_t *to = (uint64_t *)out;

	for (int tries = 0; tries < READ_TRIES; tries++) {
		uint64_t before = __atomic_load_n(&slot->sequence, __ATOMIC_ACQUIRE);

		if (before % 2 != 0)
			continue;
		for (uint32_t i = 0; i < NOTE_WORDS; i++)
			to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&slot->sequence, __ATOMIC_RELAXED) == before)
			return true;
	}
	return false;
}

void request_memory_set_slow(struct request_memory *memory, uint64_t slow_ns)
{
	__atomic_store_n(&memory->slow_ns, slow_ns, __ATOMIC_RELAXED);
}
