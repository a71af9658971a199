/* What the hardware needs: the `hydrofoil` section of the bootstrap in plain form.
 *
 * xds/bootstrap fills it; everything that is 0 or empty stands for the default, which
 * settings_complete puts in. */
#ifndef DATAPLANE_SETTINGS_H
#define DATAPLANE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/cpu_list.h"
#include "stack/base/why.h"
#include "stack/netif.h"

#define SETTINGS_PORTS_MAX 16
#define SETTINGS_WORKERS_MAX 64

enum port_kind { PORT_KIND_AF_PACKET, PORT_KIND_AF_XDP, PORT_KIND_MEMIF, PORT_KIND_PCI,
		 PORT_KIND_RING, PORT_KIND_TAP };

/* An interface of the kernel for what is nobody's here (dataplane/port/exception_port.h). */
enum exception_kind { EXCEPTION_KIND_NONE, EXCEPTION_KIND_TAP, EXCEPTION_KIND_VIRTIO_USER };

struct exception_settings {
	enum exception_kind kind;
	char interface[16];
	uint32_t packets_per_second; /* towards the kernel; 0 = 10,000 */
	uint32_t burst;              /* 0 = a tenth of it, at least 64 */
};

struct port_settings {
	char name[32];           /* the port's name in logs and counters; default: the device */
	enum port_kind kind;
	char device[108];        /* af_packet, af_xdp, tap: interface; memif: socket path; pci: address; ring: name of the pair */
	uint32_t memif_id;
	char vfio_token[37];     /* pci: UUID, empty = none */
	bool memif_server;
	bool has_mac;
	uint8_t mac[6];
	uint16_t vrf;
	uint16_t vlan;           /* 0 = frames have no tag */
	uint8_t probing;         /* enum netif_probing */
	bool inside;             /* takes every destination */
	uint16_t mtu_bytes;      /* 0 = the device's, else 1500 */
	uint8_t address_count;
	struct netif_address addresses[NETIF_ADDRESSES_MAX];
	bool has_gateway_v4;
	bool has_gateway_v6;
	struct ip_addr gateway_v4;
	struct ip_addr gateway_v6;
	uint8_t route_count;
	struct netif_route routes[NETIF_ROUTES_MAX];
	struct exception_settings exception;
};

enum hugepage_use { HUGEPAGES_AUTO, HUGEPAGES_NEVER, HUGEPAGES_REQUIRED };

struct dataplane_settings {
	struct port_settings ports[SETTINGS_PORTS_MAX];
	uint16_t port_count;
	uint16_t workers;             /* 0 = as many as there are cores, else 1 */
	struct cpu_list cores;        /* worker i takes the i-th; empty = eal.c chooses */
	struct cpu_list housekeeping_cores; /* of all other threads; empty = eal.c chooses */
	enum hugepage_use hugepages;
	uint32_t memory_mib;          /* of packet buffers; 0 = 512, without ports 128 */
	uint32_t connections_max;     /* per worker; 0 = 16,384 */
	uint32_t timewait_max;        /* per worker; 0 = 16,384 */
	char segment_name[64];        /* of the shared counters; empty = "hydrofoil" */
	bool has_busy_poll;           /* else 50 us */
	uint64_t busy_poll_ns;        /* a worker with nothing to do polls that long before it sleeps */
};

/* Puts defaults in and checks what can be checked without a device. */
MUST_USE bool settings_complete(struct dataplane_settings *settings, struct why *why);
const char *port_kind_name(enum port_kind kind);
/* The device is a kernel interface that exists already. */
bool port_kind_is_interface(enum port_kind kind);

#endif
