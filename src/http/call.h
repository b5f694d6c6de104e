/* What endpoints share of a call: parameters by a table, refusals and failures. */
#ifndef FLOWIMPORT_HTTP_CALL_H
#define FLOWIMPORT_HTTP_CALL_H

#include "base/option.h"
#include "http/answer.h"
#include "http/api.h"
#include "store/query/filter.h"
#include "store/query/named.h"

/* The value of a parameter; NULL where it is not given. Given twice, the last one counts. */
const char *call_param(const struct api_call *call, const char *name);
/* What a value of a row is called: by the files of names, else by DNS. */
void call_name(const struct api_call *call, const struct named_row *row, unsigned which, struct named *named);
/* {"error": {"parameter": "n", "value": "x", "accepted": "a number from 1 to 1000"}} with status 400. */
void call_refuse(struct api_call *call, const char *parameter, const char *value, const char *accepted);
/* {"error": {"message": "..."}} with this status. */
void call_fail(struct api_call *call, int status, const char *message);
/* The store failed: the reason goes to the log, for it may tell how the tables are asked. */
void call_store_failed(struct api_call *call, const struct error *error);
/* Ends the object with what is another each time: how long it took, since a moment of clock_monotonic_us(). */
void call_end(struct api_call *call, int64_t begin_us);

/* --- parameters --- */

/* Sets the target's fields from the call's parameters by the rows, or to the rows' defaults. Texts are borrowed from
 * the call. `words` of a row that is a number are taken, too. -1: refused, as is a parameter that has no row. */
int call_params(struct api_call *call, const struct option *rows, unsigned n, void *target)
    __attribute__((warn_unused_result));

/* The values that a parameter accepts, in words. */
void call_accepts(const struct option *row, struct buffer *out);

/* from and to of a target, the last 24 hours where they are not given. */
#define PARAM_FROM(target)                                                                                             \
    {.name = "from",                                                                                                   \
     .type = OPTION_TIME,                                                                                              \
     .offset = OPTION_AT(target, from, int64_t),                                                                       \
     .standard = "-24h",                                                                                               \
     .help = "The start of the period."}
#define PARAM_TO(target)                                                                                               \
    {.name = "to",                                                                                                     \
     .type = OPTION_TIME,                                                                                              \
     .offset = OPTION_AT(target, to, int64_t),                                                                         \
     .standard = "now",                                                                                                \
     .help = "The end of the period."}
#define PARAM_FILTER(target)                                                                                           \
    {.name = "filter",                                                                                                 \
     .type = OPTION_TEXT,                                                                                              \
     .offset = OPTION_AT(target, filter, const char *),                                                                \
     .help = "A filter that flows must match; see FILTERS."}
#define PARAM_FORMAT(target)                                                                                           \
    {.name = "format",                                                                                                 \
     .type = OPTION_WORD,                                                                                              \
     .offset = OPTION_AT(target, format, int),                                                                         \
     .standard = "json",                                                                                               \
     .words = answer_formats,                                                                                          \
     .help = "The format of the answer."}

#define PARAM_NAMES(target)                                                                                            \
    {.name = "names",                                                                                                  \
     .type = OPTION_BOOL,                                                                                              \
     .offset = OPTION_AT(target, names, bool),                                                                         \
     .standard = "no",                                                                                                 \
     .help = "Whether rows have two more columns behind each key: its name, and the source of the name."}

/* -1: refused, for `to` is not after `from`. */
int call_range(struct api_call *call, int64_t from, int64_t to) __attribute__((warn_unused_result));
/* -1: refused. */
int call_filter(struct api_call *call, const struct dimensions *dimensions, const char *text, struct filter *filter)
    __attribute__((warn_unused_result));

#endif
