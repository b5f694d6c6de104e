/* The reasons' texts. */
#include "flow/reject.h"

const struct reject_text reject_texts[REJECT_REASONS] = {
    [REJECT_NOT_JSON] = {"not-json", "the entry is not valid JSON"},
    [REJECT_NOT_AN_OBJECT] = {"not-an-object", "the entry is JSON, but not an object"},
    [REJECT_MISSING_FIELD] = {"missing-field", "a required field is missing or null"},
    [REJECT_WRONG_TYPE] = {"wrong-type", "a field's value is of a type that the field can't have"},
    [REJECT_OUT_OF_RANGE] = {"out-of-range", "a field's value is outside its range"},
    [REJECT_MIXED_FAMILIES] = {"mixed-families", "the entry has both IPv4 and IPv6 addresses"},
    [REJECT_ENDS_BEFORE_START] = {"ends-before-start", "the flow ends before it starts"},
    [REJECT_TOO_LONG] = {"too-long", "the flow is longer than max_flow_duration"},
    [REJECT_IN_FUTURE] = {"in-future", "the flow is further in the future than max_future"},
    [REJECT_TOO_LARGE] = {"too-large",
                          "a counter is larger than one flow can claim: max_flow_octets, max_flow_packets"},
    [REJECT_TOO_BIG] = {"too-big", "the entry has more than 1 MiB; only its head was read"},
};
