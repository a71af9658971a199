#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"
#include "tests/unit/xds/xds_text.h"
#include "xds/proto/registry.h"
#include "xds/reflect/field.h"
#include "xds/status/status.h"

static bool is_map_entry(const char *name)
{
	for (unsigned i = 0; i < registry_count(); i++)
		for (unsigned k = 0; k < registry_at(i)->n_fields; k++) {
			const ProtobufCFieldDescriptor *field = &registry_at(i)->fields[k];

			if (field_is_map(registry_at(i), field) && !strcmp(field_type(field)->name, name))
				return true;
		}
	return false;
}

static void every_field_has_a_status(void)
{
	const char *why;
	unsigned seen = 0;

	CU_ASSERT(registry_count() > 400);
	for (unsigned i = 0; i < registry_count(); i++) {
		const ProtobufCMessageDescriptor *type = registry_at(i);

		if (!strncmp(type->name, "google.", 7) || is_map_entry(type->name))
			continue;
		for (unsigned k = 0; k < type->n_fields; k++, seen++) {
			enum field_status status = status_find(type->name, type->fields[k].name, &why);

			if (status == STATUS_NONE || (status != STATUS_SUPPORTED && !*why)) {
				printf("# %s.%s has no status or no reason\n", type->name,
				       type->fields[k].name);
				CU_FAIL("a field without a status");
			}
		}
	}
	CU_ASSERT(seen > 1400);
}

static void every_exact_line_names_a_field(void)
{
	static const char *const patterns[] = {
#define STATUS(pattern, status, why) pattern,
#include "xds/status/status.def"
#undef STATUS
	};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		const char *dot = strrchr(patterns[i], '.');
		char message[256];

		if (strchr(patterns[i], '*'))
			continue;
		snprintf(message, sizeof(message), "%.*s", (int)(dot - patterns[i]), patterns[i]);
		const ProtobufCMessageDescriptor *type = registry_find(message);

		if (!type || !protobuf_c_message_descriptor_get_field_by_name(type, dot + 1)) {
			printf("# %s\n", patterns[i]);
			CU_FAIL("a line for a field that is not there");
		}
	}
}

static void the_longest_pattern_counts(void)
{
	const char *why;

	CU_ASSERT_EQUAL(status_find("envoy.config.cluster.v3.Cluster", "name", &why), STATUS_SUPPORTED);
	CU_ASSERT_EQUAL(status_find("envoy.config.cluster.v3.Cluster", "dns_jitter", &why),
			STATUS_IGNORED);
	CU_ASSERT_EQUAL(status_find("envoy.config.cluster.v3.Cluster", "health_checks", &why),
			STATUS_REFUSED);
	CU_ASSERT_EQUAL(status_find("envoy.config.core.v3.HealthCheck", "timeout", &why),
			STATUS_REFUSED);
	CU_ASSERT_EQUAL(status_find("nowhere.Message", "field", &why), STATUS_NONE);
}

/* What the table means, said the slow way. */
static enum field_status find_slowly(const char *name)
{
	static const struct {
		const char *pattern;
		enum field_status status;
	} all[] = {
#define STATUS(pattern, status, why) {pattern, STATUS_##status},
#include "xds/status/status.def"
#undef STATUS
	};
	size_t best = 0;
	enum field_status status = STATUS_NONE;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		size_t length = strcspn(all[i].pattern, "*");
		bool prefix = all[i].pattern[length] == '*';
		size_t rank = prefix ? length + 1 : length + 2;

		if (strncmp(all[i].pattern, name, length) == 0 && (prefix || !name[length]) &&
		    rank > best) {
			best = rank;
			status = all[i].status;
		}
	}
	return status;
}

static void the_index_agrees_with_the_table(void)
{
	char name[512];
	const char *why;

	for (unsigned i = 0; i < registry_count(); i++)
		for (unsigned k = 0; k < registry_at(i)->n_fields; k++) {
			snprintf(name, sizeof(name), "%s.%s", registry_at(i)->name,
				 registry_at(i)->fields[k].name);
			CU_ASSERT_EQUAL(status_find(registry_at(i)->name,
						    registry_at(i)->fields[k].name, &why),
					find_slowly(name));
		}
}

static void refused_is_an_error_and_ignored_a_warning(void)
{
	struct xds_text test;

	xds_text_begin(&test, "static_resources:\n"
			      "  clusters:\n"
			      "  - name: a\n"
			      "    dns_jitter: 1s\n"
			      "    load_assignment: {cluster_name: a}\n"
			      "stats_flush_interval: 5s\n");
	CU_ASSERT(test.good);
	CU_ASSERT_EQUAL(test.bootstrap.document.faults.warnings, 2);
	CU_ASSERT(xds_text_has(&test, FAULT_WARNING, 4, 5, "static_resources.clusters[0].dns_jitter",
			       "without effect"));
	xds_text_end(&test);
	xds_text_begin(&test, "dynamic_resources: {ads_config: {api_type: GRPC}}\n");
	CU_ASSERT_FALSE(test.good);
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 1, 1, "dynamic_resources", "xDS client"));
	xds_text_end(&test);
}

static void a_refused_switch_may_be_off(void)
{
	struct xds_text test;

	xds_text_begin(&test, "static_resources: {listeners: [{name: a, transparent: false}]}");
	CU_ASSERT(!xds_text_has(&test, FAULT_ERROR, 0, 0, "static_resources.listeners[0].transparent",
				""));
	xds_text_end(&test);
	xds_text_begin(&test, "static_resources: {listeners: [{name: a, transparent: true}]}");
	CU_ASSERT(xds_text_has(&test, FAULT_ERROR, 1, 42, "static_resources.listeners[0].transparent",
			       "not supported"));
	xds_text_end(&test);
}

UNIT_TESTS(UNIT_TEST(every_field_has_a_status), UNIT_TEST(every_exact_line_names_a_field),
	   UNIT_TEST(the_longest_pattern_counts), UNIT_TEST(the_index_agrees_with_the_table),
	   UNIT_TEST(refused_is_an_error_and_ignored_a_warning),
	   UNIT_TEST(a_refused_switch_may_be_off))
