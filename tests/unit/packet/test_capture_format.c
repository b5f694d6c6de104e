/* Capture files byte by byte: pcap and pcapng in both byte orders, cut off anywhere, and what is none. */
#include "packet/capture_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct file {
    bool big; /* byte order */
    size_t len;
    uint8_t at[2048];
};

static void put(struct file *file, uint64_t number, unsigned width) {
    for (unsigned i = 0; i < width; i++)
        file->at[file->len++] = (uint8_t)(number >> 8 * (file->big ? width - 1 - i : i));
}

static void put_text(struct file *file, const char *text, size_t len) {
    memcpy(file->at + file->len, text, len);
    file->len += len;
}

/* "LINK TIME captured/original bytes" a line, then how it ended. A copy of what there is ends where it ends, so that a
 * sanitizer sees a read too far. */
static void read_all(const struct file *file, size_t len, char *out, size_t size) {
    struct capture_format *format = capture_format_new();
    size_t at = 0, shown = 0;
    struct error error = {""};
    *out = '\0';
    while (at <= len) {
        struct capture_frame frame;
        size_t bytes;
        uint8_t *copy = malloc(len - at + (at == len));
        assert_non_null(copy);
        memcpy(copy, file->at + at, len - at);
        enum capture_step step = capture_format_next(format, copy, len - at, &bytes, &frame, &error);
        if (step == CAPTURE_FRAME)
            shown += (size_t)snprintf(out + shown, size - shown, "%d %lld %zu/%zu %.*s\n",
                                      capture_format_link_type(format), (long long)frame.time_us, frame.captured,
                                      frame.original, (int)frame.captured, (const char *)frame.bytes);
        free(copy);
        if (step == CAPTURE_DAMAGED)
            shown += (size_t)snprintf(out + shown, size - shown, "%s\n",
                                      capture_damage_texts[capture_format_damage(format)]);
        if (step == CAPTURE_WRONG) {
            snprintf(out + shown, size - shown, "%s", error.text);
            break;
        }
        if (step == CAPTURE_MORE) {
            assert_true(bytes > len - at);
            snprintf(out + shown, size - shown, "%s", at == len ? "end" : "cut off");
            break;
        }
        at += bytes;
    }
    if (at > len) snprintf(out + shown, size - shown, "cut off");
    capture_format_free(format);
}

static void expect(const struct file *file, const char *wanted) {
    char shown[2048];
    read_all(file, file->len, shown, sizeof shown);
    assert_string_equal(shown, wanted);
}

/* Cut off at any byte there are the same frames up to there, and no other word than that. */
static void expect_cuts(const struct file *file) {
    char whole[2048], shown[2048];
    read_all(file, file->len, whole, sizeof whole);
    for (size_t len = 0; len < file->len; len++) {
        read_all(file, len, shown, sizeof shown);
        char *last = strrchr(shown, '\n');
        last = last ? last + 1 : shown;
        assert_true(strcmp(last, "cut off") == 0 || strcmp(last, "end") == 0);
        assert_memory_equal(shown, whole, (size_t)(last - shown));
    }
}

static void pcap_head(struct file *file, uint32_t number, bool big) {
    *file = (struct file){.big = big};
    put(file, number, 4);
    put(file, 2, 2);
    put(file, 4, 2);
    put(file, 0, 8);
    put(file, 65535, 4);
    put(file, 0x14000001, 4); /* Ethernet, with a checksum of 4 bytes behind each frame */
}

static void pcaps(void **state) {
    (void)state;
    static const uint32_t numbers[] = {0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34};
    for (unsigned i = 0; i < 3; i++)
        for (unsigned big = 0; big < 2; big++) {
            struct file file;
            pcap_head(&file, numbers[i], big);
            expect(&file, "end");
            for (unsigned n = 0; n < 2; n++) {
                put(&file, UINT32_MAX - n, 4);
                put(&file, i == 1 ? 123456789 : 123456, 4);
                put(&file, n ? 4 : 5, 4);
                put(&file, 60, 4);
                if (i == 2) put(&file, 7, 8);
                put_text(&file, n ? "four" : "first", n ? 4 : 5);
            }
            assert_true(capture_format_is(file.at));
            expect(&file, "1 4294967295123456 5/60 first\n1 4294967294123456 4/60 four\nend");
            expect_cuts(&file);
            put(&file, 0, 8);
            put(&file, (16 << 20) + 1, 4);
            put(&file, 60, 4);
            put(&file, 0, 8);
            char shown[2048];
            read_all(&file, file.len, shown, sizeof shown);
            assert_non_null(strstr(shown, "4/60 four\na frame of 16777217 bytes: damaged, or not a capture"));
        }
}

