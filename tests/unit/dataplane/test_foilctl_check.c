/* foilctl check against a made-up /sys and /proc: a machine on which all is well, then one fault
 * after the other. */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/foilctl/check/check.h"
#include "dataplane/foilctl/check/check_vf.h"
#include "tests/lib/guard.h"
#include "tests/lib/unit.h"
#include "tests/unit/dataplane/foilctl_run.h"

#define FLAGS "flags\t\t: fpu avx avx2 bmi1 bmi2 f16c fma movbe constant_tsc nonstop_tsc\n"
#define NODE "/sys/devices/system/node/node0"
#define STATUS(capabilities) "Uid:\t0\t0\t0\t0\nCapEff:\t" capabilities "\nCpus_allowed_list:\t0-3\n"
#define ALL_RIGHTS STATUS("000001ffffffffff")

static char root[64];

static void put(const char *path, const char *text)
{
	char whole[300];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	FILE *file = fopen(whole, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	fclose(file);
}

static void point(const char *path, const char *target)
{
	char whole[300];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	unlink(whole);
	put(path, "");
	unlink(whole);
	CU_ASSERT_EQUAL(symlink(target, whole), 0);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	return remove(path);
}

static void drop(const char *path)
{
	char whole[300];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	nftw(whole, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void good_machine(void)
{
	drop("");
	snprintf(root, sizeof(root), "/dev/shm/foil-check-%d", (int)getpid());
	drop("");
	put("/proc/cpuinfo", FLAGS);
	put("/proc/self/status", ALL_RIGHTS);
	put("/proc/self/limits", "Max locked memory         unlimited            unlimited   bytes\n");
	put("/proc/meminfo", "MemTotal:  9000000 kB\nMemAvailable:    8388608 kB\n");
	put("/proc/net/protocols", "protocol  size\nXDP       1024      0\n");
	put("/proc/sys/user/max_user_namespaces", "1000\n");
	put("/sys/devices/system/cpu/isolated", "2-3\n");
	put(NODE "/cpulist", "0-3\n");
	put(NODE "/hugepages/hugepages-2048kB/free_hugepages", "300\n");
	put(NODE "/hugepages/hugepages-2048kB/nr_hugepages", "512\n");
	put("/sys/kernel/iommu_groups/0", "");
	put("/dev/vfio/vfio", "");
	put("/sys/class/net/eth1/operstate", "up\n");
	put("/sys/class/net/eth1/mtu", "1500\n");
	put("/sys/class/net/eth1/device/numa_node", "0\n");
}

static void port(const char *device)
{
	static const char *const text =
		"{\"hydrofoil\": {\"workers\": 2, \"memory\": {\"mib\": 256},\n"
		" \"ports\": [{\"name\": \"front\", %s, \"addresses\": [\"10.0.0.1/24\"]}]}}\n";
	char whole[512];

	snprintf(whole, sizeof(whole), text, device);
	put("/gw.json", whole);
}

#define AF_PACKET "\"af_packet\": {\"interface\": \"eth1\"}"

static int check(bool with_bootstrap)
{
	char file[100];

	snprintf(file, sizeof(file), "%s/gw.json", root);
	return with_bootstrap ? FOILCTL(0, "check", "--root", root, "-c", file)
			      : FOILCTL(0, "check", "--root", root);
}

/* One line that begins with the mark and subject, and has the text. */
static bool found(const char *mark, const char *subject, const char *text)
{
	char head[100];

	snprintf(head, sizeof(head), "%s %s ", mark, subject);
	for (const char *line = foilctl_out; *line; line = strchr(line, '\n') + 1) {
		char whole[600];

		snprintf(whole, sizeof(whole), "%.*s", (int)strcspn(line, "\n"), line);
		if (strncmp(whole, head, strlen(head)) == 0 && strstr(whole, text))
			return true;
	}
	fprintf(stderr, "no \"%s %s … %s\" in\n%s", mark, subject, text, foilctl_out);
	return false;
}

static void all_is_well(void)
{
	good_machine();
	port(AF_PACKET);
	CU_ASSERT_EQUAL(check(true), 0);
	CU_ASSERT(found("√", "cores", "4 CPUs allotted (0-3), 2 for workers"));
	CU_ASSERT(found("√", "isolation", "2-3"));
	CU_ASSERT(found("√", "hugepages node 0", "600 of 1024 MiB are free"));
	CU_ASSERT(found("√", "port front", "eth1 is there, MTU 1500"));
	CU_ASSERT(found("√", "port front", "on NUMA node 0"));
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "0 ‼  0 ×: all is well"));
	CU_ASSERT_PTR_NULL(strstr(foilctl_out, "cure:"));
}

static void each_fault_of_the_machine_is_named(void)
{
	static const struct {
		const char *path;
		const char *text; /* NULL: the file is not there */
		int status;
		const char *mark;
		const char *subject;
		const char *says;
	} cases[] = {
		{"/proc/cpuinfo", "flags : avx constant_tsc nonstop_tsc\n", 2, "×", "cpu", "lacks avx2"},
		{"/proc/cpuinfo", "flags : avx avx2 bmi1 bmi2 f16c fma movbe\n", 1, "‼", "clock",
		 "no invariant time stamp counter"},
		{"/proc/self/status", "CapEff:\t000001ffffffffff\nCpus_allowed_list:\t1\n", 2, "×",
		 "cores", "2 workers want a core each, and 1 are allotted (1)"},
		{"/proc/self/status", "CapEff:\t000001ffffffffff\nCpus_allowed_list:\t2-3\n", 1, "‼",
		 "cores", "all taken by workers"},
		{"/sys/devices/system/cpu/isolated", "3\n", 1, "‼", "isolation",
		 "1 of the allotted CPUs are isolated"},
		{"/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor", "powersave\n", 1, "‼",
		 "frequency", "CPU 2 is governed by powersave"},
		{NODE "/hugepages/hugepages-2048kB/free_hugepages", "100\n", 1, "‼",
		 "hugepages node 0", "200 of 1024 MiB are free, for 256 MiB"},
		{"/proc/meminfo", "MemAvailable: 1024 kB\n", 2, "×", "memory",
		 "1 MiB are available"},
		{"/proc/self/limits", "Max locked memory  65536  65536  bytes\n", 0, "√", "memlock",
		 "which IPC_LOCK lifts"},
		{"/proc/self/status", STATUS("0000000000000000"), 2, "×", "af_packet",
		 "no right to open raw sockets"},
		{"/proc/net/protocols", "TCP 1 2\n", 0, "√", "af_xdp",
		 "has no AF_XDP sockets; no port needs it"},
		{"/proc/sys/user/max_user_namespaces", "0\n", 0, "√", "user namespaces",
		 "not allowed"},
		{"/dev/vfio/vfio", NULL, 0, "√", "vfio", "is not there; no port needs it"},
		{"/sys/kernel/iommu_groups/0", NULL, 0, "√", "iommu", "no IOMMU"},
		{"/sys/class/net/eth1", NULL, 2, "×", "port front", "there is no interface eth1"},
		{"/proc/net/dev", "Inter-|   Receive\n    lo: 0 0\n eth11: 1\n", 2, "×", "port front",
		 "there is no interface eth1"},
		{"/proc/net/dev", "Inter-|   Receive\n    lo: 0 0\n  eth1:20 1\n", 0, "√",
		 "port front", "eth1 is there"},
		{"/sys/class/net/eth1/operstate", "down\n", 1, "‼", "port front", "eth1 is down"},
		{NODE "/cpulist", "8-11\n", 1, "‼", "port front",
		 "on NUMA node 0 (CPUs 8-11), and 0 of our CPUs are"},
		{"/sys/class/net/eth1/device/physfn/uevent", "DRIVER=ice\n", 1, "‼", "port front",
		 "a virtual function; whether it is trusted"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		good_machine();
		port(AF_PACKET);
		if (cases[i].text)
			put(cases[i].path, cases[i].text);
		else
			drop(cases[i].path);
		CU_ASSERT_EQUAL(check(true), cases[i].status);
		CU_ASSERT(found(cases[i].mark, cases[i].subject, cases[i].says));
		CU_ASSERT(cases[i].status == 0 || strstr(foilctl_out, "cure: "));
	}
}

static void what_a_port_needs_is_not_just_a_warning(void)
{
	good_machine();
	port("\"af_packet\": {\"interface\": \"eth1\"}, \"mtu\": 9000");
	CU_ASSERT_EQUAL(check(true), 2);
	CU_ASSERT(found("×", "port front", "mtu 9000, and eth1 carries 1500"));
	port(AF_PACKET ", \"exception\": {\"tap\": {\"interface\": \"foil-x0\"}}");
	CU_ASSERT_EQUAL(check(true), 2);
	CU_ASSERT(found("√", "port front", "eth1 is there"));
	CU_ASSERT(found("×", "port front", "its exception port needs /dev/net/tun"));
	put("/dev/net/tun", "");
	CU_ASSERT_EQUAL(check(true), FOILCTL_OK);
	CU_ASSERT(found("√", "port front", "will go to the kernel by foil-x0"));
	put("/sys/class/net/foil-x0/mtu", "1500\n");
	check(true);
	CU_ASSERT(found("‼", "port front", "there is one already"));
	port(AF_PACKET ", \"exception\": {\"virtio_user\": {\"interface\": \"foil-x1\"}}");
	CU_ASSERT_EQUAL(check(true), 2);
	CU_ASSERT(found("×", "port front", "needs /dev/vhost-net"));
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "or use tap"));
	drop("/dev/net");
	port("\"memif\": {\"socket\": \"/run/none.sock\"}");
	CU_ASSERT_EQUAL(check(true), 1);
	CU_ASSERT(found("‼", "port front", "the socket /run/none.sock is not there"));
	put("/gw.json", "{\"hydrofoil\": {\"ports\": [{\"af_packet\": {}}]}}\n");
	CU_ASSERT_EQUAL(check(true), 2);
	CU_ASSERT(found("×", "bootstrap", "gw.json:1:"));
	drop("/gw.json");
	CU_ASSERT_EQUAL(check(true), 2);
	CU_ASSERT(found("×", "bootstrap", "cannot be read"));
}

