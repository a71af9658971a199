#include "dataplane/worker/mailbox.h"

#include <string.h>

#include "dataplane/worker/doorbell.h"

_Static_assert((MAILBOX_SLOTS & (MAILBOX_SLOTS - 1)) == 0, "slots are found by mask");

void mailbox_init(struct mailbox *box)
{
	memset(box, 0, sizeof(*box));
	for (uint64_t i = 0; i < MAILBOX_SLOTS; i++)
		box->slots[i].turn = i;
}

/* A slot's turn says whose it is: i = producer number i may fill it, i + 1 = consumer number i may
 * empty it, i + MAILBOX_SLOTS = producer of the next round. */
bool mailbox_post(struct mailbox *box, const struct mail *mail)
{
	uint64_t at = __atomic_load_n(&box->tail, __ATOMIC_RELAXED);

	for (;;) {
		struct mailbox_slot *slot = &box->slots[at & (MAILBOX_SLOTS - 1)];
		uint64_t turn = __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE);

		if (turn < at) {
			__atomic_fetch_add(&box->refused, 1, __ATOMIC_RELAXED);
			return false;
		}
		if (turn > at) {
			at = __atomic_load_n(&box->tail, __ATOMIC_RELAXED);
			continue;
		}
		if (!__atomic_compare_exchange_n(&box->tail, &at, at + 1, true, __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED))
			continue;
		slot->mail = *mail;
		__atomic_store_n(&slot->turn, at + 1, __ATOMIC_RELEASE);
		break;
	}
	if (box->doorbell)
		doorbell_ring(box->doorbell);
	return true;
}

bool mailbox_post_if_roomy(struct mailbox *box, const struct mail *mail)
{
	uint64_t ahead = __atomic_load_n(&box->tail, __ATOMIC_RELAXED) + MAILBOX_SLOTS / 2;
	const struct mailbox_slot *slot = &box->slots[ahead & (MAILBOX_SLOTS - 1)];

	/* Not yet emptied since its last turn: more than half of the box is full. */
	if (__atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) < ahead)
		return false;
	return mailbox_post(box, mail);
}

bool mailbox_is_empty(const struct mailbox *box)
{
	const struct mailbox_slot *slot = &box->slots[box->head & (MAILBOX_SLOTS - 1)];

	return __atomic_load_n(&slot->turn, __ATOMIC_ACQUIRE) != box->head + 1;
}

bool mailbox_take(struct mailbox *box, struct mail *out)
{
	struct mailbox_slot *slot = &box->slots[box->head & (MAILBOX_SLOTS - 1)];

	if (mailbox_is_empty(box))
		return false;
	*out = slot->mail;
	__atomic_store_n(&slot->turn, box->head + MAILBOX_SLOTS, __ATOMIC_RELEASE);
	box->head++;
	return true;
}
