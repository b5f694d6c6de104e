/* Claim keys: what is written is read again, whatever the consumer is called; foreign keys are not ours. */
#include "queue/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const struct {
    const char *queue, *prefix;
} prefixes[] = {
    {"entry:queue", "{entry:queue}"},   {"", "{}"},
    {"{flows}:queue", "{flows}:queue"}, {"site{7}", "site{7}"},
    {"{}queue", "{{}queue}"},           {"open{brace", "{open{brace}"},
    {"close}brace", "{close}brace}"},   {"}{", "{}{}"},
};

static void prefixes_share_the_queues_slot(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        char prefix[64];
        claim_prefix(prefix, sizeof prefix, prefixes[i].queue);
        assert_string_equal(prefix, prefixes[i].prefix);
    }
}

#define P "{entry:queue}"

static const struct {
    const char *consumer;
    int64_t generation, n, epoch;
    bool adopted;
    const char *key, *queue_id;
    int64_t place;
} names[] = {
#define ID "0123456789abcdef"
    {"host", 1, 0, 1700000000, false, P ":claim:host:1:0:1700000000@" ID ".0", ID, 0},
    {"host", 1, 2, 3, true, P ":claim:host:1:2:3@" ID ".999999999999999999:adopted", ID, 999999999999999999},
    {"a@" ID ".5", 1, 2, 3, false, P ":claim:a@" ID ".5:1:2:3@" ID ".7", ID, 7},
    {"a@" ID ".5", 1, 2, 3, false, P ":claim:a@" ID ".5:1:2:3", "", 0},
    {"host", 1, 0, 1700000000, false, P ":claim:host:1:0:1700000000", "", 0},
    {"host", 1, 0, 1700000000, true, P ":claim:host:1:0:1700000000:adopted", "", 0},
    {"a:b", 1700000000123456, 12, 0, false, P ":claim:a:b:1700000000123456:12:0", "", 0},
    {"a:1:2:3", 4, 5, 6, false, P ":claim:a:1:2:3:4:5:6", "", 0},
    {"a:1:2:3", 4, 5, 6, true, P ":claim:a:1:2:3:4:5:6:adopted", "", 0},
    {"x:adopted", 1, 2, 3, false, P ":claim:x:adopted:1:2:3", "", 0},
    {"x:adopted", 1, 2, 3, true, P ":claim:x:adopted:1:2:3:adopted", "", 0},
    {":", 1, 2, 3, false, P ":claim:::1:2:3", "", 0},
    {"7", 1, 2, 3, false, P ":claim:7:1:2:3", "", 0},
    {":claim:", 1, 2, 3, false, P ":claim::claim::1:2:3", "", 0},
    {"caf\xc3\xa9 {x} %s\n", 1, 2, 3, false, P ":claim:caf\xc3\xa9 {x} %s\n:1:2:3", "", 0},
    {"big", 999999999999999999, 999999999999999999, 999999999999999999, true,
     P ":claim:big:999999999999999999:999999999999999999:999999999999999999:adopted", "", 0},
};

static void names_are_read_as_written(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct claim claim = {.generation = names[i].generation,
                              .n = names[i].n,
                              .epoch = names[i].epoch,
                              .adopted = names[i].adopted,
                              .len = 5,
                              .read = 3,
                              .alive = true};
        struct claim read;
        snprintf(claim.consumer, sizeof claim.consumer, "%s", names[i].consumer);
        snprintf(claim.queue_id, sizeof claim.queue_id, "%s", names[i].queue_id);
        claim.place = names[i].place;
        claim_name(&claim, P);
        assert_string_equal(claim.key, names[i].key);
        assert_true(claim_parse(&read, P, claim.key, strlen(claim.key)));
        assert_string_equal(read.key, names[i].key);
        assert_string_equal(read.consumer, names[i].consumer);
        assert_int_equal(read.generation, names[i].generation);
        assert_int_equal(read.n, names[i].n);
        assert_int_equal(read.epoch, names[i].epoch);
        assert_string_equal(read.queue_id, names[i].queue_id);
        assert_int_equal(read.place, names[i].place);
        assert_int_equal(read.adopted, names[i].adopted);
        assert_int_equal(read.len, 0);
        assert_int_equal(read.read, 0);
        assert_false(read.alive);
    }
}

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *key;
    size_t len;
} strangers[] = {
    {BYTES("")},
    {BYTES(P)},
    {BYTES(P ":claim:")},
    {BYTES(P ":claims")},
    {BYTES(P ":rejected")},
    {BYTES("entry:queue")},
    {BYTES("{other:queue}:claim:host:1:2:3")},
    {BYTES(P ":Claim:host:1:2:3")},
    {BYTES(P ":claim:1:2:3")},
    {BYTES(P ":claim::1:2:3")},
    {BYTES(P ":claim:host:1:2")},
    {BYTES(P ":claim:host:1:2:")},
    {BYTES(P ":claim:host:1:2:x")},
    {BYTES(P ":claim:host:1:2:3@" ID ".")},
    {BYTES(P ":claim:host:1:2:3@" ID ".-1")},
    {BYTES(P ":claim:host:1:2:3@0123456789abcde.1")},
    {BYTES(P ":claim:host:1:2:3@0123456789ABCDEF.1")},
    {BYTES(P ":claim:host:1:2:3:adopted@" ID ".1")},
    {BYTES(P ":claim:host:1:2:-3")},
    {BYTES(P ":claim:host:1::3")},
    {BYTES(P ":claim:host::2:3")},
    {BYTES(P ":claim:host 1:2:3")},
    {BYTES(P ":claim:host:1:2:3:Adopted")},
    {BYTES(P ":claim:host:1:2:3:adopted ")},
    {BYTES(P ":claim:host:1:2:adopted")},
    {BYTES(P ":claim:host:1:2:3:adopted:adopted")},
    {BYTES(P ":claim:host:1:2:1000000000000000000")},
    {BYTES(P ":claim:ho\0st:1:2:3")},
    {BYTES(P ":claim:host:1:2:3\0")},
};

