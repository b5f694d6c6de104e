/* Options read a second time: what differs, and what of it a running program takes. */
#include "base/option.h"

#include <string.h>

static bool texts_equal(const char *a, const char *b) { return a && b ? strcmp(a, b) == 0 : a == b; }

/* By type: what stands behind the end of a list, or between the members of a struct, says nothing. */
static bool values_equal(const struct option *option, const void *a, const void *b) {
    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_URL: return texts_equal(*(const char *const *)a, *(const char *const *)b);
    case OPTION_SECONDS_LIST: {
        const struct option_list *left = a, *right = b;
        return left->n == right->n && memcmp(left->values, right->values, left->n * sizeof left->values[0]) == 0;
    }
    case OPTION_SECONDS_MAP: {
        const struct option_map *left = a, *right = b;
        return left->n == right->n && memcmp(left->keys, right->keys, left->n * sizeof left->keys[0]) == 0 &&
               memcmp(left->values, right->values, left->n * sizeof left->values[0]) == 0;
    }
    case OPTION_BOOL:
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_SECONDS:
    case OPTION_MILLISECONDS:
    case OPTION_WORD:
    case OPTION_TIME: break;
    }
    return memcmp(a, b, option_size(option->type)) == 0;
}

void options_compare(const struct options *running, const struct options *fresh,
                     void (*differs)(void *context, const struct option *option), void *context) {
    for (unsigned g = 0; g < running->n_groups; g++) {
        const struct option_group *group = &running->groups[g];
        for (unsigned i = 0; i < group->n; i++) {
            const struct option *option = &group->rows[i];
            const char *a = (const char *)group->target + option->offset;
            const char *b = (const char *)fresh->groups[g].target + option->offset;
            if (!values_equal(option, a, b)) differs(context, option);
        }
    }
}

static void bytes_exchange(char *a, char *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        char kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

void options_exchange(struct options *running, struct options *fresh) {
    for (unsigned g = 0; g < running->n_groups; g++) {
        struct option_group *left = &running->groups[g], *right = &fresh->groups[g];
        for (unsigned i = 0; i < left->n; i++) {
            const struct option *option = &left->rows[i];
            if (!option->reload) continue;
            bytes_exchange((char *)left->target + option->offset, (char *)right->target + option->offset,
                           option_size(option->type));
            struct option_origin kept = left->origins[i];
            left->origins[i] = right->origins[i];
            right->origins[i] = kept;
        }
    }
}
