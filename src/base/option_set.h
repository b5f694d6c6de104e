/* What the readers of files and command lines share: finding an option and setting it. */
#ifndef FLOWIMPORT_BASE_OPTION_SET_H
#define FLOWIMPORT_BASE_OPTION_SET_H

#include "base/option.h"

struct option_ref {
    unsigned group, row;
};

bool options_find(const struct options *options, const char *section, const char *name, struct option_ref *ref);
/* Checks the text and takes it unless a higher source has spoken. `where` starts the error: "FILE:3: [queue] url". 0
 * or -1. */
int options_set(struct options *options, struct option_ref ref, enum option_source source, const char *where,
                const char *text);

#endif
