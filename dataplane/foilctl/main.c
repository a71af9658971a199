/* foilctl: see foilctl.h and `foilctl --help`. */
#include <errno.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/clock.h"
#include "dataplane/foilctl/foilctl.h"
#include "stack/base/time.h"

static void sleep_ns(uint64_t ns)
{
	struct timespec pause = {.tv_sec = (time_t)(ns / NS_PER_SECOND),
				 .tv_nsec = (long)(ns % NS_PER_SECOND)};

	while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
		;
}

int main(int argc, char **argv)
{
	struct foilctl_io io = {.out = stdout, .err = stderr, .now_ns = clock_wall_ns,
				.sleep_ns = sleep_ns};
	struct winsize size;

	/* Into a file or a pipe nothing is wrapped. */
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		io.width = size.ws_col;
		io.height = size.ws_row;
	}
	int status = foilctl_run(argc, argv, &io);

	if (fflush(stdout) != 0 && status == FOILCTL_OK)
		status = FOILCTL_FAILED;
	return status;
}
