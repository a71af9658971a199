#include "tests/unit/dataplane/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int dial(const char *address)
{
	struct sockaddr_in tcp = {.sin_family = AF_INET};
	struct sockaddr_un local = {.sun_family = AF_UNIX};
	int is_unix = strncmp(address, "unix:", 5) == 0;
	int fd = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (is_unix) {
		snprintf(local.sun_path, sizeof(local.sun_path), "%s", address + 5);
		error = connect(fd, (struct sockaddr *)&local, sizeof(local));
	} else {
		tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		tcp.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
		error = connect(fd, (struct sockaddr *)&tcp, sizeof(tcp));
	}
	if (fd < 0 || error != 0)
		abort();
	return fd;
}

char *http_ask(const char *address, const char *method, const char *target, const char *headers,
	       const char **body)
{
	size_t capacity = 4 << 20, length = 0;
	char *answer = malloc(capacity), request[1024];
	int fd = dial(address);
	ssize_t n;

	int size = snprintf(request, sizeof(request),
			    "%s %s HTTP/1.1\r\nhost: x\r\nconnection: close\r\n%s\r\n", method, target,
			    headers);

	if (!answer || write(fd, request, (size_t)size) != size)
		abort();
	while ((n = read(fd, answer + length, capacity - 1 - length)) > 0)
		length += (size_t)n;
	answer[length] = '\0';
	close(fd);
	char *end = strstr(answer, "\r\n\r\n");

	if (!end)
		abort();
	*body = end + 4;
	return answer;
}
