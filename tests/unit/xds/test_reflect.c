#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/unit.h"
#include "xds/proto/registry.h"
#include "xds/reflect/from_tree.h"
#include "xds/reflect/to_json.h"

struct reading {
	struct document document;
	ProtobufCMessage *message;
};

static void read_text(struct reading *reading, const char *type, const char *text,
		      enum tree_format format)
{
	CU_ASSERT_FATAL(document_init(&reading->document, "text"));
	const struct node *root = tree_parse(text, strlen(text), format, reading->document.arena,
					     &reading->document.faults);

	reading->message = root ? from_tree(&reading->document, registry_find(type), root, "", NULL) :
				  NULL;
}

/* The faults as one line: "1:2 path: text|…". */
static void faults_of(struct reading *reading, char *out, size_t size)
{
	size_t length = 0;

	out[0] = '\0';
	fault_list_sort(&reading->document.faults);
	for (const struct fault *fault = reading->document.faults.first; fault; fault = fault->next)
		length += (size_t)snprintf(out + length, size - length, "%u:%u %s: %s|",
					   fault->position.line, fault->position.column, fault->path,
					   fault->text);
}

/* Text in, JSON of the message out. */
static void becomes(const char *type, const char *text, const char *expected)
{
	struct reading reading;
	char faults[2048];
	json_error_t error;

	read_text(&reading, type, text, TREE_YAML);
	faults_of(&reading, faults, sizeof(faults));
	CU_ASSERT_STRING_EQUAL(faults, "");
	json_t *is = to_json(&reading.document, reading.message);
	json_t *should = json_loads(expected, JSON_DECODE_ANY, &error);

	CU_ASSERT_PTR_NOT_NULL_FATAL(should);
	if (!json_equal(is, should)) {
		char *dump = json_dumps(is, JSON_ENCODE_ANY | JSON_SORT_KEYS);

		printf("# %s became %s\n", text, dump);
		free(dump);
		CU_FAIL("not what was expected");
	}
	json_decref(is);
	json_decref(should);
	document_free(&reading.document);
}

static void complains(const char *type, const char *text, const char *expected)
{
	struct reading reading;
	char faults[4096];

	read_text(&reading, type, text, TREE_YAML);
	faults_of(&reading, faults, sizeof(faults));
	if (!strstr(faults, expected))
		printf("# %s: %s\n", text, faults);
	CU_ASSERT_PTR_NOT_NULL(strstr(faults, expected));
	document_free(&reading.document);
}

#define ADDRESS "envoy.config.core.v3.SocketAddress"
#define CLUSTER "envoy.config.cluster.v3.Cluster"
#define METADATA "envoy.config.core.v3.Metadata"
#define HEADER "envoy.config.core.v3.HeaderValue"
#define BOOTSTRAP "envoy.config.bootstrap.v3.Bootstrap"

static void scalars_of_every_kind(void)
{
	becomes(ADDRESS, "{address: a, portValue: \"80\", ipv4_compat: true}",
		"{\"address\":\"a\",\"port_value\":80,\"ipv4_compat\":true}");
	becomes(ADDRESS, "{protocol: UDP, port_value: 8e1}", "{\"protocol\":\"UDP\",\"port_value\":80}");
	becomes(ADDRESS, "{protocol: 1}", "{\"protocol\":\"UDP\"}");
	becomes(ADDRESS, "{address: 10}", "{\"address\":\"10\"}");
	becomes(ADDRESS, "{address: null, portValue: ~}", "{}");
	becomes(HEADER, "{key: k, raw_value: AP8Q}", "{\"key\":\"k\",\"raw_value\":\"AP8Q\"}");
	becomes(HEADER, "{raw_value: _-8}", "{\"raw_value\":\"/+8=\"}");
	becomes("envoy.config.core.v3.RuntimeDouble", "{default_value: -1.5e-1}",
		"{\"default_value\":-0.15}");
	becomes("envoy.type.v3.Int64Range", "{start: \"-9223372036854775808\", end: 5}",
		"{\"start\":\"-9223372036854775808\",\"end\":\"5\"}");
}

