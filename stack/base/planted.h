/* Faults planted on purpose, to test the simulator: each must be found within 2,000 seeds.
 *
 * In a build with -Dplanted_faults=true planted_fault selects one of planted.def; in every other
 * build PLANTED() is a constant that is false, and nothing of it is left. */
#ifndef STACK_BASE_PLANTED_H
#define STACK_BASE_PLANTED_H

enum planted_id {
	PLANTED_NOTHING,
#define PLANT(name, help) PLANTED_##name,
#include "stack/base/planted.def"
#undef PLANT
	PLANTED_COUNT
};

#ifdef PLANTED_FAULTS
extern enum planted_id planted_fault;
#define PLANTED(name) (planted_fault == PLANTED_##name)
#else
#define PLANTED(name) (PLANTED_##name == PLANTED_COUNT)
#endif

#endif
