#include "gateway/http1/h1_class.h"
#include "gateway/http1/h1_parse.h"

/*     phase:  SIZE      EXTENSION       LF   DATA     CR  LF
 *             1a2b [ BWS ";" … ] CR     LF   bytes…   CR  LF   then SIZE again */
enum phase { SIZE, SPACE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF };

#define DIGITS_MAX 16

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False for too many digits, or a size that no signed 64-bit counter holds. */
static bool take_digit(struct h1_chunk *chunk, int digit)
{
	if (chunk->digits == DIGITS_MAX || chunk->data_left_bytes > (INT64_MAX >> 4))
		return false;
	chunk->data_left_bytes = chunk->data_left_bytes << 4 | (uint64_t)digit;
	chunk->digits++;
	return true;
}

/* One byte of a chunk's head or of the CRLF after its data; false when it may not stand here. */
static bool take_byte(struct h1_chunk *chunk, char c)
{
	int digit;

	switch (chunk->phase) {
	case SIZE:
		digit = hex_digit(c);
		if (digit >= 0)
			return take_digit(chunk, digit);
		if (chunk->digits == 0)
			return false;
		if (c == '\r') {
			chunk->phase = SIZE_LF;
			return true;
		}
		/* fall through */
	case SPACE: /* RFC 9112 7.1.1: BWS only before ";" */
		if (c != ' ' && c != '\t' && c != ';')
			return false;
		chunk->phase = c == ';' ? EXTENSION : SPACE;
		return ++chunk->extension_bytes <= H1_CHUNK_EXTENSION_MAX;
	case EXTENSION:
		if (c == '\r') {
			chunk->phase = SIZE_LF;
			return true;
		}
		return h1_class[(uint8_t)c] & H1_CLASS_VALUE &&
		       ++chunk->extension_bytes <= H1_CHUNK_EXTENSION_MAX;
	case SIZE_LF:
		chunk->phase = DATA;
		chunk->digits = 0;
		return c == '\n';
	case DATA_CR:
		chunk->phase = DATA_LF;
		return c == '\r';
	default:
		chunk->phase = SIZE;
		return c == '\n';
	}
}

enum h1_chunk_event h1_chunk_scan(struct h1_chunk *chunk, const char *data, uint32_t length,
				  uint32_t *consumed, uint64_t *data_bytes)
{
	for (uint32_t i = 0; i < length; i++) {
		if (chunk->phase == DATA) {
			*consumed = i;
			*data_bytes = chunk->data_left_bytes;
			return H1_CHUNK_DATA;
		}
		if (!take_byte(chunk, data[i])) {
			*consumed = i;
			return H1_CHUNK_INVALID;
		}
		if (chunk->phase == DATA && chunk->data_left_bytes == 0) {
			*chunk = (struct h1_chunk){0};
			*consumed = i + 1;
			return H1_CHUNK_LAST;
		}
	}
	*consumed = length;
	return H1_CHUNK_MORE;
}

void h1_chunk_took(struct h1_chunk *chunk, uint64_t bytes)
{
	INVARIANT(chunk->phase == DATA && bytes <= chunk->data_left_bytes);
	chunk->data_left_bytes -= bytes;
	chunk->extension_bytes -= (uint16_t)(bytes < chunk->extension_bytes ? bytes
									    : chunk->extension_bytes);
	if (chunk->data_left_bytes == 0)
		chunk->phase = DATA_CR;
}
