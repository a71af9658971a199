#include "dataplane/eal_messages.h"

#include <dlfcn.h>
#include <pthread.h>
#include <rte_log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/eal.h"
#include "dataplane/logger.h"
#include "stack/base/compiler.h"

#define KEPT_BYTES 4096

static struct {
	pthread_mutex_t lock;
	char kept[KEPT_BYTES];
	size_t length;
} messages = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep(const char *text, size_t length)
{
	pthread_mutex_lock(&messages.lock);
	/* The first lines name the cause, later ones what followed from it. */
	if (length < KEPT_BYTES - 1 - messages.length) {
		memcpy(messages.kept + messages.length, text, length);
		messages.length += length;
		messages.kept[messages.length] = '\0';
	}
	pthread_mutex_unlock(&messages.lock);
}

/* From libbpf and libxdp, which print to stderr unless told otherwise.  Level 0 is a warning, 1 is for
 * information; why something failed is said in either. */
static int take_bpf(int level, const char *format, va_list args)
{
	char line[512];
	int n = vsnprintf(line, sizeof(line), format, args);

	if (n > 0 && level <= 1) {
		n = n < (int)sizeof(line) ? n : (int)sizeof(line) - 1;
		keep(line, (size_t)n);
		while (n > 0 && line[n - 1] == '\n')
			line[--n] = '\0';
		logger_write(level == 0 ? LOGGER_DEBUG : LOGGER_TRACE, "bpf", "%s", line);
	}
	return n;
}

void eal_messages_capture_bpf(void)
{
	static const char *const libraries[][2] = {{"libbpf.so.1", "libbpf_set_print"},
						   {"libxdp.so.1", "libxdp_set_print"}};

	for (unsigned i = 0; i < ARRAY_LEN(libraries); i++) {
		void *library = dlopen(libraries[i][0], RTLD_NOW | RTLD_NOLOAD);
		void *set_print = library ? dlsym(library, libraries[i][1]) : NULL;

		if (set_print)
			((void *(*)(int (*)(int, const char *, va_list)))set_print)(take_bpf);
		if (library)
			dlclose(library);
	}
}

static ssize_t take_line(void *cookie, const char *text, size_t length)
{
	unsigned level = (unsigned)rte_log_cur_msg_loglevel();
	int shown = (int)length;

	(void)cookie;
	while (shown > 0 && text[shown - 1] == '\n')
		shown--;
	if (level <= RTE_LOG_ERR) {
		keep(text, length);
		logger_write(LOGGER_DEBUG, "dpdk", "%.*s", shown, text);
	} else if (level <= RTE_LOG_WARNING) {
		logger_write(LOGGER_DEBUG, "dpdk", "%.*s", shown, text);
	} else {
		logger_write(LOGGER_TRACE, "dpdk", "%.*s", shown, text);
	}
	return (ssize_t)length;
}

void eal_messages_capture(void)
{
	static const cookie_io_functions_t functions = {.write = take_line};
	FILE *stream = fopencookie(NULL, "w", functions);

	if (!stream)
		return;
	setvbuf(stream, NULL, _IOLBF, 0);
	rte_openlog_stream(stream);
}

const char *eal_messages(void)
{
	return messages.kept;
}

void eal_messages_clear(void)
{
	pthread_mutex_lock(&messages.lock);
	messages.length = 0;
	messages.kept[0] = '\0';
	pthread_mutex_unlock(&messages.lock);
}

static const struct {
	const char *part;
	const char *sentence;
} explanations[] = {
	{"FATAL: Cannot init memory",
	 "DPDK could not get its memory; lower memory_mib, raise the memory limit, or reserve "
	 "hugepages (echo 512 > /proc/sys/vm/nr_hugepages)"},
	{"Cannot get hugepage information",
	 "no hugepages are to be had; reserve some (echo 512 > /proc/sys/vm/nr_hugepages) or set "
	 "hugepages to NEVER"},
	{"Not enough memory available",
	 "there is not enough memory for the packet buffers; lower memory_mib or reserve more "
	 "hugepages"},
	{"Ambiguous Rx mempools configuration",
	 "the packet buffer pool could not be made for lack of memory; raise memory_mib"},
	{"Failed to connect socket",
	 "no memif server answers; start it first, or give this end role: SERVER"},
	{"failed to parse device",
	 "DPDK has no driver for this kind of port; install it (Debian 12: apt install "
	 "librte-net-af-xdp23, librte-net-memif23, librte-net-tap23 …)"},
	{"Couldn't find a BPF file",
	 "libxdp does not find its BPF programs; install libxdp1, or set LIBXDP_OBJECT_PATH to where "
	 "xsk_def_xdp_prog.o is"},
	{"probe_loading():Operation not permitted",
	 "the kernel refuses BPF programs to this process; run as root, or give the program CAP_BPF, "
	 "CAP_NET_ADMIN and CAP_NET_RAW, or use af_packet"},
	{"Error attaching XDP program",
	 "the kernel refuses the XDP program on the interface; give the program CAP_NET_ADMIN, take "
	 "off another one that is there (ip link set dev X xdp off), or use af_packet"},
	{"Failed to create umem",
	 "the kernel refuses to lock the packet buffers; raise the limit of locked memory (ulimit -l "
	 "unlimited, systemd: LimitMEMLOCK=infinity) or give the program CAP_IPC_LOCK"},
	{"Failed to create xsk socket",
	 "the kernel refuses an XDP socket on the interface; another program may hold its queue"},
	{"lcore",
	 "DPDK refused the CPU list; check that the process's CPU set (taskset -p, cpuset) has "
	 "CPUs that are online"},
	{"Operation not permitted",
	 "a right is missing; run as root, or give CAP_NET_RAW (af_packet) to the program"},
	{"Permission denied",
	 "a right is missing; run as root, or give CAP_NET_RAW (af_packet) to the program"},
};

void eal_explain(const char *text, struct why *why)
{
	for (unsigned i = 0; i < ARRAY_LEN(explanations); i++)
		if (strstr(text, explanations[i].part)) {
			why_set(why, "%s", explanations[i].sentence);
			return;
		}
	const char *end = text + strlen(text), *start;

	while (end > text && end[-1] == '\n')
		end--;
	for (start = end; start > text && start[-1] != '\n'; start--)
		;
	if (start == end)
		why_set(why, "DPDK did not start and gave no reason; try -l trace");
	else
		why_set(why, "DPDK did not start: %.*s (all of it: -l debug)", (int)(end - start),
			start);
}
