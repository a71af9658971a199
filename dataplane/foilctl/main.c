/* foilctl: see foilctl.h and `foilctl --help`. */
#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/clock.h"
#include "dataplane/foilctl/foilctl.h"
#include "stack/base/time.h"

static struct foilctl_io io;
static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
	interrupted = 1;
}

static void look_at_terminal(void)
{
	struct winsize size;

	/* Into a file or a pipe nothing is wrapped. */
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		io.width = size.ws_col;
		io.height = size.ws_row;
	}
}

/* From the first rest on Ctrl-C ends the rest, so that a screen can be put in order again. */
static bool sleep_ns(uint64_t ns)
{
	struct sigaction action = {.sa_handler = interrupt};
	struct timespec pause = {.tv_sec = (time_t)(ns / NS_PER_SECOND),
				 .tv_nsec = (long)(ns % NS_PER_SECOND)};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!interrupted && nanosleep(&pause, &pause) != 0 && errno == EINTR)
		;
	look_at_terminal();
	return !interrupted;
}

int main(int argc, char **argv)
{
	io = (struct foilctl_io){.out = stdout, .err = stderr, .now_ns = clock_wall_ns,
				 .sleep_ns = sleep_ns};
	look_at_terminal();
	int status = foilctl_run(argc, argv, &io);

	if (fflush(stdout) != 0 && status == FOILCTL_OK)
		status = FOILCTL_FAILED;
	return status;
}
