/* Frames are decoded into a batch, and the batch is counted rule by rule, so that memory is fetched ahead of its use.
 */
#include "meter/meter.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"
#include "meter/flow_table.h"
#include "packet/fragments.h"
#include "meter/match.h"
#include "meter/meter_key.h"

enum {
    BATCH = 32, /* packets; measured: 16 and 64 are slower, one at a time by half */
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
};

/* Later times are this one, so that timeouts can be added to any: in the year 73,000. */
#define TIME_MAX_US (INT64_MAX / 4)

/* Of a biflow's entry, behind key and kept words. */
struct reverse {
    struct flow_side side;
    uint16_t tcp_flags;
    bool swapped; /* the first packet's ends, to make the key */
};

enum { REVERSE_WORDS = sizeof(struct reverse) / sizeof(uint64_t) };
_Static_assert(sizeof(struct reverse) % sizeof(uint64_t) == 0, "words and nothing else");

struct meter_rule_state {
    struct meter_key key;
    unsigned kept_at, reverse_at; /* in an entry's words */
    struct match match;
    struct flow_table *table;
};

struct frame { /* decoded, and not yet counted */
    struct subject subject;
    int64_t time_us;
    uint32_t rules; /* bits of those that match */
};

struct meter {
    struct meter_config config;
    meter_flow_fn *ended;
    void *context;
    int64_t linger_us;
    int link_type;                /* -1: none yet */
    struct capture_origin origin; /* of the frames that come next */
    struct match filter;
    unsigned to_pass; /* frames to be passed over before the next is looked at */
    struct fragments *fragments;
    struct meter_totals totals;
    struct meter_rule_state rules[METER_RULES_MAX];
    unsigned n_batch;
    struct frame batch[BATCH];
};

struct meter *meter_new(const struct meter_config *config, meter_flow_fn *ended, void *context) {
    struct meter *meter = mem_zalloc(1, sizeof *meter);
    meter->config = *config;
    if (!meter->config.sampling) meter->config.sampling = 1;
    meter->ended = ended;
    meter->context = context;
    meter->link_type = -1;
    meter->linger_us = METER_LINGER * INT64_C(1000000);
    if (meter->linger_us > config->inactive_us) meter->linger_us = config->inactive_us;
    meter->fragments = fragments_new(config->fragments, config->seed);
    for (unsigned i = 0; i < config->rules->n; i++) {
        struct meter_rule_state *rule = &meter->rules[i];
        meter_key_init(&rule->key, &config->rules->rules[i]);
        rule->kept_at = meter_key_words(&rule->key);
        rule->reverse_at = rule->kept_at + rule->key.kept.n;
        rule->table = flow_table_new(rule->reverse_at + (rule->key.biflow ? REVERSE_WORDS : 0),
                                     config->memory / config->rules->n, config->inactive_us);
    }
    return meter;
}

void meter_free(struct meter *meter) {
    if (!meter) return;
    for (unsigned i = 0; i < meter->config.rules->n; i++) {
        match_release(&meter->rules[i].match);
        flow_table_free(meter->rules[i].table);
    }
    match_release(&meter->filter);
    fragments_free(meter->fragments);
    free(meter);
}

int meter_link_type(struct meter *meter, int link_type, struct error *error) {
    int status = match_compile(&meter->filter, link_type, meter->config.filter, error);
    meter->link_type = link_type;
    for (unsigned i = 0; i < meter->config.rules->n && status == 0; i++)
        status = match_compile(&meter->rules[i].match, link_type, meter->config.rules->rules[i].match, error);
    return status;
}

int meter_capture_frame(void *context, int link_type, const struct capture_frame *frame, struct error *error) {
    struct meter *meter = context;
    if (link_type != meter->link_type && meter_link_type(meter, link_type, error) != 0) return -1;
    meter_frame(meter, frame->bytes, frame->captured, frame->original, frame->time_us);
    return 0;
}

/* --- flows --- */

static struct reverse *reverse_of(const struct meter_rule_state *rule, struct flow_entry *entry) {
    return rule->key.biflow ? (struct reverse *)(void *)(entry->words + rule->reverse_at) : NULL;
}

/* Both directions. */
struct flow_times {
    int64_t start_us, end_us;
    bool finished; /* the connection has ended */
};

