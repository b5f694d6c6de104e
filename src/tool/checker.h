/* What an importer with this configuration would do with entries: counted, not done. */
#ifndef FLOWIMPORT_TOOL_CHECKER_H
#define FLOWIMPORT_TOOL_CHECKER_H

#include <stdint.h>

#include "flow/entry.h"
#include "import/check.h"

struct checker {
    const struct flow_layout *layout;
    const struct check_rules *rules;
    int64_t now; /* seconds since 1970 */
    struct entry_decoder *decoder;
    uint64_t entries, flows; /* that would be imported */
    uint64_t too_old;        /* entries that would be dropped as such */
};

/* Layout and rules are borrowed. Released by checker_release(). */
void checker_init(struct checker *checker, const struct flow_layout *layout, const struct check_rules *rules,
                  int64_t now);
void checker_release(struct checker *checker);
/* Counts one entry. 0, or -1 with the reason for which it would be rejected. */
int checker_take(struct checker *checker, const char *text, size_t len, struct reject *reject);

#endif
