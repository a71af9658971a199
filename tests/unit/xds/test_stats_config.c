#include "tests/lib/unit.h"
#include "tests/unit/xds/xds_text.h"

#define PORTS "hydrofoil: {ports: [{name: a, af_packet: {interface: e}, addresses: [10.0.0.2/24]}]}\n"

static void what_meshes_write_passes(void)
{
	struct xds_text test;

	xds_text_begin(&test,
		PORTS
		"stats_config:\n"
		"  use_all_default_tags: false\n"
		"  stats_tags:\n"
		"  - {tag_name: cluster_name, regex: '^cluster\\.((.+?(\\..+?\\.svc\\.local)?)\\.)'}\n"
		"  - {tag_name: listener, regex: '^listener(?=\\.).*?\\.http\\.(((?:[_.[:digit:]]*))\\.)'}\n"
		"  - {tag_name: mesh, fixed_value: blue}\n"
		"  stats_matcher:\n"
		"    inclusion_list:\n"
		"      patterns: [{prefix: reporter=}, {suffix: rbac.allowed}, {safe_regex: {regex: 'a.*'}}]\n"
		"  histogram_bucket_settings:\n"
		"  - {match: {prefix: istiocustom}, buckets: [0.5, 1, 5]}\n");
	xds_text_print(&test);
	CU_ASSERT(test.good);
	CU_ASSERT_EQUAL(test.bootstrap.document.faults.warnings, 0);
	xds_text_end(&test);
}

static void faults_have_their_place(void)
{
	struct xds_text test;

	xds_text_begin(&test,
		PORTS
		"stats_config:\n"
		"  stats_tags:\n"
		"  - {tag_name: a, regex: '('}\n"
		"  - {tag_name: 1a, fixed_value: x}\n"
		"  - {tag_name: b, fixed_value: x}\n"
		"  - {tag_name: b, fixed_value: y}\n"
		"  - {tag_name: c, regex: '(?<=a)b'}\n"
		"  - {tag_name: envoy.cluster_name}\n"
		"  - {tag_name: envoy.cluster}\n"
		"  stats_matcher:\n"
		"    exclusion_list:\n"
		"      patterns: [{safe_regex: {regex: '['}}, {prefix: ''}, {ignore_case: true}]\n"
		"  histogram_bucket_settings:\n"
		"  - {match: {prefix: a}, buckets: [5, 1]}\n"
		"  - {match: {prefix: a}}\n"
		"  - {buckets: [1]}\n");
	xds_text_print(&test);
	CU_ASSERT_FALSE(test.good);
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 4, 19, "stats_config.stats_tags[0].regex",
			       "not a regular expression"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 5, 6, "stats_config.stats_tags[1].tag_name",
			       "cannot be a label"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 7, 6, "stats_config.stats_tags[3].tag_name",
			       "comes twice"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 8, 19, "stats_config.stats_tags[4].regex",
			       "which ECMAScript does not have"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 10, 6, "stats_config.stats_tags[6].tag_name",
			       "is no default tag"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 13, 19,
			       "stats_config.stats_matcher.exclusion_list.patterns[0].safe_regex",
			       "not a regular expression"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 15, 26,
			       "stats_config.histogram_bucket_settings[0].buckets", "ascend"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 16, 5,
			       "stats_config.histogram_bucket_settings[1].buckets", "required"));
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 17, 5,
			       "stats_config.histogram_bucket_settings[2].match", "required"));
	CU_ASSERT_EQUAL(test.bootstrap.document.faults.errors, 11);
	xds_text_end(&test);
}

UNIT_TESTS(UNIT_TEST(what_meshes_write_passes), UNIT_TEST(faults_have_their_place))