static void pci_ports_want_vfio(void)
{
	struct check c = {.root = root, .workers = 1, .memory_mib = 64, .port_count = 1,
			  .ports = {{.name = "p", .kind = "pci", .device = "0000:03:02.1"}}};

	good_machine();
	check_ports(&c);
	CU_ASSERT_EQUAL(c.count, 1);
	CU_ASSERT_EQUAL(c.findings[0].level, CHECK_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(c.findings[0].text, "there is no PCI device"));
	check_free(&c);
	point("/sys/bus/pci/devices/0000:03:02.1/driver", "../../drivers/iavf");
	check_ports(&c);
	CU_ASSERT_EQUAL(c.findings[0].level, CHECK_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(c.findings[0].text, "bound to iavf, not to vfio-pci"));
	check_free(&c);
	point("/sys/bus/pci/devices/0000:03:02.1/driver", "../../drivers/vfio-pci");
	point("/sys/bus/pci/devices/0000:03:02.1/iommu_group", "../../iommu_groups/7");
	check_ports(&c);
	CU_ASSERT_EQUAL(c.findings[0].level, CHECK_BAD);
	CU_ASSERT_PTR_NOT_NULL(strstr(c.findings[0].text, "/dev/vfio/7 may not be opened"));
	check_free(&c);
	put("/dev/vfio/7", "");
	check_ports(&c);
	CU_ASSERT_EQUAL(c.findings[0].level, CHECK_GOOD);
	check_free(&c);
	drop("/sys/kernel/iommu_groups");
	drop("/dev/vfio/vfio");
	check_rights(&c);
	CU_ASSERT_STRING_EQUAL(c.findings[2].subject, "iommu");
	CU_ASSERT_EQUAL(c.findings[2].level, CHECK_BAD);
	CU_ASSERT_STRING_EQUAL(c.findings[3].subject, "vfio");
	CU_ASSERT_EQUAL(c.findings[3].level, CHECK_BAD);
	check_free(&c);
}

