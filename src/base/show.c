/* The two renderings of what modules show: Prometheus text and JSON. */
#include "base/show.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

static const char *const type_names[] = {[SHOW_COUNTER] = "counter", [SHOW_GAUGE] = "gauge"};

static const struct {
    int64_t us;
    const char *seconds;
} bounds[SHOW_DURATIONS] = {{100000, "0.1"},  {500000, "0.5"},  {1000000, "1"},    {5000000, "5"},
                            {30000000, "30"}, {60000000, "60"}, {300000000, "300"}};

/* --- texts --- */

/* The length of the well-formed UTF-8 character (RFC 3629) at the text, 0 where there is none. */
static unsigned utf8_len(const char *text) {
    const unsigned char *c = (const unsigned char *)text;
    unsigned len = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : c[0] < 0xf5 ? 4 : 0;
    for (unsigned i = 1; i < len; i++)
        if ((c[i] & 0xc0) != 0x80) return 0;
    if (len > 2) { /* overlong forms, surrogates, beyond U+10FFFF */
        if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f)) return 0;
        if ((c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f)) return 0;
    }
    return len;
}

void show_quoted(struct buffer *out, const char *text) {
    buffer_add(out, "\"", 1);
    while (*text) {
        unsigned len = utf8_len(text);
        if (*text == '\n')
            buffer_add(out, "\\n", 2);
        else if (*text == '"' || *text == '\\')
            buffer_printf(out, "\\%c", *text);
        else if (len == 0 || (unsigned char)*text < ' ')
            buffer_add(out, "?", 1);
        else
            buffer_add(out, text, len);
        text += len ? len : 1;
    }
    buffer_add(out, "\"", 1);
}

/* --- JSON's frame --- */

static void json_next(struct show *show, unsigned depth) {
    if (show->out->len > 0 && show->out->data[show->out->len - 1] != '{') buffer_add(show->out, ",", 1);
    buffer_printf(show->out, "\n%*s", (int)(2 * depth), "");
}

/* The next name of the module, or of the family that is open. */
static void json_name(struct show *show, const char *name) {
    json_next(show, show->family ? 3 : 2);
    show_quoted(show->out, name);
    buffer_add(show->out, ": ", 2);
}

static void family_close(struct show *show) {
    if (show->family && show->format == SHOW_JSON) buffer_add_text(show->out, "\n    }");
    show->family = NULL;
}

static void module_close(struct show *show) {
    family_close(show);
    if (show->module && show->format == SHOW_JSON) buffer_add_text(show->out, "\n  }");
    show->module = NULL;
}

static void module_open(struct show *show, const char *prefix, const char *module) {
    module_close(show);
    show->prefix = prefix;
    show->module = module;
    if (show->format != SHOW_JSON) return;
    json_next(show, 1);
    buffer_printf(show->out, "\"%s\": {", module);
}

void show_begin(struct show *show, enum show_format format, struct buffer *out) {
    *show = (struct show){.format = format, .out = out};
    if (format == SHOW_JSON) buffer_add(out, "{", 1);
}

void show_end(struct show *show) {
    module_close(show);
    if (show->format == SHOW_JSON) buffer_add_text(show->out, "\n}\n");
}

void show_module(struct show *show, const char *module) { module_open(show, "flowimport_", module); }
void show_standard_module(struct show *show, const char *module) { module_open(show, "", module); }

/* --- values --- */

static void head_add(struct show *show, const char *name, const char *type, const char *help) {
    buffer_printf(show->out, "# HELP %s%s_%s %s\n# TYPE %s%s_%s %s\n", show->prefix, show->module, name, help,
                  show->prefix, show->module, name, type);
}

/* All that stands before a value without labels. */
static void value_begin(struct show *show, enum show_type type, const char *name, const char *help) {
    family_close(show);
    if (show->format == SHOW_JSON) {
        json_name(show, name);
    } else {
        head_add(show, name, type_names[type], help);
        buffer_printf(show->out, "%s%s_%s ", show->prefix, show->module, name);
    }
}

