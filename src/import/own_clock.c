/* The clock against what must be before it. */
#include "import/own_clock.h"

#include "base/clock.h"

int64_t own_clock_built(void) { return FLOWIMPORT_BUILT; }

enum own_clock own_clock_judge(int64_t now, int64_t built, int64_t last_commit) {
    if (now < built - OWN_CLOCK_SLACK) return OWN_CLOCK_BEFORE_BUILD;
    if (last_commit - OWN_CLOCK_SLACK > now && last_commit <= built + OWN_CLOCK_LIFE) return OWN_CLOCK_BEFORE_COMMIT;
    return OWN_CLOCK_RIGHT;
}

void own_clock_tell(enum own_clock verdict, int64_t now, int64_t built, int64_t last_commit, struct buffer *out) {
    char here[CLOCK_TEXT], there[CLOCK_TEXT];
    clock_show(now, here);
    clock_show(verdict == OWN_CLOCK_BEFORE_BUILD ? built : last_commit, there);
    switch (verdict) {
    case OWN_CLOCK_RIGHT: break;
    case OWN_CLOCK_BEFORE_BUILD:
        buffer_printf(out, "this host's clock is wrong: %s is before the program was built (%s)", here, there);
        break;
    case OWN_CLOCK_BEFORE_COMMIT:
        buffer_printf(out,
                      "this host's clock is wrong: %s is before the last commit in import_ledger (%s); if that one is "
                      "wrong, correct its committed_at",
                      here, there);
        break;
    }
}
