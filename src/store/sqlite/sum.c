/* SUM() that is cut where SQLite's own fails: sums of sums that are cut themselves. */
#include "store/sqlite/sum.h"

#include <stdbool.h>
#include <stddef.h>

#include "flow/sum.h"

struct sum {
    bool any, is_real; /* of values that are not NULL */
    int64_t integers;
    double reals;
};

static void on_value(sqlite3_context *context, int n, sqlite3_value **values) {
    struct sum *sum = sqlite3_aggregate_context(context, sizeof *sum);
    int type = sqlite3_value_type(values[0]);
    (void)n;
    if (!sum || type == SQLITE_NULL) return;
    sum->any = true;
    if (type == SQLITE_INTEGER) {
        sqlite3_int64 value = sqlite3_value_int64(values[0]);
        if (__builtin_add_overflow(sum->integers, value, &sum->integers))
            sum->integers = value < 0 ? INT64_MIN : INT64_MAX;
    } else {
        sum->is_real = true;
        sum->reals += sqlite3_value_double(values[0]);
    }
}

/* Two integers whose sum is none have become a real number beyond all integers, and are cut as well. */
static void on_end(sqlite3_context *context) {
    const struct sum *sum = sqlite3_aggregate_context(context, 0);
    if (!sum || !sum->any) {
        sqlite3_result_null(context);
        return;
    }
    double real = (double)sum->integers + sum->reals;
    if (!sum->is_real)
        sqlite3_result_int64(context, sum->integers);
    else if (real < (double)SUM_MOST)
        sqlite3_result_double(context, real);
    else
        sqlite3_result_int64(context, INT64_MAX);
}

int sqlite_sum_define(sqlite3 *db) {
    return sqlite3_create_function_v2(db, "sum", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, NULL, on_value, on_end,
                                      NULL);
}
