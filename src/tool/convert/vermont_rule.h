/* A rule of VERMONT's aggregators as one of [capture] rules. */
#ifndef FLOWIMPORT_TOOL_CONVERT_VERMONT_RULE_H
#define FLOWIMPORT_TOOL_CONVERT_VERMONT_RULE_H

#include "base/buffer.h"
#include "meter/meter_rule.h"
#include "tool/convert/xml_tree.h"

struct vermont_rules {
    unsigned n;
    char *texts[METER_RULES_MAX]; /* owned */
};

/* Adds a <rule>. `match`: of which packets, NULL for all. What is lost of it is added to `lost`, a line each. */
void vermont_rule_add(struct vermont_rules *rules, const struct xml_node *node, const char *match, struct buffer *lost);
/* All of them, as the value of an option of a file: it goes on in indented lines. Nothing where there is none. */
void vermont_rules_print(const struct vermont_rules *rules, struct buffer *out);
void vermont_rules_release(struct vermont_rules *rules);

#endif
