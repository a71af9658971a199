#include "stack/base/stream.h"

#include <stdio.h>

static void report_taken(struct stream *stream, uint32_t bytes, uint32_t charge_before_bytes,
			 uint64_t now_ns)
{
	/* Splitting a slice pins its buffer twice; the charge of rx never grows by taking from it. */
	if (bytes > 0)
		stream->ops->taken(stream, bytes, charge_before_bytes - stream->rx.charge_bytes, now_ns);
}

uint32_t stream_take(struct stream *stream, struct slice_pool *pool, struct slice_queue *to,
		     uint32_t max_bytes, uint64_t now_ns)
{
	uint32_t charge_before_bytes = stream->rx.charge_bytes;
	uint32_t bytes = slice_queue_move(pool, to, &stream->rx, max_bytes);

	report_taken(stream, bytes, charge_before_bytes, now_ns);
	return bytes;
}

uint32_t stream_skip(struct stream *stream, struct slice_pool *pool, uint32_t max_bytes,
		     uint64_t now_ns)
{
	uint32_t charge_before_bytes = stream->rx.charge_bytes;
	uint32_t bytes = slice_queue_skip(pool, &stream->rx, max_bytes);

	report_taken(stream, bytes, charge_before_bytes, now_ns);
	return bytes;
}

static const char *pipe_text(const struct stream_info *info, bool local, char *text)
{
	if (local == info->pipe_is_local)
		return info->pipe;
	text[0] = '\0';
	if (!local && info->has_credentials)
		snprintf(text, STREAM_END_BYTES, "pid=%u,uid=%u,gid=%u", info->peer_pid,
			 info->peer_uid, info->peer_gid);
	return text;
}

const char *stream_end_text(const struct stream_info *info, bool local, bool port,
			    char text[STREAM_END_BYTES])
{
	const struct ip_addr *addr = local ? &info->key.local : &info->key.remote;

	if (info->pipe)
		return pipe_text(info, local, text);
	if (!port)
		return ip_addr_format(addr, text, STREAM_END_BYTES);
	return ip_endpoint_format(addr, local ? info->key.local_port : info->key.remote_port, text,
				  STREAM_END_BYTES);
}

const char *stream_events_text(uint32_t events, char text[STREAM_EVENTS_BYTES])
{
	static const char *const names[] = {"OPENED", "READABLE", "WRITABLE",
					    "ENDED",  "RESET",    "DRAINED"};
	int at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (events & 1u << i)
			at += snprintf(text + at, (size_t)(STREAM_EVENTS_BYTES - at), "%s%s",
				       at ? " " : "", names[i]);
	return text;
}

const char *stream_failure_name(enum stream_failure failure)
{
	static const char *const names[] = {
		[STREAM_FAILURE_NONE] = "none",
		[STREAM_FAILURE_REFUSED] = "refused",
		[STREAM_FAILURE_TIMEOUT] = "timeout",
		[STREAM_FAILURE_PEER_RESET] = "peer reset",
		[STREAM_FAILURE_LOCAL_RESET] = "local reset",
		[STREAM_FAILURE_RESOURCES] = "no resources",
		[STREAM_FAILURE_NO_ROUTE] = "no route",
		[STREAM_FAILURE_INVARIANT] = "invariant broken",
	};

	return (unsigned)failure < ARRAY_LEN(names) ? names[failure] : "?";
}

const char *stream_blocked_name(enum stream_blocked blocked)
{
	static const char *const names[] = {
		[STREAM_BLOCKED_NOT] = "not",
		[STREAM_BLOCKED_OPENING] = "opening",
		[STREAM_BLOCKED_PEER_WINDOW] = "peer window",
		[STREAM_BLOCKED_CONGESTION_WINDOW] = "congestion window",
		[STREAM_BLOCKED_OWNER_NOT_READING] = "owner not reading",
		[STREAM_BLOCKED_NOTHING_TO_SEND] = "nothing to send",
	};

	return (unsigned)blocked < ARRAY_LEN(names) ? names[blocked] : "?";
}