static void foreign_keys(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        struct claim claim;
        char *copy = malloc(strangers[i].len + 1);
        assert_non_null(copy);
        memcpy(copy, strangers[i].key, strangers[i].len);
        bool parsed = claim_parse(&claim, P, copy, strangers[i].len);
        free(copy);
        if (parsed) print_error("strangers[%u]\n", i);
        assert_false(parsed);
    }
}

static void lengths_are_bounded(void **state) {
    (void)state;
    char consumer[700], key[1500];
    struct claim claim;
    memset(consumer, 'c', sizeof consumer);
    for (int len = 126; len < 130; len++) {
        int n = snprintf(key, sizeof key, P ":claim:%.*s:1:2:3", len, consumer);
        assert_int_equal(claim_parse(&claim, P, key, (size_t)n), len < CLAIM_CONSUMER_MAX);
    }
    int n = snprintf(key, sizeof key, P ":claim:%.*s:1:2:3", 640, consumer);
    assert_false(claim_parse(&claim, P, key, (size_t)n));
    /* The longest names there are fit into a key. */
    char queue[QUEUE_NAME_MAX], prefix[QUEUE_NAME_MAX + 2];
    memset(queue, 'q', sizeof queue - 1);
    queue[sizeof queue - 1] = '\0';
    claim_prefix(prefix, sizeof prefix, queue);
    assert_int_equal(strlen(prefix), QUEUE_NAME_MAX + 1);
    memset(&claim, 0, sizeof claim);
    memset(claim.consumer, 'c', sizeof claim.consumer - 1);
    claim.generation = claim.n = claim.epoch = 999999999999999999;
    claim.adopted = true;
    claim_name(&claim, prefix);
    struct claim read;
    assert_true(claim_parse(&read, prefix, claim.key, strlen(claim.key)));
    assert_string_equal(read.consumer, claim.consumer);
    assert_true(read.adopted);
}

static struct claim claim_of(const char *consumer, int64_t generation, int64_t n, bool adopted) {
    struct claim claim = {.generation = generation, .n = n, .adopted = adopted};
    snprintf(claim.consumer, sizeof claim.consumer, "%s", consumer);
    return claim;
}

static void the_order_of_replay(void **state) {
    (void)state;
    const struct claim ordered[] = {
        claim_of("a", 1, 2, true),  claim_of("a", 1, 10, true), claim_of("a", 1, 0, false), claim_of("a", 1, 9, false),
        claim_of("a", 2, 0, false), claim_of("a", 10, 0, true), claim_of("b", 1, 0, true),  claim_of("b", 1, 0, false),
    };
    enum { N = sizeof ordered / sizeof ordered[0] };
    struct claim mixed[N];
    for (unsigned step = 1; step < N; step += 2) {
        for (unsigned i = 0; i < N; i++)
            mixed[i * step % N] = ordered[i];
        qsort(mixed, N, sizeof mixed[0], claim_compare);
        for (unsigned i = 0; i < N; i++)
            assert_memory_equal(&mixed[i], &ordered[i], sizeof ordered[0]);
    }
    assert_int_equal(claim_compare(&ordered[0], &ordered[0]), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes_share_the_queues_slot),
        cmocka_unit_test(names_are_read_as_written),
        cmocka_unit_test(foreign_keys),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(the_order_of_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
