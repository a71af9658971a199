/* Bootstrap.stats_config: which counters are shown, and how. */
#ifndef XDS_BOOTSTRAP_STATS_H
#define XDS_BOOTSTRAP_STATS_H

#include "xds/protos.h"

#include "xds/reflect/document.h"

/* Adds a fault for everything in it that cannot be used. */
void stats_check(struct document *document, const Metrics__StatsConfig *config);

#endif
