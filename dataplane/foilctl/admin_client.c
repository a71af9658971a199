#include "dataplane/foilctl/admin_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_BYTES_MAX (64u << 20)
#define CONNECT_MS_MAX 2000L
#define ANSWER_MS_MAX 10000L

static size_t receive(char *bytes, size_t size, size_t count, void *context)
{
	struct text *body = context;

	if (body->length + size * count > ANSWER_BYTES_MAX)
		return 0;
	text_add_bytes(body, bytes, size * count);
	return body->failed ? 0 : size * count;
}

static CURLcode ask(CURL *curl, const char *address, const char *path, struct text *body)
{
	bool is_unix = strncmp(address, "unix:", 5) == 0;
	char url[512];

	snprintf(url, sizeof(url), "http://%s%s", is_unix ? "localhost" : address, path);
	if (is_unix)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, address + 5);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* http_proxy is not meant for this */
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS_MAX);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ANSWER_MS_MAX);
	return curl_easy_perform(curl);
}

bool admin_client_get(const char *address, const char *path, struct text *body, struct why *why)
{
	CURL *curl = curl_easy_init();
	long status = 0;

	if (!curl)
		return why_set(why, "no memory");
	CURLcode result = ask(curl, address, path, body);

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (result != CURLE_OK)
		return why_set(why, "no answer from the admin server %s: %s", address,
			       curl_easy_strerror(result));
	if (status != 200)
		return why_set(why, "the admin server %s answered %ld: %.200s", address, status,
			       body->data ? body->data : "");
	return true;
}
