/* What becomes of every field that is held: one table, status.def.
 *
 *     STATUS("envoy.config.listener.v3.Listener.name", SUPPORTED, "")
 *     STATUS("envoy.config.core.v3.HealthCheck*", REFUSED, "there are no active health checks")
 *
 * A pattern is a field's full name, or a prefix of it that ends in '*'; the longest that fits
 * counts.  SUPPORTED: translated.  IGNORED: taken, without effect, with a warning that says why.
 * REFUSED: a fault where it is set, because it would change what traffic does or is security. */
#ifndef XDS_STATUS_STATUS_H
#define XDS_STATUS_STATUS_H

#include "xds/reflect/document.h"

enum field_status { STATUS_NONE, STATUS_SUPPORTED, STATUS_IGNORED, STATUS_REFUSED };

/* STATUS_NONE where no line fits; *why is static text. */
enum field_status status_find(const char *message, const char *field, const char **why);

/* Walks every set field below `root`, and below the Any contents in its notes: faults for what is
 * refused, warnings for what has no effect. */
void status_check(struct document *document, const ProtobufCMessage *root);

#endif
