/* What devices say of themselves: kept within its bounds, counted by the hour, written and read again; and as a book.
 */
#include "names/learned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "names/text.h"

static struct learned_about about(unsigned exporter, enum name_kind kind, const char *id, enum name_source source) {
    struct learned_about made = {.family = FLOW_IPV4, .kind = (uint8_t)kind, .source = (uint8_t)source};
    be32_put(made.exporter, 0xc0000200u + exporter);
    snprintf(made.id, sizeof made.id, "%s", id);
    return made;
}

static void say(struct learned *learned, unsigned exporter, const char *id, const char *name, const char *description,
                uint64_t speed) {
    const struct learned_about what = about(exporter, NAMED_INTERFACE, id, NAMED_BY_OPTIONS);
    const struct learned_say said = {.name = (const uint8_t *)name,
                                     .name_len = name ? strlen(name) : 0,
                                     .description = (const uint8_t *)description,
                                     .description_len = description ? strlen(description) : 0,
                                     .speed = speed};
    learned_note(learned, &what, &said, 1000);
}

/* What it would write, without the first line. */
static const char *written(const struct learned *learned) {
    static struct buffer text;
    buffer_clear(&text);
    learned_write(learned, &text);
    return strchr(text.data, '\n') + 1;
}

static void texts_are_cleaned(void **state) {
    static const struct {
        const char *given, *expected;
    } cases[] = {
        {"ge-0/0/1", "ge-0/0/1"},
        {"  two words  ", "two words"},
        {"", ""},
        {"\x1b[31mred\x07\r\n", "[31mred"},
        {"a\xe2\x80\xae"
         "b",
         "ab"},
        {"\xff\xc0\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx"},
        {"\xe2\x80\x8b \xef\xbb\xbf", ""},
        {"<b>\"quoted\"</b>", "<b>\"quoted\"</b>"},
    };
    char out[NAMES_TEXT_MAX + 1];
    uint8_t many[300];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(text_clean((const uint8_t *)cases[i].given, strlen(cases[i].given), out),
                         strlen(cases[i].expected));
        assert_string_equal(out, cases[i].expected);
    }
    /* Cut between characters, which are of two bytes; a NUL ends it. */
    for (unsigned i = 0; i < sizeof many; i++)
        many[i] = i % 2 ? 0xa9 : 0xc3;
    assert_int_equal(text_clean(many, sizeof many, out), 126);
    many[4] = 0;
    assert_int_equal(text_clean(many, sizeof many, out), 4);
    assert_int_equal(text_clean(many, 3, out), 2 + 3);
}

static void what_is_said_is_written_and_read_again(void **state) {
    static const char lines[] =
        "interface 192.0.2.1 1 source=options name=\"ge \"\"x\"\"\" description=\"<b>\" speed=1000\n"
        "vrf 2001:db8:: 7 source=options name=\"blue\"\n"
        "application 192.0.2.1 0d000035 source=options name=\"skype\"\n"
        "interface 192.0.2.1 2 source=sflow speed=5 counted=7200 in_octets=10 out_octets=20\n";
    struct learned *learned = learned_new(1 << 20, 1), *again = learned_new(1 << 20, 2);
    (void)state;
    assert_int_equal(learned_read(learned, lines, strlen(lines), 8000), 0);
    uint64_t version = learned_version(learned);
    say(learned, 1, "1", "ge \"x\"", NULL, 0);
    assert_int_equal(learned_version(learned), version);
    char *first = mem_strdup(written(learned));
    assert_int_equal(learned_read(again, first, strlen(first), 9000), 0);
    assert_string_equal(written(again), first);
    assert_int_equal(learned_bytes(again), learned_bytes(learned));
    assert_non_null(
        strstr(first, "interface 192.0.2.1 1 source=options name=\"ge \"\"x\"\"\" description=\"<b>\" speed=1000\n"));
    assert_non_null(
        strstr(first, "interface 192.0.2.1 2 source=sflow speed=5 counted=7200 in_octets=10 out_octets=20\n"));
    free(first);
    /* Others' lines, and what is broken, are not taken. */
    static const char bad[] = "10.0.0.1 name=x\nexporter 10.0.0.1 name=x\ninterface 10.0.0.1 1 name=x\nvrf x\n\n# ok\n"
                              "application 10.0.0.1 0D source=options name=x\n";
    assert_int_equal(learned_read(again, bad, strlen(bad), 9000), 5);
    learned_free(learned);
    learned_free(again);
}