static inline struct flow_times times_of(const struct meter_rule_state *rule, struct flow_entry *entry) {
    struct flow_times times = {entry->forward.start_us, entry->forward.end_us, entry->tcp_flags & (TCP_FIN | TCP_RST)};
    const struct reverse *reverse = reverse_of(rule, entry);
    if (!reverse) return times;
    times.finished =
        (entry->tcp_flags | reverse->tcp_flags) & TCP_RST || entry->tcp_flags & reverse->tcp_flags & TCP_FIN;
    if (!reverse->side.packets) return times;
    if (reverse->side.start_us < times.start_us) times.start_us = reverse->side.start_us;
    if (reverse->side.end_us > times.end_us) times.end_us = reverse->side.end_us;
    return times;
}

/* Why a flow has ended before a time, or a packet of that time; 0: it has not. */
static inline enum meter_end over(const struct meter *meter, const struct flow_times *times, int64_t now_us) {
    int64_t patience = times->finished ? meter->linger_us : meter->config.inactive_us;
    int64_t start = times->start_us < now_us ? times->start_us : now_us;
    int64_t end = times->end_us > now_us ? times->end_us : now_us;
    if (now_us - times->end_us >= patience || times->start_us - now_us >= meter->config.inactive_us)
        return times->finished ? METER_END_FLOW : METER_END_IDLE;
    return end - start >= meter->config.active_us ? METER_END_ACTIVE : 0;
}

static int64_t due_us(const struct meter *meter, const struct flow_times *times) {
    int64_t idle = times->end_us + (times->finished ? meter->linger_us : meter->config.inactive_us);
    int64_t active = times->start_us + meter->config.active_us;
    return idle < active ? idle : active;
}

static struct meter_counts counts_of(const struct meter *meter, const struct flow_side *side, uint16_t tcp_flags) {
    return (struct meter_counts){.start_us = side->start_us,
                                 .end_us = side->end_us,
                                 .packets = side->packets * meter->config.sampling,
                                 .octets = side->octets * meter->config.sampling,
                                 .tcp_flags = tcp_flags};
}

static void flow_end(struct meter *meter, unsigned r, struct flow_entry *entry, enum meter_end reason) {
    const struct meter_rule_state *rule = &meter->rules[r];
    const struct reverse *reverse = reverse_of(rule, entry);
    struct meter_flow flow = {.end = (uint8_t)reason, .sampling = meter->config.sampling};
    meter_key_flow(&rule->key, entry->words, entry->words + rule->kept_at, reverse && reverse->swapped, &flow);
    flow.forward = counts_of(meter, &entry->forward, entry->tcp_flags);
    if (reverse && reverse->side.packets) flow.reverse = counts_of(meter, &reverse->side, reverse->tcp_flags);
    flow_table_remove(rule->table, entry);
    meter->totals.ends[reason]++;
    meter->ended(meter->context, r, &flow);
}

static void flows_end_due(struct meter *meter, unsigned r, int64_t now_us) {
    const struct meter_rule_state *rule = &meter->rules[r];
    struct flow_entry *entry;
    while ((entry = flow_table_due(rule->table, now_us))) {
        struct flow_times times = times_of(rule, entry);
        enum meter_end reason = over(meter, &times, now_us);
        if (reason)
            flow_end(meter, r, entry, reason);
        else
            flow_table_again(rule->table, entry, due_us(meter, &times));
    }
}

/* Room for one: the first on the wheel, once it stands where its last packet puts it. */
static void flow_evict(struct meter *meter, unsigned r) {
    const struct meter_rule_state *rule = &meter->rules[r];
    struct flow_entry *entry;
    struct flow_times times;
    do {
        entry = flow_table_first(rule->table);
        times = times_of(rule, entry);
    } while (flow_table_again(rule->table, entry, due_us(meter, &times)));
    flow_end(meter, r, entry, METER_END_RESOURCES);
}

static struct flow_entry *flow_begin(struct meter *meter, unsigned r, const struct frame *frame, uint64_t hash,
                                     const uint64_t *key, bool swapped) {
    const struct meter_rule_state *rule = &meter->rules[r];
    struct flow_times times = {frame->time_us, frame->time_us, false};
    unsigned n = rule->key.key[frame->subject.packet.family].n;
    struct flow_entry *entry = flow_table_add(rule->table, hash, key, n, due_us(meter, &times));
    if (!entry) {
        flow_evict(meter, r);
        entry = flow_table_add(rule->table, hash, key, n, due_us(meter, &times));
    }
    entry->forward = (struct flow_side){.start_us = frame->time_us, .end_us = frame->time_us};
    entry->tcp_flags = 0;
    meter_key_keep(&rule->key, &frame->subject, entry->words + rule->kept_at);
    struct reverse *reverse = reverse_of(rule, entry);
    if (reverse) *reverse = (struct reverse){.swapped = swapped};
    return entry;
}

