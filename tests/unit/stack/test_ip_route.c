/* Which way a packet leaves, and from which of our addresses. */
#include "stack/ip/ip_route.h"

#include <string.h>

#include "stack/ip/ip_prefix.h"
#include "stack/ip/ip_source.h"
#include "tests/lib/eal.h"
#include "tests/lib/unit.h"

static struct netif netifs[3];
static struct drop_counters drops;
static struct ip_layer ip;

static struct ip_addr addr(const char *text)
{
	struct ip_addr parsed;

	CU_ASSERT_FATAL(ip_addr_parse(text, &parsed));
	return parsed;
}

static void own(unsigned netif, const char *text, uint8_t bits)
{
	struct netif *to = &netifs[netif];

	to->addresses[to->address_count++] = (struct netif_address){addr(text), bits};
}

static void route(unsigned netif, const char *prefix, uint8_t bits, const char *via)
{
	struct netif_route *to = &netifs[netif].routes[netifs[netif].route_count++];

	*to = (struct netif_route){.prefix = addr(prefix), .prefix_bits = bits, .on_link = !via};
	if (via)
		to->next_hop = addr(via);
}

static void setup(void)
{
	struct ip_layer_params params = {.netifs = netifs, .netif_count = 3, .drops = &drops,
					 .neighbours_max = 8};

	test_eal_start(32);
	memset(netifs, 0, sizeof(netifs));
	CU_ASSERT_FATAL(ip_layer_create(&ip, &params));
}

struct want {
	uint16_t vrf;
	const char *to;
	int netif; /* -1: no route */
	const char *hop;
};

static void check(const struct want *wants, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct ip_addr to = addr(wants[i].to), source = addr("192.0.2.99"), hop;
		struct ip_route got;
		enum drop_reason reason =
			ip_route_resolve(&ip, wants[i].vrf, &to, &source, &got);

		CU_ASSERT_EQUAL(reason, wants[i].netif < 0 ? DROP_IP_NO_ROUTE : DROP_NONE);
		if (reason != DROP_NONE || wants[i].netif < 0)
			continue;
		hop = addr(wants[i].hop);
		if (got.netif != wants[i].netif || !ip_addr_equal(&got.next_hop, &hop)) {
			fprintf(stderr, "# to %s\n", wants[i].to);
			CU_FAIL("another way");
		}
	}
}

static void the_longest_prefix_counts_over_all_ports_of_the_vrf(void)
{
	static const struct want wants[] = {
		{0, "10.1.2.3", 0, "10.1.2.3"},
		{0, "10.9.0.1", 0, "10.1.0.9"},        /* 10/8 */
		{0, "10.9.1.1", 1, "10.2.0.9"},        /* 10.9.1/24 is longer, on another port */
		{0, "10.9.1.7", 1, "10.9.1.7"},        /* a host on that link */
		{0, "10.1.3.4", 1, "10.2.0.9"},        /* longer than the link's own prefix */
		{0, "8.8.8.8", 0, "10.1.0.1"},         /* the default */
		{0, "10.2.0.9", 1, "10.2.0.9"},
		{0, "172.16.0.1", 1, "169.254.1.1"},
		{0, "169.254.1.1", 1, "169.254.1.1"},  /* a next hop that no prefix covers */
		{0, "2001:db8:9::1", 0, "fe80::9"},
		{0, "2001:db8::9", 0, "2001:db8::9"},
		{0, "2001:db9::1", -1, NULL},
		{7, "8.8.8.8", 2, "10.1.0.77"},
		{7, "10.1.2.3", 2, "10.1.2.3"},
		{7, "2001:db8:9::1", -1, NULL},
		{8, "10.1.2.3", -1, NULL},
	};

	setup();
	own(0, "10.1.0.2", 16);
	own(0, "2001:db8::2", 64);
	netifs[0].has_gateway_v4 = true;
	netifs[0].gateway_v4 = addr("10.1.0.1");
	route(0, "10.0.0.0", 8, "10.1.0.9");
	route(0, "2001:db8:9::", 48, "fe80::9");
	own(1, "10.2.0.2", 16);
	route(1, "10.9.1.0", 24, "10.2.0.9");
	route(1, "10.9.1.7", 32, NULL);
	route(1, "10.1.3.0", 24, "10.2.0.9");
	route(1, "172.16.0.0", 12, "169.254.1.1");
	own(2, "10.1.0.2", 16);
	route(2, "0.0.0.0", 0, "10.1.0.77");
	netifs[2].vrf = 7;
	check(wants, ARRAY_LEN(wants));
	ip_layer_destroy(&ip);
}

