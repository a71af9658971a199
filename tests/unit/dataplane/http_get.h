/* One HTTP request over a kernel socket, for tests of the admin server and the exporter. */
#ifndef TESTS_UNIT_DATAPLANE_HTTP_GET_H
#define TESTS_UNIT_DATAPLANE_HTTP_GET_H

/* Sends "METHOD target" with extra header lines ("" or "a: b\r\n") to "127.0.0.1:PORT" or
 * "unix:/path", and returns the whole answer as text (the caller frees it); *body is where its body
 * starts.  Aborts when there is no answer. */
char *http_ask(const char *address, const char *method, const char *target, const char *headers,
	       const char **body);

#endif
