#include "xds/reflect/scalar.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DURATION_SECONDS_MAX 315576000000

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* JSON's number and nothing else: strtod would take hex, "inf" and spaces. */
static bool is_number(struct str text)
{
	uint32_t i = text.length && text.data[0] == '-';
	uint32_t digits = 0;

	for (; i < text.length && is_digit(text.data[i]); i++)
		digits++;
	if (i < text.length && text.data[i] == '.')
		for (i++; i < text.length && is_digit(text.data[i]); i++)
			digits++;
	if (!digits)
		return false;
	if (i < text.length && (text.data[i] == 'e' || text.data[i] == 'E')) {
		i++;
		if (i < text.length && (text.data[i] == '+' || text.data[i] == '-'))
			i++;
		if (i == text.length || !is_digit(text.data[i]))
			return false;
		while (i < text.length && is_digit(text.data[i]))
			i++;
	}
	return i == text.length;
}

static bool is_integer(struct str text)
{
	uint32_t i = text.length && text.data[0] == '-';

	if (i == text.length)
		return false;
	for (; i < text.length; i++)
		if (!is_digit(text.data[i]))
			return false;
	return true;
}

const char *scalar_double(struct str text, double *out)
{
	if (text.length == 3 && !memcmp(text.data, "NaN", 3)) {
		*out = NAN;
		return NULL;
	}
	if (!is_number(text))
		return "a number";
	*out = strtod(text.data, NULL);
	return isfinite(*out) ? NULL : "a number that a double can hold";
}

const char *scalar_signed(struct str text, unsigned bits, int64_t *out)
{
	const char *expected = bits == 32 ? "a whole number from -2147483648 to 2147483647" :
					    "a whole number of 64 bits";
	int64_t most = bits == 32 ? INT32_MAX : INT64_MAX;
	double real;

	if (is_integer(text)) {
		errno = 0;
		long long value = strtoll(text.data, NULL, 10);

		if (errno || value > most || value < -most - 1)
			return expected;
		*out = value;
		return NULL;
	}
	if (!is_number(text) || scalar_double(text, &real))
		return expected;
	if (real != floor(real) || real >= ldexp(1, (int)bits - 1) || real < -ldexp(1, (int)bits - 1))
		return expected;
	*out = (int64_t)real;
	return NULL;
}

const char *scalar_unsigned(struct str text, unsigned bits, uint64_t *out)
{
	const char *expected = bits == 32 ? "a whole number from 0 to 4294967295" :
					    "a whole number from 0 to 18446744073709551615";
	double real;

	if (is_integer(text)) {
		if (text.data[0] == '-')
			return expected;
		errno = 0;
		unsigned long long value = strtoull(text.data, NULL, 10);

		if (errno || (bits == 32 && value > UINT32_MAX))
			return expected;
		*out = value;
		return NULL;
	}
	if (!is_number(text) || scalar_double(text, &real))
		return expected;
	if (real != floor(real) || real < 0 || real >= ldexp(1, (int)bits))
		return expected;
	*out = (uint64_t)real;
	return NULL;
}

