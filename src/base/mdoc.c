/* Text for the manuals that are made from tables. */
#include "base/mdoc.h"

#include <string.h>

void mdoc_text(const char *text, struct buffer *out) {
    for (const char *c = text; *c; c++) {
        if (c == text && (*c == '.' || *c == '\'')) buffer_add_text(out, "\\&");
        if (c[0] == '\\') {
            buffer_add_text(out, "\\e");
        } else if (*c == '-') {
            buffer_add_text(out, "\\-");
        } else if (strchr(".?!", c[0]) && c[1] == ' ' && c[2] >= 'A' && c[2] <= 'Z') {
            buffer_printf(out, "%c\n", *c);
            c++;
        } else {
            buffer_add(out, c, 1);
        }
    }
    buffer_add_text(out, "\n");
}

/* A macro's argument: quoted, so that a comma or a word that is a macro's name stays text. A line may end behind a
 * comma. */
void mdoc_argument(const char *text, struct buffer *out) {
    buffer_add_text(out, "\"");
    for (; *text; text++) {
        if (*text == '"')
            buffer_add_text(out, "\"\"");
        else if (*text == '-')
            buffer_add_text(out, "\\-");
        else if (*text == ',')
            buffer_add_text(out, ",\\:");
        else
            buffer_add(out, text, 1);
    }
    buffer_add_text(out, "\"");
}
