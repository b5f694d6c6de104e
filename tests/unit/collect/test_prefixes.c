/* Lists of prefixes: which one an address is found in, and what is said of those that are wrong. */
#include "collect/prefixes.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "random.h"

static struct prefixes prefixes_of(const char *text, bool numbers) {
    struct prefixes prefixes;
    struct error error = {""};
    if (prefixes_parse(&prefixes, text, numbers, &error) != 0) fail_msg("%s: %s", text, error.text);
    return prefixes;
}

/* The number of the prefix that holds the address; 0: none does. */
static uint32_t find(const struct prefixes *prefixes, const char *address) {
    uint8_t bytes[16];
    uint8_t family = strchr(address, ':') ? FLOW_IPV6 : FLOW_IPV4;
    assert_int_equal(inet_pton(family == FLOW_IPV6 ? AF_INET6 : AF_INET, address, bytes), 1);
    const struct prefix *prefix = prefixes_find(prefixes, family, bytes);
    return prefix ? prefix->number : 0;
}

static void zeros_before_a_length(void **state) {
    (void)state;
    struct prefixes prefixes = prefixes_of("10.0.0.0/08=1, 192.0.2.0/0000024=2, ::/00=3", true);
    assert_int_equal(find(&prefixes, "10.9.9.9"), 1);
    assert_int_equal(find(&prefixes, "192.0.2.255"), 2);
    assert_int_equal(find(&prefixes, "192.0.3.0"), 0);
    assert_int_equal(find(&prefixes, "2001:db8::"), 3);
}

static void longest_counts(void **state) {
    (void)state;
    struct prefixes prefixes =
        prefixes_of("10.0.0.0/8=1, 10.1.2.3=2 10.1.0.0/16=3,\t10.1.2.0/25=4,2001:db8::/32=5\n2001:db8::1=6, "
                    "2001:db8:8000::/33=4294967295, ::ffff:192.0.2.0/120=8, ,::ffff:192.0.2.9=9",
                    true);
    static const struct {
        const char *address;
        uint32_t number;
    } cases[] = {
        {"10.1.2.3", 2},
        {"10.1.2.4", 4},
        {"10.1.2.127", 4},
        {"10.1.2.128", 3},
        {"10.255.0.0", 1},
        {"11.0.0.0", 0},
        {"9.255.255.255", 0},
        {"2001:db8::1", 6},
        {"2001:db8::2", 5},
        {"2001:db8:7fff:ffff::", 5},
        {"2001:db8:8000::", 4294967295},
        {"2001:db9::", 0},
        {"a00::", 0}, /* its first byte is 10, but it is not of that family */
        {"192.0.2.8", 8},
        {"192.0.2.9", 9},
        {"192.0.3.0", 0},
        {"::ffff:10.1.2.4", 4}, /* an address so mapped is IPv4's too */
        {"::ffff:192.0.2.9", 9},
        {"::ffff:11.0.0.0", 0},
    };
    assert_int_equal(prefixes.n, 9);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (find(&prefixes, cases[i].address) != cases[i].number)
            fail_msg("%s is in %u, not in %u", cases[i].address, find(&prefixes, cases[i].address), cases[i].number);
}

static void whole_space(void **state) {
    (void)state;
    struct prefixes four = prefixes_of("0.0.0.0/0=7", true), six = prefixes_of("::/0=7", true);
    struct prefixes none = prefixes_of(" , ", false), one = prefixes_of("192.0.2.1", false);
    assert_int_equal(find(&four, "255.255.255.255"), 7);
    assert_int_equal(find(&four, "2001:db8::"), 0);
    assert_int_equal(find(&six, "2001:db8::"), 7);
    assert_int_equal(find(&six, "192.0.2.1"), 0);
    assert_int_equal(none.n, 0);
    assert_null(prefixes_find(&none, FLOW_IPV4, (const uint8_t[]){192, 0, 2, 1}));
    assert_ptr_equal(prefixes_find(&one, FLOW_IPV4, (const uint8_t[]){192, 0, 2, 1}), &one.list[0]);
    assert_int_equal(one.list[0].bits, 32);
    assert_int_equal(one.list[0].number, 0);
}