/* `entry`: of the frame's flow, if it has one. */
static void frame_count(struct meter *meter, unsigned r, const struct frame *frame, uint64_t hash, const uint64_t *key,
                        bool swapped, struct flow_entry *entry) {
    struct meter_rule_state *rule = &meter->rules[r];
    const struct packet *packet = &frame->subject.packet;
    struct flow_times times = {.finished = false};
    if (entry) {
        times = times_of(rule, entry);
        enum meter_end reason = over(meter, &times, frame->time_us);
        if (times.finished && packet->tcp_flags & TCP_SYN) reason = METER_END_FLOW;
        if (reason) {
            flow_end(meter, r, entry, reason);
            entry = NULL;
        }
    }
    if (!entry) entry = flow_begin(meter, r, frame, hash, key, swapped);
    struct flow_side *side = &entry->forward;
    uint16_t *tcp_flags = &entry->tcp_flags;
    struct reverse *reverse = reverse_of(rule, entry);
    if (reverse && reverse->swapped != swapped) {
        side = &reverse->side;
        tcp_flags = &reverse->tcp_flags;
        if (!side->packets) side->start_us = side->end_us = frame->time_us;
    }
    if (frame->time_us < side->start_us) side->start_us = frame->time_us;
    if (frame->time_us > side->end_us) side->end_us = frame->time_us;
    side->packets++;
    side->octets += packet->octets;
    *tcp_flags |= packet->tcp_flags;
    if (!(packet->tcp_flags & (TCP_FIN | TCP_RST))) return;
    bool before = times.finished;
    times = times_of(rule, entry);
    if (times.finished && !before) flow_table_again(rule->table, entry, due_us(meter, &times));
}

/* --- batches --- */

static void batch_count(struct meter *meter, unsigned r) {
    const struct meter_rule_state *rule = &meter->rules[r];
    uint64_t keys[BATCH][SUBJECT_WORDS], hashes[BATCH];
    struct flow_entry *guesses[BATCH];
    uint8_t frames[BATCH];
    bool swapped[BATCH];
    unsigned n = 0;
    for (unsigned i = 0; i < meter->n_batch; i++) {
        const struct subject *subject = &meter->batch[i].subject;
        if (!(meter->batch[i].rules >> r & 1)) continue;
        frames[n] = (uint8_t)i;
        swapped[n] = meter_key_make(&rule->key, subject, keys[n]);
        hashes[n] = XXH3_64bits_withSeed(keys[n], rule->key.key[subject->packet.family].n * sizeof(uint64_t),
                                         meter->config.seed);
        flow_table_fetch_place(rule->table, hashes[n++]);
    }
    for (unsigned i = 0; i < n; i++)
        guesses[i] = flow_table_fetch_entry(rule->table, hashes[i]);
    for (unsigned i = 0; i < n; i++) {
        const struct frame *frame = &meter->batch[frames[i]];
        unsigned words = rule->key.key[frame->subject.packet.family].n;
        flows_end_due(meter, r, frame->time_us);
        frame_count(meter, r, frame, hashes[i], keys[i], swapped[i],
                    flow_table_find(rule->table, hashes[i], keys[i], words, guesses[i]));
    }
}

static void batch_flush(struct meter *meter) {
    for (unsigned r = 0; meter->n_batch > 0 && r < meter->config.rules->n; r++)
        batch_count(meter, r);
    meter->n_batch = 0;
}

/* --- frames --- */

/* One in so many by what routers leave as it is (RFC 5475, 6.2), so that probes on a packet's way choose the same. */
static bool hash_chooses(const struct meter *meter, const struct packet *packet, const uint8_t *bytes,
                         size_t captured) {
    struct {
        uint8_t ends[32], transport[16];
        uint32_t id;
        uint32_t protocol;
    } content = {.id = packet->fragment_id, .protocol = packet->protocol};
    memcpy(content.ends, packet->source, sizeof packet->source);
    memcpy(content.ends + sizeof packet->source, packet->destination, sizeof packet->destination);
    if (packet->transport_offset) {
        size_t have = captured - packet->transport_offset;
        memcpy(content.transport, bytes + packet->transport_offset,
               have < sizeof content.transport ? have : sizeof content.transport);
    }
    return XXH3_64bits(&content, sizeof content) <= UINT64_MAX / meter->config.sampling;
}

