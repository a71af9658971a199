/* Every port of the bootstrap: is its device there, near our cores, and wide enough. */
#include <stdio.h>
#include <string.h>

#include "dataplane/foilctl/check/check.h"
#include "dataplane/foilctl/check/check_vf.h"

#define VFS_MAX 256

/* The device's folder: /sys/class/net/IF/device, /sys/bus/pci/devices/ADDRESS. */
static void check_numa(struct check *check, const char *subject, const char *folder)
{
	int64_t node = check_read_number(check, -1, "%s/numa_node", folder);
	uint8_t near[CHECK_CPUS_MAX];
	uint32_t ours = 0;
	char line[256];

	if (node < 0 || !check_read(check, line, sizeof(line),
				    "/sys/devices/system/node/node%lld/cpulist", (long long)node))
		return;
	check_cpu_list(line, near, sizeof(near));
	for (uint32_t cpu = 0; cpu < CHECK_CPUS_MAX; cpu++)
		ours += near[cpu] && (check->has_cores ? check->cores[cpu] : check->cpus[cpu]);
	if (ours >= check->workers)
		check_add(check, CHECK_GOOD, subject, NULL, "on NUMA node %lld, as %u of our CPUs",
			  (long long)node, ours);
	else
		check_add(check, CHECK_WARN, subject,
			  "allot CPUs of that node (taskset; in Kubernetes: topology manager "
			  "single-numa-node)",
			  "on NUMA node %lld (CPUs %s), and %u of our CPUs are: every packet crosses "
			  "the socket", (long long)node, line, ours);
}

/* The VF's number among its physical function's, -1 when it is not found. */
static int vf_number(const struct check *check, const char *folder)
{
	char own[64], other[64];

	/* The links virtfnN of the physical function point to the addresses of its VFs. */
	if (!check_read_field(check, folder, "PCI_SLOT_NAME", own, sizeof(own)))
		return -1;
	for (int i = 0; i < VFS_MAX; i++)
		if (check_link(check, other, sizeof(other), "%.*s/physfn/virtfn%d",
			       (int)(strlen(folder) - strlen("/uevent")), folder, i) &&
		    strcmp(own, other) == 0)
			return i;
	return -1;
}

static void check_virtual(struct check *check, const char *subject, const char *folder)
{
	static const char cure[] = "on the node: ip link set PF vf N spoofchk off trust on (in "
				   "Kubernetes: SriovNetworkNodePolicy spoofChk, trust)";
	char uevent[256], physical[64] = "";
	struct check_vf vf = {0};

	if (!check_exists(check, "%s/physfn", folder))
		return;
	snprintf(uevent, sizeof(uevent), "%.200s/uevent", folder);
	int number = vf_number(check, uevent);

	if (number >= 0 && check_entry(check, physical, sizeof(physical), "%s/physfn/net", folder))
		check_vf_look(physical, (uint32_t)number, &vf);
	if (!vf.found)
		check_add(check, CHECK_WARN, subject, cure,
			  "a virtual function; whether it is trusted and spoof-checked cannot be seen "
			  "from here");
	else if (vf.spoof_check)
		check_add(check, CHECK_WARN, subject, cure,
			  "VF %d is spoof-checked: frames from any other MAC than the VF's own vanish",
			  number);
	else
		check_add(check, CHECK_GOOD, subject, NULL, "VF %d, not spoof-checked, %s", number,
			  vf.trusted ? "trusted" : "not trusted (may not change its MAC or be promiscuous)");
}

/* /proc/net is of our own network namespace; /sys/class/net of the one it was mounted in. */
static bool is_there(const struct check *check, const char *interface)
{
	char text[256];

	if (check_exists(check, "/proc/net/dev"))
		return check_read_field(check, "/proc/net/dev", interface, text, sizeof(text));
	return check_exists(check, "/sys/class/net/%s", interface);
}

static void check_interface(struct check *check, const struct check_port *port, const char *subject)
{
	char state[32] = "", folder[192];
	int64_t mtu;

	if (!is_there(check, port->device)) {
		check_add(check, CHECK_BAD, subject,
			  "ip link shows those that are there; is this the right network namespace?",
			  "there is no interface %s", port->device);
		return;
	}
	if (!check_read(check, state, sizeof(state), "/sys/class/net/%s/operstate", port->device))
		snprintf(state, sizeof(state), "unknown");
	mtu = check_read_number(check, 0, "/sys/class/net/%s/mtu", port->device);
	if (strcmp(state, "down") == 0)
		check_add(check, CHECK_WARN, subject, "ip link set INTERFACE up; is its cable in?",
			  "%s is down", port->device);
	if (port->mtu_bytes > 0 && mtu > 0 && port->mtu_bytes > mtu)
		check_add(check, CHECK_BAD, subject, "lower mtu in the bootstrap, or raise the interface's",
			  "mtu %u, and %s carries %lld", port->mtu_bytes, port->device,
			  (long long)mtu);
	else if (strcmp(state, "down") != 0)
		check_add(check, CHECK_GOOD, subject, NULL, mtu > 0 ? "%s is there, MTU %lld"
								      : "%s is there", port->device,
			  (long long)mtu);
	snprintf(folder, sizeof(folder), "/sys/class/net/%.120s/device", port->device);
	check_numa(check, subject, folder);
	check_virtual(check, subject, folder);
}