static void without_a_bootstrap_little_is_needed(void)
{
	good_machine();
	put("/proc/self/status", "Uid:\t7\t7\t7\t7\nCapEff:\t0\nCpus_allowed_list:\t0-3\n");
	put("/proc/meminfo", "MemAvailable: 1024 kB\n");
	put("/proc/sys/user/max_user_namespaces", "0\n");
	put("/proc/self/limits", "Max locked memory  65536  65536  bytes\n");
	drop("/dev/vfio");
	drop("/sys/kernel");
	CU_ASSERT_EQUAL(check(false), 1);
	CU_ASSERT(found("‼", "af_packet", "no right"));
	CU_ASSERT(found("‼", "af_xdp", "lacks BPF NET_ADMIN NET_RAW"));
	CU_ASSERT(found("‼", "iommu", "no IOMMU"));
	CU_ASSERT(found("‼", "vfio", "is not there"));
	CU_ASSERT(found("‼", "memlock", "0 MiB may be locked, and 512 MiB"));
	CU_ASSERT(found("‼", "user namespaces", "not allowed"));
	CU_ASSERT_EQUAL(FOILCTL(80, "check", "--root", root, "--json"), 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(foilctl_out, "{\"level\":\"warning\",\"subject\":\"af_packet\","));
	CU_ASSERT_EQUAL(FOILCTL(80, "check", "--root", "/nonexistent"), 1);
	drop("");
}

