/* Names of addresses: a DNS server of the test's own, asked once for each and never waited for; and files in MaxMind's
 * format, which the test writes. */
#include "http/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "flow/layout.h"

enum { BOUND_US = 20000000 };

static struct event_base *base;
static struct names *names;
static int64_t now;
static char path[64];

static int64_t clock_look(const struct clock *clock) {
    (void)clock;
    return now * 1000000;
}
static const struct clock test_clock = {clock_look};

static struct api_name find(const char *address) {
    uint8_t bytes[16];
    struct api_name name;
    bool v6 = strchr(address, ':') != NULL;
    assert_int_equal(inet_pton(v6 ? AF_INET6 : AF_INET, address, bytes), 1);
    memset(&name, 'x', sizeof name);
    names_find(names, v6 ? FLOW_IPV6 : FLOW_IPV4, bytes, &name);
    return name;
}

static void write_file(const void *bytes, size_t len) {
    snprintf(path, sizeof path, "/tmp/test_host_names.%ld", (long)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* --- a DNS server --- */

static int dns;
static unsigned n_asked;
static char asked[128]; /* the last name */

static void dns_begin(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    struct error error = {""};
    char text[64];
    dns = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(dns, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(dns, (struct sockaddr *)&address, &len), 0);
    snprintf(text, sizeof text, "nameserver 127.0.0.1:%u\n", ntohs(address.sin_port));
    write_file(text, strlen(text));
    base = event_base_new();
    now = 1700000000;
    n_asked = 0;
    struct names_config config = {.resolve = true, .servers = path, .clock = &test_clock};
    names = names_new(base, &config, &error);
    unlink(path);
    if (!names) fail_msg("%s", error.text);
}

static void dns_end(void) {
    names_free(names);
    event_base_free(base);
    close(dns);
}

/* Answers a question that has come with a PTR record, "" with none. */
static bool dns_answer(const char *host) {
    struct sockaddr_in client;
    socklen_t len = sizeof client;
    uint8_t text[512];
    ssize_t n = recvfrom(dns, text, sizeof text, MSG_DONTWAIT, (struct sockaddr *)&client, &len);
    if (n < 0) return false;
    size_t at = 12, out = 0;
    for (; text[at]; at += text[at] + 1u) {
        memcpy(asked + out, text + at + 1, text[at]);
        out += text[at];
        asked[out++] = '.';
    }
    asked[out] = '\0';
    at += 5; /* the end of the name, type, class */
    n_asked++;
    text[2] = 0x81, text[3] = *host ? 0x80 : 0x83;
    text[7] = *host ? 1 : 0;
    text[11] = 0;
    if (*host) {
        static const uint8_t record[] = {0xc0, 0x0c, 0, 12, 0, 1, 0, 0, 0, 60};
        memcpy(text + at, record, sizeof record);
        uint8_t *length = text + at + sizeof record;
        at += sizeof record + 2;
        size_t start = at;
        while (*host) {
            size_t label = strcspn(host, ".");
            text[at++] = (uint8_t)label;
            memcpy(text + at, host, label);
            at += label;
            host += label + (host[label] == '.');
        }
        text[at++] = 0;
        be16_put(length, (uint16_t)(at - start));
    }
    assert_int_equal(sendto(dns, text, at, 0, (struct sockaddr *)&client, len), at);
    return true;
}

static void answer_next(const char *host) {
    int64_t until = clock_monotonic_us() + BOUND_US;
    while (!dns_answer(host)) {
        assert_true(clock_monotonic_us() < until);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static void wait_for(const char *address, const char *host) {
    int64_t until = clock_monotonic_us() + BOUND_US;
    while (strcmp(find(address).host, host) != 0) {
        assert_true(clock_monotonic_us() < until);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static void names_of_hosts(void **state) {
    (void)state;
    dns_begin();
    struct api_name name = find("192.0.2.7");
    assert_string_equal(name.host, "");
    assert_string_equal(name.network, "");
    assert_string_equal(name.country, "");
    find("192.0.2.7"); /* is asked for once */
    answer_next("www.example");
    assert_int_equal(strcasecmp(asked, "7.2.0.192.in-addr.arpa."), 0);
    wait_for("192.0.2.7", "www.example");
    find("2001:db8::1");
    answer_next("six.example");
    assert_int_equal(strcasecmp(asked, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."), 0);
    wait_for("2001:db8::1", "six.example");
    assert_int_equal(n_asked, 2);
    /* After an hour again; meanwhile the old one is shown. */
    now += NAMES_KEEP_S - 1;
    find("192.0.2.7");
    find("192.0.2.8"); /* the next question, if the one before asks none */
    answer_next("");
    assert_int_equal(strncmp(asked, "8.", 2), 0);
    now += 1;
    assert_string_equal(find("192.0.2.7").host, "www.example");
    answer_next("new.example");
    assert_int_equal(strncmp(asked, "7.", 2), 0);
    wait_for("192.0.2.7", "new.example");
    assert_int_equal(n_asked, 4);
    dns_end();
}

/* Far more than are kept: the oldest give way, and nothing else grows. */
static void more_addresses_than_are_kept(void **state) {
    (void)state;
    char address[32];
    dns_begin();
    for (unsigned i = 0; i < NAMES_KEPT + 1000; i++) {
        snprintf(address, sizeof address, "10.%u.%u.1", i / 256, i % 256);
        find(address);
        event_base_loop(base, EVLOOP_NONBLOCK);
        snprintf(address, sizeof address, "h%u.example", i);
        while (dns_answer(address))
            event_base_loop(base, EVLOOP_NONBLOCK);
    }
    assert_true(n_asked > NAMES_KEPT);
    assert_string_equal(find("10.64.0.1").host, "h16384.example");
    assert_string_equal(find("10.0.0.1").host, "");
    dns_end();
}

static void freed_with_questions_under_way(void **state) {
    (void)state;
    char address[32];
    dns_begin();
    for (unsigned i = 0; i < 2 * NAMES_WAITING; i++) {
        snprintf(address, sizeof address, "10.0.%u.%u", i / 256, i % 256);
        find(address);
    }
    event_base_loop(base, EVLOOP_NONBLOCK);
    dns_end();
}

/* --- files --- */

static void put(struct buffer *out, unsigned type, size_t len, const void *bytes) {
    if (type < 8) {
        uint8_t head = (uint8_t)(type << 5 | len);
        buffer_add(out, &head, 1);
    } else {
        uint8_t head[] = {(uint8_t)len, (uint8_t)(type - 7)};
        buffer_add(out, head, 2);
    }
    if (bytes) buffer_add(out, bytes, len);
}

static void put_text(struct buffer *out, const char *text) { put(out, 2, strlen(text), text); }
static void put_map(struct buffer *out, size_t pairs) { put(out, 7, pairs, NULL); }
static void put_number(struct buffer *out, unsigned type, uint64_t number, size_t width) {
    uint8_t bytes[8];
    be_put(bytes, number, width);
    put(out, type, width, bytes);
}

/* A database where the first 24 bits of an IPv4 address, 192.0.2.0/24, lead to the data; the tree is a chain. */
static void file_make(const struct buffer *data) {
    enum { UINT16 = 5, UINT32 = 6, UINT64 = 9, ARRAY = 11, NODES = 24 };
    struct buffer out = BUFFER_INIT;
    uint32_t prefix = 0xc0000200;
    for (unsigned i = 0; i < NODES; i++) {
        uint32_t next = i + 1 < NODES ? i + 1 : NODES + 16, sides[2] = {NODES, NODES};
        sides[prefix >> (31 - i) & 1] = next;
        for (unsigned side = 0; side < 2; side++) {
            uint8_t bytes[3];
            be_put(bytes, sides[side], sizeof bytes);
            buffer_add(&out, bytes, sizeof bytes);
        }
    }
    buffer_add(&out, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    buffer_add(&out, data->data, data->len);
    buffer_add_text(&out, "\xab\xcd\xefMaxMind.com");
    put_map(&out, 9);
    put_text(&out, "node_count"), put_number(&out, UINT32, NODES, 4);
    put_text(&out, "record_size"), put_number(&out, UINT16, 24, 2);
    put_text(&out, "ip_version"), put_number(&out, UINT16, 4, 2);
    put_text(&out, "database_type"), put_text(&out, "Test");
    put_text(&out, "languages"), put(&out, ARRAY, 0, NULL);
    put_text(&out, "binary_format_major_version"), put_number(&out, UINT16, 2, 2);
    put_text(&out, "binary_format_minor_version"), put_number(&out, UINT16, 0, 2);
    put_text(&out, "build_epoch"), put_number(&out, UINT64, 1700000000, 8);
    put_text(&out, "description"), put_map(&out, 0);
    write_file(out.data, out.len);
    buffer_release(&out);
}

static void files_begin(struct buffer *data, bool is_asn) {
    struct error error = {""};
    struct names_config config = {.clock = &test_clock};
    file_make(data);
    buffer_release(data);
    *(is_asn ? &config.asn_db : &config.country_db) = path;
    names = names_new(NULL, &config, &error);
    unlink(path);
    if (!names) fail_msg("%s", error.text);
}

static void networks(void **state) {
    (void)state;
    struct buffer data = BUFFER_INIT;
    put_map(&data, 2);
    put_text(&data, "autonomous_system_number"), put_number(&data, 6, 64500, 4);
    put(&data, 2, 29, NULL), buffer_add(&data, "\x01", 1), buffer_add_text(&data, "autonomous_system_organization");
    put_text(&data, "Example Net <b>");
    files_begin(&data, true);
    assert_string_equal(find("192.0.2.7").network, "AS64500 Example Net <b>");
    assert_string_equal(find("192.0.2.255").network, "AS64500 Example Net <b>");
    assert_string_equal(find("192.0.3.0").network, "");
    assert_string_equal(find("2001:db8::1").network, ""); /* a file of IPv4 alone */
    assert_string_equal(find("192.0.2.7").country, "");
    names_free(names);
}

static void countries(void **state) {
    (void)state;
    static const char *const members[] = {"country", "registered_country"};
    for (unsigned i = 0; i < 2; i++) {
        struct buffer data = BUFFER_INIT;
        put_map(&data, 1);
        put_text(&data, members[i]);
        put_map(&data, 1);
        put_text(&data, "iso_code"), put_text(&data, "DE");
        files_begin(&data, false);
        assert_string_equal(find("192.0.2.7").country, "DE");
        assert_string_equal(find("192.0.3.7").country, "");
        assert_string_equal(find("192.0.2.7").network, "");
        names_free(names);
    }
}

/* Other contents are no error. */
static void other_contents(void **state) {
    (void)state;
    struct buffer data = BUFFER_INIT;
    put_map(&data, 1);
    put_text(&data, "autonomous_system_number"), put_text(&data, "64500");
    files_begin(&data, true);
    assert_string_equal(find("192.0.2.7").network, "");
    names_free(names);
    data = (struct buffer)BUFFER_INIT;
    put_map(&data, 1);
    put_text(&data, "country"), put_text(&data, "Deutschland");
    files_begin(&data, false);
    assert_string_equal(find("192.0.2.7").country, "");
    names_free(names);
}

static void files_that_are_none(void **state) {
    (void)state;
    struct error error;
    struct names_config config = {.asn_db = "/nowhere/asn.mmdb", .clock = &test_clock};
    assert_null(names_new(NULL, &config, &error));
    assert_string_equal(error.text, "/nowhere/asn.mmdb: No such file or directory");
    write_file("text", 4);
    config = (struct names_config){.country_db = path, .clock = &test_clock};
    assert_null(names_new(NULL, &config, &error));
    unlink(path);
    assert_memory_equal(error.text, path, strlen(path));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_hosts),
        cmocka_unit_test(more_addresses_than_are_kept),
        cmocka_unit_test(freed_with_questions_under_way),
        cmocka_unit_test(networks),
        cmocka_unit_test(countries),
        cmocka_unit_test(other_contents),
        cmocka_unit_test(files_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
