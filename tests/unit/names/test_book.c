/* Files of names: what a line may be and what is said against it; the longest prefix of every address; limits. */
#include "names/book.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "random.h"

static struct name_book *book;
static struct error error;

static void parse(const char *text, const char *local) {
    name_book_drop(book);
    book = name_book_parse(text, strlen(text), "f", local, &error);
    if (!book) fail_msg("%s", error.text);
}

static unsigned subject(const char *name) {
    for (unsigned i = 0; i < name_book_subjects(book); i++)
        if (name_book_subject(book, i) && strcmp(name_book_subject(book, i), name) == 0) return i;
    fail_msg("no %s", name);
    return 0;
}

static uint32_t find(unsigned which, const char *address) {
    uint8_t bytes[16];
    bool v6 = strchr(address, ':') != NULL;
    assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, address, bytes), 1);
    return name_book_find(book, which, v6 ? FLOW_IPV6 : FLOW_IPV4, bytes);
}

static const char *text_of(unsigned which, const char *address) { return name_book_text(book, find(which, address)); }

static int teardown(void **state) {
    (void)state;
    name_book_drop(book);
    book = NULL;
    return 0;
}

/* Lines
 * ----------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *line, *said; /* NULL: nothing, it is right */
} lines[] = {
    {"", NULL},
    {"   \t ", NULL},
    {"# a comment", NULL},
    {"  #", NULL},
    {"10.1.0.0/16 name=Berlin", NULL},
    {"\t10.1.0.0/16\tname=Berlin\t# behind", NULL},
    {"10.1.0.0/16 name=a#b", NULL},
    {"10.1.0.0/16 name=Berlin site=B customer=\"Example, \"\"Inc.\"\"\" role=office\r", NULL},
    {"10.1.0.25 name=mail role=server", NULL},
    {"0.0.0.0/0 name=all", NULL},
    {"::/0 name=all", NULL},
    {"2001:db8::/32 a_1=x", NULL},
    {"10.1.0.0/16 name=<b>&amp;'", NULL},
    {"10.1.0.0/16 name==1+1", NULL},
    {"10.1.0.0/16 name=M\xc3\xbcnchen", NULL},
    {"10.1.0.0/16 name=\xe6\x9d\xb1\xe4\xba\xac\xf0\x9f\x8f\xa2", NULL},
    {"exporter 192.0.2.1 name=edge description=\"Rack 4\"", NULL},
    {"interface 192.0.2.1 14 name=ge-0/0/1 description=\"Uplink\" speed=10G", NULL},
    {"interface 2001:db8::1 4294967295 speed=2.5G", NULL},
    {"interface 192.0.2.1 0 speed=1000000000000000", NULL},
    {"network", "'network' is not an address or prefix such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32"},
    {"10.1.0.1/16 name=x", "'10.1.0.1/16' has bits after its prefix length: use 10.1.0.0/16"},
    {"10.1.0.0/33 name=x", "'10.1.0.0/33': the prefix length must be a number from 0 to 32"},
    {"10.1.0.0/016 name=x", "'10.1.0.0/016': the prefix length must be a number from 0 to 32"},
    {"::/129 name=x", "'::/129': the prefix length must be a number from 0 to 128"},
    {"10.1.0.0/ name=x", "'10.1.0.0/': the prefix length must be a number from 0 to 32"},
    {"10.1/16 name=x", "'10.1/16' is not an address or prefix such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32"},
    {"10.1.0.0/16", "expected words such as name=Berlin"},
    {"10.1.0.0/16 # name=x", "expected words such as name=Berlin"},
    {"10.1.0.0/16 Berlin", "'Berlin' is not accepted: expected words such as name=Berlin"},
    {"10.1.0.0/16 name=a b", "'b' is not accepted: expected words such as name=Berlin"},
    {"10.1.0.0/16 name=", "name has no value"},
    {"10.1.0.0/16 name=\"\"", "name has no value"},
    {"10.1.0.0/16 name=\"a", "the value of name has no closing quote"},
    {"10.1.0.0/16 name=\"a\"b", "a blank is missing behind the quoted value of name"},
    {"10.1.0.0/16 name=a name=b", "name is repeated"},
    {"10.1.0.0/16 site=a site=b", "site is repeated"},
    {"10.1.0.0/16 Site=a", "'Site' is not a tag: expected up to 24 lower-case letters, digits and '_', a letter first"},
    {"10.1.0.0/16 1a=a", "'1a' is not a tag: expected up to 24 lower-case letters, digits and '_', a letter first"},
    {"10.1.0.0/16 =a", "'' is not a tag: expected up to 24 lower-case letters, digits and '_', a letter first"},
    {"10.1.0.0/16 abcdefghijklmnopqrstuvwxy=a", "'abcdefghijklmnopqrstuvwxy' is not a tag: expected up to 24 "
                                                "lower-case letters, digits and '_', a letter first"},
    {"10.1.0.0/16 port=a", "'port' can't be the name of a tag: it has a meaning of its own"},
    {"10.1.0.0/16 network=a", "'network' can't be the name of a tag: it has a meaning of its own"},
    {"10.1.0.0/16 src_site=a", "'src_site' can't be the name of a tag: it has a meaning of its own"},
    {"10.1.0.0/16 name=a\xff", "the value of name is not UTF-8"},
    {"10.1.0.0/16 name=\xc0\xaf", "the value of name is not UTF-8"},
    {"10.1.0.0/16 name=\xed\xa0\x80", "the value of name is not UTF-8"},
    {"10.1.0.0/16 name=\xf4\x90\x80\x80", "the value of name is not UTF-8"},
    {"10.1.0.0/16 name=\xe2\x80", "the value of name is not UTF-8"},
    {"10.1.0.0/16 name=a\x1b[31m", "the value of name contains the invisible character U+001B"},
    {"10.1.0.0/16 name=a\x7f", "the value of name contains the invisible character U+007F"},
    {"10.1.0.0/16 name=a\xc2\x85", "the value of name contains the invisible character U+0085"},
    {"10.1.0.0/16 name=a\xe2\x80\xae"
     "b",
     "the value of name contains the invisible character U+202E"},
    {"10.1.0.0/16 name=a\xe2\x81\xa6"
     "b",
     "the value of name contains the invisible character U+2066"},
    {"10.1.0.0/16 name=a\xe2\x80\x8b", "the value of name contains the invisible character U+200B"},
    {"10.1.0.0/16 name=a\xef\xbb\xbf", "the value of name contains the invisible character U+FEFF"},
    {"exporter", "expected the exporter's address"},
    {"exporter 192.0.2.0/24 name=x", "'192.0.2.0/24' is a prefix: expected the exporter's address"},
    {"exporter 192.0.2.1 site=x", "'site' is not accepted: expected name or description"},
    {"exporter 192.0.2.1", "expected words such as name=Berlin"},
    {"interface 192.0.2.1 name=x", "expected the number of the interface behind the exporter's address"},
    {"interface 192.0.2.1 4294967296 name=x", "expected the number of the interface behind the exporter's address"},
    {"interface 192.0.2.1", "expected the number of the interface behind the exporter's address"},
    {"interface 192.0.2.1 1 site=x", "'site' is not accepted: expected name, description or speed"},
    {"interface 192.0.2.1 1 speed=fast", "the speed 'fast' is not accepted: expected bits a second, such as 10G"},
    {"interface 192.0.2.1 1 speed=0", "the speed '0' is not accepted: expected bits a second, such as 10G"},
    {"interface 192.0.2.1 1 speed=1.5", "the speed '1.5' is not accepted: expected bits a second, such as 10G"},
    {"interface 192.0.2.1 1 speed=1001T", "the speed '1001T' is not accepted: expected bits a second, such as 10G"},
    {"interface 192.0.2.1 1 speed=1Gb", "the speed '1Gb' is not accepted: expected bits a second, such as 10G"},
};

