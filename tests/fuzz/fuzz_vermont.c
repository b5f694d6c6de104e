/* Whatever a document says, its conversion ends, and has the lines of a configuration: sections, options, values that
 * go on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tool/convert/vermont.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buffer config = BUFFER_INIT, notes = BUFFER_INIT;
    struct error error;
    if (vermont_convert((const char *)data, size, &config, &notes, &error) != 0 && (config.data || notes.data)) abort();
    for (char *line = config.data, *end; line && *line; line = end + 1) {
        end = strchr(line, '\n');
        if (!end) abort();
        *end = '\0';
        if (*line && *line != '[' && strncmp(line, "    ", 4) != 0 && !strstr(line, " = ")) abort();
    }
    buffer_release(&config);
    buffer_release(&notes);
    return 0;
}
