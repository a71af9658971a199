/* foilctl: see foilctl.h and `foilctl --help`. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "dataplane/foilctl/foilctl.h"

int main(int argc, char **argv)
{
	struct foilctl_io io = {.out = stdout, .err = stderr};
	struct winsize size;

	/* Into a file or a pipe nothing is wrapped. */
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		io.width = size.ws_col;
	int status = foilctl_run(argc, argv, &io);

	if (fflush(stdout) != 0 && status == FOILCTL_OK)
		status = FOILCTL_FAILED;
	return status;
}
