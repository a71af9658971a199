#include "dataplane/port/burst_guard.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct burst_guard burst_guards[BURST_GUARDS_MAX];
void burst_wait_all(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < BURST_GUARDS_MAX; i++)
		while (__atomic_load_n(&burst_guards[i].inside, __ATOMIC_ACQUIRE))
			__builtin_ia32_pause();
}

/* Takes the place of libc's for the program and its shared libraries. */
__attribute__((visibility("default"))) int munmap(void *address, size_t bytes)
{
	burst_wait_all();
	return (int)syscall(SYS_munmap, address, bytes);
}