static void an_exporter_has_its_share(void **state) {
    enum { LIMIT = 64 * (LEARNED_ENTRY_BYTES + 2) };
    struct learned *learned = learned_new(LIMIT, 1);
    char id[16];
    (void)state;
    say(learned, 1, "1", "a", NULL, 0);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "%u", i);
        say(learned, 2, id, "b", NULL, 0);
        assert_true(learned_bytes(learned) <= LIMIT / 8 + LEARNED_ENTRY_BYTES + 2);
    }
    assert_non_null(strstr(written(learned), "interface 192.0.2.1 1 "));
    assert_null(strstr(written(learned), "interface 192.0.2.2 91 "));
    assert_non_null(strstr(written(learned), "interface 192.0.2.2 92 "));
    /* Many exporters: who was silent for longest gives way, at last the first. */
    for (unsigned i = 3; i < 100; i++) {
        say(learned, i, "1", "c", NULL, 0);
        assert_true(learned_bytes(learned) <= LIMIT);
    }
    assert_null(strstr(written(learned), "192.0.2.1 1 "));
    assert_non_null(strstr(written(learned), "192.0.2.99 1 "));
    learned_free(learned);
}

static void count(struct learned *learned, uint32_t second, uint64_t in, uint64_t out) {
    const struct learned_about what = about(1, NAMED_INTERFACE, "1", NAMED_BY_SFLOW);
    const struct learned_say said = {.has_counters = true, .in = in, .out = out};
    learned_note(learned, &what, &said, second);
}

static void octets_are_counted_by_the_hour(void **state) {
    struct learned *learned = learned_new(1 << 20, 1);
    (void)state;
    /* The first hour is not whole; of the second the counters before and behind it tell a part. */
    count(learned, 3600 + 1800, 1000, 0);
    for (uint32_t second = 3600 + 2100; second <= 7200 + 3300; second += 300)
        count(learned, second, 1000 + 2 * (second - 5400), second - 5400);
    assert_string_equal(written(learned), "");
    count(learned, 10800 + 300, 1000 + 2 * 5700 + 600, 5700);
    assert_string_equal(written(learned),
                        "interface 192.0.2.1 1 source=sflow counted=7200 in_octets=7500 out_octets=3600\n");
    /* Silence, or a counter that goes back, spoils an hour. */
    count(learned, 10800 + 900, 0, 0);
    count(learned, 14400 + 100, 10, 10);
    for (uint32_t second = 14400 + 600; second <= 18000; second += 600)
        count(learned, second, 10 + second, 10);
    assert_non_null(strstr(written(learned), "counted=7200 "));
    /* What can't be true is not told: it could not be read again. */
    const struct learned_about what = about(1, NAMED_INTERFACE, "1", NAMED_BY_SFLOW);
    const struct learned_say fast = {.speed = UINT64_MAX};
    learned_note(learned, &what, &fast, 18000);
    for (uint64_t i = 0; i < 40; i++)
        count(learned, (uint32_t)(18000 + 200 * i), i * 500000000000000000, 0);
    assert_null(strstr(written(learned), "speed="));
    assert_null(strstr(written(learned), "counted=18000 "));
    learned_free(learned);
}

static struct name_book *book_of(struct name_book *files, const char *text, unsigned *ignored) {
    char path[] = "/tmp/flowimport-learned-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct name_book *book = name_book_learn(files, path, ignored);
    unlink(path);
    return book;
}

static const struct name_interface *interface_of(const struct name_book *book, uint32_t index) {
    return name_book_interface(book, FLOW_IPV4, (const uint8_t *)"\xc0\0\2\1", index);
}

