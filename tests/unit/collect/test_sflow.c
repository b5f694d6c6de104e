/* sFlow: each kind of sample and record, what is wrong with them, and that the fields' list says what a record holds.
 */
#include "collect/sflow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sflow_datagram.h"

enum { SAMPLES_MAX = 8, SOURCE = 0xc6336407, DESTINATION = 0xcb007108 };

static struct decoded {
    int result;
    struct sflow_header header;
    struct sflow_counts counts;
    unsigned n;
    struct sflow_sample samples[SAMPLES_MAX];
} last;

static void on_sample(void *context, const struct sflow_header *header, const struct sflow_sample *sample) {
    assert_ptr_equal(context, &last);
    assert_ptr_equal(header, &last.header);
    assert_true(last.n < SAMPLES_MAX);
    last.samples[last.n++] = *sample;
}

static void decode(const struct datagram *datagram, size_t len) {
    uint8_t *copy = malloc(len ? len : 1); /* ends there: a sanitizer sees a read too far */
    assert_non_null(copy);
    memcpy(copy, datagram->at, len);
    memset(&last, 0xee, sizeof last);
    last.n = 0;
    static const struct packet_options options = {.tunnels = 0};
    const struct sflow_sink sink = {.options = &options, .context = &last, .sample = on_sample};
    last.result = sflow_decode(copy, len, &last.header, &last.counts, &sink);
    free(copy);
}

static void assert_counts(uint64_t flow, uint64_t counter, uint64_t unknown, uint64_t not_ip) {
    assert_int_equal(last.counts.flow_samples, flow);
    assert_int_equal(last.counts.counter_samples, counter);
    assert_int_equal(last.counts.unknown_samples, unknown);
    assert_int_equal(last.counts.not_ip, not_ip);
    assert_int_equal(last.n, flow - not_ip);
}

/* Where the element stands in the record. */
static const uint8_t *field_find(const struct sflow_sample *sample, unsigned id, unsigned *length) {
    const uint8_t *at = sample->record;
    for (unsigned i = 0; i < sflow_n_fields[sample->family]; i++) {
        const struct field_specifier *field = &sflow_fields[sample->family][i];
        *length = field->length;
        if (field->id == id) return at;
        at += field->length;
    }
    fail_msg("element %u is not in the record", id);
    return NULL;
}

static uint64_t number_of(const struct sflow_sample *sample, unsigned id) {
    unsigned length;
    const uint8_t *at = field_find(sample, id, &length);
    return be_number(at, length);
}

static void assert_octets(const struct sflow_sample *sample, unsigned id, const void *expected,
                          unsigned expected_length) {
    unsigned length;
    const uint8_t *at = field_find(sample, id, &length);
    assert_int_equal(length, expected_length);
    assert_memory_equal(at, expected, length);
}

struct value {
    unsigned id;
    uint64_t number;
};

#define ASSERT_VALUES(sample, ...)                                                                                     \
    do {                                                                                                               \
        const struct value values_[] = {__VA_ARGS__};                                                                  \
        for (size_t i_ = 0; i_ < sizeof values_ / sizeof values_[0]; i_++)                                             \
            if (number_of(sample, values_[i_].id) != values_[i_].number)                                               \
                fail_msg("element %u is %llu, not %llu", values_[i_].id,                                               \
                         (unsigned long long)number_of(sample, values_[i_].id),                                        \
                         (unsigned long long)values_[i_].number);                                                      \
    } while (0)

/* Each element of the other family's list is of the same meaning, and the lengths are those of the registry's types,
 * or shorter. */
