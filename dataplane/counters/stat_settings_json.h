/* stats_config as it stands in the segment: envoy.config.metrics.v3.StatsConfig as JSON. */
#ifndef DATAPLANE_COUNTERS_STAT_SETTINGS_JSON_H
#define DATAPLANE_COUNTERS_STAT_SETTINGS_JSON_H

#include "gateway/stats/stat_settings.h"

/* NULL and *why when there is no memory, or it is not what the bootstrap's check lets pass. */
struct stat_settings *stat_settings_from_json(const char *text, struct why *why);

#endif