static void files_win_over_devices(void **state) {
    static const char mine[] = "10.0.0.0/8 name=Corp\n"
                               "interface 192.0.2.1 1 name=lan\n"
                               "application 192.0.2.1 0d000001 name=ours\n";
    static const char theirs[] =
        "interface 192.0.2.1 1 source=options name=ge1 description=Users\n"
        "interface 192.0.2.1 1 source=sflow name=swp1 speed=1000 counted=3600 in_octets=1 out_octets=2\n"
        "interface 192.0.2.1 2 source=sflow name=swp2\n"
        "application 192.0.2.1 0d000001 source=options name=theirs\n"
        "application 192.0.2.1 0d000002 source=options name=tube\n"
        "application 192.0.2.2 0d000002 source=options name=tube\n"
        "vrf 192.0.2.1 7 source=options name=red\n"
        "vrf 192.0.2.2 7 source=options name=blue\n"
        "interface 192.0.2.1 3 name=nobody\n"
        "10.0.0.0/8 name=Evil\n";
    struct error error;
    unsigned ignored;
    (void)state;
    struct name_book *files = name_book_parse(mine, strlen(mine), "names", NULL, &error);
    struct name_book *book = book_of(files, theirs, &ignored);
    assert_int_equal(ignored, 2);
    name_book_drop(files); /* it is held */
    const struct name_interface *one = interface_of(book, 1), *two = interface_of(book, 2);
    assert_string_equal(name_book_text(book, one->name), "lan");
    assert_string_equal(name_book_text(book, one->description), "Users");
    assert_int_equal(one->name_source, NAMED_BY_FILE);
    assert_int_equal(one->description_source, NAMED_BY_OPTIONS);
    assert_int_equal(one->speed, 1000);
    assert_int_equal(one->speed_source, NAMED_BY_SFLOW);
    assert_int_equal(one->counted, 3600);
    assert_int_equal(one->out, 2);
    assert_string_equal(name_book_text(book, two->name), "swp2");
    assert_null(interface_of(book, 3));
    const uint8_t inside[4] = {10, 0, 0, 1}, exporter[4] = {192, 0, 2, 1};
    assert_string_equal(name_book_text(book, name_book_find(book, NAME_NETWORK, FLOW_IPV4, inside)), "Corp");
    const struct name_thing *thing = name_book_thing(book, NAMED_APPLICATION, FLOW_IPV4, exporter, "0d000001");
    assert_string_equal(name_book_text(book, thing->name), "ours");
    assert_non_null(name_book_thing(book, NAMED_APPLICATION, FLOW_IPV4, NULL, "0d000002"));
    assert_null(name_book_thing(book, NAMED_APPLICATION, FLOW_IPV4, NULL, "0d000003"));
    assert_null(name_book_thing(book, NAMED_VRF, FLOW_IPV4, NULL, "7"));
    thing = name_book_thing(book, NAMED_VRF, FLOW_IPV4, exporter, "7");
    assert_string_equal(name_book_text(book, thing->name), "red");
    const struct name_thing *list[4];
    uint32_t names[4];
    assert_int_equal(name_book_things(book, NAMED_APPLICATION, name_book_value(book, "tube", 4), list, 4), 2);
    assert_int_equal(name_book_thing_names(book, NAMED_VRF, names, 4), 2);
    assert_string_equal(name_book_text(book, names[0]), "blue");
    struct name_counts counts = name_book_counts(book);
    assert_int_equal(counts.learned[NAMED_BY_FILE], 1);
    assert_int_equal(counts.learned[NAMED_BY_SFLOW], 1);
    assert_int_equal(counts.applications, 3);
    assert_int_equal(counts.vrfs, 2);
    /* No file is no news. */
    struct name_book *none = name_book_learn(book, "/nonexistent/learned", &ignored);
    assert_string_equal(name_book_text(none, interface_of(none, 2)->name), "swp2");
    name_book_drop(book);
    name_book_drop(none);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_cleaned),         cmocka_unit_test(what_is_said_is_written_and_read_again),
        cmocka_unit_test(an_exporter_has_its_share), cmocka_unit_test(octets_are_counted_by_the_hour),
        cmocka_unit_test(files_win_over_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
