#include "dataplane/runtime_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 8
#define TRIES_MAX 64

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	(void)st;
	(void)flag;
	(void)walk;
	remove(path);
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, DEPTH_MAX, FTW_DEPTH | FTW_PHYS);
}

/* A directory of ours that nobody holds the lock of was left by a start that was killed. */
static void remove_stale(const char *base)
{
	char pattern[256];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/hydrofoil-??????", base);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct stat st;
		int fd = open(found.gl_pathv[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			continue;
		if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		    flock(fd, LOCK_EX | LOCK_NB) == 0)
			remove_tree(found.gl_pathv[i]);
		close(fd);
	}
	globfree(&found);
}

static const char *choose_base(void)
{
	const char *candidates[] = {getenv("RUNTIME_DIRECTORY"), geteuid() == 0 ? "/run" : NULL,
				    getenv("XDG_RUNTIME_DIR")};

	for (unsigned i = 0; i < ARRAY_LEN(candidates); i++)
		if (candidates[i] && access(candidates[i], W_OK | X_OK) == 0)
			return candidates[i];
	return "/tmp";
}

/* Still the directory that was made, and not one that another start has taken for stale between
 * mkdtemp() and flock(). */
static bool is_ours(const struct runtime_dir *dir)
{
	struct stat by_path, by_fd;

	return stat(dir->path, &by_path) == 0 && fstat(dir->lock_fd, &by_fd) == 0 &&
	       by_path.st_dev == by_fd.st_dev && by_path.st_ino == by_fd.st_ino;
}

static bool make_locked(struct runtime_dir *dir, const char *base)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		snprintf(dir->path, sizeof(dir->path), "%.200s/hydrofoil-XXXXXX", base);
		if (!mkdtemp(dir->path))
			return false;
		dir->lock_fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir->lock_fd < 0) {
			if (errno == ENOENT)
				continue;
			remove(dir->path);
			return false;
		}
		if (flock(dir->lock_fd, LOCK_EX | LOCK_NB) == 0 && is_ours(dir))
			return true;
		/* Whoever took it for stale removes it. */
		close(dir->lock_fd);
	}
	errno = EBUSY;
	return false;
}

bool runtime_dir_enter(struct runtime_dir *dir, struct why *why)
{
	const char *base = choose_base();

	remove_stale(base);
	if (!make_locked(dir, base))
		return why_set(why,
			       "no directory for DPDK's start can be made in %s (%s); set "
			       "RUNTIME_DIRECTORY to a writable one",
			       base, strerror(errno));
	if (setenv("RUNTIME_DIRECTORY", dir->path, 1) != 0) {
		runtime_dir_leave(dir);
		return why_set(why, "no memory for the environment");
	}
	return true;
}

void runtime_dir_leave(struct runtime_dir *dir)
{
	remove_tree(dir->path);
	close(dir->lock_fd);
	dir->lock_fd = -1;
}
