/* Records of tunnels: whose addresses count. */
#include "collect/data_record.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cells.h"

/* The addresses of a tunnel and of the packet inside, as both counts. */
static void ends_of_tunnels(void **state) {
    (void)state;
    static const struct {
        struct cell cells[12];
        const char *inner, *outer; /* addresses, protocol, ports */
    } cases[] = {
        {{N(8, 4, 1), N(12, 4, 2), N(4, 1, 4), N(8, 4, 3), N(12, 4, 4), N(4, 1, 17), N(11, 2, 53)},
         "v4 3 4 17 53",
         "v4 1 2 4 53"},
        {{N(27, 16, 1), N(28, 16, 2), N(8, 4, 3), N(12, 4, 4), N(4, 1, 17), N(11, 2, 53), N(60, 1, 6)},
         "v4 3 4 17 53",
         "v6 1 2 17 53"},
        {{N(8, 4, 3), N(12, 4, 4), N(27, 16, 1), N(28, 16, 2), N(4, 1, 41), N(11, 2, 0)}, "v6 1 2 41 0", "v4 3 4 41 0"},
        {{N(27, 16, 1), N(28, 16, 2), N(27, 16, 3), N(28, 16, 4), N(4, 1, 6), N(11, 2, 53)},
         "v6 3 4 6 53",
         "v6 1 2 6 53"},
        /* None: one family, whose other addresses are 0; a counter that is there twice. */
        {{N(27, 16, 1), N(28, 16, 2), N(8, 4, 0), N(12, 4, 0), N(4, 1, 17), N(11, 2, 53)},
         "v6 1 2 17 53",
         "v6 1 2 17 53"},
        /* Half of a pair is none: the other's counts whole, never one address of each. But a host that asks for its
         * address has none. */
        {{N(27, 16, 1), N(28, 16, 2), N(8, 4, 3), N(12, 4, 0), N(4, 1, 17), N(11, 2, 53), N(60, 1, 4)},
         "v6 1 2 17 53",
         "v6 1 2 17 53"},
        {{N(27, 16, 1), N(28, 16, 2), N(8, 4, 0), N(12, 4, 255), N(4, 1, 17), N(11, 2, 67)},
         "v4 0 255 17 67",
         "v6 1 2 17 67"},
        {{N(8, 4, 1), N(12, 4, 2), N(4, 1, 4), N(8, 4, 0), N(12, 4, 0), N(4, 1, 0), N(11, 2, 0)},
         "v4 1 2 4 0",
         "v4 1 2 4 0"},
        {{N(8, 4, 1), N(12, 4, 2), N(4, 1, 4), N(8, 4, 3), N(12, 4, 0), N(4, 1, 17), N(11, 2, 53)},
         "v4 1 2 4 53",
         "v4 1 2 4 53"},
        {{N(8, 4, 1), N(12, 4, 2), N(4, 1, 4), N(8, 4, 0), N(12, 4, 255), N(4, 1, 17), N(11, 2, 67)},
         "v4 0 255 17 67",
         "v4 1 2 4 67"},
        {{N(27, 16, 1), N(28, 16, 2), N(27, 16, 0), N(28, 16, 0), N(4, 1, 41), N(11, 2, 0)},
         "v6 1 2 41 0",
         "v6 1 2 41 0"},
        {{N(8, 4, 0), N(12, 4, 0), N(4, 1, 0), N(8, 4, 3), N(12, 4, 4), N(4, 1, 17), N(11, 2, 53)},
         "v4 3 4 17 53",
         "v4 3 4 17 53"},
        {{N(8, 4, 0), N(12, 4, 0), N(4, 1, 6), N(8, 4, 3), N(12, 4, 0), N(4, 1, 17), N(11, 2, 53)},
         "v4 3 0 17 53",
         "v4 0 0 6 53"},
        {{N(8, 4, 3), N(12, 4, 4), N(4, 1, 17), N(11, 2, 53), N(4, 1, 6)}, "v4 3 4 17 53", "v4 3 4 17 53"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (unsigned ends = DATA_RECORD_INNER; ends <= DATA_RECORD_OUTER; ends++) {
            struct cell cells[16];
            struct flow_layout layout;
            struct flow_record flows[2];
            struct reject reject;
            char text[64];
            unsigned n = 0;
            for (; n < 12 && cases[i].cells[n].length; n++)
                cells[n] = cases[i].cells[n];
            cells[n++] = (struct cell)N(1, 4, 100);
            cells[n++] = (struct cell)N(2, 4, 1);
            cells[n] = (struct cell){0, 0, 0, NULL, 0};
            struct made made = make(cells);
            const struct data_record_context plain = {.sampling = 1};
            layout_make(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS);
            struct data_record_plan *plan =
                data_record_plan_new(made.fields, made.n, &layout, (enum data_record_ends)ends);
            assert_int_equal(data_record_flows(plan, made.bytes, made.len, &plain, flows, &reject), 1);
            const uint8_t *key = flows[0].key;
            unsigned bytes = flows[0].family == FLOW_IPV6 ? 16 : 4;
            snprintf(text, sizeof text, "v%d %u %u %u %u", flows[0].family == FLOW_IPV6 ? 6 : 4, key[bytes - 1],
                     key[2 * bytes - 1], key[2 * bytes + 4], be16(key + 2 * bytes + 2));
            assert_string_equal(text, ends == DATA_RECORD_INNER ? cases[i].inner : cases[i].outer);
            data_record_plan_free(plan);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends_of_tunnels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
