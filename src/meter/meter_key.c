/* A key is made by a mask over the words of a packet, whatever the rule's keys are. */
#include "meter/meter_key.h"

#include <string.h>

#include "base/bytes.h"

/* Sets the mask of a field. `prefix`: bits, where it is an address. */
static void mask_set(struct subject *mask, const struct meter_field *field, unsigned prefix) {
    uint8_t *at = (uint8_t *)mask + field->subject;
    if (field->type == ELEMENT_IPV4_ADDRESS) {
        memset(at, 0xff, prefix / 8);
        if (prefix % 8) at[prefix / 8] = (uint8_t)(0xff00 >> prefix % 8);
        return;
    }
    if (field->width == 2 || field->width == 4)
        host_put(at, field->mask, field->width);
    else
        memset(at, 0xff, field->width);
}

/* The words of which the mask has any bit; that at `first` comes first. */
static void words_of(struct key_words *words, const struct subject *mask, unsigned first) {
    uint64_t masks[SUBJECT_WORDS];
    memcpy(masks, mask, sizeof masks);
    words->n = 0;
    for (unsigned i = 0; i < SUBJECT_WORDS; i++) {
        unsigned at = (first + i) % SUBJECT_WORDS;
        if (!masks[at]) continue;
        words->at[words->n] = (uint8_t)at;
        words->mask[words->n++] = masks[at];
    }
}

void meter_key_init(struct meter_key *key, const struct meter_rule *rule) {
    struct subject masks[FLOW_FAMILIES], kept;
    bool ports = false;
    memset(masks, 0, sizeof masks);
    memset(&kept, 0, sizeof kept);
    for (unsigned i = 0; i < rule->fields.n; i++) {
        const struct meter_field *field = rule->fields.fields[i];
        if (!(field->may_be >> METER_FIELD_KEY & 1)) continue;
        if (i >= rule->n_keys) {
            if (!field->reversible) mask_set(&kept, field, 128);
            continue;
        }
        for (unsigned family = 0; family < FLOW_FAMILIES; family++)
            mask_set(&masks[family], field, rule->prefix[i][family]);
        ports = ports || field->id == IE_destinationTransportPort || field->subject == offsetof(struct subject, icmp);
    }
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        masks[family].packet.family = UINT8_MAX;
        words_of(&key->key[family], &masks[family], offsetof(struct subject, packet.family) / sizeof(uint64_t));
    }
    words_of(&key->kept, &kept, 0);
    key->biflow = rule->fields.biflow;
    key->pairs_icmp = !ports;
}

unsigned meter_key_words(const struct meter_key *key) {
    unsigned ipv4 = key->key[FLOW_IPV4].n, ipv6 = key->key[FLOW_IPV6].n;
    return ipv4 > ipv6 ? ipv4 : ipv6;
}

static inline void words_take(const struct key_words *words, const struct subject *subject, uint64_t *out) {
    for (unsigned i = 0; i < words->n; i++) {
        memcpy(&out[i], (const uint8_t *)subject + words->at[i] * sizeof *out, sizeof *out);
        out[i] &= words->mask[i];
    }
}

static void words_give(const struct key_words *words, const uint64_t *in, struct subject *subject) {
    uint64_t all[SUBJECT_WORDS];
    memcpy(all, subject, sizeof all);
    for (unsigned i = 0; i < words->n; i++)
        all[words->at[i]] |= in[i];
    memcpy(subject, all, sizeof all);
}

static void bytes_swap(void *left, void *right, size_t n) {
    uint8_t kept[16];
    memcpy(kept, left, n);
    memcpy(left, right, n);
    memcpy(right, kept, n);
}

static void ends_swap(struct packet *packet) {
    bytes_swap(packet->source, packet->destination, sizeof packet->source);
    bytes_swap(&packet->source_port, &packet->destination_port, sizeof packet->source_port);
    bytes_swap(packet->source_mac, packet->destination_mac, sizeof packet->source_mac);
}

bool meter_key_make(const struct meter_key *key, const struct subject *subject, uint64_t words[SUBJECT_WORDS]) {
    const struct key_words *wanted = &key->key[subject->packet.family];
    words_take(wanted, subject, words);
    if (!key->biflow || (!key->pairs_icmp && subject_is_icmp(subject))) return false;
    struct subject other = *subject;
    uint64_t swapped[SUBJECT_WORDS] = {0};
    ends_swap(&other.packet);
    words_take(wanted, &other, swapped);
    unsigned i = 0;
    while (i + 1 < wanted->n && words[i] == swapped[i])
        i++;
    if (words[i] <= swapped[i]) return false;
    memcpy(words, swapped, wanted->n * sizeof *words);
    return true;
}

void meter_key_keep(const struct meter_key *key, const struct subject *subject, uint64_t words[SUBJECT_WORDS]) {
    words_take(&key->kept, subject, words);
}

void meter_key_flow(const struct meter_key *key, const uint64_t *words, const uint64_t *kept, bool swapped,
                    struct meter_flow *flow) {
    struct subject subject;
    const struct packet *packet = &subject.packet;
    memset(&subject, 0, sizeof subject);
    words_give(&key->key[FLOW_IPV4], words, &subject); /* the word with the family is where it is in any case */
    if (packet->family != FLOW_IPV4) {
        memset(&subject, 0, sizeof subject);
        words_give(&key->key[FLOW_IPV6], words, &subject);
    }
    if (swapped) ends_swap(&subject.packet);
    words_give(&key->kept, kept, &subject);
    memcpy(flow->source, packet->source, sizeof flow->source);
    memcpy(flow->destination, packet->destination, sizeof flow->destination);
    flow->source_port = packet->source_port;
    flow->destination_port = packet->destination_port;
    flow->family = packet->family;
    flow->protocol = packet->protocol;
    flow->tos = packet->tos;
    flow->ttl = packet->ttl;
    flow->flow_label = packet->flow_label;
    flow->vlan = packet->vlan;
    flow->customer_vlan = packet->customer_vlan;
    flow->interface = packet->interface;
    flow->mpls_label = packet->mpls_top >> 12;
    flow->icmp = subject.icmp;
    memcpy(flow->source_mac, packet->source_mac, sizeof flow->source_mac);
    memcpy(flow->destination_mac, packet->destination_mac, sizeof flow->destination_mac);
    flow->direction = packet->outgoing;
}
