/* FilterChain: what it matches, and its one terminal network filter. */
#include "xds/translate/internal.h"

static void translate_chain_match(struct translation *t, const Listener__FilterChainMatch *match,
				  struct config_filter_chain *to)
{
	uint32_t port = translate_u32(match ? match->destination_port : NULL, 0);

	if (match && match->destination_port && (port < 1 || port > 65535))
		FAULT(t, match, "destination_port", "a port is from 1 to 65535");
	to->match_destination_port = (uint16_t)port;
}

static void translate_network_filter(struct translation *t, const Listener__Filter *from,
				     const char *chain, struct config_filter_chain *to)
{
	const ProtobufCMessage *config = translate_any_content(
		t, from, "typed_config",
		from->config_type_case == LISTENER__FILTER__CONFIG_TYPE_TYPED_CONFIG ?
			from->typed_config : NULL);

	if (!from->name[0])
		FAULT(t, from, "name", "required");
	if (!config)
		return;
	if (config->descriptor == &hcm__http_connection_manager__descriptor) {
		to->kind = NETWORK_HTTP;
		to->http = config_arena_alloc(t->arena, sizeof(*to->http));
		if (to->http)
			translate_hcm(t, (const Hcm__HttpConnectionManager *)config, chain, to->http);
	} else if (config->descriptor == &tcp_proxy__tcp_proxy__descriptor) {
		to->kind = NETWORK_TCP_PROXY;
		to->tcp_proxy = config_arena_alloc(t->arena, sizeof(*to->tcp_proxy));
		if (to->tcp_proxy)
			translate_tcp_proxy(t, (const TcpProxy__TcpProxy *)config, to->tcp_proxy);
	} else {
		FAULT(t, from->typed_config, "@type", "%s is not a network filter that is known",
		      config->descriptor->name);
	}
}

void translate_filter_chain(struct translation *t, const Listener__FilterChain *from,
			    const char *chain, struct config_filter_chain *to)
{
	to->name = translate_text(t, from->name);
	translate_chain_match(t, from->filter_chain_match, to);
	if (!from->n_filters) {
		FAULT(t, from, "filters", "at least one is required");
		return;
	}
	for (size_t i = 1; i < from->n_filters; i++)
		FAULT(t, from->filters[i], NULL, "http_connection_manager and tcp_proxy end a chain");
	translate_network_filter(t, from->filters[0], chain, to);
}