static void fields_are_elements(void **state) {
    (void)state;
    static const struct {
        unsigned four, six;
    } pairs[] = {{8, 27}, {12, 28}, {32, 139}, {15, 62}, {18, 63}, {9, 29}, {13, 30}};
    assert_int_equal(sflow_n_fields[FLOW_IPV4], sflow_n_fields[FLOW_IPV6]);
    for (unsigned i = 0; i < sflow_n_fields[FLOW_IPV4]; i++) {
        unsigned four = sflow_fields[FLOW_IPV4][i].id, expected = four;
        for (unsigned k = 0; k < sizeof pairs / sizeof pairs[0]; k++)
            if (pairs[k].four == four) expected = pairs[k].six;
        assert_int_equal(sflow_fields[FLOW_IPV6][i].id, expected);
        for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
            const struct field_specifier *field = &sflow_fields[family][i];
            const struct element *element = element_by_id(field->id);
            assert_non_null(element);
            assert_int_equal(field->enterprise, 0);
            assert_true(field->length > 0 && field->length <= element_width(element));
            for (unsigned k = 0; k < i; k++)
                assert_int_not_equal(sflow_fields[family][k].id, field->id);
        }
    }
}

/* 1 of 512 TCP packets in a VLAN: of its 1500 octets the sample has 54. */
static struct datagram raw_datagram(void) {
    struct bytes ip = ipv4(SOURCE, DESTINATION, TCP, 51515, 443, SYN | ACK, 1500);
    struct bytes frame = ethernet(1, 2, 5 << 13 | 42, 0, 0, &ip);
    struct datagram datagram = datagram_of(1);
    size_t begin = flow_begin(&datagram, 2);
    header_put(&datagram, 1, 1522, 4, &frame);
    size_t user = part_begin(&datagram, 1004); /* of which nothing is wanted, and of no multiple of 4 */
    octets(&datagram, "unread", 6);
    word_set(&datagram, user - 4, 6);
    part_end(&datagram, begin);
    return datagram;
}

