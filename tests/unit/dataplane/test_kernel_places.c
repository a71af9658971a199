/* Listening sockets of the kernel, on real paths and loopback. */
#include "dataplane/kernel_stream/kernel_places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataplane/kernel_stream/kernel_socket.h"
#include "tests/lib/unit.h"

static char folder[] = "/tmp/placesXXXXXX", path[64];
static struct kernel_places *all;
static struct why why;

static void start(void)
{
	if (!path[0]) {
		if (!mkdtemp(folder))
			abort();
		snprintf(path, sizeof(path), "%s/sock", folder);
	}
	all = kernel_places_create();
	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
}

static struct config_listen_address pipe_at(const char *where, uint32_t mode)
{
	return (struct config_listen_address){.pipe = where, .pipe_mode = mode};
}

static int try_connect(const struct config_listen_address *at)
{
	struct kernel_name name;
	int error = 0;

	if (!kernel_name_make(&name, &at->addr, at->port, at->pipe))
		abort();
	int fd = socket(((struct sockaddr *)name.raw)->sa_family, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)name.raw, name.bytes) != 0)
		error = errno;
	close(fd);
	return error;
}

static bool exists(const char *where)
{
	struct stat found;

	return lstat(where, &found) == 0;
}

static void a_pipe_has_its_mode_and_goes_with_its_place(void)
{
	struct config_listen_address at;
	struct stat made;
	int fd = -1, again = -1;

	start();
	at = pipe_at(path, 0640);
	CU_ASSERT_FATAL(kernel_places_want(all, &at, 8, &fd, &why));
	CU_ASSERT_EQUAL(lstat(path, &made), 0);
	CU_ASSERT(S_ISSOCK(made.st_mode));
	CU_ASSERT_EQUAL(made.st_mode & 0777, 0640);
	/* Bound, not listening: nobody comes in before the listeners are published. */
	CU_ASSERT_EQUAL(try_connect(&at), ECONNREFUSED);
	CU_ASSERT(kernel_places_listen(all, &why));
	CU_ASSERT_EQUAL(try_connect(&at), 0);
	/* The next version of the configuration: the same socket. */
	kernel_places_begin(all);
	CU_ASSERT(kernel_places_want(all, &at, 8, &again, &why));
	CU_ASSERT_EQUAL(fd, again);
	kernel_places_settle(all);
	CU_ASSERT_EQUAL(try_connect(&at), 0);
	/* It is gone from the configuration. */
	kernel_places_begin(all);
	CU_ASSERT_EQUAL(try_connect(&at), 0);
	kernel_places_settle(all);
	CU_ASSERT(!exists(path));
	CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), -1);
	kernel_places_destroy(all);
}

static void a_stale_file_is_replaced_and_others_are_not(void)
{
	struct config_listen_address at;
	struct kernel_places *other;
	struct kernel_name name;
	int fd = -1, stale;
	FILE *file;

	start();
	at = pipe_at(path, 0);
	/* What a killed process leaves. */
	if (!kernel_name_make(&name, &at.addr, 0, path))
		abort();
	stale = socket(AF_UNIX, SOCK_STREAM, 0);
	CU_ASSERT_EQUAL(bind(stale, (struct sockaddr *)name.raw, name.bytes), 0);
	close(stale);
	CU_ASSERT(exists(path));
	CU_ASSERT_FATAL(kernel_places_want(all, &at, 8, &fd, &why));
	CU_ASSERT(kernel_places_listen(all, &why));
	/* One that is served stays its owner's. */
	other = kernel_places_create();
	CU_ASSERT(!kernel_places_want(other, &at, 8, &fd, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "another process"));
	kernel_places_destroy(other);
	CU_ASSERT_EQUAL(try_connect(&at), 0);
	/* Somebody has put his own in its place: it is not ours to remove. */
	unlink(path);
	file = fopen(path, "w");
	fputs("precious", file);
	fclose(file);
	kernel_places_destroy(all);
	CU_ASSERT(exists(path));
	start();
	CU_ASSERT(!kernel_places_want(all, &at, 8, &fd, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "is no socket"));
	CU_ASSERT(exists(path));
	unlink(path);
	kernel_places_destroy(all);
}

static void addresses_say_why_they_cannot_be_had(void)
{
	struct config_listen_address at = {.port = 41999}, taken, far = {.port = 80};
	struct kernel_places *other;
	int fd = -1;

	start();
	CU_ASSERT(ip_addr_parse("127.0.0.1", &at.addr));
	CU_ASSERT(ip_addr_parse("192.0.2.7", &far.addr));
	while (!kernel_places_want(all, &at, 8, &fd, &why))
		at.port--;
	CU_ASSERT(kernel_places_listen(all, &why));
	other = kernel_places_create();
	taken = at;
	CU_ASSERT(!kernel_places_want(other, &taken, 8, &fd, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "127.0.0.1:"));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "listens there"));
	CU_ASSERT(!kernel_places_want(other, &far, 8, &fd, &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "no interface"));
	kernel_places_destroy(other);
	CU_ASSERT_EQUAL(try_connect(&at), 0);
	kernel_places_close(all);
	CU_ASSERT_EQUAL(try_connect(&at), ECONNREFUSED);
	kernel_places_destroy(all);
	rmdir(folder);
}

UNIT_TESTS(UNIT_TEST(a_pipe_has_its_mode_and_goes_with_its_place),
	   UNIT_TEST(a_stale_file_is_replaced_and_others_are_not),
	   UNIT_TEST(addresses_say_why_they_cannot_be_had))