/* What is between type and the length at the end: `len` bytes of text behind `file->len`, padded. */
static size_t block_begin(struct file *file, uint32_t type) {
    put(file, type, 4);
    put(file, 0, 4);
    return file->len - 8;
}

static void block_end(struct file *file, size_t start) {
    while (file->len % 4)
        put(file, 0, 1);
    size_t len = file->len + 4 - start, end = file->len;
    file->len = start + 4;
    put(file, len, 4);
    file->len = end;
    put(file, len, 4);
}

static void section(struct file *file, bool big) {
    file->big = big;
    size_t start = block_begin(file, 0x0a0d0d0a);
    put(file, 0x1a2b3c4d, 4);
    put(file, 1, 2);
    put(file, 0, 2);
    put(file, UINT64_MAX, 8);
    put(file, 0x00040003, 4); /* an option */
    put_text(file, "test", 4);
    block_end(file, start);
}

/* `resolution` 0: not said. */
static void interface(struct file *file, unsigned link, unsigned snaplen, unsigned resolution, int64_t offset) {
    size_t start = block_begin(file, 1);
    put(file, link, 2);
    put(file, 0, 2);
    put(file, snaplen, 4);
    put(file, 2, 2);
    put(file, 3, 2);
    put_text(file, "eth", 4);
    if (resolution) {
        put(file, 9, 2);
        put(file, 1, 2);
        put(file, resolution, 1);
        put(file, 0, 3);
    }
    if (offset) {
        put(file, 14, 2);
        put(file, 8, 2);
        put(file, (uint64_t)offset, 8);
    }
    put(file, 0, 4);
    block_end(file, start);
}

static void packet(struct file *file, unsigned type, unsigned interface, uint64_t ticks, const char *text) {
    size_t start = block_begin(file, type);
    if (type == 2) {
        put(file, interface, 2);
        put(file, 9, 2); /* drops */
    } else {
        put(file, interface, 4);
    }
    put(file, ticks >> 32, 4);
    put(file, (uint32_t)ticks, 4);
    put(file, strlen(text), 4);
    put(file, 100, 4);
    put_text(file, text, strlen(text));
    block_end(file, start);
}

static void simple(struct file *file, unsigned original, const char *text) {
    size_t start = block_begin(file, 3);
    put(file, original, 4);
    put_text(file, text, strlen(text));
    block_end(file, start);
}

static void other(struct file *file) {
    size_t start = block_begin(file, 5);
    put_text(file, "statistics of an interface", 26);
    block_end(file, start);
}

/* Two sections in the two byte orders; interfaces with units of time of their own. */
static void pcapngs(void **state) {
    (void)state;
    for (unsigned big = 0; big < 2; big++) {
        struct file file = {0};
        section(&file, big);
        interface(&file, 1, 0, 0, 0);
        interface(&file, 101, 6, 9, -3600);
        interface(&file, 113, 0, 0x80 | 10, 1000000000);
        interface(&file, 1, 0, 3, 0);
        assert_true(capture_format_is(file.at));
        packet(&file, 6, 0, 1700000000123456, "one");
        other(&file);
        packet(&file, 6, 1, UINT64_C(1700000000123456789), "second");
        packet(&file, 6, 2, 512 + 1024, "3");
        packet(&file, 2, 3, 1700000000123, "four");
        simple(&file, 5, "sp: 5");
        section(&file, !big);
        interface(&file, 228, 4, 0, 0);
        simple(&file, 6, "simple");
        packet(&file, 6, 0, UINT64_MAX, "");
        packet(&file, 6, 1, 0, "no such interface");
        expect(&file, "1 1700000000123456 3/100 one\n101 1699996400123456 6/100 second\n113 1000000001500000 1/100 3\n"
                      "1 1700000000123000 4/100 four\n1 1700000000123000 5/5 sp: 5\n228 1700000000123000 4/6 simp\n"
                      "228 4611686018427387903 0/100 \nno block describes the packet's interface\nend");
        expect_cuts(&file);
    }
}

