#include "dataplane/complaints.h"

#include <stdio.h>

#include "stack/base/compiler.h"

static const struct {
	enum drop_reason reason;
	const char *sentence; /* how many; on which interfaces */
} texts[] = {
	{DROP_TCP_CHECKSUM_UNFINISHED,
	 "%llu TCP segments came with a checksum that their sender left to its device, and were dropped; "
	 "a Linux peer on a veth does that: switch it off at the other end of %s (ethtool -K IF tx "
	 "off, in the peer's network namespace)"},
	{DROP_IP_CUT,
	 "%llu frames were super-frames of which the port delivered only the beginning, and were dropped; "
	 "a Linux peer on a veth sends them: switch that off at the other end of %s (ethtool -K IF "
	 "tso off gso off gro off, in the peer's network namespace)"},
};
_Static_assert(ARRAY_LEN(texts) == COMPLAINTS_MAX, "one memory for each sentence");

/* The interfaces that such frames can come from. */
static void name_interfaces(const struct dataplane_settings *settings, char *text, size_t bytes)
{
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < settings->port_count && n < bytes; i++) {
		const struct port_settings *port = &settings->ports[i];

		if (port_kind_is_interface(port->kind))
			n += (size_t)snprintf(text + n, bytes - n, "%s%s", n ? ", " : "", port->device);
	}
}

bool complaints_next(struct complaints *complaints, const struct drop_counters *sums,
		     const struct dataplane_settings *settings, uint64_t now_ns, struct why *out)
{
	char interfaces[128];

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		uint64_t count = sums->count[texts[i].reason];

		if (count == complaints->about[i].told_count ||
		    (complaints->about[i].told_ns &&
		     now_ns - complaints->about[i].told_ns < COMPLAINT_EVERY_NS))
			continue;
		complaints->about[i].told_count = count;
		complaints->about[i].told_ns = now_ns;
		name_interfaces(settings, interfaces, sizeof(interfaces));
		why_set(out, texts[i].sentence, (unsigned long long)count, interfaces);
		return true;
	}
	return false;
}
