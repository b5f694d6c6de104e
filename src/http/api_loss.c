/* The path /api/loss: what is known to be lost, and the buckets that nothing was imported for. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/show.h"
#include "http/call.h"
#include "http/endpoints.h"
#include "store/query/span.h"

struct params {
    int64_t from, to;
};

const struct option api_loss_params[] = {PARAM_FROM(params), PARAM_TO(params)};
const unsigned api_loss_n_params = sizeof api_loss_params / sizeof api_loss_params[0];

struct reading {
    struct buffer *out;
    uint32_t size;
    uint64_t next; /* the bucket that would follow without a gap */
    unsigned n;    /* written */
};

/* bucket, source, what, lost */
static int loss_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct reading *reading = context;
    struct buffer *out = reading->out;
    (void)n, (void)lengths;
    if (reading->n == API_ROWS_MAX) {
        reading->n++;
        return 1;
    }
    buffer_printf(out, "%s{\"bucket\":%s,\"source\":", reading->n++ ? "," : "", columns[0]);
    show_quoted(out, columns[1]);
    buffer_add_text(out, ",\"what\":");
    show_quoted(out, columns[2]);
    buffer_printf(out, ",\"lost\":%s}", columns[3]);
    return 0;
}

static void gap_write(struct reading *reading, uint64_t to) {
    if (reading->next < to && reading->n <= API_ROWS_MAX)
        buffer_printf(reading->out, "%s{\"from\":%" PRIu64 ",\"to\":%" PRIu64 "}", reading->n++ ? "," : "",
                      reading->next, to);
}

static int bucket_read(void *context, unsigned n, const char *const *columns, const size_t *lengths) {
    struct reading *reading = context;
    uint64_t bucket = strtoull(columns[0], NULL, 10);
    (void)n, (void)lengths;
    gap_write(reading, bucket);
    reading->next = bucket + reading->size;
    return reading->n > API_ROWS_MAX;
}

/* Between the first and the last bucket that there are of the smallest size: before and after them nothing is missing,
 * there is nothing yet. */
static enum store_status gaps_write(struct api_call *call, const struct params *params, struct reading *reading,
                                    struct error *error) {
    struct span spans[BUCKET_SIZES_MAX];
    enum store_status status = spans_read(call->store, call->schema, spans, error);
    const struct span *span = &spans[0];
    if (status != STORE_OK || span->first > span->last) return status;
    int64_t from = params->from > span->first ? params->from : span->first;
    int64_t end = (int64_t)span->last + span->size, to = params->to < end ? params->to : end;
    from -= from % span->size;
    to += (span->size - to % span->size) % span->size;
    if (from >= to) return STORE_OK;
    struct buffer sql = BUFFER_INIT;
    const struct store_param range[] = {store_integer(from), store_integer(to)};
    *reading = (struct reading){.out = &call->body, .size = span->size, .next = (uint64_t)from};
    buffer_printf(&sql, "SELECT bucket FROM %s WHERE bucket >= ? AND bucket < ? ORDER BY bucket",
                  schema_table(call->schema, TABLE_AGGR, FLOW_IPV4, span->size)->data);
    status = store_query(call->store, sql.data, range, 2, bucket_read, reading, error);
    gap_write(reading, (uint64_t)to);
    buffer_release(&sql);
    return status;
}

void api_loss(struct api_call *call) {
    static const char sql[] = "SELECT bucket, source, what, SUM(lost) FROM loss WHERE bucket >= ? AND bucket < ? "
                              "GROUP BY bucket, source, what ORDER BY bucket, source, what";
    int64_t begin_us = clock_monotonic_us();
    struct params params;
    struct error error;
    struct reading losses = {.out = &call->body}, gaps = {.n = 0};
    if (call_params(call, api_loss_params, api_loss_n_params, &params) != 0 ||
        call_range(call, params.from, params.to) != 0)
        return;
    /* A loss stands at the begin of a bucket of the smallest size. */
    const struct store_param range[] = {store_integer(params.from - params.from % call->schema->sizes[0]),
                                        store_integer(params.to)};
    buffer_add_text(&call->body, "{\"loss\":[");
    enum store_status status = store_query(call->store, sql, range, 2, loss_read, &losses, &error);
    buffer_add_text(&call->body, "],\"gaps\":[");
    if (status == STORE_OK) status = gaps_write(call, &params, &gaps, &error);
    buffer_add_text(&call->body, "]");
    if (status != STORE_OK)
        call_store_failed(call, &error);
    else if (losses.n > API_ROWS_MAX || gaps.n > API_ROWS_MAX)
        call_refuse(call, "from", call_param(call, "from"), "a shorter period: there are more than 100000 rows");
    else
        call_end(call, begin_us);
}
