/* Answers written as JSON or CSV. */
#ifndef FLOWIMPORT_HTTP_ANSWER_H
#define FLOWIMPORT_HTTP_ANSWER_H

#include "base/option.h"
#include "flow/sum.h"
#include "store/query/metric.h"
#include "store/schema.h"

enum { ANSWER_JSON, ANSWER_CSV };
extern const struct option_word answer_formats[];

/* --- JSON --- */

/* "name": of the next member, with a comma before it unless it is the object's first. */
void answer_name(struct buffer *out, const char *name);
void answer_text(struct buffer *out, const char *name, const char *text); /* NULL is null */
void answer_number(struct buffer *out, const char *name, int64_t number);
/* A comma unless an array or object was just opened. */
void answer_comma(struct buffer *out);
/* Millionths as a decimal number. */
void answer_flows(struct buffer *out, sum_wide millionths);
/* The metric's value of a row of sums. */
void answer_value(struct buffer *out, const struct flow_layout *layout, unsigned metric, sum_wide value);
/* "octets":1,"packets":1,"flows":0.5 */
void answer_values(struct buffer *out, const struct flow_layout *layout, const sum_wide *values);
/* "tables":["flows_600"],"rows":12 */
void answer_tables(struct buffer *out, const struct table *const *tables, unsigned n, uint64_t rows);

/* --- CSV --- */

/* A text of the world's: quoted where it needs to be, and never a formula to a spreadsheet. */
void answer_csv_text(struct buffer *out, const char *text);
/* ",mail,file": a name and its source. */
void answer_csv_name(struct buffer *out, const char *name, const char *source);

#endif