static void a_line_is_right_or_it_is_said_what_is_wrong(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct buffer text = BUFFER_INIT;
        char expected[256];
        buffer_printf(&text, "# first\n%s\n", lines[i].line);
        struct name_book *made = name_book_parse(text.data, text.len, "dir/f", NULL, &error);
        snprintf(expected, sizeof expected, "dir/f:2: %s", lines[i].said ? lines[i].said : "");
        if (made && lines[i].said) fail_msg("accepted: %s", lines[i].line);
        if (!made && !lines[i].said) fail_msg("refused: %s: %s", lines[i].line, error.text);
        if (!made) assert_string_equal(error.text, expected);
        name_book_drop(made);
        buffer_release(&text);
    }
}

static void a_nul_byte_is_refused(void **state) {
    (void)state;
    static const char text[] = "10.0.0.0/8 name=a\0b\n";
    assert_null(name_book_parse(text, sizeof text - 1, "f", NULL, &error));
    assert_string_equal(error.text, "f:1: the line contains a NUL byte");
}

static void the_last_line_needs_no_end_and_the_first_may_have_a_mark(void **state) {
    (void)state;
    parse("\xef\xbb\xbf"
          "10.0.0.0/8 name=a\r\n11.0.0.0/8 name=b",
          NULL);
    assert_string_equal(text_of(NAME_NETWORK, "10.1.1.1"), "a");
    assert_string_equal(text_of(NAME_NETWORK, "11.1.1.1"), "b");
}

