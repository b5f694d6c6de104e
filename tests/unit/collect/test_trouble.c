/* When a fault of an exporter is worth telling: how often, how recent, of whom. */
#include "collect/trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { NOW = 1700000000 };

static void every_case(void **state) {
    (void)state;
    static const struct {
        int known, faults[4], look; /* seconds; 0: no fault */
        bool tells;
    } cases[] = {
        {-3600, {0}, 100, false},           /* nothing was wrong */
        {-3600, {1}, 1, false},             /* once */
        {-3600, {1, 2}, 2, false},          /* twice */
        {-3600, {1, 2, 3}, 3, true},        /* again and again */
        {-3600, {1, 2, 3}, 63, true},       /* a minute ago */
        {-3600, {1, 2, 3}, 2, false},       /* the clock was set back */
        {-3600, {1, 2, 3}, 64, false},      /* it is over */
        {-3600, {1, 61, 121}, 121, true},   /* once a minute is again and again, too */
        {-3600, {1, 62, 123}, 123, false},  /* more seldom is not */
        {-3600, {1, 2, 63, 64}, 64, false}, /* a minute of silence begins it anew */
        {-3600, {1, 2, 62, 63}, 63, true},  /* a little less doesn't */
        {-57, {1, 2, 3}, 3, true},          /* heard of for just a minute */
        {-56, {1, 2, 3}, 3, false},         /* a stranger */
        {1, {1, 2, 3}, 3, false},           /* the same */
        {1, {1, 2, 3, 59}, 61, true},       /* who goes on */
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trouble trouble = {.n = 0};
        for (unsigned fault = 0; fault < 4; fault++)
            if (cases[i].faults[fault]) trouble_note(&trouble, (uint32_t)(NOW + cases[i].faults[fault]));
        if (trouble_tells(&trouble, (uint32_t)(NOW + cases[i].known), (uint32_t)(NOW + cases[i].look)) !=
            cases[i].tells)
            fail_msg("case %u", i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