static void cpu_lists_are_read_and_written(void)
{
	uint8_t flags[16];
	char text[32];

	CU_ASSERT_EQUAL(check_cpu_list("0-2,5,9-40", flags, sizeof(flags)), 11);
	check_cpu_text(flags, sizeof(flags), text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "0-2,5,9-15");
	CU_ASSERT_EQUAL(check_cpu_list("", flags, sizeof(flags)), 0);
	CU_ASSERT_EQUAL(check_cpu_list("none", flags, sizeof(flags)), 0);
	check_cpu_text(flags, sizeof(flags), text, 3);
	CU_ASSERT_STRING_EQUAL(text, "");
}

struct vf_message {
	struct nlmsghdr header;
	struct ifinfomsg info;
	struct rtattr list, vf;
	struct rtattr spoof_header;
	struct ifla_vf_spoofchk spoof;
	struct rtattr trust_header;
	struct ifla_vf_trust trust;
};

static void trust_and_spoof_check_come_from_the_kernels_message(void)
{
	struct vf_message m = {
		.header = {.nlmsg_len = sizeof(m), .nlmsg_type = RTM_NEWLINK},
		.list = {.rta_len = sizeof(m) - offsetof(struct vf_message, list),
			 .rta_type = IFLA_VFINFO_LIST | NLA_F_NESTED},
		.vf = {.rta_len = sizeof(m) - offsetof(struct vf_message, vf),
		       .rta_type = IFLA_VF_INFO},
		.spoof_header = {RTA_LENGTH(8), IFLA_VF_SPOOFCHK},
		.spoof = {.vf = 3, .setting = 1},
		.trust_header = {RTA_LENGTH(8), IFLA_VF_TRUST},
		.trust = {.vf = 3, .setting = 1},
	};
	struct check_vf vf;

	check_vf_parse(&m, sizeof(m), 3, &vf);
	CU_ASSERT(vf.found && vf.spoof_check && vf.trusted);
	check_vf_parse(&m, sizeof(m), 2, &vf);
	CU_ASSERT(!vf.found);
	m.spoof.setting = 0;
	check_vf_parse(&m, sizeof(m), 3, &vf);
	CU_ASSERT(vf.found && !vf.spoof_check && vf.trusted);
	/* Cut anywhere, and with every length a lie: nothing beyond the end is looked at. */
	for (size_t size = 0; size < sizeof(m); size += 4) {
		struct vf_message cut = m;

		cut.header.nlmsg_len = (uint32_t)size;
		char *page = guard_copy(&cut, size, 1);

		check_vf_parse(page, size, 3, &vf);
		CU_ASSERT(!vf.found || size >= offsetof(struct vf_message, trust_header));
		guard_free(page, size, 1);
	}
}

UNIT_TESTS(UNIT_TEST(all_is_well), UNIT_TEST(each_fault_of_the_machine_is_named),
	   UNIT_TEST(what_a_port_needs_is_not_just_a_warning), UNIT_TEST(pci_ports_want_vfio),
	   UNIT_TEST(without_a_bootstrap_little_is_needed), UNIT_TEST(cpu_lists_are_read_and_written),
	   UNIT_TEST(trust_and_spoof_check_come_from_the_kernels_message))