static const struct {
    const char *text, *said;
} repeated[] = {
    {"10.0.0.0/8 name=a\n\n10.0.0.0/8 site=b\n", "f:3: 10.0.0.0/8 is repeated; it is first in f:1"},
    {"10.0.0.1 name=a\n10.0.0.1/32 name=b\n", "f:2: 10.0.0.1/32 is repeated; it is first in f:1"},
    {"::1 name=a\n0::1 name=b\n", "f:2: ::1/128 is repeated; it is first in f:1"},
    {"exporter 10.0.0.1 name=a\nexporter 10.0.0.1 name=b\n", "f:2: the exporter is repeated; it is first in f:1"},
    {"interface 10.0.0.1 2 name=a\ninterface 10.0.0.1 1 name=b\ninterface 10.0.0.1 2 name=c\n",
     "f:3: the interface is repeated; it is first in f:1"},
    {"10.0.0.0/8 name=a\n10.0.0.0/9 name=b\n::/8 name=c\n", NULL},
};

static void nothing_may_stand_twice(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof repeated / sizeof repeated[0]; i++) {
        struct name_book *made = name_book_parse(repeated[i].text, strlen(repeated[i].text), "f", NULL, &error);
        if (repeated[i].said) {
            assert_null(made);
            assert_string_equal(error.text, repeated[i].said);
        }
        name_book_drop(made);
    }
}

static void what_is_too_much_is_refused(void **state) {
    (void)state;
    struct buffer text = BUFFER_INIT;
    buffer_add_text(&text, "10.0.0.0/8 name=");
    for (unsigned i = 0; i < NAMES_TEXT_MAX; i++)
        buffer_add_text(&text, "x");
    parse(text.data, NULL);
    buffer_add_text(&text, "x");
    assert_null(name_book_parse(text.data, text.len, "f", NULL, &error));
    assert_string_equal(error.text, "f:1: the value of name has more than 127 bytes");
    buffer_clear(&text);
    buffer_add_text(&text, "#");
    while (text.len < NAMES_LINE_MAX)
        buffer_add_text(&text, "x");
    parse(text.data, NULL);
    buffer_add_text(&text, "x");
    assert_null(name_book_parse(text.data, text.len, "f", NULL, &error));
    assert_string_equal(error.text, "f:1: more than 4096 bytes in a line");
    buffer_clear(&text);
    for (unsigned i = 0; i < NAMES_TAGS_MAX; i++)
        buffer_printf(&text, "10.%u.0.0/16 tag%u=x\n", i, i);
    parse(text.data, NULL);
    assert_int_equal(name_book_counts(book).tags, NAMES_TAGS_MAX);
    buffer_add_text(&text, "10.99.0.0/16 more=x\n");
    assert_null(name_book_parse(text.data, text.len, "f", NULL, &error));
    assert_string_equal(error.text, "f:17: more than 16 different tags");
    buffer_clear(&text);
    buffer_add_text(&text, "10.0.0.0/8 name=x");
    for (unsigned i = 0; i <= NAMES_TAGS_MAX; i++)
        buffer_printf(&text, " tag%u=x", i);
    assert_null(name_book_parse(text.data, text.len, "f", NULL, &error));
    assert_string_equal(error.text, "f:1: more than 16 different tags");
    buffer_release(&text);
}

/* Own networks
 * ----------------------------------------------------------------------------------------------------------------- */

