/* Rules: of which packets flows are made, by which keys, and what is written of them. One line of configuration:
 *
 *   NAME: [MATCH ->] KEY ... [+ VALUE ...], ...
 *
 *   all: five-tuple
 *   web: tcp port 80 or tcp port 443 -> sourceIPv4Address/24/56 destinationTransportPort, talk: five-tuple biflow +
 * tcpControlBits
 *
 * Each rule makes flows of its own of every packet that it matches. MATCH is a capture filter, see pcap-filter(7). KEY:
 * the name of an information element, which stands for both versions of IP; `five-tuple`: both addresses, both ports
 * and the protocol; `biflow`: both directions are one flow (RFC 5103). An address may have the length of a prefix, and
 * of one for IPv6; without the second it is 64. VALUE: what is written beside keys, start, end, packets and octets. */
#ifndef FLOWIMPORT_METER_METER_RULE_H
#define FLOWIMPORT_METER_METER_RULE_H

#include "base/error.h"
#include "meter/meter_flow.h"

enum { METER_RULES_MAX = 16, METER_RULE_NAME_MAX = 32 };

struct meter_rule {
    char name[METER_RULE_NAME_MAX];
    char *match; /* owned; NULL: every packet */
    unsigned n_keys;
    uint8_t prefix[METER_FIELDS_MAX][FLOW_FAMILIES]; /* bits, of keys that are addresses */
    struct meter_template fields;                    /* keys first */
};

struct meter_rules {
    unsigned n;
    struct meter_rule rules[METER_RULES_MAX];
};

/* The error names rule and word, and what is accepted. Released by the caller, whatever is returned. Not to be copied
 * or moved: templates borrow the names. */
int meter_rules_parse(struct meter_rules *rules, const char *text, struct error *error)
    __attribute__((warn_unused_result));
void meter_rules_release(struct meter_rules *rules);
/* Whether a filter or a rule's match says anything, of Ethernet frames: 0, or -1 with its compiler's words. */
int meter_match_check(const char *match, struct error *error) __attribute__((warn_unused_result));

#endif
