/* Which routing domain a listener or cluster is in: metadata.filter_metadata.hydrofoil.vrf, the number
 * that ports of the `hydrofoil` section have; 0 where nothing is said. */
#include <string.h>

#include "xds/translate/internal.h"

#define NAMESPACE "hydrofoil"

static const Google__Protobuf__Struct *find_struct(const Core__Metadata *metadata)
{
	for (size_t i = 0; metadata && i < metadata->n_filter_metadata; i++)
		if (!strcmp(metadata->filter_metadata[i]->key, NAMESPACE))
			return metadata->filter_metadata[i]->value;
	return NULL;
}

static bool is_vrf(const Google__Protobuf__Value *value)
{
	return value->kind_case == GOOGLE__PROTOBUF__VALUE__KIND_NUMBER_VALUE &&
	       value->number_value >= 0 && value->number_value <= UINT16_MAX &&
	       value->number_value == (uint16_t)value->number_value;
}

uint16_t metadata_vrf(const Core__Metadata *metadata)
{
	const Google__Protobuf__Struct *section = find_struct(metadata);
	uint16_t vrf = 0;

	for (size_t i = 0; section && i < section->n_fields; i++)
		if (!strcmp(section->fields[i]->key, "vrf") && is_vrf(section->fields[i]->value))
			vrf = (uint16_t)section->fields[i]->value->number_value;
	return vrf;
}

uint16_t translate_vrf(struct translation *t, const Core__Metadata *metadata)
{
	const Google__Protobuf__Struct *section = find_struct(metadata);

	for (size_t i = 0; section && i < section->n_fields; i++) {
		const Google__Protobuf__Struct__FieldsEntry *field = section->fields[i];

		if (strcmp(field->key, "vrf") != 0)
			FAULT(t, field->value, NULL, "\"%s\" is not known here; vrf is", field->key);
		else if (!is_vrf(field->value))
			FAULT(t, field->value, NULL, "expected the number of a vrf, 0 to 65535");
	}
	return metadata_vrf(metadata);
}