static void value_end(struct show *show) {
    if (show->format == SHOW_PROMETHEUS) buffer_add(show->out, "\n", 1);
}

static void seconds_add(struct buffer *out, int64_t us) {
    if (us < 0) us = 0;
    buffer_printf(out, "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
}

static void number_show(struct show *show, enum show_type type, const char *name, const char *help, uint64_t value) {
    value_begin(show, type, name, help);
    buffer_printf(show->out, "%" PRIu64, value);
    value_end(show);
}

void show_counter(struct show *show, const char *name, const char *help, uint64_t value) {
    number_show(show, SHOW_COUNTER, name, help, value);
}

void show_gauge(struct show *show, const char *name, const char *help, uint64_t value) {
    number_show(show, SHOW_GAUGE, name, help, value);
}

void show_seconds(struct show *show, enum show_type type, const char *name, const char *help, int64_t us) {
    value_begin(show, type, name, help);
    seconds_add(show->out, us);
    value_end(show);
}

/* --- families --- */

static void family_open(struct show *show, const char *name, const char *type, const char *label, const char *help) {
    family_close(show);
    if (show->format == SHOW_JSON) {
        json_name(show, name);
        buffer_add(show->out, "{", 1);
    } else {
        head_add(show, name, type, help);
    }
    show->family = name;
    show->label = label;
}

void show_family(struct show *show, enum show_type type, const char *name, const char *label, const char *help) {
    family_open(show, name, type_names[type], label, help);
}

static void member_begin(struct show *show, const char *suffix, const char *label_value) {
    if (show->format == SHOW_JSON) {
        json_name(show, label_value);
        return;
    }
    buffer_printf(show->out, "%s%s_%s%s{%s=", show->prefix, show->module, show->family, suffix, show->label);
    show_quoted(show->out, label_value);
    buffer_add(show->out, "} ", 2);
}

static void member_add(struct show *show, const char *suffix, const char *label_value, uint64_t value) {
    member_begin(show, suffix, label_value);
    buffer_printf(show->out, "%" PRIu64, value);
    value_end(show);
}

void show_member(struct show *show, const char *label_value, uint64_t value) {
    member_add(show, "", label_value, value);
}

void show_durations_add(struct show_durations *durations, int64_t us) {
    unsigned i = 0;
    while (i < SHOW_DURATIONS && us > bounds[i].us)
        i++;
    durations->counts[i]++;
    durations->sum_us += us;
}

void show_histogram(struct show *show, const char *name, const char *help, const struct show_durations *durations) {
    uint64_t count = 0;
    family_open(show, name, "histogram", "le", help);
    for (unsigned i = 0; i <= SHOW_DURATIONS; i++) {
        count += durations->counts[i];
        member_add(show, "_bucket", i < SHOW_DURATIONS ? bounds[i].seconds : "+Inf", count);
    }
    if (show->format == SHOW_JSON)
        json_name(show, "sum");
    else
        buffer_printf(show->out, "%s%s_%s_sum ", show->prefix, show->module, name);
    seconds_add(show->out, durations->sum_us);
    value_end(show);
    if (show->format == SHOW_JSON)
        json_name(show, "count");
    else
        buffer_printf(show->out, "%s%s_%s_count ", show->prefix, show->module, name);
    buffer_printf(show->out, "%" PRIu64, count);
    value_end(show);
    family_close(show);
}

void show_info(struct show *show, const char *name, const char *label, const char *help, const char *text) {
    if (show->format == SHOW_JSON) {
        show_text(show, label, text);
        return;
    }
    family_open(show, name, type_names[SHOW_GAUGE], label, help);
    show_member(show, text, 1);
}

void show_text(struct show *show, const char *name, const char *text) {
    family_close(show);
    if (show->format != SHOW_JSON) return;
    json_name(show, name);
    if (text)
        show_quoted(show->out, text);
    else
        buffer_add_text(show->out, "null");
}

void show_bool(struct show *show, const char *name, bool value) {
    family_close(show);
    if (show->format != SHOW_JSON) return;
    json_name(show, name);
    buffer_add_text(show->out, value ? "true" : "false");
}