static uint32_t rules_match(const struct meter *meter, const uint8_t *bytes, size_t captured, size_t original) {
    uint32_t matching = 0;
    for (unsigned i = 0; i < meter->config.rules->n; i++)
        if (match_takes(&meter->rules[i].match, bytes, captured, original)) matching |= UINT32_C(1) << i;
    return matching;
}

void meter_origin(struct meter *meter, const struct capture_origin *origin) { meter->origin = *origin; }

void meter_frame(struct meter *meter, const uint8_t *bytes, size_t captured, size_t original, int64_t now_us) {
    const struct meter_config *config = &meter->config;
    struct frame *frame = &meter->batch[meter->n_batch];
    struct packet *packet = &frame->subject.packet;
    if (!match_takes(&meter->filter, bytes, captured, original)) return;
    meter->totals.frames++;
    if (meter->to_pass > 0) {
        meter->to_pass--;
        meter->totals.passed_over++;
        return;
    }
    if (!config->sampling_by_hash) meter->to_pass = config->sampling - 1;
    enum packet_verdict verdict = packet_decode(&config->packet, meter->link_type, bytes, captured, original, packet);
    bool counts = packet_texts[verdict].counts;
    if (counts && packet_is_fragment(packet)) fragments_apply(meter->fragments, packet, now_us);
    if (counts && config->sampling_by_hash && !hash_chooses(meter, packet, bytes, captured)) {
        meter->totals.passed_over++;
        return;
    }
    meter->totals.verdicts[verdict]++;
    if (!counts) return;
    meter->totals.packets++;
    meter->totals.octets += packet->octets;
    frame->rules = rules_match(meter, bytes, captured, original);
    if (!frame->rules) {
        meter->totals.unmatched++;
        return;
    }
    if (!packet->interface) packet->interface = meter->origin.interface;
    if (meter->origin.has_mac && memcmp(packet->source_mac, meter->origin.mac, sizeof packet->source_mac) == 0)
        packet->outgoing = true;
    frame->subject.icmp = subject_is_icmp(&frame->subject) ? packet->destination_port : 0;
    frame->time_us = now_us < 0 ? 0 : now_us < TIME_MAX_US ? now_us : TIME_MAX_US;
    if (++meter->n_batch == BATCH) batch_flush(meter);
}

void meter_tick(struct meter *meter, int64_t now_us) {
    batch_flush(meter);
    for (unsigned r = 0; r < meter->config.rules->n; r++)
        flows_end_due(meter, r, now_us);
}

void meter_end(struct meter *meter) {
    batch_flush(meter);
    for (unsigned r = 0; r < meter->config.rules->n; r++) {
        const struct meter_rule_state *rule = &meter->rules[r];
        struct flow_entry *entry;
        while ((entry = flow_table_first(rule->table)))
            flow_end(meter, r, entry, times_of(rule, entry).finished ? METER_END_FLOW : METER_END_FORCED);
    }
}

/* --- what it has done --- */

const struct meter_totals *meter_totals(const struct meter *meter) { return &meter->totals; }

void meter_show(const struct meter *meter, struct show *show) {
    static const char *const ends[] = {NULL, "idle", "active", "finished", "forced", "resources"};
    const struct meter_totals *totals = &meter->totals;
    size_t flows = 0, room = 0;
    for (unsigned i = 0; i < meter->config.rules->n; i++) {
        flows += flow_table_count(meter->rules[i].table);
        room += flow_table_room(meter->rules[i].table);
    }
    show_module(show, "meter");
    show_counter(show, "frames_total", "Frames received.", totals->frames);
    show_counter(show, "passed_over_total", "Frames skipped by sampling.", totals->passed_over);
    show_family(show, SHOW_COUNTER, "verdicts_total", "verdict", "Frames by result.");
    for (unsigned i = 0; i < PACKET_VERDICTS; i++)
        show_member(show, packet_texts[i].token, totals->verdicts[i]);
    show_counter(show, "packets_total", "Packets counted.", totals->packets);
    show_counter(show, "octets_total", "Bytes of the counted packets.", totals->octets);
    show_counter(show, "unmatched_total", "Packets that match no rule.", totals->unmatched);
    show_gauge(show, "flows", "Active flows.", flows);
    show_gauge(show, "flows_room", "The maximum number of flows that fit in memory.", room);
    show_family(show, SHOW_COUNTER, "flows_ended_total", "reason", "Flows that ended, by reason.");
    for (unsigned i = METER_END_IDLE; i <= METER_END_RESOURCES; i++)
        show_member(show, ends[i], totals->ends[i]);
    fragments_show(meter->fragments, show);
}
