/* Publishes configuration: changed objects in, a new root to all workers, old objects freed.
 *
 *     changes --> objects by (kind, id) --> root N+1 --mailbox--> worker: uses it from its next poll
 *                      |                                            reports version N+1 after it
 *                      v replaced
 *                 retired (N+1) --all workers report >= N+1, and no worker holds it--> destroyed
 *
 * Read-copy-update with the end of worker_poll as quiescent state: a worker that reports version V
 * after a poll finds nothing through an older root any more, and what it keeps it has counted in
 * its own array of holds.  A long connection thus keeps its listener for hours.
 *
 * One control thread.  A cluster that gets its endpoints by itself (DNS, EDS) is shown to workers
 * only when its first endpoints are there; what it replaces goes on serving until then. */
#ifndef DATAPLANE_CONFIG_PUBLISH_H
#define DATAPLANE_CONFIG_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/worker/mailbox.h"
#include "gateway/config/config.h"
#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct publisher;

struct publisher_params {
	uint16_t worker_count;
	uint32_t objects_max; /* alive at one time, retired ones included */
	uint32_t id_max;      /* ids of each kind are below this */
};

struct config_change {
	enum config_kind kind;
	uint32_t id;
	struct config_object *object; /* NULL = removed; its ownership passes to the publisher */
};

struct publisher *publisher_create(const struct publisher_params *params, struct why *why);
/* Destroys all objects; no worker runs any more and all holds are back. */
void publisher_destroy(struct publisher *publisher);

/* The hold counts that a worker is to be made with. */
struct config_holds publisher_holds(struct publisher *publisher, uint16_t worker);
/* References that all workers hold on objects now: connections on listeners, requests on route tables … */
uint64_t publisher_held(const struct publisher *publisher);
/* Once for each worker, before the first publisher_apply. */
void publisher_attach(struct publisher *publisher, uint16_t worker, struct mailbox *box,
		      const uint64_t *config_version);

/* Takes the objects, also on false (they are destroyed then and nothing has changed): no room, or
 * an id out of bounds. */
MUST_USE bool publisher_apply(struct publisher *publisher, const struct config_change *changes,
			      uint32_t count, struct why *why);
/* Posts what a full mailbox refused and destroys what nobody uses any more.  Call now and then;
 * returns how many objects and roots still wait for it. */
uint32_t publisher_reclaim(struct publisher *publisher);

/* The newest root; never NULL after create. */
const struct config *publisher_config(const struct publisher *publisher);
/* All workers use the newest root. */
bool publisher_settled(const struct publisher *publisher);
/* Clusters that are known and not shown yet. */
uint32_t publisher_warming(const struct publisher *publisher);

#endif
