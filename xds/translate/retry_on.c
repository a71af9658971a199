/* RetryPolicy.retry_on: the reasons, by Envoy's words, for which a request is tried again. */
#include <string.h>

#include "xds/translate/internal.h"

enum word_kind { SERVED, WITHOUT_EFFECT, NOT_SERVED };

static const struct word {
	const char *name;
	enum word_kind kind;
	uint32_t bits;
	const char *why;
} words[] = {
	{"5xx", SERVED, RETRY_ON_5XX | RETRY_ON_GATEWAY_ERROR | RETRY_ON_RESET |
			RETRY_ON_CONNECT_FAILURE | RETRY_ON_REFUSED_STREAM, ""},
	{"gateway-error", SERVED, RETRY_ON_GATEWAY_ERROR, ""},
	{"reset", SERVED, RETRY_ON_RESET, ""},
	{"reset-before-request", SERVED, RETRY_ON_RESET_BEFORE_REQUEST, ""},
	{"connect-failure", SERVED, RETRY_ON_CONNECT_FAILURE, ""},
	{"refused-stream", SERVED, RETRY_ON_REFUSED_STREAM, ""},
	/* What they speak of cannot happen here, so leaving them out changes no request. */
	{"cancelled", WITHOUT_EFFECT, 0, "there is no gRPC"},
	{"deadline-exceeded", WITHOUT_EFFECT, 0, "there is no gRPC"},
	{"internal", WITHOUT_EFFECT, 0, "there is no gRPC"},
	{"resource-exhausted", WITHOUT_EFFECT, 0, "there is no gRPC"},
	{"unavailable", WITHOUT_EFFECT, 0, "there is no gRPC"},
	{"http3-post-connect-failure", WITHOUT_EFFECT, 0, "there is no HTTP/3"},
	{"envoy-ratelimited", NOT_SERVED, 0, ""},
	{"retriable-4xx", NOT_SERVED, 0, ""},
	{"retriable-status-codes", NOT_SERVED, 0, ""},
	{"retriable-headers", NOT_SERVED, 0, ""},
};

static const struct word *find_word(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].name) == length && !memcmp(words[i].name, text, length))
			return &words[i];
	return NULL;
}

static void translate_word(struct translation *t, const Route__RetryPolicy *from, const char *text,
			   size_t length, uint32_t *bits)
{
	const struct word *word = find_word(text, length);

	if (!word)
		FAULT(t, from, "retry_on", "\"%.*s\" is not a reason that is known", (int)length, text);
	else if (word->kind == NOT_SERVED)
		FAULT(t, from, "retry_on", "not supported: \"%s\"", word->name);
	else if (word->kind == WITHOUT_EFFECT)
		document_warning(t->document, &from->base, "retry_on", "without effect: \"%s\": %s",
				 word->name, word->why);
	else
		*bits |= word->bits;
}

uint32_t translate_retry_on(struct translation *t, const Route__RetryPolicy *from)
{
	uint32_t bits = 0;

	/* Envoy passes over empty words and the space around them. */
	for (const char *at = from->retry_on; *(at += strspn(at, ", \t"));) {
		size_t end = strcspn(at, ","), length = end;

		while (at[length - 1] == ' ' || at[length - 1] == '\t')
			length--;
		translate_word(t, from, at, length, &bits);
		at += end;
	}
	return bits;
}