static void own_networks_are_local(void **state) {
    (void)state;
    parse("10.1.0.0/16 name=Berlin\n10.1.2.0/24 name=Lab\n", "10.0.0.0/8, 10.1.0.0/16 2001:db8::/32,192.0.2.7");
    assert_true(name_book_has_local(book));
    assert_int_equal(find(NAME_LOCAL, "9.255.255.255"), 0);
    assert_int_equal(find(NAME_LOCAL, "10.0.0.0"), 1);
    assert_int_equal(find(NAME_LOCAL, "10.1.2.3"), 1);
    assert_int_equal(find(NAME_LOCAL, "10.255.255.255"), 1);
    assert_int_equal(find(NAME_LOCAL, "11.0.0.0"), 0);
    assert_int_equal(find(NAME_LOCAL, "192.0.2.7"), 1);
    assert_int_equal(find(NAME_LOCAL, "192.0.2.8"), 0);
    assert_int_equal(find(NAME_LOCAL, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"), 1);
    assert_int_equal(find(NAME_LOCAL, "2001:db9::"), 0);
    assert_string_equal(text_of(NAME_NETWORK, "10.1.0.1"), "Berlin"); /* which is an own network, too */
    assert_string_equal(text_of(NAME_NETWORK, "10.1.2.1"), "Lab");
    assert_string_equal(text_of(NAME_NETWORK, "10.2.0.1"), "");
    parse("10.1.0.0/16 name=Berlin\n", " ");
    assert_false(name_book_has_local(book));
}

static void wrong_own_networks_are_refused(void **state) {
    (void)state;
    assert_null(name_book_parse("", 0, "f", "10.0.0.0/8, 10.0.0.1/8", &error));
    assert_string_equal(error.text, "'10.0.0.1/8' has bits after its prefix length: use 10.0.0.0/8");
    assert_null(name_book_parse("", 0, "f", "lan", &error));
    struct buffer local = BUFFER_INIT;
    for (unsigned i = 0; i <= NAMES_LOCAL_MAX; i++)
        buffer_printf(&local, "10.%u.%u.0/24 ", i / 256, i % 256);
    assert_null(name_book_parse("", 0, "f", local.data, &error));
    assert_string_equal(error.text, "more than 256 networks");
    buffer_release(&local);
}

/* Answers
 * ----------------------------------------------------------------------------------------------------------------- */

static void the_longest_prefix_that_says_so_counts(void **state) {
    (void)state;
    parse("10.0.0.0/8 name=Corp customer=X\n"
          "10.1.0.0/16 name=Berlin site=B\n"
          "10.1.2.0/24 role=lab customer=Y\n"
          "10.1.2.3 name=mail role=server\n"
          "0.0.0.0/0 zone=world\n"
          "2001:db8::/32 name=Six site=B\n"
          "2001:db8::1 name=six1\n",
          NULL);
    unsigned site = subject("site"), customer = subject("customer"), role = subject("role"), zone = subject("zone");
    static const struct {
        const char *address, *host, *network, *site, *customer, *role, *zone;
    } expected[] = {
        {"0.0.0.0", "", "", "", "", "", "world"},
        {"9.255.255.255", "", "", "", "", "", "world"},
        {"10.0.0.0", "", "Corp", "", "X", "", "world"},
        {"10.0.255.255", "", "Corp", "", "X", "", "world"},
        {"10.1.0.0", "", "Berlin", "B", "X", "", "world"},
        {"10.1.2.2", "", "Berlin", "B", "Y", "lab", "world"},
        {"10.1.2.3", "mail", "Berlin", "B", "Y", "server", "world"},
        {"10.1.2.4", "", "Berlin", "B", "Y", "lab", "world"},
        {"10.1.3.0", "", "Berlin", "B", "X", "", "world"},
        {"10.1.255.255", "", "Berlin", "B", "X", "", "world"},
        {"10.2.0.0", "", "Corp", "", "X", "", "world"},
        {"10.255.255.255", "", "Corp", "", "X", "", "world"},
        {"11.0.0.0", "", "", "", "", "", "world"},
        {"255.255.255.255", "", "", "", "", "", "world"},
        {"::", "", "", "", "", "", ""},
        {"2001:db8::", "", "Six", "B", "", "", ""},
        {"2001:db8::1", "six1", "Six", "B", "", "", ""},
        {"2001:db8::2", "", "Six", "B", "", "", ""},
        {"2001:db9::", "", "", "", "", "", ""},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "", "", "", "", "", ""},
    };
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(text_of(NAME_HOST, expected[i].address), expected[i].host);
        assert_string_equal(text_of(NAME_NETWORK, expected[i].address), expected[i].network);
        assert_string_equal(text_of(site, expected[i].address), expected[i].site);
        assert_string_equal(text_of(customer, expected[i].address), expected[i].customer);
        assert_string_equal(text_of(role, expected[i].address), expected[i].role);
        assert_string_equal(text_of(zone, expected[i].address), expected[i].zone);
    }
}

