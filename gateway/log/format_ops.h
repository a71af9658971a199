/* A compiled format: a list of operations, each yielding a literal or one value. */
#ifndef GATEWAY_LOG_FORMAT_OPS_H
#define GATEWAY_LOG_FORMAT_OPS_H

#include "gateway/log/format.h"

enum log_command {
	LOG_LITERAL,
#define COMMAND(name, argument, type) LOG_##name,
#include "gateway/log/commands.def"
#undef COMMAND
	LOG_COMMAND_COUNT
};

enum log_quoting {
	LOG_PLAIN,       /* as it is; "-" when not known */
	LOG_JSON_INSIDE, /* part of a JSON string: escaped; "-" when not known */
	LOG_JSON_STRING, /* a JSON string of its own, or null */
	LOG_JSON_NUMBER, /* bare, or null */
};

struct log_op {
	enum log_command command;
	enum log_quoting quoting;
	uint32_t length_max;     /* 0 = no limit */
	struct str text;         /* literal, header name or time format; owned by the format */
	struct str other;        /* the header to ask when the first is missing */
	enum header_id text_id;
	enum header_id other_id;
};

struct log_format {
	struct log_op *ops;
	uint32_t count;
	uint32_t capacity;
};

/* What log_time_write writes for a moment; bounded by size.  The format was checked before. */
uint32_t log_time_write(struct str format, uint64_t wall_ns, char *out, uint32_t size);
/* Position of the first conversion that log_time_write does not know, or UINT32_MAX. */
uint32_t log_time_check(struct str format);
extern const char log_time_default[];

#endif