static void raw_headers(void **state) {
    (void)state;
    struct datagram datagram = raw_datagram();
    decode(&datagram, datagram.len);
    assert_int_equal(last.result, 0);
    assert_counts(1, 0, 0, 0);
    assert_int_equal(last.header.family, FLOW_IPV4);
    assert_memory_equal(last.header.agent, "\xc0\0\2\x9\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(last.header.sub_agent, 3);
    assert_int_equal(last.header.sequence, 77);
    assert_int_equal(last.header.uptime_ms, 123456);
    assert_int_equal(last.header.n_samples, 1);
    const struct sflow_sample *sample = &last.samples[0];
    assert_int_equal(sample->source_type, 0);
    assert_int_equal(sample->source_id, 7);
    assert_int_equal(sample->sequence, 1001);
    assert_int_equal(sample->sampling, 512);
    assert_int_equal(sample->pool, 65536);
    assert_int_equal(sample->drops, 2);
    assert_int_equal(sample->family, FLOW_IPV4);
    ASSERT_VALUES(sample, {8, SOURCE}, {12, DESTINATION}, {7, 51515}, {11, 443}, {4, 6}, {5, 0}, {6, 0x12}, {192, 64},
                  {31, 0}, {32, 0}, {1, 1500}, {2, 1}, {10, 7}, {14, 8}, {58, 42}, {59, 0}, {243, 42}, {244, 5},
                  {70, 0}, {16, 0}, {17, 0}, {128, 0}, {129, 0}, {15, 0}, {18, 0}, {9, 0}, {13, 0});
    assert_octets(sample, 56, "\2\0\0\0\0\1", 6);
    assert_octets(sample, 80, "\2\0\0\0\0\2", 6);
}

/* Its length is that of the fields' list; every byte of it is written. */
static void records_are_whole(void **state) {
    (void)state;
    struct bytes packets[] = {ipv4(SOURCE, DESTINATION, UDP, 1, 2, 0, 100), ipv6(1, 2, UDP, 1, 2, 0x12345, 100)};
    for (unsigned family = 0; family < FLOW_FAMILIES; family++) {
        struct datagram datagram = datagram_of(1);
        size_t begin = flow_begin(&datagram, 1), expected = 0;
        header_put(&datagram, family == FLOW_IPV4 ? 11 : 12, 100, 0, &packets[family]);
        part_end(&datagram, begin);
        decode(&datagram, datagram.len);
        assert_int_equal(last.result, 0);
        assert_counts(1, 0, 0, 0);
        for (unsigned i = 0; i < sflow_n_fields[family]; i++)
            expected += sflow_fields[family][i].length;
        assert_int_equal(last.samples[0].len, expected);
        assert_int_equal(last.samples[0].family, family);
        ASSERT_VALUES(&last.samples[0], {1, 100}, {2, 1}, {4, 17}, {7, 1}, {11, 2});
    }
    assert_octets(&last.samples[0], 27, "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 16);
    assert_octets(&last.samples[0], 28, "\x20\x01\x0d\xb8\0\2\0\0\0\0\0\0\0\0\0\2", 16);
    ASSERT_VALUES(&last.samples[0], {31, 0x12345}, {192, 64});
}

/* By protocol of the header: the same IP packet behind what that has before it. */
static void header_protocols(void **state) {
    (void)state;
    const struct bytes ip = ipv4(SOURCE, DESTINATION, ICMP, 0, 0x0301, 0, 56), six = ipv6(1, 2, 58, 0, 0x8000, 0, 60);
    static const struct {
        uint32_t protocol;
        const char *before;
        size_t len;
        bool six, counts;
    } cases[] = {
        {1, "\2\0\0\0\0\2\2\0\0\0\0\1\x08\0", 14, false, true},
        {1, "\2\0\0\0\0\2\2\0\0\0\0\1\x86\xdd", 14, true, true},
        {7, "\xff\3\0\x21", 4, false, true},
        {7, "\x57", 1, true, true},
        {11, "", 0, false, true},
        {12, "", 0, true, true},
        {14, "\xff\3\0\x21", 4, false, true},
        {11, "", 0, true, false},                                /* not the version that is said */
        {1, "\2\0\0\0\0\2\2\0\0\0\0\1\x08\6", 14, false, false}, /* ARP */
        {1, "\2\0\0\0\0\2", 6, false, false},
        {4, "", 0, false, false}, /* FDDI */
        {0, "", 0, false, false},
        {UINT32_MAX, "", 0, false, false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes header = {.len = cases[i].len};
        const struct bytes *inside = cases[i].six ? &six : &ip;
        memcpy(header.at, cases[i].before, cases[i].len);
        memcpy(header.at + header.len, inside->at, inside->len);
        header.len += inside->len;
        struct datagram datagram = datagram_of(1);
        size_t begin = flow_begin(&datagram, 1);
        header_put(&datagram, cases[i].protocol, 100, 0, &header);
        part_end(&datagram, begin);
        decode(&datagram, datagram.len);
        assert_int_equal(last.result, 0);
        assert_counts(1, 0, 0, !cases[i].counts);
        if (!cases[i].counts) continue;
        if (cases[i].six)
            ASSERT_VALUES(&last.samples[0], {4, 58}, {7, 0}, {11, 0x8000}, {139, 0x8000}, {1, 60});
        else
            ASSERT_VALUES(&last.samples[0], {4, 1}, {7, 0}, {11, 0x0301}, {32, 0x0301}, {1, 56});
    }
}

/* Where the IP header has no length, the frame's counts, less what was stripped and the link's header. */
static void length_of_the_frame(void **state) {
    (void)state;
    struct bytes ip = ipv4(SOURCE, DESTINATION, UDP, 1, 2, 0, 0), frame = ethernet(1, 2, 0, 0, 0, &ip);
    struct datagram datagram = datagram_of(2);
    size_t begin = flow_begin(&datagram, 1);
    header_put(&datagram, 1, 9018, 4, &frame);
    part_end(&datagram, begin);
    begin = flow_begin(&datagram, 1);
    header_put(&datagram, 1, 3, 4, &frame); /* shorter than what was stripped */
    part_end(&datagram, begin);
    decode(&datagram, datagram.len);
    assert_int_equal(last.result, 0);
    assert_counts(2, 0, 0, 0);
    ASSERT_VALUES(&last.samples[0], {1, 9000});
    ASSERT_VALUES(&last.samples[1], {1, ip.len});
}

static void expanded_put(struct datagram *datagram, uint32_t input_format, uint32_t input, uint32_t output_format,
                         uint32_t output) {
    struct bytes ip = ipv4(SOURCE, DESTINATION, UDP, 1, 2, 0, 100);
    size_t begin = part_begin(datagram, 3);
    WORDS(datagram, 1002, 2, 0x12345678, 0, 5, 6, input_format, input, output_format, output, 1);
    header_put(datagram, 11, 100, 0, &ip);
    part_end(datagram, begin);
}

static void compact_put(struct datagram *datagram, uint32_t input, uint32_t output) {
    struct bytes ip = ipv4(SOURCE, DESTINATION, UDP, 1, 2, 0, 100);
    size_t begin = part_begin(datagram, 1);
    WORDS(datagram, 1003, 1 << 24 | 9, 1, 2, 3, input, output, 1);
    header_put(datagram, 11, 100, 0, &ip);
    part_end(datagram, begin);
}

/* In both forms: what is no one interface is 0. */
static void interfaces(void **state) {
    (void)state;
    struct datagram datagram = datagram_of(6);
    expanded_put(&datagram, 0, 0x7fffffff, 0, 12);
    expanded_put(&datagram, 1, 258, 2, 3);                 /* dropped, for the reason 258; out of 3 interfaces */
    expanded_put(&datagram, 0, 0x3fffffff, 0, UINT32_MAX); /* the host itself */
    compact_put(&datagram, 0x3ffffffe, 12);
    compact_put(&datagram, 1u << 30 | 258, 2u << 30 | 3);
    compact_put(&datagram, 0x3fffffff, 3u << 30 | 4);
    static const uint64_t expected[][2] = {{0x7fffffff, 12}, {0, 0}, {0, 0}, {0x3ffffffe, 12}, {0, 0}, {0, 0}};
    decode(&datagram, datagram.len);
    assert_int_equal(last.result, 0);
    assert_counts(6, 0, 0, 0);
    for (unsigned i = 0; i < 6; i++)
        ASSERT_VALUES(&last.samples[i], {10, expected[i][0]}, {14, expected[i][1]});
    assert_int_equal(last.samples[0].source_type, 2);
    assert_int_equal(last.samples[0].source_id, 0x12345678);
    assert_int_equal(last.samples[0].sampling, 1); /* 0 is no rate */
    assert_int_equal(last.samples[0].pool, 5);
    assert_int_equal(last.samples[0].drops, 6);
    assert_int_equal(last.samples[3].source_type, 1);
    assert_int_equal(last.samples[3].source_id, 9);
    assert_int_equal(last.samples[3].sampling, 1);
}

static void sampled4_put(struct datagram *datagram) {
    size_t begin = part_begin(datagram, 3);
    WORDS(datagram, 576, 17, SOURCE, DESTINATION, 53, 5353, 0, 0xb8);
    part_end(datagram, begin);
}

static void sampled6_put(struct datagram *datagram) {
    size_t begin = part_begin(datagram, 4);
    WORDS(datagram, 1280, 6, 0x20010db8, 0, 0, 1, 0x20010db8, 0, 0, 2, 50000, 80, 0x18, 0x20);
    part_end(datagram, begin);
}

static void sampled_ethernet_put(struct datagram *datagram) {
    size_t begin = part_begin(datagram, 2);
    word(datagram, 594);
    octets(datagram, "\2\0\0\0\0\7", 6);
    octets(datagram, "\2\0\0\0\0\x8", 6);
    word(datagram, 0x0800);
    part_end(datagram, begin);
}

static void sampled_records(void **state) {
    (void)state;
    struct datagram datagram = datagram_of(3);
    size_t begin = flow_begin(&datagram, 2);
    sampled_ethernet_put(&datagram);
    sampled4_put(&datagram);
    part_end(&datagram, begin);
    begin = flow_begin(&datagram, 1);
    sampled6_put(&datagram);
    part_end(&datagram, begin);
    begin = flow_begin(&datagram, 1); /* a frame's addresses are no flow */
    sampled_ethernet_put(&datagram);
    part_end(&datagram, begin);
    decode(&datagram, datagram.len);
    assert_int_equal(last.result, 0);
    assert_counts(3, 0, 0, 1);
    ASSERT_VALUES(&last.samples[0], {8, SOURCE}, {12, DESTINATION}, {7, 53}, {11, 5353}, {4, 17}, {6, 0}, {5, 0xb8},
                  {1, 576}, {2, 1}, {10, 7}, {14, 8});
    assert_octets(&last.samples[0], 56, "\2\0\0\0\0\7", 6);
    assert_octets(&last.samples[0], 80, "\2\0\0\0\0\x8", 6);
    assert_int_equal(last.samples[1].family, FLOW_IPV6);
    assert_octets(&last.samples[1], 27, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    assert_octets(&last.samples[1], 28, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
    ASSERT_VALUES(&last.samples[1], {7, 50000}, {11, 80}, {4, 6}, {6, 0x18}, {5, 0x20}, {1, 1280});
}

/* A raw header counts wherever it stands, and once. */
static void raw_headers_know_better(void **state) {
    (void)state;
    struct bytes ip = ipv4(1, 2, TCP, 3, 4, SYN, 1000), frame = ethernet(1, 2, 0, 0, 0, &ip);
    for (unsigned raw_at = 0; raw_at < 4; raw_at++) {
        struct datagram datagram = datagram_of(1);
        size_t begin = flow_begin(&datagram, 4);
        for (unsigned i = 0; i < 4; i++) {
            if (i == raw_at) header_put(&datagram, 1, 1014, 0, &frame);
            if (i == 0) sampled4_put(&datagram);
            if (i == 1) sampled6_put(&datagram);
            if (i == 2) sampled_ethernet_put(&datagram);
        }
        part_end(&datagram, begin);
        decode(&datagram, datagram.len);
        assert_int_equal(last.result, 0);
        assert_counts(1, 0, 0, 0);
        ASSERT_VALUES(&last.samples[0], {8, 1}, {12, 2}, {7, 3}, {11, 4}, {4, 6}, {6, 2}, {5, 0}, {1, 1000});
        assert_octets(&last.samples[0], 56, "\2\0\0\0\0\1", 6);
    }
}

static void extended_data(void **state) {
    (void)state;
    struct bytes plain = ipv4(1, 2, TCP, 3, 4, SYN, 1000), tagged = ethernet(1, 2, 7 << 13 | 9, 8, 17, &plain);
    struct datagram datagram = datagram_of(2);
    size_t begin = flow_begin(&datagram, 4);
    extended_put(&datagram); /* before the packet it belongs to */
    header_put(&datagram, 11, 1000, 0, &plain);
    part_end(&datagram, begin);
    begin = flow_begin(&datagram, 4);
    header_put(&datagram, 1, 1026, 0, &tagged);
    extended_put(&datagram);
    part_end(&datagram, begin);
    decode(&datagram, datagram.len);
    assert_int_equal(last.result, 0);
    assert_counts(2, 0, 0, 0);
    for (unsigned i = 0; i < 2; i++)
        ASSERT_VALUES(&last.samples[i], {59, 200}, {15, 0xc0000201}, {9, 24}, {13, 17}, {18, 0xc0000202}, {16, 64501},
                      {129, 64502}, {128, 64503}, {17, 4200000000});
    ASSERT_VALUES(&last.samples[0], {58, 100}, {243, 100}, {244, 3}, {70, 0});
    ASSERT_VALUES(&last.samples[1], {58, 9}, {243, 9}, {244, 7}, {70, 17 << 4 | 0xf}); /* the frame's own tag */
}

/* Hops of the other family, AS paths without a number, VLANs that are not known. */
static void extended_data_without_values(void **state) {
    (void)state;
    struct bytes ip = ipv4(1, 2, TCP, 3, 4, SYN, 1000);
    struct datagram datagram = datagram_of(1);
    size_t begin = flow_begin(&datagram, 4), part;
    header_put(&datagram, 11, 1000, 0, &ip);
    part = part_begin(&datagram, 1001);
    WORDS(&datagram, UINT32_MAX, UINT32_MAX, 4096, 0);
    part_end(&datagram, part);
    part = part_begin(&datagram, 1002);
    WORDS(&datagram, 2, 0x20010db8, 0, 0, 1, 129, 32);
    part_end(&datagram, part);
    part = part_begin(&datagram, 1003);
    WORDS(&datagram, 0, 64500, 64501, 64502, 1, 2, 0, 0, 100); /* one segment of no numbers */
    part_end(&datagram, part);
    part_end(&datagram, begin);
    decode(&datagram, datagram.len);
    assert_int_equal(last.result, 0);
    ASSERT_VALUES(&last.samples[0], {58, 0}, {59, 0}, {243, 0}, {244, 0}, {15, 0}, {9, 0}, {13, 32}, {18, 0},
                  {16, 64501}, {129, 64502}, {128, 0}, {17, 0});
}

static void other_samples(void **state) {
    (void)state;
    struct bytes ip = ipv4(1, 2, TCP, 3, 4, SYN, 1000);
    static const uint32_t formats[] = {2, 4, 6, 4413 << 12 | 1, 2};
    struct datagram datagram = {.len = 0};
    WORDS(&datagram, 5, 2, 0x20010db8, 0, 0, 9, 0, 1, 2, 6);
    for (unsigned i = 0; i < 5; i++) {
        size_t begin = part_begin(&datagram, formats[i]);
        WORDS(&datagram, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX);
        part_end(&datagram, begin);
    }
    size_t begin = flow_begin(&datagram, 2);
    size_t part = part_begin(&datagram, 4413 << 12 | 1); /* another enterprise's */
    WORDS(&datagram, 1, 2, 3);
    part_end(&datagram, part);
    header_put(&datagram, 11, 1000, 0, &ip);
    part_end(&datagram, begin);
    decode(&datagram, datagram.len);
    assert_int_equal(last.result, 0);
    assert_counts(1, 3, 2, 0);
    assert_int_equal(last.header.family, FLOW_IPV6);
    assert_memory_equal(last.header.agent, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x9", 16);
    assert_int_equal(last.header.n_samples, 6);
}

/* A record that is shorter than its format is passed over, and said; what stands beside it counts. */
static void cut_records(void **state) {
    (void)state;
    static const uint32_t formats[] = {1, 2, 3, 4, 1001, 1002, 1003};
    for (unsigned i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct bytes ip = ipv4(1, 2, TCP, 3, 4, SYN, 1000);
        struct datagram datagram = datagram_of(2);
        for (unsigned k = 0; k < 2; k++) {
            size_t begin = flow_begin(&datagram, 2), part = part_begin(&datagram, formats[i]);
            WORDS(&datagram, 1, 2);
            part_end(&datagram, part);
            header_put(&datagram, 11, 1000, 0, &ip);
            part_end(&datagram, begin);
        }
        decode(&datagram, datagram.len);
        assert_int_equal(last.result, -1);
        assert_counts(2, 0, 0, 0);
        ASSERT_VALUES(&last.samples[1], {8, 1}, {1, 1000}, {9, 0}, {58, 0}, {16, 0});
    }
}

/* Numbers of samples, records, segments and lengths beyond all that there is: the end comes soon. */
static void lies(void **state) {
    (void)state;
    struct datagram good = raw_datagram(), datagram;
    enum { SAMPLE = 28, RECORD = SAMPLE + 8 + 32 }; /* where the first ones begin */
    static const struct {
        size_t at;
        unsigned flows; /* found all the same */
    } cases[] = {{24, 1}, {SAMPLE + 4, 0}, {RECORD - 4, 1}, {RECORD + 4, 0}, {RECORD + 20, 0}};
    decode(&good, good.len);
    assert_int_equal(last.n, 1);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const uint32_t numbers[] = {UINT32_MAX, UINT32_MAX - 3, 1u << 31, 1u << 30, 4096};
        for (unsigned k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
            datagram = good;
            word_set(&datagram, cases[i].at, numbers[k]);
            decode(&datagram, datagram.len);
            assert_int_equal(last.result, -1);
            assert_int_equal(last.n, cases[i].flows);
        }
    }
    datagram = datagram_of(1);
    size_t begin = flow_begin(&datagram, 1), part = part_begin(&datagram, 1003);
    WORDS(&datagram, 0, 1, 2, 3, UINT32_MAX, 2, 1u << 30, 7);
    part_end(&datagram, part);
    part_end(&datagram, begin);
    decode(&datagram, datagram.len);
    assert_int_equal(last.result, -1);
    assert_counts(1, 0, 0, 1);
}

static void other_versions(void **state) {
    (void)state;
    struct datagram datagram = raw_datagram();
    for (uint32_t version = 0; version < 12; version++) {
        word_set(&datagram, 0, version);
        decode(&datagram, datagram.len);
        assert_int_equal(last.result, version == 5 ? 0 : -1);
        assert_int_equal(last.n, version == 5);
    }
    word_set(&datagram, 0, 5);
    word_set(&datagram, 4, 3); /* an address of no kind that is known */
    decode(&datagram, datagram.len);
    assert_int_equal(last.result, -1);
    assert_int_equal(last.n, 0);
}

/* Cut anywhere, a datagram tells the samples that are whole, and that it is cut. The last three bytes are padding. */
static void cut_at_every_byte(void **state) {
    (void)state;
    struct bytes ip = ipv4(1, 2, TCP, 3, 4, SYN, 1000);
    struct datagram datagram = datagram_of(4);
    size_t ends[4], n = 0;
    size_t begin = part_begin(&datagram, 2);
    WORDS(&datagram, 1, 2, 3);
    part_end(&datagram, begin);
    ends[n++] = datagram.len;
    begin = flow_begin(&datagram, 4);
    header_put(&datagram, 11, 1000, 0, &ip);
    extended_put(&datagram);
    part_end(&datagram, begin);
    ends[n++] = datagram.len;
    expanded_put(&datagram, 0, 1, 0, 2);
    ends[n++] = datagram.len;
    begin = flow_begin(&datagram, 1);
    ip.len -= 3;
    header_put(&datagram, 11, 1000, 0, &ip);
    part_end(&datagram, begin);
    ends[n++] = datagram.len;
    for (size_t len = 0; len <= datagram.len; len++) {
        unsigned whole = 0;
        while (whole < n && ends[whole] <= len + 3) /* which may be padding that was left out */
            whole++;
        decode(&datagram, len);
        assert_int_equal(last.result, len + 3 >= datagram.len ? 0 : -1);
        assert_int_equal(last.n, whole > 0 ? whole - 1 : 0);
        assert_int_equal(last.counts.counter_samples, whole > 0);
    }
    /* Agents that don't pad the end. */
    word_set(&datagram, begin - 4, (uint32_t)(datagram.len - begin - 3));
    word_set(&datagram, begin + 36, (uint32_t)(datagram.len - begin - 40 - 3));
    decode(&datagram, datagram.len - 3);
    assert_int_equal(last.result, 0);
    assert_int_equal(last.n, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_elements),
        cmocka_unit_test(raw_headers),
        cmocka_unit_test(records_are_whole),
        cmocka_unit_test(header_protocols),
        cmocka_unit_test(length_of_the_frame),
        cmocka_unit_test(interfaces),
        cmocka_unit_test(sampled_records),
        cmocka_unit_test(raw_headers_know_better),
        cmocka_unit_test(extended_data),
        cmocka_unit_test(extended_data_without_values),
        cmocka_unit_test(other_samples),
        cmocka_unit_test(cut_records),
        cmocka_unit_test(lies),
        cmocka_unit_test(other_versions),
        cmocka_unit_test(cut_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
