/* PCI functions in a made-up sysfs: what is said, with which command. */
#include "dataplane/port/pci_function.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/unit.h"

#define VF "0000:3b:02.1"
#define PF "0000:3b:00.0"

static char root[64];
static struct pci_function f;
static struct why why;

static const char *path(const char *name)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s/%s", root, name);
	return text;
}

static void folder(const char *name)
{
	CU_ASSERT_FATAL(mkdir(path(name), 0700) == 0);
}

static void points_to(const char *name, const char *target)
{
	CU_ASSERT_FATAL(symlink(target, path(name)) == 0);
}

/* A PF ens1 with its VF 3. */
static void make_machine(void)
{
	if (root[0])
		return;
	snprintf(root, sizeof(root), "/tmp/foil-sysfs-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
	folder("bus");
	folder("bus/pci");
	folder("bus/pci/devices");
	folder("bus/pci/devices/" PF);
	folder("bus/pci/devices/" PF "/net");
	folder("bus/pci/devices/" PF "/net/ens1");
	folder("bus/pci/devices/" VF);
	points_to("bus/pci/devices/" VF "/physfn", "../" PF);
	points_to("bus/pci/devices/" PF "/virtfn3", "../" VF);
	points_to("bus/pci/devices/" VF "/driver", "../../../../bus/pci/drivers/iavf");
}

static void remove_machine(void)
{
	static const char *const names[] = {
		"/" VF "/driver", "/" PF "/virtfn3", "/" VF "/physfn", "/" PF "/net/ens1",
		"/" PF "/net", "/" VF, "/" PF, ""};

	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		char name[128];

		snprintf(name, sizeof(name), "bus/pci/devices%s", names[i]);
		CU_ASSERT_EQUAL(remove(path(name)), 0);
	}
	remove(path("bus/pci"));
	remove(path("bus"));
	CU_ASSERT_EQUAL(remove(root), 0);
}

static void addresses_in_both_forms(void)
{
	char out[16];

	CU_ASSERT_FATAL(pci_address_parse("3B:02.1", out));
	CU_ASSERT_STRING_EQUAL(out, VF);
	CU_ASSERT_FATAL(pci_address_parse("0001:3b:1f.7", out));
	CU_ASSERT_STRING_EQUAL(out, "0001:3b:1f.7");
	CU_ASSERT(!pci_address_parse("", out) && !pci_address_parse("eth0", out));
	CU_ASSERT(!pci_address_parse("3b:02", out) && !pci_address_parse("3b:02.9", out));
	CU_ASSERT(!pci_address_parse("3b:20.1", out) && !pci_address_parse("3b:02.1x", out));
}

static void a_vf_knows_its_pf_and_number(void)
{
	make_machine();
	CU_ASSERT_FATAL(pci_function_look(&f, root, VF, &why));
	CU_ASSERT(f.is_vf && f.vf_number == 3 && f.numa_node == -1);
	CU_ASSERT_STRING_EQUAL(f.pf_interface, "ens1");
	CU_ASSERT_STRING_EQUAL(f.driver, "iavf");
	CU_ASSERT_FATAL(pci_function_look(&f, root, PF, &why));
	CU_ASSERT(!f.is_vf && f.driver[0] == '\0');
}

static void an_absent_device_is_named(void)
{
	make_machine();
	CU_ASSERT(!pci_function_look(&f, root, "0000:99:00.0", &why));
	CU_ASSERT(strstr(why.text, "0000:99:00.0") && strstr(why.text, "lspci"));
}

static void the_kernels_driver_has_to_let_go(void)
{
	make_machine();
	CU_ASSERT_FATAL(pci_function_look(&f, root, VF, &why));
	CU_ASSERT(!pci_function_check_driver(&f, &why));
	CU_ASSERT(strstr(why.text, "iavf") && strstr(why.text, "dpdk-devbind.py -b vfio-pci " VF));
	snprintf(f.driver, sizeof(f.driver), "vfio-pci");
	CU_ASSERT(pci_function_check_driver(&f, &why));
	snprintf(f.driver, sizeof(f.driver), "mlx5_core");
	CU_ASSERT(pci_function_check_driver(&f, &why));
	f.driver[0] = '\0';
	CU_ASSERT(!pci_function_check_driver(&f, &why) && strstr(why.text, "no driver"));
}

static void what_a_pf_forbids_is_told_with_the_command(void)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 1, 1};

	make_machine();
	CU_ASSERT_FATAL(pci_function_look(&f, root, VF, &why));
	pci_function_explain_mac(&f, mac, &why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "ip link set dev ens1 vf 3 mac 02:00:00:00:01:01"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "ip link set dev ens1 vf 3 trust on"));
	pci_function_explain_spoof_check(&f, &why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "ip link set dev ens1 vf 3 spoofchk off"));
	pci_function_explain_trust(&f, &why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "ip link set dev ens1 vf 3 trust on"));
	/* In a pod the PF is not to be seen. */
	f.pf_interface[0] = '\0';
	f.vf_number = -1;
	pci_function_explain_trust(&f, &why);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "ip link set dev PF vf N trust on"));
	remove_machine();
}

UNIT_TESTS(UNIT_TEST(addresses_in_both_forms), UNIT_TEST(a_vf_knows_its_pf_and_number),
	   UNIT_TEST(an_absent_device_is_named), UNIT_TEST(the_kernels_driver_has_to_let_go),
	   UNIT_TEST(what_a_pf_forbids_is_told_with_the_command))