/* An answer leaves where the question came in, if that port leads back at all. */
static void answers_leave_where_the_question_came_in(void)
{
	struct ip_addr to = addr("10.9.1.1"), far = addr("8.8.8.8");
	struct ip_route got;

	setup();
	own(0, "10.1.0.2", 16);
	netifs[0].has_gateway_v4 = true;
	netifs[0].gateway_v4 = addr("10.1.0.1");
	own(1, "10.2.0.2", 16);
	route(1, "10.9.1.0", 24, "10.2.0.9");
	CU_ASSERT_EQUAL(ip_route_reply(&ip, 0, &to, &got), DROP_NONE);
	CU_ASSERT(got.netif == 0 && ip_addr_equal(&got.next_hop, &netifs[0].gateway_v4));
	CU_ASSERT_EQUAL(ip_route_reply(&ip, 1, &to, &got), DROP_NONE);
	CU_ASSERT_EQUAL(got.netif, 1);
	CU_ASSERT_EQUAL(ip_route_reply(&ip, 1, &far, &got), DROP_NONE);
	CU_ASSERT_EQUAL(got.netif, 0);
	ip_layer_destroy(&ip);
}

/* RFC 6724 5, each rule with what it decides; 10.2 of the RFC has some of the examples. */
static void the_source_is_chosen_by_the_rules(void)
{
	static const struct {
		const char *to, *a, *b; /* a is to win, in either order */
		uint8_t a_bits, b_bits, b_state;
	} cases[] = {
		{"2001:db8:1::1", "2001:db8:1::1", "2001:db8:1::2", 64, 64, 0},       /* 1 */
		{"2001:db8:1::1", "2001:db8:3::1", "fe80::1", 64, 64, 0},             /* 2 */
		{"fe80::9", "fe80::2", "2001:db8:1::2", 64, 64, 0},                   /* 2 */
		{"ff02::1", "fe80::2", "2001:db8:1::2", 64, 64, 0},                   /* 2 */
		{"ff0e::1", "2001:db8:1::2", "fe80::2", 64, 64, 0},                   /* 2 */
		{"198.51.100.1", "10.0.0.1", "169.254.0.5", 24, 16, 0},               /* 2 */
		{"169.254.0.9", "169.254.0.5", "10.0.0.1", 16, 24, 0},                /* 2 */
		{"2001:db8:1::1", "2001:db8:3::1", "2001:db8:1::2", 64, 64, 1},       /* 3 */
		{"2001:db8:1::1", "2001:db8:3::1", "2001:db8:1::2", 64, 64, 2},       /* not usable */
		{"2002:c633:6401::1", "2002:c633:6401::2", "2001:db8:1::2", 64, 64, 0}, /* 6 */
		{"fd00::1", "fdff::1", "2001:db8:1::2", 64, 64, 0},                   /* 6 */
		{"2001:db8:1::1", "2001:db8:1::2", "2001:db8:3::2", 64, 64, 0},       /* 8 */
		{"10.1.0.200", "10.1.0.129", "10.1.0.1", 25, 16, 0},                  /* 8 */
		{"10.1.0.2", "10.1.0.1", "10.1.0.129", 16, 25, 0},                    /* its own link */
		{"10.7.0.2", "10.6.0.1", "172.16.0.1", 16, 16, 0},                    /* 8 */
		{"192.0.2.1", "10.0.0.1", "2001:db8::1", 24, 64, 0},                  /* the family */
	};

	for (unsigned i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		struct netif netif = {.address_count = 2};
		unsigned a = i & 1;
		struct ip_addr to = addr(cases[i / 2].to);

		netif.addresses[a] = (struct netif_address){addr(cases[i / 2].a), cases[i / 2].a_bits};
		netif.addresses[!a] = (struct netif_address){addr(cases[i / 2].b), cases[i / 2].b_bits};
		netif.address_states[!a] = cases[i / 2].b_state;
		if (netif_source_for(&netif, &to) != &netif.addresses[a].addr) {
			fprintf(stderr, "# to %s\n", cases[i / 2].to);
			CU_FAIL("another source");
		}
	}
	struct netif none = {.address_count = 1, .address_states = {NETIF_ADDRESS_DUPLICATE}};
	struct ip_addr to = addr("192.0.2.1");

	none.addresses[0] = (struct netif_address){addr("192.0.2.9"), 24};
	CU_ASSERT_PTR_NULL(netif_source_for(&none, &to));
}