static void messages_with_forms_of_their_own(void)
{
	becomes(CLUSTER, "{connect_timeout: 1.25s, max_requests_per_connection: 7}",
		"{\"connect_timeout\":\"1.25s\",\"max_requests_per_connection\":7}");
	becomes(METADATA, "{filter_metadata: {a: {s: x, n: 1.5, b: true, z: null, l: [1, {}], q: \"1\"}}}",
		"{\"filter_metadata\":{\"a\":{\"s\":\"x\",\"n\":1.5,\"b\":true,\"z\":null,\"l\":[1.0,{}],"
		"\"q\":\"1\"}}}");
	becomes(METADATA, "{typed_filter_metadata: {a: {\"@type\": t/" HEADER ", key: k}}}",
		"{\"typed_filter_metadata\":{\"a\":{\"@type\":\"t/" HEADER "\",\"key\":\"k\"}}}");
	becomes("google.protobuf.Any", "{\"@type\": t/google.protobuf.Duration, value: 3s}",
		"{\"@type\":\"t/google.protobuf.Duration\",\"value\":\"3s\"}");
	becomes("google.protobuf.Any",
		"{\"@type\": t/xds.type.v3.TypedStruct, type_url: t/" HEADER ", value: {key: k}}",
		"{\"@type\":\"t/" HEADER "\",\"key\":\"k\"}");
	becomes("google.protobuf.Timestamp", "2024-02-29T23:59:59.5+01:00",
		"\"2024-02-29T22:59:59.5Z\"");
}

static void yaml_anchors_and_merge_keys(void)
{
	becomes(BOOTSTRAP, "{node: &n {id: a, cluster: c}, admin: {}}",
		"{\"node\":{\"id\":\"a\",\"cluster\":\"c\"},\"admin\":{}}");
	becomes("envoy.config.bootstrap.v3.Bootstrap.StaticResources",
		"clusters:\n- &c {name: a, connect_timeout: 1s}\n- {<<: *c, name: b}\n- *c\n",
		"{\"clusters\":[{\"name\":\"a\",\"connect_timeout\":\"1s\"},"
		"{\"name\":\"b\",\"connect_timeout\":\"1s\"},{\"name\":\"a\",\"connect_timeout\":\"1s\"}]}");
	complains(BOOTSTRAP, "node: &a {metadata: {x: *a}}", "1:25 : an alias inside of what it names");
	complains(BOOTSTRAP, "node: *b", "1:7 : an alias to an unknown anchor");
}

static void faults_say_where_and_what(void)
{
	complains(ADDRESS, "{port_value: 4294967296}", "1:14 port_value: expected a whole number from 0");
	complains(ADDRESS, "{port_value: -1}", "expected a whole number from 0 to 4294967295, not \"-1\"");
	complains(ADDRESS, "{port_value: 1.5}", "1:14 port_value: expected");
	complains(ADDRESS, "{port_value: 0x10}", "1:14 port_value: expected");
	complains(ADDRESS, "{ipv4_compat: yes}", "1:15 ipv4_compat: expected true or false");
	complains(ADDRESS, "{protocol: SCTP}", "1:12 protocol: 'SCTP' is unknown; expected one of TCP, UDP");
	complains(ADDRESS, "{address: [a]}", "1:11 address: expected a single value, not a list");
	complains(ADDRESS, "{port_value: 1, named_port: a}",
		  "1:17 named_port: only one of this and port_value");
	complains(ADDRESS, "{port_value: 1, portValue: 2}", "1:17 port_value: set twice");
	complains(ADDRESS, "address: a\naddress: b\n", "2:1 address: the key stands twice; first at line 1");
	complains(ADDRESS, "{adress: a}", "1:2 adress: " ADDRESS " has no such field; did you mean address?");
	complains(ADDRESS, "{frobnicate: a}", "has no such field|");
	complains(ADDRESS, "{address: \"a\\0b\"}", "UTF-8 text without a NUL");
	complains(CLUSTER, "{connect_timeout: 5}", "1:19 connect_timeout: expected a duration");
	complains(CLUSTER, "{health_checks: {}}", "1:17 health_checks: expected a list, not a mapping");
	complains(CLUSTER, "[]", "1:1 : expected a mapping");
	complains(METADATA, "{typed_filter_metadata: {a: {\"@type\": t/no.Such}}}",
		  "1:39 typed_filter_metadata[a].value.@type: the type t/no.Such is not supported");
	complains(METADATA, "{typed_filter_metadata: {a: {x: 1}}}", "expected a mapping with \"@type\"");
	complains(ADDRESS, "a: [", "did not find");
	complains(ADDRESS, "", "the file is empty");
	complains(ADDRESS, "a: 1\n---\nb: 2\n", "a second document");
}