static void hosts_are_found_by_name(void **state) {
    (void)state;
    struct name_address addresses[4];
    parse("10.0.0.7 name=mail\n10.0.0.9 name=mail\n2001:db8::1 name=mail\n10.0.0.0/8 name=net\n", NULL);
    assert_int_equal(name_book_hosts(book, name_book_value(book, "mail", 4), addresses, 4), 3);
    assert_int_equal(be32(addresses[0].bytes), 0x0a000007);
    assert_int_equal(be32(addresses[1].bytes), 0x0a000009);
    assert_int_equal(addresses[2].family, FLOW_IPV6);
    assert_int_equal(addresses[2].bytes[15], 1);
    assert_int_equal(name_book_hosts(book, name_book_value(book, "mail", 4), addresses, 2), 2);
    assert_int_equal(name_book_hosts(book, name_book_value(book, "net", 3), addresses, 4), 0);
    assert_int_equal(name_book_hosts(book, 0, addresses, 4), 0);
}

static void a_subject_is_told_as_ranges(void **state) {
    (void)state;
    parse("10.0.0.0/9 site=A\n10.128.0.0/9 site=A\n10.1.0.0/16 name=x\n11.0.0.0/8 site=B\n255.255.255.255 site=B\n",
          NULL);
    struct name_range ranges[8];
    unsigned site = subject("site");
    uint32_t a = name_book_value(book, "A", 1), b = name_book_value(book, "B", 1);
    assert_int_equal(name_book_ranges(book, site, NULL, 0, FLOW_IPV4, ranges, 8), 5);
    static const char *const first[] = {"0.0.0.0", "10.0.0.0", "11.0.0.0", "12.0.0.0", "255.255.255.255"};
    const uint32_t values[] = {0, a, b, 0, b};
    for (unsigned i = 0; i < 5; i++) {
        char text[INET_ADDRSTRLEN];
        assert_string_equal(inet_ntop(AF_INET, ranges[i].first, text, sizeof text), first[i]);
        assert_int_equal(ranges[i].value, values[i]);
    }
    assert_int_equal(name_book_ranges(book, site, NULL, 0, FLOW_IPV4, ranges, 4), 5);
    /* Of some values: whether an address has one of them. */
    assert_int_equal(name_book_ranges(book, site, (const uint32_t[]){a, b}, 2, FLOW_IPV4, ranges, 8), 4);
    assert_int_equal(ranges[1].value, 1);
    assert_int_equal(ranges[2].value, 0);
    assert_int_equal(be32(ranges[2].first), 0x0c000000);
    assert_int_equal(name_book_ranges(book, site, (const uint32_t[]){0}, 1, FLOW_IPV6, ranges, 8), 1);
    assert_int_equal(ranges[0].value, 1);
    assert_int_equal(name_book_ranges(book, site, NULL, 0, FLOW_IPV6, ranges, 8), 1);
    assert_int_equal(ranges[0].value, 0);
    assert_int_equal(name_book_ranges(NULL, site, NULL, 0, FLOW_IPV4, ranges, 8), 1);
}

static void values_are_listed_in_order(void **state) {
    (void)state;
    parse("10.0.0.0/8 site=C\n11.0.0.0/8 site=A\n12.0.0.0/8 site=B\n13.0.0.0/8 site=A name=N\n", NULL);
    uint32_t values[8];
    assert_int_equal(name_book_values(book, subject("site"), values, 8), 3);
    assert_string_equal(name_book_text(book, values[0]), "A");
    assert_string_equal(name_book_text(book, values[1]), "B");
    assert_string_equal(name_book_text(book, values[2]), "C");
    assert_int_equal(name_book_values(book, subject("site"), values, 2), 2);
    assert_int_equal(name_book_value(book, "nonesuch", 8), 0);
    assert_int_equal(name_book_value(book, "", 0), 0);
}

