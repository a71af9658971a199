/* strftime's conversions in UTC, without libc's locks and locale, and with fractions of a second. */
#include <string.h>

#include "gateway/log/format_ops.h"
#include "stack/base/time.h"

const char log_time_default[] = "%Y-%m-%dT%H:%M:%E3SZ";

struct out {
	char *p;
	char *end;
};

static void put_char(struct out *out, char c)
{
	if (out->p < out->end)
		*out->p++ = c;
}

static void put_text(struct out *out, const char *text)
{
	while (*text)
		put_char(out, *text++);
}

static void put_digits(struct out *out, uint64_t value, uint32_t digits)
{
	char text[20];

	for (uint32_t i = digits; i > 0; i--) {
		text[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	for (uint32_t i = 0; i < digits; i++)
		put_char(out, text[i]);
}

struct moment {
	uint64_t seconds;
	uint32_t nanoseconds;
	uint32_t year, month, day;       /* month and day from 1 */
	uint32_t hour, minute, second;
	uint32_t weekday;                /* 0 = Sunday */
	uint32_t year_day;               /* from 1 */
};

/* Days since 1970-01-01 to a date of the Gregorian calendar: years are counted from March, so that
 * the leap day is a year's last. */
static void take_apart(uint64_t wall_ns, struct moment *moment)
{
	static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

	moment->seconds = wall_ns / NS_PER_SECOND;
	moment->nanoseconds = (uint32_t)(wall_ns % NS_PER_SECOND);
	uint32_t days = (uint32_t)(moment->seconds / 86400);
	uint32_t rest = (uint32_t)(moment->seconds % 86400);

	moment->hour = rest / 3600;
	moment->minute = rest / 60 % 60;
	moment->second = rest % 60;
	moment->weekday = (days + 4) % 7;
	uint32_t shifted = days + 719468; /* since 0000-03-01 */
	uint32_t era = shifted / 146097;
	uint32_t era_day = shifted % 146097;
	uint32_t era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	uint32_t march_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	uint32_t march_month = (5 * march_day + 2) / 153;

	moment->day = march_day - (153 * march_month + 2) / 5 + 1;
	moment->month = march_month < 10 ? march_month + 3 : march_month - 9;
	moment->year = era * 400 + era_year + (moment->month <= 2);
	bool leap = (moment->year % 4 == 0 && moment->year % 100 != 0) || moment->year % 400 == 0;

	moment->year_day = before[moment->month - 1] + moment->day + (leap && moment->month > 2);
}

static const char months[12][12] = {"January", "February", "March",     "April",   "May",      "June",
				    "July",    "August",   "September", "October", "November", "December"};
static const char weekdays[7][12] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
				     "Thursday", "Friday", "Saturday"};

static void put_short(struct out *out, const char *name)
{
	for (int i = 0; i < 3; i++)
		put_char(out, name[i]);
}

static void put_fraction(struct out *out, const struct moment *moment, uint32_t digits)
{
	uint32_t value = moment->nanoseconds;

	for (uint32_t i = digits; i < 9; i++)
		value /= 10;
	put_digits(out, value, digits);
}

static uint32_t hour_12(const struct moment *moment)
{
	return moment->hour % 12 == 0 ? 12 : moment->hour % 12;
}

static void put_clock(struct out *out, const struct moment *moment, bool seconds)
{
	put_digits(out, moment->hour, 2);
	put_char(out, ':');
	put_digits(out, moment->minute, 2);
	if (!seconds)
		return;
	put_char(out, ':');
	put_digits(out, moment->second, 2);
}

static void put_seconds(struct out *out, uint64_t seconds)
{
	uint32_t digits = 1;

	for (uint64_t rest = seconds; rest >= 10; rest /= 10)
		digits++;
	put_digits(out, seconds, digits);
}

/* One conversion without number; false for one that is not known. */
static bool put_conversion(struct out *out, const struct moment *moment, char conversion)
{
	switch (conversion) {
	case 'Y': put_digits(out, moment->year, 4); return true;
	case 'y': put_digits(out, moment->year % 100, 2); return true;
	case 'm': put_digits(out, moment->month, 2); return true;
	case 'd': put_digits(out, moment->day, 2); return true;
	case 'e':
		put_char(out, moment->day < 10 ? ' ' : (char)('0' + moment->day / 10));
		put_char(out, (char)('0' + moment->day % 10));
		return true;
	case 'H': put_digits(out, moment->hour, 2); return true;
	case 'I': put_digits(out, hour_12(moment), 2); return true;
	case 'M': put_digits(out, moment->minute, 2); return true;
	case 'S': put_digits(out, moment->second, 2); return true;
	case 'p': put_text(out, moment->hour < 12 ? "AM" : "PM"); return true;
	case 'j': put_digits(out, moment->year_day, 3); return true;
	case 'a': put_short(out, weekdays[moment->weekday]); return true;
	case 'A': put_text(out, weekdays[moment->weekday]); return true;
	case 'b':
	case 'h': put_short(out, months[moment->month - 1]); return true;
	case 'B': put_text(out, months[moment->month - 1]); return true;
	case 'F':
		put_digits(out, moment->year, 4);
		put_char(out, '-');
		put_digits(out, moment->month, 2);
		put_char(out, '-');
		put_digits(out, moment->day, 2);
		return true;
	case 'T': put_clock(out, moment, true); return true;
	case 'R': put_clock(out, moment, false); return true;
	case 's': put_seconds(out, moment->seconds); return true;
	case 'f': put_fraction(out, moment, 9); return true;
	case 'z': put_text(out, "+0000"); return true;
	case 'Z': put_text(out, "UTC"); return true;
	case '%': put_char(out, '%'); return true;
	default: return false;
	}
}

/* %3f is a fraction of three digits, %E3S the seconds with it.  Returns what follows, NULL for a
 * conversion that is not known. */
static const char *put_next(struct out *out, const struct moment *moment, const char *p,
			    const char *end)
{
	if (p == end)
		return NULL;
	if (*p == 'E' && end - p >= 3 && p[1] >= '1' && p[1] <= '9' && p[2] == 'S') {
		put_digits(out, moment->second, 2);
		put_char(out, '.');
		put_fraction(out, moment, (uint32_t)(p[1] - '0'));
		return p + 3;
	}
	if (*p >= '1' && *p <= '9' && end - p >= 2 && p[1] == 'f') {
		put_fraction(out, moment, (uint32_t)(*p - '0'));
		return p + 2;
	}
	return put_conversion(out, moment, *p) ? p + 1 : NULL;
}

uint32_t log_time_write(struct str format, uint64_t wall_ns, char *out, uint32_t size)
{
	struct out to = {out, out + size};
	const char *end = format.data + format.length;
	struct moment moment;

	take_apart(wall_ns, &moment);
	for (const char *p = format.data; p && p < end;) {
		if (*p == '%')
			p = put_next(&to, &moment, p + 1, end);
		else
			put_char(&to, *p++);
	}
	return (uint32_t)(to.p - out);
}

uint32_t log_time_check(struct str format)
{
	const struct moment moment = {.month = 1};
	const char *end = format.data + format.length;

	for (const char *p = format.data; p < end;) {
		struct out nowhere = {NULL, NULL};
		const char *next = *p == '%' ? put_next(&nowhere, &moment, p + 1, end) : p + 1;

		if (!next)
			return (uint32_t)(p - format.data);
		p = next;
	}
	return UINT32_MAX;
}