static void damaged_blocks(void **state) {
    (void)state;
    struct file file = {0};
    section(&file, false);
    size_t start = block_begin(&file, 7);
    expect(&file, "cut off");
    block_end(&file, start);
    expect(&file, "end");
    file.at[start + 4] = 11;
    expect(&file, "a block of 11 bytes: damaged, or not a capture");
    file.len = start;
    interface(&file, 1, 0, 0, 0);
    file.at[start + 4] = 16;
    expect(&file, "an interface of 16 bytes: damaged, or not a capture");
    file.len = start;
    interface(&file, 1, 0, 0, 0);
    start = file.len;
    packet(&file, 6, 0, 1, "more than there is");
    file.at[start + 20] = 200; /* captured */
    packet(&file, 6, 0, 2, "next");
    expect(&file, "the packet is longer than its block\n1 2 4/100 next\nend");
    expect_cuts(&file);
    size_t behind = start + file.at[start + 4];
    file.at[behind - 4]++; /* the length again */
    expect(&file, "the block's two lengths differ\n1 2 4/100 next\nend");
    file.at[start + 7] = 0x10;
    expect(&file, "a block of 268435508 bytes: damaged, or not a capture");
    file.len = 0;
    section(&file, false);
    file.at[4] = 8;
    expect(&file, "a section header of 8 bytes: damaged, or not a capture");
    file.at[8] = 0;
    expect(&file, "a section with an invalid byte order: damaged, or not a capture");
    file = (struct file){0};
    put_text(&file, "{\"sourceIPv4Address\":1}\n", 24);
    assert_false(capture_format_is(file.at));
    expect(&file, "not a capture: it starts with neither pcap's nor pcapng's magic number");
    file.len = 0;
    expect(&file, "end");
}

/* Each costs its own packet, not those that follow. */
static void blocks_without_a_packet(void **state) {
    (void)state;
    for (unsigned big = 0; big < 2; big++) {
        struct file file = {0};
        section(&file, big);
        simple(&file, 5, "early");
        interface(&file, 1, 0, 0, 0);
        for (unsigned i = 0; i < 3; i++) {
            static const unsigned types[] = {2, 3, 6};
            size_t start = block_begin(&file, types[i]);
            if (i != 1) put(&file, 0, 8), put(&file, 0, 8);
            block_end(&file, start);
        }
        simple(&file, 4, "late");
        expect(&file, "no block describes the packet's interface\nthe block is too short for a packet\n"
                      "the block is too short for a packet\nthe block is too short for a packet\n1 0 4/4 late\nend");
        expect_cuts(&file);
    }
}

/* Its attributes are in the order of the host that wrote them. */
static void nflog_of_a_foreign_host(void **state) {
    (void)state;
    for (unsigned big = 0; big < 2; big++) {
        struct file file;
        pcap_head(&file, 0xa1b2c3d4, big);
        file.len -= 4;
        put(&file, 239, 4);
        put(&file, 0, 8);
        put(&file, 22, 4);
        put(&file, 22, 4);
        put(&file, 2, 1); /* family, version, resource */
        put(&file, 0, 1);
        put(&file, 0, 2);
        put(&file, 5, 2); /* of five bytes, padded */
        put(&file, 10, 2);
        put_text(&file, "x\0\0\0", 4);
        put(&file, 10, 2);
        put(&file, 9, 2);
        put_text(&file, "packet", 6);
        struct capture_format *format = capture_format_new();
        struct capture_frame frame;
        size_t bytes;
        assert_int_equal(capture_format_next(format, file.at, file.len, &bytes, &frame, NULL), CAPTURE_SKIP);
        assert_int_equal(capture_format_next(format, file.at + bytes, file.len - bytes, &bytes, &frame, NULL),
                         CAPTURE_FRAME);
        assert_int_equal(frame.captured, 22);
        uint16_t words[2];
        memcpy(words, frame.bytes + 4, 4);
        assert_int_equal(words[0], 5);
        assert_int_equal(words[1], 10);
        memcpy(words, frame.bytes + 12, 4);
        assert_int_equal(words[0], 10);
        assert_int_equal(words[1], 9);
        assert_memory_equal(frame.bytes + 16, "packet", 6);
        capture_format_free(format);
    }
    capture_format_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcaps),
        cmocka_unit_test(pcapngs),
        cmocka_unit_test(damaged_blocks),
        cmocka_unit_test(blocks_without_a_packet),
        cmocka_unit_test(nflog_of_a_foreign_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
