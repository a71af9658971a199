/* Trust and spoof check of SR-IOV virtual functions, as the kernel tells of their physical one
 * (rtnetlink, IFLA_VFINFO_LIST). */
#ifndef DATAPLANE_FOILCTL_CHECK_CHECK_VF_H
#define DATAPLANE_FOILCTL_CHECK_CHECK_VF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stack/base/compiler.h"

struct check_vf {
	bool found;
	bool spoof_check;
	bool trusted;
};

/* Looks for the VF of that number in one RTM_NEWLINK message of `size` bytes.  Pure. */
void check_vf_parse(const void *message, size_t size, uint32_t number, struct check_vf *out);
/* Asks the kernel about the interface of a physical function; found is false where it cannot be
 * seen from here. */
void check_vf_look(const char *physical, uint32_t number, struct check_vf *out);

#endif
