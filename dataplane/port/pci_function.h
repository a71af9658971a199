/* A PCI function by its address: is it there, whose is it, which VF of which PF.
 *
 * Reads sysfs below `root` ("/sys" but for tests) and turns what is wrong into a sentence with the
 * command that cures it. */
#ifndef DATAPLANE_PORT_PCI_FUNCTION_H
#define DATAPLANE_PORT_PCI_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/base/compiler.h"
#include "stack/base/why.h"

struct pci_function {
	char address[16];   /* "0000:3b:02.1" */
	char driver[32];    /* bound in the kernel; empty = none */
	bool is_vf;
	char pf_interface[16]; /* of a VF; empty where the PF has no interface here */
	int vf_number;         /* of its PF; -1 = not known */
	int numa_node;         /* -1 = not known */
};

/* "0000:3b:02.1", or "3b:02.1" for domain 0; lower-case hexadecimal comes out. */
MUST_USE bool pci_address_parse(const char *text, char out[16]);
/* False when it is not there. */
MUST_USE bool pci_function_look(struct pci_function *out, const char *root, const char *address,
				struct why *why);
/* Whether DPDK can have it: bound to vfio-pci, uio, or a driver that shares its device (mlx5_core). */
MUST_USE bool pci_function_check_driver(const struct pci_function *f, struct why *why);
/* What to do where the PF forbids a VF something. */
void pci_function_explain_mac(const struct pci_function *f, const uint8_t mac[6], struct why *why);
void pci_function_explain_spoof_check(const struct pci_function *f, struct why *why);
void pci_function_explain_trust(const struct pci_function *f, struct why *why);

#endif
