/* Rules: their text, what they become, and what is said about those that are wrong. */
#include "meter/meter_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* "name[ match] | keys | values biflow", as a rule was understood. */
static void rule_show(const struct meter_rule *rule, char *out, size_t size) {
    size_t len =
        (size_t)snprintf(out, size, "%s%s%s |", rule->name, rule->match ? " " : "", rule->match ? rule->match : "");
    for (unsigned i = 0; i < rule->fields.n; i++) {
        if (i == rule->n_keys) len += (size_t)snprintf(out + len, size - len, " |");
        len += (size_t)snprintf(out + len, size - len, " %s", rule->fields.fields[i]->name);
        if (i < rule->n_keys && rule->fields.fields[i]->name6 &&
            (rule->prefix[i][FLOW_IPV4] != 32 || rule->prefix[i][FLOW_IPV6] != 128))
            len += (size_t)snprintf(out + len, size - len, "/%u/%u", rule->prefix[i][FLOW_IPV4],
                                    rule->prefix[i][FLOW_IPV6]);
    }
    snprintf(out + len, size - len, "%s", rule->fields.biflow ? " biflow" : "");
}

#define TUPLE "sourceIPv4Address destinationIPv4Address sourceTransportPort destinationTransportPort protocolIdentifier"
#define VALUES "flowStartMilliseconds flowEndMilliseconds packetDeltaCount octetDeltaCount"

static const struct {
    const char *text;
    const char *rules[4];
} good[] = {
    {"flows: five-tuple", {"flows | " TUPLE " | " VALUES}},
    {"  a:five-tuple,", {"a | " TUPLE " | " VALUES}},
    {"a: five-tuple biflow + tcpControlBits flowEndReason",
     {"a | " TUPLE " | " VALUES " tcpControlBits flowEndReason biflow"}},
    {"all: five-tuple, web: tcp port 443 or tcp port 80 -> sourceIPv4Address/24 destinationIPv4Address/16/48 "
     "destinationTransportPort",
     {"all | " TUPLE " | " VALUES,
      "web tcp port 443 or tcp port 80 | sourceIPv4Address/24/64 destinationIPv4Address/16/48 destinationTransportPort "
      "| " VALUES}},
    {"v6: ip6 host 2001:db8::1 -> five-tuple dot1qVlanId",
     {"v6 ip6 host 2001:db8::1 | " TUPLE " dot1qVlanId | " VALUES}},
    {"hosts: sourceIPv4Address/32/128", {"hosts | sourceIPv4Address | " VALUES}},
    {"s: five-tuple+flowStartSeconds",
     {"s | " TUPLE " | flowEndMilliseconds packetDeltaCount octetDeltaCount flowStartSeconds"}},
    {"s: five-tuple + octetTotalCount flowEndNanoseconds octetDeltaCount",
     {"s | " TUPLE " | flowStartMilliseconds packetDeltaCount octetTotalCount flowEndNanoseconds octetDeltaCount"}},
    {"m: sourceMacAddress destinationMacAddress biflow",
     {"m | sourceMacAddress destinationMacAddress | " VALUES " biflow"}},
    {"n: sourceIPv4Address/24/56 destinationIPv4Address/24/56 biflow\n\t",
     {"n | sourceIPv4Address/24/56 destinationIPv4Address/24/56 | " VALUES " biflow"}},
};

static void what_rules_become(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct meter_rules rules;
        struct error error = {""};
        char shown[1024];
        unsigned n = 0;
        if (meter_rules_parse(&rules, good[i].text, &error) != 0) fail_msg("%s: %s", good[i].text, error.text);
        for (; n < 4 && good[i].rules[n]; n++) {
            assert_in_range(rules.n, n + 1, 4);
            rule_show(&rules.rules[n], shown, sizeof shown);
            assert_string_equal(shown, good[i].rules[n]);
            assert_ptr_equal(rules.rules[n].fields.rule, rules.rules[n].name);
        }
        assert_int_equal(rules.n, n);
        meter_rules_release(&rules);
    }
}

#define NO_SOURCE "rule 'a': 'sourceIPv4' is not a key; expected five-tuple, biflow, sourceIPv4Address, "
#define NO_VALUE "rule 'a': 'protocol' is not a value; expected sourceIPv4Address, "

