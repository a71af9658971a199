#include "stack/base/wheel.h"

#include <string.h>

#define SLOT_BITS 8
#define SLOT_MASK (WHEEL_SLOTS - 1)

/* A deadline is rounded up to the next tick, so that a timer never fires early. */
static uint64_t tick_of(uint64_t deadline_ns)
{
	uint64_t round_up_ns = (UINT64_C(1) << WHEEL_TICK_SHIFT) - 1;

	if (deadline_ns > UINT64_MAX - round_up_ns)
		return UINT64_MAX >> WHEEL_TICK_SHIFT;
	return (deadline_ns + round_up_ns) >> WHEEL_TICK_SHIFT;
}

void wheel_init(struct wheel *wheel, uint64_t now_ns, wheel_fire fire, void *context)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->now_tick = now_ns >> WHEEL_TICK_SHIFT;
	wheel->fire = fire;
	wheel->context = context;
}

static void list_append(struct wheel_list *list, struct wheel_timer *timer)
{
	struct wheel_timer **link = list->last_next ? list->last_next : &list->first;

	*link = timer;
	timer->next = NULL;
	timer->previous_next = link;
	timer->list = list;
	list->last_next = &timer->next;
}

static void list_unlink(struct wheel_timer *timer)
{
	struct wheel_list *list = timer->list;

	*timer->previous_next = timer->next;
	if (timer->next)
		timer->next->previous_next = timer->previous_next;
	else
		list->last_next = list->first ? timer->previous_next : NULL;
	timer->previous_next = NULL;
}

static void set_occupied(struct wheel *wheel, unsigned level, unsigned slot, bool occupied)
{
	uint64_t bit = UINT64_C(1) << (slot % 64);

	if (occupied)
		wheel->occupied[level][slot / 64] |= bit;
	else
		wheel->occupied[level][slot / 64] &= ~bit;
}

/* Into the level whose slots are wide enough: delta in [256^level, 256^(level + 1)). */
static void place(struct wheel *wheel, struct wheel_timer *timer)
{
	uint64_t longest = (UINT64_C(1) << (SLOT_BITS * WHEEL_LEVELS)) - 1;
	uint64_t tick = tick_of(timer->deadline_ns);
	unsigned level = 0;

	if (tick <= wheel->now_tick)
		tick = wheel->now_tick + 1;
	if (tick - wheel->now_tick > longest)
		tick = wheel->now_tick + longest;
	while ((tick - wheel->now_tick) >> (SLOT_BITS * (level + 1)))
		level++;
	unsigned slot = (tick >> (SLOT_BITS * level)) & SLOT_MASK;

	list_append(&wheel->slots[level][slot], timer);
	set_occupied(wheel, level, slot, true);
}

void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, uint64_t deadline_ns)
{
	wheel_disarm(wheel, timer);
	timer->deadline_ns = deadline_ns;
	place(wheel, timer);
	wheel->armed++;
}

void wheel_disarm(struct wheel *wheel, struct wheel_timer *timer)
{
	if (!wheel_is_armed(timer))
		return;
	struct wheel_list *list = timer->list;

	list_unlink(timer);
	wheel->armed--;
	if (!list->first && list != &wheel->due) {
		unsigned index = (unsigned)(list - &wheel->slots[0][0]);

		set_occupied(wheel, index / WHEEL_SLOTS, index % WHEEL_SLOTS, false);
	}
}

/* Distance in slots (1..256) from `from` to the next occupied slot of a level; 0 if there is none. */
static unsigned next_occupied(const uint64_t occupied[WHEEL_SLOTS / 64], unsigned from)
{
	for (unsigned distance = 1; distance <= WHEEL_SLOTS;) {
		unsigned slot = (from + distance) & SLOT_MASK;
		uint64_t word = occupied[slot / 64] >> (slot % 64);

		if (word) {
			distance += (unsigned)__builtin_ctzll(word);
			return distance <= WHEEL_SLOTS ? distance : 0;
		}
		distance += 64 - slot % 64;
	}
	return 0;
}

/* The next tick at which a slot has to be fired or cascaded; UINT64_MAX if there is none. */
static uint64_t next_event_tick(const struct wheel *wheel)
{
	uint64_t earliest = UINT64_MAX;

	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		uint64_t position = wheel->now_tick >> (SLOT_BITS * level);
		unsigned distance = next_occupied(wheel->occupied[level], position & SLOT_MASK);

		if (distance == 0)
			continue;
		uint64_t tick = (position + distance) << (SLOT_BITS * level);

		if (tick < earliest)
			earliest = tick;
	}
	return earliest;
}

/* Empties a slot into the lists where its timers belong now. */
static void cascade(struct wheel *wheel, unsigned level, unsigned slot)
{
	struct wheel_list list = wheel->slots[level][slot];

	wheel->slots[level][slot] = (struct wheel_list){0};
	set_occupied(wheel, level, slot, false);
	for (struct wheel_timer *timer = list.first, *next; timer; timer = next) {
		next = timer->next;
		if (tick_of(timer->deadline_ns) <= wheel->now_tick)
			list_append(&wheel->due, timer);
		else
			place(wheel, timer);
	}
}

static void advance_to(struct wheel *wheel, uint64_t tick)
{
	wheel->now_tick = tick;
	for (unsigned level = WHEEL_LEVELS - 1; level > 0; level--) {
		unsigned shift = SLOT_BITS * level;

		if (tick & ((UINT64_C(1) << shift) - 1))
			continue;
		cascade(wheel, level, (tick >> shift) & SLOT_MASK);
	}
	cascade(wheel, 0, tick & SLOT_MASK);
}

uint64_t wheel_deadline_ns(const struct wheel *wheel)
{
	if (wheel->due.first)
		return 0;
	uint64_t tick = next_event_tick(wheel);

	return tick == UINT64_MAX ? DEADLINE_NEVER_NS : tick << WHEEL_TICK_SHIFT;
}

uint32_t wheel_expire(struct wheel *wheel, uint64_t now_ns, uint32_t max_fired)
{
	uint64_t target = now_ns >> WHEEL_TICK_SHIFT;
	uint32_t fired = 0;

	while (fired < max_fired) {
		struct wheel_timer *timer = wheel->due.first;

		if (!timer) {
			uint64_t tick = next_event_tick(wheel);

			if (tick > target) {
				if (target > wheel->now_tick)
					wheel->now_tick = target;
				break;
			}
			advance_to(wheel, tick);
			continue;
		}
		wheel_disarm(wheel, timer);
		wheel->fire(timer, wheel->context, now_ns);
		fired++;
	}
	return fired;
}
