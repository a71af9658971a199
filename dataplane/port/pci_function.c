#include "dataplane/port/pci_function.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 256
#define VFS_MAX 256

bool pci_address_parse(const char *text, char out[16])
{
	unsigned domain = 0, bus, device, function;
	int end = 0;

	if ((sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4 ||
	     text[end] != '\0')) {
		domain = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) != 3 ||
		    text[end] != '\0')
			return false;
	}
	if (device > 0x1f || function > 7)
		return false;
	snprintf(out, 16, "%04x:%02x:%02x.%x", domain & 0xffff, bus & 0xff, device & 0x1f,
		 function & 7);
	return true;
}

/* Last part of where a link points to; empty when there is none. */
static void read_link_name(const char *path, char *out, size_t bytes)
{
	char target[PATH_BYTES];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	out[0] = '\0';
	if (n <= 0)
		return;
	target[n] = '\0';
	slash = strrchr(target, '/');
	snprintf(out, bytes, "%.31s", slash ? slash + 1 : target);
}

static void first_entry(const char *folder, char *out, size_t bytes)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	out[0] = '\0';
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			snprintf(out, bytes, "%.15s", entry->d_name);
			break;
		}
	if (dir)
		closedir(dir);
}

static int find_vf_number(const char *base, const char *address)
{
	char path[PATH_BYTES], name[32];

	for (int i = 0; i < VFS_MAX; i++) {
		snprintf(path, sizeof(path), "%s/physfn/virtfn%d", base, i);
		read_link_name(path, name, sizeof(name));
		if (strcmp(name, address) == 0)
			return i;
	}
	return -1;
}

static int read_int(const char *path, int absent)
{
	FILE *file = fopen(path, "re");
	int value = absent;

	if (!file)
		return absent;
	if (fscanf(file, "%d", &value) != 1)
		value = absent;
	fclose(file);
	return value;
}

bool pci_function_look(struct pci_function *out, const char *root, const char *address,
		       struct why *why)
{
	char base[PATH_BYTES / 2], path[PATH_BYTES], physfn[32];

	memset(out, 0, sizeof(*out));
	snprintf(out->address, sizeof(out->address), "%.15s", address);
	snprintf(base, sizeof(base), "%.90s/bus/pci/devices/%.15s", root, address);
	if (access(base, F_OK) != 0)
		return why_set(why, "there is no PCI device %s; lspci -D shows those there are",
			       address);
	snprintf(path, sizeof(path), "%s/driver", base);
	read_link_name(path, out->driver, sizeof(out->driver));
	snprintf(path, sizeof(path), "%s/physfn", base);
	read_link_name(path, physfn, sizeof(physfn));
	out->is_vf = physfn[0] != '\0';
	out->vf_number = out->is_vf ? find_vf_number(base, address) : -1;
	snprintf(path, sizeof(path), "%s/physfn/net", base);
	if (out->is_vf)
		first_entry(path, out->pf_interface, sizeof(out->pf_interface));
	snprintf(path, sizeof(path), "%s/numa_node", base);
	out->numa_node = read_int(path, -1);
	return true;
}

bool pci_function_check_driver(const struct pci_function *f, struct why *why)
{
	static const char *const usable[] = {"vfio-pci", "igb_uio", "uio_pci_generic", "mlx5_core",
					     "mlx4_core", "mana"};

	for (unsigned i = 0; i < ARRAY_LEN(usable); i++)
		if (strcmp(f->driver, usable[i]) == 0)
			return true;
	return why_set(why, "%s is bound to %s; give it to DPDK: modprobe vfio-pci && dpdk-devbind.py "
			    "-b vfio-pci %s",
		       f->address, f->driver[0] ? f->driver : "no driver", f->address);
}

/* "ip link set dev PF vf N", as far as it is known. */
static const char *command(const struct pci_function *f, char *text, size_t bytes)
{
	char number[16] = "N";

	if (f->vf_number >= 0)
		snprintf(number, sizeof(number), "%d", f->vf_number);
	snprintf(text, bytes, "ip link set dev %s vf %s",
		 f->pf_interface[0] ? f->pf_interface : "PF", number);
	return text;
}

void pci_function_explain_mac(const struct pci_function *f, const uint8_t mac[6], struct why *why)
{
	char text[64];

	if (!f->is_vf) {
		why_set(why, "%s refuses the MAC address; leave mac out", f->address);
		return;
	}
	command(f, text, sizeof(text));
	why_set(why, "%s is a VF whose PF does not let it change its MAC address: on the host %s mac "
		     "%02x:%02x:%02x:%02x:%02x:%02x, or %s trust on, or leave mac out",
		f->address, text, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], text);
}

void pci_function_explain_spoof_check(const struct pci_function *f, struct why *why)
{
	char text[64];

	why_set(why, "%s drops what it is given to send; if that is the PF's spoof check, on the host %s "
		     "spoofchk off, or use the MAC address that the PF gave it",
		f->address, command(f, text, sizeof(text)));
}

void pci_function_explain_trust(const struct pci_function *f, struct why *why)
{
	char text[64];

	why_set(why, "%s refuses to receive all multicast frames, which IPv6 neighbours need: on the host "
		     "%s trust on", f->address, command(f, text, sizeof(text)));
}
