/* What this process may do: raw sockets, AF_XDP and BPF, VFIO behind an IOMMU, user namespaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/foilctl/check/check.h"

void check_identity(struct check *check)
{
	char text[128];

	if (check_read_field(check, "/proc/self/status", "CapEff", text, sizeof(text)))
		check->capabilities = strtoull(text, NULL, 16);
	if (check_read_field(check, "/proc/self/status", "Uid", text, sizeof(text))) {
		const char *effective = text + strcspn(text, "\t ") /* the real one */;

		check->is_root_user = strtoul(effective, NULL, 10) == 0;
	}
}

/* How bad it is that what ports of this kind need is missing. */
static enum check_level need(const struct check *check, const char *kind)
{
	if (check_has_kind(check, kind))
		return CHECK_BAD;
	return check->has_bootstrap ? CHECK_GOOD : CHECK_WARN;
}

static const char *unless_needed(enum check_level level)
{
	return level == CHECK_GOOD ? "; no port needs it" : "";
}

static void check_raw(struct check *check)
{
	enum check_level level = need(check, "af_packet");

	if (check_capable(check, CHECK_CAP_NET_RAW))
		check_add(check, CHECK_GOOD, "af_packet", NULL, "raw sockets are allowed");
	else
		check_add(check, level, "af_packet",
			  "run as root, or give NET_RAW (setcap cap_net_raw+ep, or in the pod's "
			  "securityContext)",
			  "no right to open raw sockets%s", unless_needed(level));
}

static void check_xdp(struct check *check)
{
	enum check_level level = need(check, "af_xdp");
	bool bpf = check_capable(check, CHECK_CAP_BPF) || check_capable(check, CHECK_CAP_SYS_ADMIN);
	char text[128];

	if (!check_read_field(check, "/proc/net/protocols", "XDP", text, sizeof(text)) &&
	    check_exists(check, "/proc/net/protocols"))
		check_add(check, level, "af_xdp", "use a kernel with CONFIG_XDP_SOCKETS",
			  "this kernel has no AF_XDP sockets%s", unless_needed(level));
	else if (!bpf || !check_capable(check, CHECK_CAP_NET_ADMIN) ||
		 !check_capable(check, CHECK_CAP_NET_RAW))
		check_add(check, level, "af_xdp",
			  "run as root, or give BPF, NET_ADMIN and NET_RAW",
			  "lacks%s%s%s%s", bpf ? "" : " BPF",
			  check_capable(check, CHECK_CAP_NET_ADMIN) ? "" : " NET_ADMIN",
			  check_capable(check, CHECK_CAP_NET_RAW) ? "" : " NET_RAW",
			  unless_needed(level));
	else
		check_add(check, CHECK_GOOD, "af_xdp", NULL,
			  "AF_XDP sockets and BPF programs are allowed");
}

static void check_vfio(struct check *check)
{
	enum check_level level = need(check, "pci");
	uint32_t groups = check_entries(check, "/sys/kernel/iommu_groups");
	char unsafe[8] = "";

	if (groups > 0)
		check_add(check, CHECK_GOOD, "iommu", NULL, "%u groups", groups);
	else if (check_read(check, unsafe, sizeof(unsafe),
			    "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode") &&
		 unsafe[0] == 'Y')
		check_add(check, CHECK_WARN, "iommu", "turn the IOMMU on in the firmware",
			  "none, and VFIO runs in its unsafe mode: a device can write anywhere");
	else
		check_add(check, level, "iommu",
			  "turn VT-d or AMD-Vi on in the firmware; kernel command line: intel_iommu=on "
			  "iommu=pt", "no IOMMU, so that no PCI device can be used by VFIO%s",
			  unless_needed(level));
	if (!check_exists(check, "/dev/vfio/vfio"))
		check_add(check, level, "vfio", "modprobe vfio-pci",
			  "/dev/vfio/vfio is not there%s", unless_needed(level));
	else if (!check_may_use(check, "/dev/vfio/vfio"))
		check_add(check, level, "vfio", "chmod 666 /dev/vfio/vfio, or run as root",
			  "/dev/vfio/vfio may not be opened%s", unless_needed(level));
	else
		check_add(check, CHECK_GOOD, "vfio", NULL, "/dev/vfio/vfio may be opened");
}

/* How those run who have no rights: deploy/quickstart falls back to them. */
static void check_namespaces(struct check *check)
{
	static const char cure[] = "sysctl user.max_user_namespaces=10000 "
				   "kernel.unprivileged_userns_clone=1 "
				   "kernel.apparmor_restrict_unprivileged_userns=0, as far as they exist";
	bool allowed =
		check_read_number(check, 0, "/proc/sys/user/max_user_namespaces") > 0 &&
		check_read_number(check, 1, "/proc/sys/kernel/unprivileged_userns_clone") != 0 &&
		check_read_number(check, 0,
				  "/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 0;

	if (allowed)
		check_add(check, CHECK_GOOD, "user namespaces", NULL, "allowed");
	else
		check_add(check, check->is_root_user ? CHECK_GOOD : CHECK_WARN, "user namespaces", cure,
			  "not allowed: hydrofoil runs as root, or with rights given to it");
}

void check_rights(struct check *check)
{
	check_raw(check);
	check_xdp(check);
	check_vfio(check);
	check_namespaces(check);
}
