/* Any text as rules: they are understood or refused with a reason, and what was understood is within its bounds. */
#include "meter/meter_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "meter/meter_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth) {
    if (!truth) abort();
}

static void rule_check(const struct meter_rule *rule) {
    struct meter_key key;
    require(rule->n_keys > 0 && rule->n_keys < rule->fields.n && rule->fields.n <= METER_FIELDS_MAX);
    require(*rule->name && strlen(rule->name) < METER_RULE_NAME_MAX);
    require(!rule->match || *rule->match);
    for (unsigned i = 0; i < rule->fields.n; i++) {
        enum meter_field_of of = i < rule->n_keys ? METER_FIELD_KEY : METER_FIELD_VALUE;
        require(rule->fields.fields[i]->may_be >> of & 1);
        for (unsigned j = 0; j < i; j++)
            require(rule->fields.fields[i] != rule->fields.fields[j]);
    }
    meter_key_init(&key, rule);
    require(meter_key_words(&key) > 0 && meter_key_words(&key) <= SUBJECT_WORDS);
    require(key.kept.n + meter_key_words(&key) <= 2 * SUBJECT_WORDS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = mem_strndup((const char *)data, size);
    struct meter_rules rules;
    struct error error = {""};
    if (meter_rules_parse(&rules, text, &error) != 0) {
        require(*error.text);
    } else {
        require(rules.n > 0 && rules.n <= METER_RULES_MAX);
        for (unsigned i = 0; i < rules.n; i++)
            rule_check(&rules.rules[i]);
    }
    meter_rules_release(&rules);
    free(text);
    return 0;
}
