/* Searches for the first byte that does not belong, 32 bytes at a time.
 *
 *     begin          p                     answer      end
 *     |--------------|=====================|-----------|      answer == end when all belong
 *
 * Nothing outside of [begin, end) is read: the last, short block is loaded so that it ends at
 * `end` and the bytes before p are shifted out; where the whole input is shorter than a block, the
 * table h1_class is asked byte by byte.  With H1_SCAN_SCALAR the table is always asked: tests and
 * fuzzers compare both. */
#ifndef GATEWAY_HTTP1_H1_SCAN_H
#define GATEWAY_HTTP1_H1_SCAN_H

#include <immintrin.h>
#include <stdint.h>

#include "gateway/http1/h1_class.h"

static inline const char *h1_scan_table(const char *p, const char *end, uint8_t class_bit)
{
	while (p < end && h1_class[(uint8_t)*p] & class_bit)
		p++;
	return p;
}

#ifndef H1_SCAN_SCALAR

#define H1_BLOCK_BYTES 32

/* Bit n: byte n is not a token character.  Row of the low nibble & column of the high nibble. */
static inline uint32_t h1_not_token(__m256i bytes)
{
	const __m256i rows = _mm256_broadcastsi128_si256(_mm_setr_epi8(
		(char)0xe8, (char)0xfc, (char)0xf8, (char)0xfc, (char)0xfc, (char)0xfc, (char)0xfc, (char)0xfc,
		(char)0xf8, (char)0xf8, (char)0xf4, 0x54, (char)0xd0, 0x54, (char)0xf4, 0x70));
	const __m256i columns = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, (char)128, 0, 0, 0, 0, 0, 0, 0, 0));
	const __m256i nibble = _mm256_set1_epi8(15);
	__m256i row = _mm256_shuffle_epi8(rows, _mm256_and_si256(bytes, nibble));
	__m256i column = _mm256_shuffle_epi8(
		columns, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble));
	__m256i outside = _mm256_cmpeq_epi8(_mm256_and_si256(row, column), _mm256_setzero_si256());

	return (uint32_t)_mm256_movemask_epi8(outside);
}

/* Bit n: byte n is a control character other than TAB (RFC 9110 5.5: VCHAR, SP, HTAB, obs-text). */
static inline uint32_t h1_not_value(__m256i bytes)
{
	__m256i from_sp = _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, _mm256_set1_epi8(0x20)), bytes);
	__m256i tab = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x09));
	__m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7f));

	return ~(uint32_t)_mm256_movemask_epi8(
		_mm256_andnot_si256(del, _mm256_or_si256(from_sp, tab)));
}

/* Bit n: byte n is outside of 0x21 to 0x7e, or "#". */
static inline uint32_t h1_not_target(__m256i bytes)
{
	/* Signed compares: bytes from 0x80 on are negative and so not above 0x20. */
	__m256i above = _mm256_cmpgt_epi8(bytes, _mm256_set1_epi8(0x20));
	__m256i del = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(0x7f));
	__m256i hash = _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('#'));

	return ~(uint32_t)_mm256_movemask_epi8(
		_mm256_andnot_si256(_mm256_or_si256(del, hash), above));
}

#define H1_SCAN(function, classifier, class_bit)                                                   \
	static inline const char *function(const char *begin, const char *p, const char *end)      \
	{                                                                                          \
		while (end - p >= H1_BLOCK_BYTES) {                                                \
			uint32_t out = classifier(_mm256_loadu_si256((const __m256i *)p));         \
                                                                                                   \
			if (out)                                                                   \
				return p + __builtin_ctz(out);                                     \
			p += H1_BLOCK_BYTES;                                                       \
		}                                                                                  \
		if (p == end || end - begin < H1_BLOCK_BYTES)                                      \
			return h1_scan_table(p, end, class_bit);                                   \
		uint32_t left = (uint32_t)(end - p);                                               \
		uint32_t out = classifier(                                                         \
				       _mm256_loadu_si256((const __m256i *)(end - H1_BLOCK_BYTES))) >> \
			       (H1_BLOCK_BYTES - left);                                            \
                                                                                                   \
		return out ? p + __builtin_ctz(out) : end;                                         \
	}

H1_SCAN(h1_scan_token, h1_not_token, H1_CLASS_TOKEN)
H1_SCAN(h1_scan_value, h1_not_value, H1_CLASS_VALUE)
H1_SCAN(h1_scan_target, h1_not_target, H1_CLASS_TARGET)

#else

#define H1_SCAN(function, class_bit)                                                               \
	static inline const char *function(const char *begin, const char *p, const char *end)      \
	{                                                                                          \
		return h1_scan_table(p, end, class_bit);                                           \
	}

H1_SCAN(h1_scan_token, H1_CLASS_TOKEN)
H1_SCAN(h1_scan_value, H1_CLASS_VALUE)
H1_SCAN(h1_scan_target, H1_CLASS_TARGET)

#endif
#endif
