/* A store gets other roll-ups: SQLite's; importers that write meanwhile are not left out, nor counted twice. */
#include "upgrade_cases.h"

static const char *fresh_url(void) { return "memory:upgrade"; }

int main(void) {
    const struct CMUnitTest tests[] = {UPGRADE_CASES};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
