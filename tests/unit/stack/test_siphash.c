#include "stack/base/siphash.h"

#include "tests/lib/guard.h"
#include "tests/lib/unit.h"

static const struct siphash_key key = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
static uint8_t input[64];

static void setup(void)
{
	for (unsigned i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)i;
}

/* The authors' vectors for SipHash-2-4: key 00 01 … 0f, input 00 01 … of each length. */
static void reference_vectors_of_siphash24(void)
{
	static const uint64_t expected[] = {
		UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd),
		UINT64_C(0x0d6c8009d9a94f5a), UINT64_C(0x85676696d7fb7e2d),
		UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
		UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137),
		UINT64_C(0x93f5f5799a932462), UINT64_C(0x9e0082df0ba9e4b0),
	};

	setup();
	for (unsigned length = 0; length < sizeof(expected) / sizeof(expected[0]); length++)
		CU_ASSERT_EQUAL(siphash24(&key, input, length), expected[length]);
	/* The example of the paper's appendix. */
	CU_ASSERT_EQUAL(siphash24(&key, input, 15), UINT64_C(0xa129ca6149be45e5));
}

static void lengths_keys_and_variants_differ_and_stay_inside(void)
{
	struct siphash_key other = {key.k0, key.k1 ^ 1};

	setup();
	for (size_t length = 1; length < sizeof(input); length++) {
		char *copy = guard_copy(input, length, 1);

		CU_ASSERT_EQUAL(siphash13(&key, copy, length), siphash13(&key, input, length));
		CU_ASSERT_NOT_EQUAL(siphash13(&key, copy, length), siphash13(&other, copy, length));
		CU_ASSERT_NOT_EQUAL(siphash13(&key, copy, length), siphash24(&key, copy, length));
		CU_ASSERT_NOT_EQUAL(siphash13(&key, copy, length), siphash13(&key, copy, length - 1));
		guard_free(copy, length, 1);
	}
}

UNIT_TESTS(UNIT_TEST(reference_vectors_of_siphash24),
	   UNIT_TEST(lengths_keys_and_variants_differ_and_stay_inside))
