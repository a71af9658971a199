#include "tests/lib/h1_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	h1_fuzz_head(data, size, true);
	return 0;
}