/* The same as looking through all of them bit by bit. */
static void same_as_naive(void **state) {
    (void)state;
    uint64_t seed = 5;
    for (unsigned round = 0; round < 200; round++) {
        struct buffer text = BUFFER_INIT;
        uint32_t address[16];
        unsigned bits[16], n = 0;
        while (n < 16) {
            unsigned length = (unsigned)random_below(&seed, 33);
            uint32_t prefix = length ? (uint32_t)random_next(&seed) & 0xf8000003 & UINT32_MAX << (32 - length) : 0;
            bool known = false;
            for (unsigned i = 0; i < n; i++)
                known |= address[i] == prefix && bits[i] == length;
            if (known) continue;
            address[n] = prefix;
            bits[n++] = length;
            buffer_printf(&text, "%u.%u.%u.%u/%u=%u,", prefix >> 24, prefix >> 16 & 255, prefix >> 8 & 255,
                          prefix & 255, length, n);
        }
        struct prefixes prefixes = prefixes_of(text.data, true);
        buffer_release(&text);
        for (unsigned i = 0; i < 100; i++) {
            uint32_t wanted = (uint32_t)random_next(&seed) & 0xf8000003, best = 0;
            for (unsigned k = 0; k < n; k++)
                if ((!bits[k] || (wanted ^ address[k]) >> (32 - bits[k]) == 0) && (!best || bits[k] > bits[best - 1]))
                    best = k + 1;
            uint32_t big = htonl(wanted);
            const struct prefix *found = prefixes_find(&prefixes, FLOW_IPV4, (const uint8_t *)&big);
            assert_int_equal(found ? found->number : 0, best);
        }
    }
}

static void errors_name_the_prefix(void **state) {
    (void)state;
#define NO_ADDRESS " is not an address or prefix such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32"
#define NO_NUMBER " is not accepted: expected a prefix and a number from 1 to 4294967295, such as 192.0.2.1=1000"
    static const struct {
        const char *text, *error;
        bool numbers;
    } cases[] = {
        {"10.0.0.0/8, router1", "'router1'" NO_ADDRESS, false},
        {"10.0.0/8", "'10.0.0/8'" NO_ADDRESS, false},
        {"/8", "'/8'" NO_ADDRESS, false},
        {"10.0.0.0=5", "'10.0.0.0=5'" NO_ADDRESS, false},
        {"[::1]", "'[::1]'" NO_ADDRESS, false},
        {"10.0.0.0/33", "'10.0.0.0/33': the prefix length must be a number from 0 to 32", false},
        {"10.0.0.0/", "'10.0.0.0/': the prefix length must be a number from 0 to 32", false},
        {"10.0.0.0/255.0.0.0", "'10.0.0.0/255.0.0.0': the prefix length must be a number from 0 to 32", false},
        {"::/129", "'::/129': the prefix length must be a number from 0 to 128", false},
        {"::/-1", "'::/-1': the prefix length must be a number from 0 to 128", false},
        {"192.0.2.1/24", "'192.0.2.1/24' has bits after its prefix length: use 192.0.2.0/24", false},
        {"192.0.2.0/22", "'192.0.2.0/22' has bits after its prefix length: use 192.0.0.0/22", false},
        {"2001:db8::1/64", "'2001:db8::1/64' has bits after its prefix length: use 2001:db8::/64", false},
        {"::1,10.0.0.0/8,::1/128", "'::1/128' is repeated", false},
        {"10.0.0.0/8,::ffff:10.0.0.0/104", "'::ffff:10.0.0.0/104' is repeated", false},
        {"10.0.0.1=1,10.0.0.1=2", "'10.0.0.1' is repeated", true},
        {"10.0.0.1", "'10.0.0.1'" NO_NUMBER, true},
        {"10.0.0.1=", "'10.0.0.1='" NO_NUMBER, true},
        {"10.0.0.1=0", "'10.0.0.1=0'" NO_NUMBER, true},
        {"10.0.0.1=1k", "'10.0.0.1=1k'" NO_NUMBER, true},
        {"10.0.0.1=4294967296", "'10.0.0.1=4294967296'" NO_NUMBER, true},
        {"x=5", "'x'" NO_ADDRESS, true},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct prefixes prefixes;
        struct error error = {""};
        assert_int_equal(prefixes_parse(&prefixes, cases[i].text, cases[i].numbers, &error), -1);
        assert_string_equal(error.text, cases[i].error);
    }
}

static void as_many_as_there_is_room_for(void **state) {
    (void)state;
    struct buffer text = BUFFER_INIT;
    struct prefixes prefixes;
    struct error error = {""};
    for (unsigned i = 0; i < PREFIXES_MAX; i++)
        buffer_printf(&text, "10.0.%u.0/24,", i);
    assert_int_equal(prefixes_parse(&prefixes, text.data, false, &error), 0);
    assert_int_equal(prefixes.n, PREFIXES_MAX);
    buffer_add_text(&text, "::1");
    assert_int_equal(prefixes_parse(&prefixes, text.data, false, &error), -1);
    assert_string_equal(error.text, "'::1' is one too many: at most 256 prefixes are allowed");
    buffer_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_counts),
        cmocka_unit_test(zeros_before_a_length),
        cmocka_unit_test(whole_space),
        cmocka_unit_test(same_as_naive),
        cmocka_unit_test(errors_name_the_prefix),
        cmocka_unit_test(as_many_as_there_is_room_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
