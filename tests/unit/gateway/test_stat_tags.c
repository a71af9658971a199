#include "gateway/stats/stat_tags.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"

static struct why why;

/* "name{label=value,...}" of a name without default tags. */
static const char *shape_parts(struct stat_tags *tags, const char *name, const struct stat_part *parts,
			       uint32_t count)
{
	static char out[4096];
	static struct stat_tagged tagged;
	size_t length;

	stat_tags_extract(tags, name, parts, count, &tagged);
	length = (size_t)snprintf(out, sizeof(out), "%s{", tagged.name);
	for (uint32_t i = 0; i < tagged.count; i++)
		length += (size_t)snprintf(out + length, sizeof(out) - length, "%s%s=%.*s", i ? "," : "",
					   tagged.tags[i].label, (int)tagged.tags[i].length,
					   tagged.tags[i].value);
	snprintf(out + length, sizeof(out) - length, "}");
	return out;
}

static const char *shape(struct stat_tags *tags, const char *name)
{
	return shape_parts(tags, name, NULL, 0);
}

static void regex(struct stat_tags *tags, const char *name, const char *pattern)
{
	CU_ASSERT_FATAL(stat_tags_regex(tags, name, pattern, &why));
}

#define IS(got, wanted) CU_ASSERT_STRING_EQUAL(got, wanted)

/* Those of the bootstrap that Istio's agent writes. */
static struct stat_tags *istio(void)
{
	struct stat_tags *t = stat_tags_create();

	stat_tags_no_defaults(t);
	regex(t, "cluster_name", "^cluster\\.((.+?(\\..+?\\.svc\\.cluster\\.local)?)\\.)");
	regex(t, "tcp_prefix", "^tcp\\.((.*?)\\.)\\w+?$");
	regex(t, "response_code", "(response_code=\\.=(.+?);\\.;)|_rq(_(\\.d{3}))$");
	regex(t, "response_code_class", "_rq(_(\\dxx))$");
	regex(t, "http_conn_manager_listener_prefix",
	      "^listener(?=\\.).*?\\.http\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)");
	regex(t, "http_conn_manager_prefix",
	      "^http\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)");
	regex(t, "listener_address",
	      "^listener\\.(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)");
	regex(t, "mongo_prefix", "^mongo\\.(.+?)\\.(collection|cmd|cx_|op_|delays_|decoding_)(.*?)$");
	regex(t, "reporter", "(reporter=\\.=(.*?);\\.;)");
	regex(t, "cache", "(cache\\.(.+?)\\.)");
	regex(t, "authz_enforce_result", "rbac(\\.(allowed|denied))");
	regex(t, "authz_dry_run_result", "(\\.shadow_(allowed|denied))");
	return t;
}

static void what_istio_writes_does_what_it_wants(void)
{
	struct stat_tags *t = istio();

	IS(shape(t, "cluster.outbound|80|v1|shop.default.svc.cluster.local.upstream_cx_total"),
	   "cluster.upstream_cx_total{cluster_name=outbound|80|v1|shop.default.svc.cluster.local}");
	IS(shape(t, "cluster.xds-grpc.upstream_cx_total"), "cluster.upstream_cx_total{cluster_name=xds-grpc}");
	IS(shape(t, "cluster.xds-grpc.upstream_rq_2xx"),
	   "cluster.upstream_rq{response_code_class=2xx,cluster_name=xds-grpc}");
	IS(shape(t, "cluster.xds-grpc.upstream_rq_200"), "cluster.upstream_rq_200{cluster_name=xds-grpc}");
	IS(shape(t, "tcp.outbound_80.downstream_cx_total"), "tcp.downstream_cx_total{tcp_prefix=outbound_80}");
	IS(shape(t, "listener.10.0.0.1_80.downstream_cx_total"),
	   "listener.downstream_cx_total{listener_address=10.0.0.1_80}");
	IS(shape(t, "listener.[fd00__1]_80.http.0.0.0.0_80.downstream_rq_2xx"),
	   "listener.http.downstream_rq{response_code_class=2xx,"
	   "http_conn_manager_listener_prefix=0.0.0.0_80,listener_address=[fd00__1]_80}");
	IS(shape(t, "http.inbound_0.0.0.0_80.rbac.allowed"), "http.inbound_0.0.0.0_80.rbac{authz_enforce_result=allowed}");
	IS(shape(t, "http.0.0.0.0_80.rbac.shadow_denied"),
	   "http.rbac{authz_dry_run_result=denied,http_conn_manager_prefix=0.0.0.0_80}");
	IS(shape(t, "reporter=.=source;.;response_code=.=200;.;istio_requests_total"),
	   "istio_requests_total{response_code=200,reporter=source}");
	IS(shape(t, "server.live"), "server.live{}");
	stat_tags_free(t);
}

