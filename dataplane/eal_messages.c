#include "dataplane/eal_messages.h"

#include <pthread.h>
#include <rte_log.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/eal.h"
#include "dataplane/logger.h"

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