static void check_pci(struct check *check, const struct check_port *port, const char *subject)
{
	char driver[64] = "none", group[32] = "", folder[192];

	snprintf(folder, sizeof(folder), "/sys/bus/pci/devices/%.120s", port->device);
	if (!check_exists(check, "%s", folder)) {
		check_add(check, CHECK_BAD, subject, "lspci -D shows those that are there",
			  "there is no PCI device %s", port->device);
		return;
	}
	if (!check_link(check, driver, sizeof(driver), "%s/driver", folder) ||
	    (strcmp(driver, "vfio-pci") != 0 && strncmp(driver, "mlx", 3) != 0))
		check_add(check, CHECK_BAD, subject, "dpdk-devbind.py -b vfio-pci ADDRESS",
			  "%s is bound to %s, not to vfio-pci", port->device, driver);
	else if (strcmp(driver, "vfio-pci") == 0 &&
		 check_link(check, group, sizeof(group), "%s/iommu_group", folder) &&
		 !check_may_use(check, "/dev/vfio/%s", group))
		check_add(check, CHECK_BAD, subject, "chown USER /dev/vfio/GROUP, or run as root",
			  "its group /dev/vfio/%s may not be opened", group);
	else
		check_add(check, CHECK_GOOD, subject, NULL, "%s is bound to %s", port->device, driver);
	check_numa(check, subject, folder);
	check_virtual(check, subject, folder);
}

static void check_memif(struct check *check, const struct check_port *port, const char *subject)
{
	char folder[128];
	const char *slash = strrchr(port->device, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - port->device) : 1,
		 slash ? port->device : ".");
	if (port->device[0] == '@' || port->device[0] == '\0')
		return;
	if (!port->is_server && !check_exists(check, "%s", port->device))
		check_add(check, CHECK_WARN, subject, "start the server side; the client waits for it",
			  "the socket %s is not there", port->device);
	else if (port->is_server && !check_may_use(check, "%s", folder[0] ? folder : "/"))
		check_add(check, CHECK_BAD, subject, "make the folder, writable for hydrofoil's user",
			  "the folder of the socket %s may not be written", port->device);
	else
		check_add(check, CHECK_GOOD, subject, NULL, "its socket is %s", port->device);
}

static void check_exception(struct check *check, const struct check_port *port, const char *subject)
{
	bool is_tap = strcmp(port->exception, "tap") == 0;
	const char *device = is_tap ? "/dev/net/tun" : "/dev/vhost-net";

	if (!check_may_use(check, "%s", device))
		check_add(check, CHECK_BAD, subject,
			  is_tap ? "modprobe tun; chmod 666 /dev/net/tun (in a container: --device /dev/net/tun)"
				 : "modprobe vhost_net and let the process open it, or use tap",
			  "its exception port needs %s, which may not be opened", device);
	else if (is_there(check, port->exception_interface))
		check_add(check, CHECK_WARN, subject, "another name, or ip link del; fine while hydrofoil runs",
			  "its exception port makes an interface %s, and there is one already",
			  port->exception_interface);
	else
		check_add(check, CHECK_GOOD, subject, NULL, "what is not ours will go to the kernel by %s",
			  port->exception_interface);
}

void check_ports(struct check *check)
{
	for (uint32_t i = 0; i < check->port_count; i++) {
		const struct check_port *port = &check->ports[i];
		char subject[48];

		snprintf(subject, sizeof(subject), "port %.40s", port->name);
		if (strcmp(port->kind, "af_packet") == 0 || strcmp(port->kind, "af_xdp") == 0)
			check_interface(check, port, subject);
		else if (strcmp(port->kind, "pci") == 0)
			check_pci(check, port, subject);
		else if (strcmp(port->kind, "memif") == 0)
			check_memif(check, port, subject);
		else if (strcmp(port->kind, "tap") == 0 && !check_may_use(check, "/dev/net/tun"))
			check_add(check, CHECK_BAD, subject, "modprobe tun; chmod 666 /dev/net/tun",
				  "/dev/net/tun may not be opened");
		else
			check_add(check, CHECK_GOOD, subject, NULL, "%s needs nothing of the machine",
				  port->kind);
		if (port->exception[0])
			check_exception(check, port, subject);
	}
}
