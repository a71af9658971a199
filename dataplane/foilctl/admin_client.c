#include "dataplane/foilctl/admin_client.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/foilctl/foilctl.h"

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

static CURLcode ask(CURL *curl, const char *address, const char *path, bool changes,
		    struct text *body)
{
	bool is_unix = strncmp(address, "unix:", 5) == 0;
	char url[2048];

	snprintf(url, sizeof(url), "http://%s%s", is_unix ? "localhost" : address, path);
	if (is_unix)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, address + 5);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	if (changes) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
	}
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* http_proxy is not meant for this */
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS_MAX);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ANSWER_MS_MAX);
	return curl_easy_perform(curl);
}

bool admin_client_ask(const char *address, const char *path, bool changes, struct text *body,
		      struct why *why)
{
	CURL *curl = curl_easy_init();
	long status = 0;

	if (!curl)
		return why_set(why, "no memory");
	CURLcode result = ask(curl, address, path, changes, body);

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

bool admin_client_find(const struct foilctl_options *options, const struct foilctl_io *io, char *out,
		       size_t size)
{
	if (options->admin) {
		snprintf(out, size, "%s", options->admin);
		return true;
	}
	struct segment_reader *reader = foilctl_open(options, io);

	if (!reader)
		return false;
	const struct segment_header *header = segment_reader_header(reader);

	snprintf(out, size, "%.*s", (int)sizeof(header->admin_address) - 1,
		 header->admin_address);
	segment_reader_close(reader);
	if (out[0] == '\0')
		fputs("foilctl: this hydrofoil has no admin server; give it one "
		      "(admin.address in the bootstrap)\n",
		      io->err);
	return out[0] != '\0';
}

bool admin_client_fetch(const struct foilctl_options *options, const struct foilctl_io *io,
			const char *path, struct text *body)
{
	char address[160];
	struct why why;

	if (!admin_client_find(options, io, address, sizeof(address)))
		return false;
	if (admin_client_ask(address, path, false, body, &why))
		return true;
	fprintf(io->err, "foilctl: %s\n", why.text);
	return false;
}

bool admin_client_begin(const char *address, struct text *path, uint64_t *id, struct why *why)
{
	struct text body = {0};
	bool done = (!path->failed || why_set(why, "no memory")) &&
		    admin_client_ask(address, path->data, true, &body, why);

	if (done) {
		json_t *root = json_loads(body.data ? body.data : "", 0, NULL);

		*id = (uint64_t)json_integer_value(json_object_get(root, "id"));
		json_decref(root);
		done = *id > 0 || why_set(why, "the answer is not understood");
	}
	text_free(path);
	text_free(&body);
	return done;
}

void admin_client_argument(struct text *path, const char *name, const char *value)
{
	if (!value)
		return;
	text_printf(path, "%c%s=", path->data && strchr(path->data, '?') ? '&' : '?', name);
	for (; *value; value++) {
		bool plain = (*value >= '0' && *value <= '9') || (*value >= 'a' && *value <= 'z') ||
			     (*value >= 'A' && *value <= 'Z') || strchr("-._~", *value);

		if (plain)
			text_add_bytes(path, value, 1);
		else
			text_printf(path, "%%%02X", (unsigned char)*value);
	}
}
