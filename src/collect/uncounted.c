/* What a template lacks to be counted, in words. */
#include "collect/uncounted.h"

#include <stdio.h>
#include <string.h>

#include "flow/element.h"

enum { NAMED_MAX = 4 }; /* fields of enterprises; more are not named */

void uncounted_text(const struct template *template, char text[UNCOUNTED_TEXT_MAX]) {
    const struct field_specifier *unreadable = data_record_plan_unreadable(template->plan);
    unsigned named = 0;
    if (unreadable) {
        const struct element *element = element_by_id(unreadable->id);
        if (unreadable->length == FIELD_VARIABLE)
            snprintf(text, UNCOUNTED_TEXT_MAX, "%s has a variable length", element->name);
        else
            snprintf(text, UNCOUNTED_TEXT_MAX, "%s has %u bytes, 8 at most can be read", element->name,
                     unreadable->length);
        return;
    }
    snprintf(text, UNCOUNTED_TEXT_MAX, "no octets and no packets");
    for (unsigned i = 0; i < template->n_fields && named < NAMED_MAX; i++) {
        const struct field_specifier *field = &template->fields[i];
        size_t len = strlen(text);
        if (field->enterprise == 0 || field->enterprise == ENTERPRISE_REVERSE) continue;
        snprintf(text + len, UNCOUNTED_TEXT_MAX - len, "%s%u/%u", named++ ? ", " : ", unless in enterprise ",
                 field->enterprise, field->id);
    }
}