static void depth_is_bounded(void)
{
	char text[1024];

	memset(text, '[', 200);
	memset(text + 200, ']', 200);
	text[400] = '\0';
	complains("google.protobuf.Value", text, "nested more than 64 levels deep");
}

/* Quadratic reading would show as a test that does not end in time. */
static void large_mappings_are_read_key_by_key(void)
{
	enum { KEYS = 100000 };
	char *text = malloc(KEYS * 16 + 64), expected[64];
	size_t length = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	for (unsigned i = 0; i < KEYS; i++)
		length += (size_t)snprintf(text + length, 16, "k%u: 1\n", i);
	snprintf(text + length, 64, "k77: 2\nk%u: 2\nk: 1\n", KEYS - 1);
	complains("google.protobuf.Struct", text, "100001:1 k77: the key stands twice; first at line 78|");
	snprintf(expected, sizeof(expected), "100002:1 k%u: the key stands twice; first at line %u|",
		 KEYS - 1, KEYS);
	complains("google.protobuf.Struct", text, expected);
	/* From the smallest that has a table on, a key is found whichever it is. */
	for (unsigned keys = 1; keys < 70; keys++) {
		length = 0;
		for (unsigned i = 0; i < keys; i++)
			length += (size_t)snprintf(text + length, 16, "k%u: 1\n", i);
		snprintf(text + length, 32, "k%u: 1\n", keys / 2);
		snprintf(expected, sizeof(expected), "the key stands twice; first at line %u|",
			 keys / 2 + 1);
		complains("google.protobuf.Struct", text, expected);
	}
	free(text);
}

/* Seven levels of ten times the one before. */
static void aliases_are_charged_with_what_they_repeat(void)
{
	char text[2048] = "l0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
	size_t length = strlen(text);

	for (int i = 1; i < 8; i++) {
		length += (size_t)snprintf(text + length, sizeof(text) - length, "l%d: &a%d [*a%d", i, i,
					   i - 1);
		for (int k = 1; k < 10; k++)
			length += (size_t)snprintf(text + length, sizeof(text) - length, ", *a%d", i - 1);
		length += (size_t)snprintf(text + length, sizeof(text) - length, "]\n");
	}
	complains("google.protobuf.Struct", text, "more values than are read");
}

static void json_and_yaml_are_the_same(void)
{
	struct reading yaml, json;
	const char *text = "{\"name\": \"a\",\n\t\"connect_timeout\": \"2s\", \"dns_jitter\": \"x\"}";
	char yaml_faults[512], json_faults[512];

	read_text(&yaml, CLUSTER, text, TREE_YAML);
	read_text(&json, CLUSTER, text, TREE_JSON);
	json_t *a = to_json(&yaml.document, yaml.message);
	json_t *b = to_json(&json.document, json.message);

	CU_ASSERT(json_equal(a, b));
	faults_of(&yaml, yaml_faults, sizeof(yaml_faults));
	faults_of(&json, json_faults, sizeof(json_faults));
	CU_ASSERT_STRING_EQUAL(yaml_faults, json_faults);
	CU_ASSERT_PTR_NOT_NULL(strstr(json_faults, "2:41 dns_jitter"));
	json_decref(a);
	json_decref(b);
	document_free(&yaml.document);
	document_free(&json.document);
	read_text(&json, CLUSTER, "{\"name\": \"a\",}", TREE_JSON);
	CU_ASSERT_PTR_NULL(json.message);
	CU_ASSERT_EQUAL(json.document.faults.errors, 1);
	document_free(&json.document);
}

UNIT_TESTS(UNIT_TEST(scalars_of_every_kind), UNIT_TEST(messages_with_forms_of_their_own),
	   UNIT_TEST(yaml_anchors_and_merge_keys), UNIT_TEST(faults_say_where_and_what),
	   UNIT_TEST(depth_is_bounded), UNIT_TEST(large_mappings_are_read_key_by_key),
	   UNIT_TEST(aliases_are_charged_with_what_they_repeat), UNIT_TEST(json_and_yaml_are_the_same))
