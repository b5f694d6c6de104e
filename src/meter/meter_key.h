/* Keys: a rule as masks over a packet's words, and the way back from an entry's words to a flow. */
#ifndef FLOWIMPORT_METER_METER_KEY_H
#define FLOWIMPORT_METER_METER_KEY_H

#include "meter/meter_rule.h"
#include "meter/meter_subject.h"

struct key_words { /* of a subject, those of which anything is wanted */
    unsigned n;
    uint8_t at[SUBJECT_WORDS];
    uint64_t mask[SUBJECT_WORDS];
};

struct meter_key {
    struct key_words key[FLOW_FAMILIES]; /* the word with the family first: no key begins as another one does */
    struct key_words kept;               /* of the first packet: values that are no keys */
    bool biflow;
    bool pairs_icmp; /* its types are no ports: only without them are the two directions one flow */
};

void meter_key_init(struct meter_key *key, const struct meter_rule *rule);
unsigned meter_key_words(const struct meter_key *key); /* of the longer one */
/* The key of a biflow is the same in both directions: returns whether it is that of the packet with its ends swapped.
 * Returns false where the rule has no biflows. */
bool meter_key_make(const struct meter_key *key, const struct subject *subject, uint64_t words[SUBJECT_WORDS]);
/* The words that are kept, of the packet as it is. */
void meter_key_keep(const struct meter_key *key, const struct subject *subject, uint64_t words[SUBJECT_WORDS]);
/* The flow's keys and values, but for counts. `swapped`: the key's first packet had its ends swapped. */
void meter_key_flow(const struct meter_key *key, const uint64_t *words, const uint64_t *kept, bool swapped,
                    struct meter_flow *flow);

#endif