const char *scalar_bool(struct str text, bool *out)
{
	*out = text.length == 4 && !memcmp(text.data, "true", 4);
	if (*out || (text.length == 5 && !memcmp(text.data, "false", 5)))
		return NULL;
	return "true or false";
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* RFC 4648 4 and 5 */
const char *scalar_base64(struct str text, struct config_arena *arena, ProtobufCBinaryData *out)
{
	uint32_t length = text.length;
	uint32_t bits = 0, bit_count = 0;

	while (length && text.length - length < 2 && text.data[length - 1] == '=')
		length--;
	if (length % 4 == 1 || (length != text.length && text.length % 4 != 0))
		return "bytes in base64";
	uint8_t *bytes = config_arena_alloc(arena, length / 4 * 3 + 3);

	if (!bytes)
		return "more memory";
	*out = (ProtobufCBinaryData){0, bytes};
	for (uint32_t i = 0; i < length; i++) {
		int value = base64_value(text.data[i]);

		if (value < 0)
			return "bytes in base64";
		bits = bits << 6 | (uint32_t)value;
		bit_count += 6;
		if (bit_count >= 8) {
			bit_count -= 8;
			bytes[out->len++] = (uint8_t)(bits >> bit_count);
		}
	}
	return NULL;
}

/* Up to nine digits of a fraction as nanoseconds; *at moves behind them. */
static bool fraction(struct str text, uint32_t *at, int32_t *nanos)
{
	uint32_t digits = 0;

	*nanos = 0;
	for (; *at < text.length && is_digit(text.data[*at]) && digits < 9; (*at)++, digits++)
		*nanos = *nanos * 10 + (text.data[*at] - '0');
	for (uint32_t i = digits; i < 9; i++)
		*nanos *= 10;
	return digits > 0;
}

const char *scalar_duration(struct str text, int64_t *seconds, int32_t *nanos)
{
	static const char expected[] = "a duration in seconds, like 5s or 0.25s";
	bool negative = text.length && text.data[0] == '-';
	uint32_t i = negative;
	uint32_t first = i;
	int64_t whole = 0;

	for (; i < text.length && is_digit(text.data[i]) && i - first < 13; i++)
		whole = whole * 10 + (text.data[i] - '0');
	*nanos = 0;
	if (i == first)
		return expected;
	if (i < text.length && text.data[i] == '.') {
		i++;
		if (!fraction(text, &i, nanos))
			return expected;
	}
	if (i + 1 != text.length || text.data[i] != 's')
		return expected;
	if (whole > DURATION_SECONDS_MAX)
		return "a duration of at most 315576000000s";
	*seconds = negative ? -whole : whole;
	*nanos = negative ? -*nanos : *nanos;
	return NULL;
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t days_from_civil(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int m = month <= 2 ? month + 9 : month - 3;
	int64_t days = 365 * (int64_t)y + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1;

	return days - 719468;
}

static int days_of_month(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Text of this shape: 'd' stands for a digit, anything else for itself.  The runs of digits come out
 * as numbers. */
static bool shaped(struct str text, uint32_t at, const char *shape, int *numbers)
{
	bool in_number = false;

	if (text.length - at < strlen(shape))
		return false;
	for (; *shape; shape++, at++) {
		char c = text.data[at];

		if (*shape == 'd' ? !is_digit(c) : c != *shape)
			return false;
		if (*shape == 'd' && !in_number)
			*numbers = 0;
		if (*shape == 'd')
			*numbers = *numbers * 10 + (c - '0');
		else if (in_number)
			numbers++;
		in_number = *shape == 'd';
	}
	return true;
}

static bool is_date(const int n[6])
{
	return n[0] >= 1 && n[1] >= 1 && n[1] <= 12 && n[2] >= 1 && n[2] <= days_of_month(n[0], n[1]) &&
	       n[3] <= 23 && n[4] <= 59 && n[5] <= 59;
}

/* RFC 3339 5.6 */
const char *scalar_timestamp(struct str text, int64_t *seconds, int32_t *nanos)
{
	static const char expected[] = "a time like 2026-01-02T15:04:05.5Z";
	int n[6], zone[2];
	uint32_t i = 19;

	*nanos = 0;
	if (!shaped(text, 0, "dddd-dd-ddTdd:dd:dd", n) || !is_date(n))
		return expected;
	if (i < text.length && text.data[i] == '.') {
		i++;
		if (!fraction(text, &i, nanos))
			return expected;
	}
	*seconds = days_from_civil(n[0], n[1], n[2]) * 86400 + n[3] * 3600 + n[4] * 60 + n[5];
	if (i + 1 == text.length && text.data[i] == 'Z')
		return NULL;
	if (i + 6 != text.length || (text.data[i] != '+' && text.data[i] != '-') ||
	    !shaped(text, i + 1, "dd:dd", zone) || zone[0] > 23 || zone[1] > 59)
		return expected;
	int offset = zone[0] * 3600 + zone[1] * 60;

	*seconds -= text.data[i] == '+' ? offset : -offset;
	return NULL;
}

/* RFC 3629 4: shortest form only, no surrogates, at most U+10FFFF. */
bool scalar_is_text(const char *data, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)data;

	for (size_t i = 0; i < length;) {
		uint8_t lead = bytes[i++];
		unsigned more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
		uint32_t code = more == 0 ? lead : lead & (0x3fu >> more);
		static const uint32_t least[] = {1, 0x80, 0x800, 0x10000};

		if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || length - i < more)
			return false;
		for (unsigned k = 0; k < more; k++, i++) {
			if ((bytes[i] & 0xc0) != 0x80)
				return false;
			code = code << 6 | (bytes[i] & 0x3f);
		}
		if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
			return false;
	}
	return true;
}
