/* What endpoints need of a call: its parameters, refusals and failures, the end of its answer. */
#include "http/call.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

const char *call_param(const struct api_call *call, const char *name) {
    for (unsigned i = call->n_params; i > 0; i--)
        if (strcmp(call->params[i - 1].name, name) == 0) return call->params[i - 1].value;
    return NULL;
}

static void error_begin(struct api_call *call, int status) {
    call->status = status;
    call->type = "application/json";
    call->unchanging = false;
    buffer_clear(&call->body);
    buffer_add_text(&call->body, "{\"error\":{");
}

void call_refuse(struct api_call *call, const char *parameter, const char *value, const char *accepted) {
    error_begin(call, 400);
    answer_text(&call->body, "parameter", parameter);
    answer_text(&call->body, "value", value);
    answer_text(&call->body, "accepted", accepted);
    buffer_add_text(&call->body, "}}\n");
}

void call_fail(struct api_call *call, int status, const char *message) {
    error_begin(call, status);
    answer_text(&call->body, "message", message);
    buffer_add_text(&call->body, "}}\n");
}

void call_accepts(const struct option *row, struct buffer *out) {
    for (const struct option_word *word = row->words; word && word->word && row->type != OPTION_WORD; word++)
        buffer_printf(out, "%s or ", word->word);
    option_accepts(row, out);
}

static int param_refuse(struct api_call *call, const struct option *row, const char *value) {
    struct buffer accepted = BUFFER_INIT;
    call_accepts(row, &accepted);
    call_refuse(call, row->name, value, accepted.data);
    buffer_release(&accepted);
    return -1;
}

static int unknown_refuse(struct api_call *call, const struct option *rows, unsigned n, const struct api_param *param) {
    struct buffer accepted = BUFFER_INIT;
    buffer_add_text(&accepted, n ? "the parameters " : "no parameters");
    for (unsigned i = 0; i < n; i++)
        buffer_printf(&accepted, "%s%s", i ? ", " : "", rows[i].name);
    call_refuse(call, param->name, param->value, accepted.data);
    buffer_release(&accepted);
    return -1;
}

static int param_set(struct api_call *call, const struct option *row, void *place) {
    const char *given = call_param(call, row->name), *text = given ? given : row->standard;
    if (row->type == OPTION_TEXT) {
        *(const char **)place = text;
        return 0;
    }
    memset(place, 0, option_size(row->type));
    if (!text) return 0;
    for (const struct option_word *word = row->words; word && word->word && row->type != OPTION_WORD; word++)
        if (strcmp(word->word, text) == 0) {
            *(int64_t *)place = word->value;
            return 0;
        }
    return option_parse(row, text, call->now, place) == 0 ? 0 : param_refuse(call, row, text);
}

int call_params(struct api_call *call, const struct option *rows, unsigned n, void *target) {
    for (unsigned i = 0; i < call->n_params; i++) {
        unsigned row = 0;
        while (row < n && strcmp(rows[row].name, call->params[i].name) != 0)
            row++;
        if (row == n) return unknown_refuse(call, rows, n, &call->params[i]);
    }
    for (unsigned i = 0; i < n; i++)
        if (param_set(call, &rows[i], (char *)target + rows[i].offset) != 0) return -1;
    return 0;
}

int call_range(struct api_call *call, int64_t from, int64_t to) {
    const char *given = call_param(call, "to");
    if (from < to) return 0;
    call_refuse(call, given ? "to" : "from", given ? given : call_param(call, "from"),
                given ? "a time after from" : "a time before now; without to the period ends now");
    return -1;
}

int call_filter(struct api_call *call, const struct dimensions *dimensions, const char *text, struct filter *filter) {
    struct filter_fault fault;
    if (filter_parse(filter, dimensions, text, &fault) == 0) return 0;
    call_refuse(call, "filter", fault.term, fault.accepted);
    return -1;
}

void call_name(const struct api_call *call, const struct named_row *row, unsigned which, struct named *named) {
    struct api_name name = {.host = ""};
    unsigned family;
    named_find(call->book, row, which, named);
    if (named->text[0] || !call->names || !named_is_address(row, which, &family)) return;
    call->names->find(call->names->context, family, row->values[which], &name);
    named_set(named, name.host, "dns");
}

void call_end(struct api_call *call, int64_t begin_us) {
    int64_t us = clock_monotonic_us() - begin_us;
    call->lasting = call->body.len;
    buffer_printf(&call->body, ",\"ms\":%" PRId64 ".%" PRId64 ",\"now\":%" PRId64 "}\n", us / 1000, us / 100 % 10,
                  call->now);
}

void call_store_failed(struct api_call *call, const struct error *error) {
    if (!store_is_cancelled(call->store)) log_warning("api", "%s", error->text);
    call_fail(call, 503, API_STORE_FAILED);
}
