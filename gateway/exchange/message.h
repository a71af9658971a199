/* An HTTP message head, independent of the codec (RFC 9110 6).
 *
 * Bytes that the strings point to live in the exchange's arena, or in a received buffer that the
 * exchange holds a reference on; both last as long as the exchange. */
#ifndef GATEWAY_EXCHANGE_MESSAGE_H
#define GATEWAY_EXCHANGE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/config/config.h"
#include "gateway/memory/arena.h"
#include "stack/base/compiler.h"

/* Headers that the gateway itself looks at get a number when they are parsed, so that no later
 * stage compares names.  HEADER_OTHER is everything else. */
enum header_id {
	HEADER_OTHER,
#define KNOWN_HEADER(id, name) HEADER_##id,
#include "gateway/exchange/known_headers.def"
#undef KNOWN_HEADER
	HEADER_ID_COUNT
};

struct header {
	struct str name;      /* as received in HTTP/1; compare without case */
	struct str value;     /* without leading and trailing white space */
	enum header_id id;
	bool removed;         /* skipped by iteration and by codecs */
};

struct header_list {
	struct header *items; /* in the arena */
	uint32_t count;
	uint32_t capacity;
	uint64_t ids_seen;    /* bit 1 << id for every id that was ever added: header_find asks it */
};
_Static_assert(HEADER_ID_COUNT <= 64, "header_list.ids_seen has one bit an id");

enum http_version { HTTP_1_0, HTTP_1_1, HTTP_2 };

enum body_framing {
	BODY_NONE,          /* ends with the head */
	BODY_LENGTH,        /* content_length_bytes follow */
	BODY_CHUNKED,       /* length unknown, the codec knows where it ends */
	BODY_UNTIL_CLOSE,   /* an HTTP/1 answer that ends with the connection */
};

struct message_head {
	enum http_version version;
	struct str method;          /* request */
	struct str path;            /* request: path and query, as :path */
	struct str authority;       /* request: Host or :authority; may be empty in HTTP/1.0 */
	struct str scheme;          /* request: "http" or "https" */
	uint16_t status;            /* answer */
	enum body_framing framing;
	uint64_t content_length_bytes;
	struct header_list headers; /* without Host (see authority) */
	bool keep_alive;            /* HTTP/1: whether the sender lets the connection live */
	bool expect_continue;       /* request: Expect: 100-continue */
	bool upgrade;               /* asks for, or grants, another protocol */
};

const char *header_id_name(enum header_id id);
/* By length and letters, without case; HEADER_OTHER for unknown names. */
enum header_id header_id_find_bytes(const char *name, uint32_t length);
static inline enum header_id header_id_find(struct str name)
{
	return header_id_find_bytes(name.data, name.length);
}

/* First header of that id or name that is not removed; NULL if there is none. */
struct header *header_find(const struct header_list *list, enum header_id id);
struct header *header_find_name(const struct header_list *list, struct str name);
/* False when the arena is exhausted.  Strings are kept, not copied. */
MUST_USE bool header_add(struct header_list *list, struct arena *arena, struct str name,
			 struct str value);
/* The same where the id is known already (header_id_find's answer for that name). */
MUST_USE bool header_add_id(struct header_list *list, struct arena *arena, enum header_id id,
			    struct str name, struct str value);
/* The same, inline where there is room already: for parsers. */
MUST_USE static inline bool header_push(struct header_list *list, struct arena *arena,
					enum header_id id, struct str name, struct str value)
{
	if (unlikely_true(list->count == list->capacity))
		return header_add_id(list, arena, id, name, value);
	struct header *header = &list->items[list->count++];

	/* Member by member: a copy of the structs would be loaded wider than it was stored. */
	header->name.data = name.data;
	header->name.length = name.length;
	header->value.data = value.data;
	header->value.length = value.length;
	header->id = id;
	header->removed = false;
	list->ids_seen |= UINT64_C(1) << id;
	return true;
}
/* Removes all of that name. */
void header_remove(struct header_list *list, struct str name);
/* Replaces the first, removes the others, or adds. */
MUST_USE bool header_set(struct header_list *list, struct arena *arena, struct str name,
			 struct str value);

/* Without case (ASCII). */
bool str_equal_nocase(struct str a, struct str b);
bool str_equal(struct str a, struct str b);
/* A str from a literal. */
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

#endif
