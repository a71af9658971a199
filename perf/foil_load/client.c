#include "perf/foil_load/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/time.h"

struct load_connection {
	struct load_client *client;
	struct stream *stream;         /* NULL = closed */
	uint64_t sent_at_ns;
	uint64_t send_at_ns;           /* the next request, after a pause; 0 = none waits */
	uint64_t body_left_bytes;
	bool in_body;
};

static void close_connection(struct load_connection *connection, uint64_t now_ns)
{
	stream_release(connection->stream, now_ns);
	connection->stream = NULL;
	connection->send_at_ns = 0;
	connection->client->open--;
}

static void send_request(struct load_connection *connection, uint64_t now_ns)
{
	struct load_client *client = connection->client;
	const struct canned *request = &client->requests[client->next_path];

	client->next_path = client->next_path + 1 < client->params.paths ? client->next_path + 1 : 0;
	connection->in_body = false;
	connection->sent_at_ns = now_ns;
	if (!canned_send(request, connection->stream, client->params.slices, now_ns)) {
		client->errors++;
		close_connection(connection, now_ns);
	}
}

static void answer_complete(struct load_connection *connection, uint64_t now_ns)
{
	struct load_client *client = connection->client;

	client->answers++;
	histogram_record(&client->latency, now_ns - connection->sent_at_ns);
	if (client->params.reconnect)
		close_connection(connection, now_ns);
	else if (client->params.pause_ns > 0)
		connection->send_at_ns = now_ns + client->params.pause_ns;
	else
		send_request(connection, now_ns);
}

static void read_answer(struct load_connection *connection, uint64_t now_ns)
{
	struct load_client *client = connection->client;
	struct stream *stream = connection->stream;
	struct head_facts facts;

	if (!connection->in_body) {
		if (head_look(stream, &facts) != HEAD_READY)
			return;
		if (facts.status != 200)
			client->errors++;
		stream_skip(stream, client->params.slices, facts.head_bytes, now_ns);
		client->answer_bytes += facts.head_bytes + facts.content_length_bytes;
		connection->body_left_bytes = facts.content_length_bytes;
		connection->in_body = true;
	}
	connection->body_left_bytes -= stream_skip(stream, client->params.slices,
						   (uint32_t)connection->body_left_bytes, now_ns);
	if (connection->body_left_bytes == 0)
		answer_complete(connection, now_ns);
}

static void ready(struct stream *stream, uint32_t events, uint64_t now_ns)
{
	struct load_connection *connection = stream->owner;

	if (events & STREAM_RESET) {
		connection->client->errors++;
		close_connection(connection, now_ns);
		return;
	}
	if (events & STREAM_OPENED)
		send_request(connection, now_ns);
	else
		read_answer(connection, now_ns);
	if ((events & STREAM_ENDED) && connection->stream)
		close_connection(connection, now_ns);
}

static const struct stream_owner_ops owner_ops = {.ready = ready};

static bool make_requests(struct load_client *client)
{
	const struct load_client_params *params = &client->params;
	char text[4096];

	client->requests = calloc(params->paths, sizeof(*client->requests));
	if (!client->requests)
		return false;
	for (uint32_t i = 0; i < params->paths; i++) {
		int length = snprintf(text, sizeof(text),
				      "GET /route/%u/item?id=42 HTTP/1.1\r\nHost: %s\r\n"
				      "User-Agent: foil-load\r\nAccept: text/html,application/json;q=0.9\r\n"
				      "Accept-Encoding: gzip, deflate\r\nAccept-Language: en-GB,en;q=0.8\r\n"
				      "Cookie: session=0123456789abcdef0123456789abcdef\r\nX-Padding: ",
				      i, params->host);

		while (length + 4 < (int)params->header_bytes && length + 5 < (int)sizeof(text))
			text[length++] = 'p';
		memcpy(text + length, "\r\n\r\n", 4);
		if (!canned_make(&client->requests[i], params->pool, text, (uint32_t)length + 4))
			return false;
	}
	return true;
}

bool load_client_open(struct load_client *client, const struct load_client_params *params)
{
	memset(client, 0, sizeof(*client));
	client->params = *params;
	client->connections = calloc(params->connections, sizeof(*client->connections));
	return client->connections && make_requests(client);
}

void load_client_connect(struct load_client *client, uint32_t max, uint64_t now_ns)
{
	struct stream_opener *opener = tcp_opener(stack_tcp(client->params.stack));
	struct stream_target target = {.remote = client->params.target,
				       .remote_port = client->params.port,
				       .connect_timeout_ns = 5 * NS_PER_SECOND};
	enum stream_failure why;

	for (uint32_t i = 0; i < client->params.connections && max > 0; i++) {
		struct load_connection *connection = &client->connections[i];

		if (connection->stream)
			continue;
		max--;
		connection->client = client;
		connection->stream = opener->open(opener, &target, &why, now_ns);
		if (!connection->stream) {
			client->errors++;
			return;
		}
		connection->stream->owner = connection;
		connection->stream->owner_ops = &owner_ops;
		client->open++;
	}
}

void load_client_resume(struct load_client *client, uint64_t now_ns)
{
	for (uint32_t i = 0; client->params.pause_ns > 0 && i < client->params.connections; i++) {
		struct load_connection *connection = &client->connections[i];

		if (connection->send_at_ns == 0 || connection->send_at_ns > now_ns)
			continue;
		connection->send_at_ns = 0;
		send_request(connection, now_ns);
	}
}

void load_client_reset(struct load_client *client)
{
	client->answers = 0;
	client->answer_bytes = 0;
	client->errors = 0;
	memset(&client->latency, 0, sizeof(client->latency));
}
