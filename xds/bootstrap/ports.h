/* The `hydrofoil` section: what can be said about it without a device. */
#ifndef XDS_BOOTSTRAP_PORTS_H
#define XDS_BOOTSTRAP_PORTS_H

#include "xds/protos.h"

#include "stack/base/addr.h"
#include "xds/reflect/document.h"

/* Faults for what is missing or malformed; what passes can be read with the functions below. */
void ports_check(struct document *document, const Hydrofoil__Hydrofoil *section);

/* "10.0.0.2/24"; without a length it is 32 or 128.  False when it is not one. */
MUST_USE bool ports_parse_prefix(const char *text, struct ip_addr *addr, uint8_t *prefix_bits);
/* "02:00:00:00:01:01" */
MUST_USE bool ports_parse_mac(const char *text, uint8_t mac[6]);

#endif
