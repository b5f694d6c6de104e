/* Any text as a URL: it comes apart or is refused with a reason, and its password is never shown. */
#include "base/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = mem_strndup((const char *)data, size);
    char *display = url_display(text);
    struct url url;
    struct error error = {""};
    if (url_parse(&url, text, &error)) {
        if (!*error.text) abort();
    } else {
        if (*error.text || !url.scheme || url.port < 0 || url.port > 65535) abort();
        /* A long password that stands nowhere else in the text must not stand in what is shown. */
        if (url.password && strlen(url.password) >= 8) {
            const char *first = strstr(text, url.password);
            if (first && !strstr(first + 1, url.password) && strstr(display, url.password)) abort();
        }
        url_release(&url);
    }
    free(display);
    free(text);
    return 0;
}