static void exporters_and_interfaces_are_found(void **state) {
    (void)state;
    static const uint8_t edge[16] = {192, 0, 2, 1}, other[16] = {192, 0, 2, 2}, six[16] = {0x20, 1, 0xd, 0xb8};
    parse("exporter 192.0.2.1 name=edge\nexporter 2001:db8:: name=six\n"
          "interface 192.0.2.1 14 name=ge-0/0/1 description=\"To \"\"ISP\"\"\" speed=10G\n"
          "interface 192.0.2.1 2 speed=2.5G\ninterface 2001:db8:: 14 name=six0 speed=34368k\n",
          NULL);
    assert_string_equal(name_book_text(book, name_book_exporter(book, FLOW_IPV4, edge)), "edge");
    assert_string_equal(name_book_text(book, name_book_exporter(book, FLOW_IPV6, six)), "six");
    assert_int_equal(name_book_exporter(book, FLOW_IPV4, other), 0);
    const struct name_interface *found = name_book_interface(book, FLOW_IPV4, edge, 14);
    assert_string_equal(name_book_text(book, found->name), "ge-0/0/1");
    assert_string_equal(name_book_text(book, found->description), "To \"ISP\"");
    assert_int_equal(found->speed, 10000000000);
    found = name_book_interface(book, FLOW_IPV4, edge, 2);
    assert_int_equal(found->name, 0);
    assert_int_equal(found->speed, 2500000000);
    assert_int_equal(name_book_interface(book, FLOW_IPV6, six, 14)->speed, 34368000);
    struct name_address addresses[4];
    const struct name_interface *interfaces[4];
    assert_int_equal(name_book_exporters(book, name_book_value(book, "six", 3), addresses, 4), 1);
    assert_int_equal(addresses[0].family, FLOW_IPV6);
    assert_memory_equal(addresses[0].bytes, six, 16);
    assert_int_equal(name_book_exporters(book, 0, addresses, 4), 0);
    assert_int_equal(name_book_interfaces(book, name_book_value(book, "ge-0/0/1", 8), interfaces, 4), 1);
    assert_int_equal(interfaces[0]->index, 14);
    assert_null(name_book_interface(book, FLOW_IPV4, edge, 3));
    assert_null(name_book_interface(book, FLOW_IPV4, other, 14));
    struct name_counts counts = name_book_counts(book);
    assert_int_equal(counts.exporters, 2);
    assert_int_equal(counts.interfaces, 3);
}

static void without_files_nothing_is_known(void **state) {
    (void)state;
    static const uint8_t address[16] = {10};
    assert_int_equal(name_book_find(NULL, NAME_HOST, FLOW_IPV4, address), 0);
    assert_string_equal(name_book_text(NULL, 0), "");
    assert_int_equal(name_book_subjects(NULL), NAME_TAGS);
    assert_int_equal(name_book_exporter(NULL, FLOW_IPV4, address), 0);
    assert_null(name_book_interface(NULL, FLOW_IPV4, address, 1));
    assert_false(name_book_has_local(NULL));
    assert_int_equal(name_book_values(NULL, NAME_NETWORK, NULL, 0), 0);
    assert_null(name_book_hold(NULL));
    name_book_drop(NULL);
}

