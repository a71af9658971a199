#include "stack/base/toeplitz.h"

const uint8_t toeplitz_default_key[TOEPLITZ_KEY_BYTES] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/* The 32 bits of the key that begin at bit `bit` of its byte `byte`. */
static uint32_t key_window(const uint8_t *key, unsigned byte, unsigned bit)
{
	uint64_t five = 0;

	for (unsigned i = 0; i < 5; i++)
		five = five << 8 | (byte + i < TOEPLITZ_KEY_BYTES ? key[byte + i] : 0);
	return (uint32_t)(five >> (8 - bit));
}

bool toeplitz_set_key(struct toeplitz *t, const uint8_t *key, uint32_t key_bytes)
{
	if (key_bytes < TOEPLITZ_KEY_BYTES)
		return false;
	for (unsigned place = 0; place < TOEPLITZ_INPUT_BYTES_MAX; place++)
		for (unsigned value = 0; value < 256; value++) {
			uint32_t sum = 0;

			for (unsigned bit = 0; bit < 8; bit++)
				if (value & (0x80u >> bit))
					sum ^= key_window(key, place, bit);
			t->parts[place][value] = sum;
		}
	return true;
}

static uint32_t add(const struct toeplitz *t, uint32_t sum, uint32_t place, const uint8_t *input,
		    uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		sum ^= t->parts[place + i][input[i]];
	return sum;
}

uint32_t toeplitz_bytes(const struct toeplitz *t, const void *input, uint32_t bytes)
{
	return add(t, 0, 0, input,
		   bytes < TOEPLITZ_INPUT_BYTES_MAX ? bytes : TOEPLITZ_INPUT_BYTES_MAX);
}

uint32_t toeplitz_addresses(const struct toeplitz *t, const struct ip_addr *src,
			    const struct ip_addr *dst)
{
	if (ip_addr_is_v4(src))
		return add(t, add(t, 0, 0, src->bytes + 12, 4), 4, dst->bytes + 12, 4);
	return add(t, add(t, 0, 0, src->bytes, 16), 16, dst->bytes, 16);
}

uint32_t toeplitz_flow(const struct toeplitz *t, const struct ip_addr *src, const struct ip_addr *dst,
		       uint16_t src_port, uint16_t dst_port)
{
	bool is_v4 = ip_addr_is_v4(src);

	return toeplitz_addresses(t, src, dst) ^ toeplitz_src_port(t, is_v4, src_port) ^
	       toeplitz_dst_port(t, is_v4, dst_port);
}
