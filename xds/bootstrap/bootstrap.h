/* A bootstrap file, whole: Envoy's Bootstrap with the key `hydrofoil` beside it, as YAML or JSON.
 *
 *     text ──> tree ──> messages ──> status table ──> translation ──> config objects
 *                  (xds/reflect)      (xds/status)   (xds/translate)
 *
 * All stages run whatever the one before complained about, as far as that makes sense, so that one
 * run tells everything. */
#ifndef XDS_BOOTSTRAP_BOOTSTRAP_H
#define XDS_BOOTSTRAP_BOOTSTRAP_H

#include "xds/protos.h"

#include "xds/reflect/document.h"
#include "xds/reflect/tree.h"
#include "xds/translate/translate.h"

struct bootstrap {
	struct document document;           /* owns the messages, faults and positions */
	const Bootstrap__Bootstrap *proto;  /* NULL when the text could not be read */
	const Hydrofoil__Hydrofoil *hydrofoil; /* NULL when the key is missing */
	struct config_resources resources;  /* complete only when document.faults.errors is 0 */
	/* Where the admin endpoint listens; port 0 = none asked for. */
	struct ip_addr admin_addr;
	uint16_t admin_port;
};

/* True when there are no errors; faults (sorted) are in document.faults either way, to be printed by
 * fault_list_print.  bootstrap_free is due in both cases. */
MUST_USE bool bootstrap_load(struct bootstrap *bootstrap, const char *file,
			     const struct translate_env *env);
/* The same for text that is in memory; `name` stands for the file in complaints. */
MUST_USE bool bootstrap_parse(struct bootstrap *bootstrap, const char *name, const char *text,
			      size_t length, enum tree_format format,
			      const struct translate_env *env);
/* Destroys the objects that are still in resources, and the document. */
void bootstrap_free(struct bootstrap *bootstrap);

/* --mode validate: reads the file with names and counters of its own and prints every fault and
 * warning.  Returns the number of errors (1 when there is no memory). */
uint32_t bootstrap_validate(const char *file, FILE *out);

#endif