/* Against all prefixes, one after the other: 20,000 addresses, most of them at the edges of prefixes. */
static void many_prefixes_agree_with_a_plain_search(void **state) {
    (void)state;
    enum { PREFIXES = 2000, LOOKS = 20000 };
    static struct {
        uint32_t first, last;
        unsigned bits;
    } all[PREFIXES];
    struct buffer text = BUFFER_INIT;
    uint64_t seed = 7;
    unsigned n = 0;
    while (n < PREFIXES) {
        unsigned bits = (unsigned)random_below(&seed, 33);
        uint32_t mask = bits ? UINT32_MAX << (32 - bits) : 0;
        /* Few different first bits, so that they lie in one another. */
        uint32_t first = (uint32_t)(random_below(&seed, 16) << 28 | (random_next(&seed) & 0x00ff00ff)) & mask;
        bool is_known = false;
        for (unsigned i = 0; i < n && !is_known; i++)
            is_known = all[i].first == first && all[i].bits == bits;
        if (is_known) continue;
        all[n].first = first;
        all[n].last = first | ~mask;
        all[n].bits = bits;
        buffer_printf(&text, "%u.%u.%u.%u/%u tag=p%u\n", first >> 24, first >> 16 & 255, first >> 8 & 255, first & 255,
                      bits, n);
        n++;
    }
    parse(text.data, NULL);
    for (unsigned i = 0; i < LOOKS; i++) {
        unsigned near = (unsigned)random_below(&seed, PREFIXES);
        uint32_t edge[] = {all[near].first, all[near].last, all[near].first - 1, all[near].last + 1,
                           (uint32_t)random_next(&seed)};
        uint32_t address = edge[random_below(&seed, 5)];
        int best = -1;
        for (unsigned p = 0; p < PREFIXES; p++)
            if (all[p].first <= address && address <= all[p].last && (best < 0 || all[p].bits > all[best].bits))
                best = (int)p;
        uint8_t bytes[4];
        char expected[16] = "";
        be32_put(bytes, address);
        if (best >= 0) snprintf(expected, sizeof expected, "p%d", best);
        assert_string_equal(name_book_text(book, name_book_find(book, NAME_TAGS, FLOW_IPV4, bytes)), expected);
    }
    buffer_release(&text);
}

/* Files
 * ----------------------------------------------------------------------------------------------------------------- */

static void files_are_read_together(void **state) {
    (void)state;
    char first[64], second[64], list[160], expected[256];
    snprintf(first, sizeof first, "/tmp/test_book.%ld.a b", (long)getpid());
    snprintf(second, sizeof second, "/tmp/test_book.%ld.c", (long)getpid());
    snprintf(list, sizeof list, " %s , %s,", first, second);
    FILE *file = fopen(first, "w");
    assert_non_null(file);
    fputs("10.0.0.0/8 name=a site=x\n", file);
    fclose(file);
    file = fopen(second, "w");
    assert_non_null(file);
    fputs("\n10.1.0.0/16 name=b\n", file);
    fclose(file);
    name_book_drop(book);
    book = name_book_read(list, NULL, &error);
    assert_non_null(book);
    assert_string_equal(text_of(NAME_NETWORK, "10.1.0.1"), "b");
    assert_string_equal(text_of(subject("site"), "10.1.0.1"), "x");
    file = fopen(second, "w");
    assert_non_null(file);
    fputs("\n10.0.0.0/8 name=b\n", file);
    fclose(file);
    assert_null(name_book_read(list, NULL, &error));
    snprintf(expected, sizeof expected, "%s:2: 10.0.0.0/8 is repeated; it is first in %s:1", second, first);
    assert_string_equal(error.text, expected);
    unlink(first);
    unlink(second);
    assert_null(name_book_read(list, NULL, &error));
    snprintf(expected, sizeof expected, "%s: No such file or directory", first);
    assert_string_equal(error.text, expected);
    assert_null(name_book_read("/tmp", NULL, &error));
    assert_string_equal(error.text, "/tmp: Is a directory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_right_or_it_is_said_what_is_wrong),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test_teardown(the_last_line_needs_no_end_and_the_first_may_have_a_mark, teardown),
        cmocka_unit_test(nothing_may_stand_twice),
        cmocka_unit_test_teardown(what_is_too_much_is_refused, teardown),
        cmocka_unit_test_teardown(own_networks_are_local, teardown),
        cmocka_unit_test(wrong_own_networks_are_refused),
        cmocka_unit_test_teardown(the_longest_prefix_that_says_so_counts, teardown),
        cmocka_unit_test_teardown(hosts_are_found_by_name, teardown),
        cmocka_unit_test_teardown(a_subject_is_told_as_ranges, teardown),
        cmocka_unit_test_teardown(values_are_listed_in_order, teardown),
        cmocka_unit_test_teardown(exporters_and_interfaces_are_found, teardown),
        cmocka_unit_test(without_files_nothing_is_known),
        cmocka_unit_test_teardown(many_prefixes_agree_with_a_plain_search, teardown),
        cmocka_unit_test_teardown(files_are_read_together, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
