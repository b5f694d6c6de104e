/* What the endpoints share: parameters by a table, and answers written as JSON or CSV. */
#ifndef FLOWIMPORT_HTTP_ANSWER_H
#define FLOWIMPORT_HTTP_ANSWER_H

#include "base/option.h"
#include "http/api.h"
#include "store/query/filter.h"
#include "store/query/metric.h"
#include "store/query/query.h"

/* --- parameters --- */

/* Sets the target's fields from the call's parameters by the rows, or to the rows' defaults. Texts are borrowed from
 * the call. `words` of a row that is a number are taken, too. -1: refused, as is a parameter that has no row. */
int answer_params(struct api_call *call, const struct option *rows, unsigned n, void *target)
    __attribute__((warn_unused_result));

/* What a parameter takes, in words. */
void answer_accepts(const struct option *row, struct buffer *out);

/* from and to of a target, the last 24 hours where they are not given. */
#define PARAM_FROM(target)                                                                                             \
    {                                                                                                                  \
        .name = "from", .type = OPTION_TIME, .offset = OPTION_AT(target, from, int64_t), .standard = "-24h",           \
        .help = "The begin of the time that is asked for."                                                             \
    }
#define PARAM_TO(target)                                                                                               \
    {                                                                                                                  \
        .name = "to", .type = OPTION_TIME, .offset = OPTION_AT(target, to, int64_t), .standard = "now",                \
        .help = "Its end."                                                                                             \
    }
#define PARAM_FILTER(target)                                                                                           \
    {                                                                                                                  \
        .name = "filter", .type = OPTION_TEXT, .offset = OPTION_AT(target, filter, const char *),                      \
        .help = "Which flows; see FILTERS."                                                                            \
    }
#define PARAM_FORMAT(target)                                                                                           \
    {                                                                                                                  \
        .name = "format", .type = OPTION_WORD, .offset = OPTION_AT(target, format, int), .standard = "json",           \
        .words = answer_formats, .help = "How the answer is written."                                                  \
    }
enum { ANSWER_JSON, ANSWER_CSV };
extern const struct option_word answer_formats[];

/* -1: refused, for `to` is not after `from`. */
int answer_range(struct api_call *call, int64_t from, int64_t to) __attribute__((warn_unused_result));
/* -1: refused. */
int answer_filter(struct api_call *call, const struct dimensions *dimensions, const char *text, struct filter *filter)
    __attribute__((warn_unused_result));

/* --- JSON --- */

/* "name": of the next member, with a comma before it unless it is the object's first. */
void answer_name(struct buffer *out, const char *name);
void answer_text(struct buffer *out, const char *name, const char *text); /* NULL is null */
void answer_number(struct buffer *out, const char *name, int64_t number);
/* A comma unless an array or object was just opened. */
void answer_comma(struct buffer *out);
/* Millionths as a decimal number. */
void answer_flows(struct buffer *out, uint64_t millionths);
/* The metric's value of a row of sums. */
void answer_value(struct buffer *out, const struct flow_layout *layout, unsigned metric, uint64_t value);
/* "octets":1,"packets":1,"flows":0.5 */
void answer_values(struct buffer *out, const struct flow_layout *layout, const uint64_t *values);
/* "tables":["flows_600"],"rows":12 */
void answer_tables(struct buffer *out, const struct table *const *tables, unsigned n, uint64_t rows);
/* Ends the object with what is another each time: how long it took, since a moment of clock_monotonic_us(). */
void answer_end(struct api_call *call, int64_t begin_us);

/* The store failed: the reason goes to the log, for it may tell how the tables are asked. */
void answer_failed(struct api_call *call, const struct error *error);

/* --- CSV --- */

/* A text of the world's: quoted where it needs to be, and never a formula to a spreadsheet. */
void answer_csv_text(struct buffer *out, const char *text);

/* --- the endpoints --- */

void api_meta(struct api_call *call);
void api_query(struct api_call *call);
void api_flows(struct api_call *call);
void api_loss(struct api_call *call);
void api_pipeline(struct api_call *call);
void api_names(struct api_call *call);

/* The parameters of each, for the manual. */
extern const struct option api_query_params[], api_flows_params[], api_loss_params[], api_names_params[];
extern const unsigned api_query_n_params, api_flows_n_params, api_loss_n_params, api_names_n_params;

#endif
