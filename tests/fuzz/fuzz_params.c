/* Any text as a request's query: names and values within their limits and in UTF-8, or the one that is refused. */
#include "http/params.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = mem_strndup((const char *)data, size);
    struct params params;
    const char *accepted;
    size_t total = 0;
    bool refused = params_parse(&params, text, &accepted) != 0;
    if (refused != (accepted != NULL) || params.n > API_PARAMS_MAX) abort();
    for (unsigned i = 0; i < params.n + refused; i++) {
        size_t name = strlen(params.list[i].name), value = strlen(params.list[i].value);
        if (i < params.n && (name > PARAM_BYTES || value > PARAM_BYTES)) abort();
        total += name + value;
        /* What is refused is shown as printable text. */
        for (size_t j = 0; i == params.n && j < value; j++)
            if (params.list[i].value[j] < ' ' || params.list[i].value[j] > '~') abort();
    }
    if (total > strlen(text)) abort();
    params_release(&params);
    free(text);
    return 0;
}