static const struct {
    const char *text, *error; /* the error begins so */
} bad[] = {
    {"", "no rule, such as 'all: five-tuple'"},
    {" , ,", "no rule"},
    {"five-tuple", "'five-tuple': a rule must begin with its name and ':', as in 'all: five-tuple'"},
    {": five-tuple", "'' is not a rule name; expected up to 31 letters, digits, '.', '_' and '-', then ':'"},
    {"a b: five-tuple", "'a b' is not a rule name"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: five-tuple", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' is not a rule name"},
    {"a:", "rule 'a': no key, such as 'five-tuple'"},
    {"a: biflow", "rule 'a': no key"},
    {"a: + tcpControlBits", "rule 'a': no key"},
    {"a: -> five-tuple", "rule 'a': no match before '->'"},
    {"a: tcp port 80 ->", "rule 'a': no key"},
    {"a: sourceIPv4", NO_SOURCE},
    {"a: packetDeltaCount", "rule 'a': 'packetDeltaCount' is not a key"},
    {"a: five-tuple + protocol", NO_VALUE},
    {"a: five-tuple protocolIdentifier", "rule 'a': 'protocolIdentifier' is repeated"},
    {"a: five-tuple + protocolIdentifier", "rule 'a': 'protocolIdentifier' is repeated"},
    {"a: five-tuple + ipTTL ipTTL", "rule 'a': 'ipTTL' is repeated"},
    {"a: five-tuple, b: five-tuple, a: five-tuple", "rule 'a': the name is repeated"},
    {"a: protocolIdentifier/8", "rule 'a': 'protocolIdentifier/8': only addresses have prefixes"},
    {"a: sourceIPv4Address/0",
     "rule 'a': 'sourceIPv4Address/0': a prefix has 1 to 32 bits, or 1 to 128 for IPv6, as in sourceIPv4Address/24/56"},
    {"a: sourceIPv4Address/33", "rule 'a': 'sourceIPv4Address/33': a prefix"},
    {"a: sourceIPv4Address/24/129", "rule 'a': 'sourceIPv4Address/24/129': a prefix"},
    {"a: sourceIPv4Address/24/64/1", "rule 'a': 'sourceIPv4Address/24/64/1': a prefix"},
    {"a: sourceIPv4Address/", "rule 'a': 'sourceIPv4Address/': a prefix"},
    {"a: sourceIPv4Address/24x", "rule 'a': 'sourceIPv4Address/24x': a prefix"},
    {"a: sourceIPv4Address/1000", "rule 'a': 'sourceIPv4Address/1000': a prefix"},
    {"a: sourceIPv4Address biflow",
     "rule 'a': biflow requires the addresses of both ends as keys, with prefixes of the same length"},
    {"a: sourceIPv4Address/24 destinationIPv4Address biflow", "rule 'a': biflow requires the addresses of both ends"},
    {"a: destinationTransportPort biflow", "rule 'a': biflow requires the ports of both ends"},
    {"a: protocolIdentifier biflow", "rule 'a': biflow requires keys of both ends"},
    {"a: five-tuple ipClassOfService ipTTL flowLabelIPv6 icmpTypeCodeIPv4 tcpControlBits dot1qVlanId "
     "dot1qCustomerVlanId mplsTopLabelStackSection sourceMacAddress destinationMacAddress ingressInterface "
     "flowDirection + packetTotalCount octetTotalCount flowEndReason samplingPopulation",
     "rule 'a': 'samplingPopulation' is one too many: at most 24 keys and values"},
    {"a:five-tuple,b:five-tuple,c:five-tuple,d:five-tuple,e:five-tuple,f:five-tuple,g:five-tuple,h:five-tuple,"
     "i:five-tuple,j:five-tuple,k:five-tuple,l:five-tuple,m:five-tuple,n:five-tuple,o:five-tuple,p:five-tuple,"
     "q:five-tuple",
     "'q:five-tuple' is one too many: at most 16 rules"},
};

static void what_is_said_about_others(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct meter_rules rules;
        struct error error = {""};
        assert_int_equal(meter_rules_parse(&rules, bad[i].text, &error), -1);
        if (strncmp(error.text, bad[i].error, strlen(bad[i].error)) != 0)
            fail_msg("%s: '%s' instead of '%s'", bad[i].text, error.text, bad[i].error);
        meter_rules_release(&rules);
    }
}

/* The table says of each element what the registry says. */
static void fields_are_elements(void **state) {
    (void)state;
    for (unsigned i = 0; i < meter_n_fields; i++) {
        const struct meter_field *field = &meter_fields[i];
        const struct element *element = element_by_name(field->name, strlen(field->name));
        assert_non_null(element);
        assert_int_equal(field->id, element->id);
        assert_int_equal(field->type, element->type);
        assert_in_range(field->width, 1, 16);
        if (!field->name6) continue;
        element = element_by_name(field->name6, strlen(field->name6));
        assert_non_null(element);
        assert_int_equal(field->id6, element->id);
        assert_int_equal(element->type, field->type == ELEMENT_IPV4_ADDRESS ? ELEMENT_IPV6_ADDRESS : field->type);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_rules_become),
        cmocka_unit_test(what_is_said_about_others),
        cmocka_unit_test(fields_are_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
