/* What the counters show that somebody outside has to cure: said by name, not too often.
 *
 *     drops by reason, summed over workers --> grown since the last sentence? --> one sentence
 *
 * Pure.  At first sight, and then at most once in COMPLAINT_EVERY_NS while it goes on. */
#ifndef DATAPLANE_COMPLAINTS_H
#define DATAPLANE_COMPLAINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/settings.h"
#include "stack/base/drops.h"
#include "stack/base/time.h"
#include "stack/base/why.h"

#define COMPLAINT_EVERY_NS (60 * NS_PER_SECOND)
#define COMPLAINTS_MAX 2

struct complaints {
	struct {
		uint64_t told_count; /* the counter when it was said last */
		uint64_t told_ns;    /* 0 = never */
	} about[COMPLAINTS_MAX];
};

/* True when a sentence is due, which is then in *out; call until false. */
MUST_USE bool complaints_next(struct complaints *complaints, const struct drop_counters *sums,
			      const struct dataplane_settings *settings, uint64_t now_ns,
			      struct why *out);

#endif