static void defaults_stand_in_envoys_order(void)
{
	static const char name[] = "cluster.a.b.upstream_rq_503";
	static const struct stat_part parts[] = {{STAT_DEFAULT_CLUSTER_NAME, 8, 3, 8, 4},
						 {STAT_DEFAULT_RESPONSE_CODE, 24, 3, 23, 4}};
	struct stat_tags *t = stat_tags_create();

	CU_ASSERT_FALSE(stat_tags_shape_names(t));
	CU_ASSERT(stat_tags_fixed(t, "mesh.id", "m", &why));
	CU_ASSERT_FALSE(stat_tags_shape_names(t));
	regex(t, "head", "^cluster\\.(a)");
	regex(t, "any", "upstream(_)");
	CU_ASSERT(stat_tags_shape_names(t));
	IS(shape_parts(t, name, parts, 2),
	   "cluster.upstreamrq{envoy_response_code=503,mesh_id=m,any=_,envoy_cluster_name=a.b,head=a}");
	CU_ASSERT_EQUAL(stat_tags_fixed_count(t), 1);
	CU_ASSERT_EQUAL(stat_tags_fixed_count(NULL), 0);
	stat_tags_free(t);
	/* Some of them can be had one by one, also those of what is not counted here. */
	t = stat_tags_create();
	stat_tags_no_defaults(t);
	CU_ASSERT(stat_tags_shape_names(t));
	IS(shape_parts(t, name, parts, 2), "cluster.a.b.upstream_rq_503{}");
	regex(t, "envoy.response_code", NULL);
	regex(t, "envoy.ssl_cipher", "");
	IS(shape_parts(t, name, parts, 2), "cluster.a.b.upstream_rq{envoy_response_code=503}");
	CU_ASSERT_FALSE(stat_tags_regex(t, "envoy.response", "", &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "is no default tag"));
	CU_ASSERT_FALSE(stat_tags_regex(t, "envoy.ssl_cipher ssl_curve", "", &why));
	stat_tags_free(t);
}

static void groups_say_what_goes_and_what_stays(void)
{
	struct stat_tags *t = stat_tags_create();

	regex(t, "one", "membership_(healthy|total)");
	regex(t, "none", "membership_degraded");
	regex(t, "unset", "connect_(f)?(x)?ail");
	regex(t, "overlap", "(rq_pending)_active");
	regex(t, "lap", "(pending_active)");
	IS(shape(t, "membership_total"), "membership_{one=total}");
	IS(shape(t, "membership_degraded"), "membership_degraded{}");
	IS(shape(t, "cx_connect_fail"), "cx_connect_ail{unset=}");
	/* Each sees the whole name, and what any of them cuts is gone. */
	IS(shape(t, "x_rq_pending_active_y"), "x__y{overlap=rq_pending,lap=pending_active}");
	stat_tags_free(t);
}

static void the_first_of_one_name_counts(void)
{
	struct stat_tags *t = stat_tags_create();

	regex(t, "dup", "cx_(total)");
	regex(t, "dup", "(cx)_t");
	CU_ASSERT(stat_tags_fixed(t, "dup", "else", &why));
	IS(shape(t, "cx_total"), "cx_{dup=total}");
	IS(shape(t, "cx_tx"), "_tx{dup=cx}");
	IS(shape(t, "rq_tx"), "rq_tx{dup=else}");
	stat_tags_free(t);
}

static void a_regex_without_end_leaves_the_name(void)
{
	struct stat_tags *t = stat_tags_create();
	static struct stat_tagged tagged;
	char name[300];

	memset(name, 'a', sizeof(name));
	memcpy(name + sizeof(name) - 3, "bd", 3);
	regex(t, "endless", "((a*)*)*b(?=c)");
	regex(t, "good", "(abd)$");
	for (unsigned i = 0; i < STAT_TAG_FAILURES_MAX; i++) {
		stat_tags_extract(t, name, NULL, 0, &tagged);
		CU_ASSERT_EQUAL(tagged.gave_up, 1);
		CU_ASSERT(tagged.count == 1 && strlen(tagged.name) == sizeof(name) - 4);
	}
	/* It would match this one, and is tried no more. */
	stat_tags_extract(t, "abc", NULL, 0, &tagged);
	CU_ASSERT(tagged.gave_up == 1 && tagged.count == 0);
	stat_tags_free(t);
}

static void what_cannot_be_used_is_refused(void)
{
	struct stat_tags *t = stat_tags_create();
	char name[200];

	CU_ASSERT(stat_tags_fixed(t, "mesh.id-1", "a\"b", &why));
	CU_ASSERT_FALSE(stat_tags_fixed(t, "mesh_id_1", "twice", &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "comes twice"));
	CU_ASSERT_FALSE(stat_tags_fixed(t, "", "x", &why));
	CU_ASSERT_FALSE(stat_tags_fixed(t, "1st", "x", &why));
	CU_ASSERT_FALSE(stat_tags_fixed(t, "__name__", "x", &why));
	CU_ASSERT_FALSE(stat_tags_regex(t, "a b", "x", &why));
	CU_ASSERT_FALSE(stat_tags_regex(t, "a", "(", &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "not a regular expression"));
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT_FALSE(stat_tags_fixed(t, name, "x", &why));
	CU_ASSERT_EQUAL(stat_tags_fixed_count(t), 1);
	stat_tags_free(t);
	t = stat_tags_create();
	for (unsigned i = 0; i < STAT_TAGS_MAX; i++)
		regex(t, "x", "y");
	CU_ASSERT_FALSE(stat_tags_fixed(t, "y", "y", &why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "more than 128 tags"));
	stat_tags_free(t);
	stat_tags_free(NULL);
}

UNIT_TESTS(UNIT_TEST(what_istio_writes_does_what_it_wants), UNIT_TEST(defaults_stand_in_envoys_order),
	   UNIT_TEST(groups_say_what_goes_and_what_stays), UNIT_TEST(the_first_of_one_name_counts),
	   UNIT_TEST(a_regex_without_end_leaves_the_name), UNIT_TEST(what_cannot_be_used_is_refused))