static void an_address_that_is_not_in_use_is_not_ours(void)
{
	struct ip_addr ours = addr("10.1.0.2");

	setup();
	own(0, "10.1.0.2", 16);
	for (unsigned state = NETIF_ADDRESS_PREFERRED; state <= NETIF_ADDRESS_DUPLICATE; state++) {
		netifs[0].address_states[0] = (uint8_t)state;
		CU_ASSERT_EQUAL(ip_is_ours(&ip, 0, &ours), state <= NETIF_ADDRESS_OPTIMISTIC);
		CU_ASSERT_EQUAL(netif_find(&netifs[0], &ours), 0);
	}
	ip_layer_destroy(&ip);
}

/* Those that do as well: of one scope, label and link with the one that was chosen. */
static void other_sources_do_as_well_as_the_first(void)
{
	static const struct {
		const char *to;
		unsigned count; /* of the addresses below that come out, the chosen one among them */
		const char *sources[4];
	} cases[] = {
		{"10.1.0.99", 2, {"10.1.0.2", "10.1.0.3"}},
		{"192.0.2.1", 4, {"10.1.0.2", "10.1.0.3", "10.2.0.2", "172.16.0.2"}},
		{"2001:db8:1::99", 2, {"2001:db8:1::2", "2001:db8:1::3"}},
		{"2001:db8:77::1", 2, {"2001:db8:1::2", "2001:db8:1::3"}},
		{"fd00::9", 1, {"fd00::2"}},
		{"fe80::9", 1, {"fe80::2"}},
	};
	static const char *const own_texts[] = {"10.1.0.2", "10.1.0.3", "10.2.0.2", "169.254.3.3",
						"172.16.0.2", "2001:db8:1::2", "2001:db8:1::3",
						"2001:db8:1::4", "fe80::2", "fd00::2"};
	struct netif netif = {.address_count = ARRAY_LEN(own_texts)};

	for (unsigned i = 0; i < ARRAY_LEN(own_texts); i++)
		netif.addresses[i] = (struct netif_address){addr(own_texts[i]), i < 5 ? 24 : 64};
	netif.address_states[7] = NETIF_ADDRESS_TENTATIVE;
	for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
		struct ip_addr to = addr(cases[i].to), out[NETIF_ADDRESSES_MAX];
		const struct ip_addr *first = netif_source_for(&netif, &to);

		CU_ASSERT_PTR_NOT_NULL_FATAL(first);
		CU_ASSERT_EQUAL(netif_sources_like(&netif, &to, first, out), cases[i].count);
		CU_ASSERT(ip_addr_equal(&out[0], first));
		for (unsigned k = 0; k < cases[i].count; k++) {
			struct ip_addr wanted = addr(cases[i].sources[k]);
			unsigned found = 0;

			for (unsigned m = 0; m < cases[i].count; m++)
				found += ip_addr_equal(&out[m], &wanted);
			CU_ASSERT_EQUAL(found, 1);
		}
	}
}

UNIT_TESTS(UNIT_TEST(the_longest_prefix_counts_over_all_ports_of_the_vrf),
	   UNIT_TEST(answers_leave_where_the_question_came_in),
	   UNIT_TEST(the_source_is_chosen_by_the_rules),
	   UNIT_TEST(an_address_that_is_not_in_use_is_not_ours),
	   UNIT_TEST(other_sources_do_as_well_as_the_first))
