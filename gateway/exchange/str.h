/* ASCII letters without case, a word at a time; never reads outside of the strings. */
#ifndef GATEWAY_EXCHANGE_STR_H
#define GATEWAY_EXCHANGE_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Eight bytes, A-Z made a-z, everything else as it is. */
static inline uint64_t str_lower8(uint64_t bytes)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low7 = bytes & (ones * 0x7f);
	uint64_t above_at = low7 + ones * (0x80 - 'A');   /* bit 7: >= 'A' */
	uint64_t above_z = low7 + ones * (0x80 - 'Z' - 1); /* bit 7: > 'Z' */
	uint64_t upper = (above_at & ~above_z & ~bytes) & (ones * 0x80);

	return bytes | (upper >> 2);
}

static inline uint64_t str_load8(const char *data)
{
	uint64_t bytes;

	memcpy(&bytes, data, sizeof(bytes));
	return bytes;
}

/* At most 8 bytes; what is missing is 0. */
static inline uint64_t str_load_short(const char *data, uint32_t length)
{
	uint32_t low, high;

	if (length >= 8)
		return str_load8(data);
	if (length >= 4) {
		memcpy(&low, data, 4);
		memcpy(&high, data + length - 4, 4);
		return low | (uint64_t)high << (8 * (length - 4));
	}
	if (length == 0)
		return 0;
	low = (uint8_t)data[0] | (uint32_t)(uint8_t)data[length / 2] << (8 * (length / 2));
	return low | (uint64_t)(uint8_t)data[length - 1] << (8 * (length - 1));
}

static inline bool str_bytes_equal_nocase(const char *a, const char *b, uint32_t length)
{
	if (length < 8)
		return str_lower8(str_load_short(a, length)) == str_lower8(str_load_short(b, length));
	for (uint32_t i = 0; i + 8 <= length; i += 8) {
		if (str_lower8(str_load8(a + i)) != str_lower8(str_load8(b + i)))
			return false;
	}
	return str_lower8(str_load8(a + length - 8)) == str_lower8(str_load8(b + length - 8));
}

/* The same where the letters of `lower` are lower case already, as in names that we wrote. */
static inline bool str_bytes_equal_lower(const char *lower, const char *any, uint32_t length)
{
	if (length < 8)
		return str_load_short(lower, length) == str_lower8(str_load_short(any, length));
	for (uint32_t i = 0; i + 8 <= length; i += 8) {
		if (str_load8(lower + i) != str_lower8(str_load8(any + i)))
			return false;
	}
	return str_load8(lower + length - 8) == str_lower8(str_load8(any + length - 8));
}

#define STR_HEX8_BYTES 8
/* Four bytes as eight hexadecimal digits, the byte in the lowest bits first. */
static inline void str_put_hex8(uint32_t bytes, char out[STR_HEX8_BYTES])
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t nibbles = bytes;

	/* Two bytes for each, its high nibble in the lower one, which is written first. */
	nibbles = (nibbles | nibbles << 16) & UINT64_C(0x0000ffff0000ffff);
	nibbles = (nibbles | nibbles << 8) & UINT64_C(0x00ff00ff00ff00ff);
	nibbles = ((nibbles >> 4) | (nibbles << 8)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	uint64_t tens = ((nibbles + ones * 6) >> 4) & ones;
	uint64_t text = nibbles + ones * '0' + tens * ('a' - '0' - 10);

	memcpy(out, &text, sizeof(text));
}

#define STR_DECIMAL_BYTES 20 /* of any uint64_t */
/* In decimal, without NUL; returns the length. */
static inline uint32_t str_put_decimal(uint64_t number, char out[STR_DECIMAL_BYTES])
{
	char digits[STR_DECIMAL_BYTES];
	uint32_t first = STR_DECIMAL_BYTES;

	do {
		digits[--first] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	for (uint32_t i = first; i < STR_DECIMAL_BYTES; i++)
		out[i - first] = digits[i];
	return STR_DECIMAL_BYTES - first;
}

static inline char str_lower1(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

#endif
