/* What a scrape answers: the segment when a data plane runs, and whether one runs. */
#ifndef DATAPLANE_EXPORTER_EXPORTER_H
#define DATAPLANE_EXPORTER_EXPORTER_H

#include <stdbool.h>

#include "dataplane/admin/http_server.h"
#include "dataplane/counters/segment_reader.h"
#include "dataplane/counters/text.h"
#include "stack/base/why.h"

struct exporter {
	const char *segment_name; /* NULL = the default */
	struct segment_reader *reader;
	bool envoy_names;         /* as exposition_options */
	uint32_t series_max;      /* of a family; 0 = the default */
	uint64_t cut;             /* series left out of the latest scrape */
	struct why trouble;       /* why there are no metrics; "" while there are */
};

/* Writes hydrofoil_up and, when it is 1, all families.  A data plane that is gone, back again, or
 * of another version needs no restart of the exporter. */
void exporter_scrape(struct exporter *exporter, bool openmetrics, struct text *out);
void exporter_close(struct exporter *exporter);
/* http_handler: /metrics, /healthz, /. */
void exporter_handle(void *context, const struct http_request *request,
		     struct http_response *response);

#endif
