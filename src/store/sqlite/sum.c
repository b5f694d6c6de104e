/* SUM() that can't fail, and wide sums where SQLite's integers end. */
#include "store/sqlite/sum.h"

#include <stdbool.h>
#include <stddef.h>

/* In memory of SQLite's, which is aligned to 8 bytes. */
typedef sum_wide sum_at_8 __attribute__((aligned(8)));

struct sum {
    bool any, is_real; /* of values that are not NULL */
    sum_at_8 less;     /* of the negative ones, without their sign */
    sum_at_8 more;
    double reals;
};

/* Adds an integer or a wide sum's text. */
static void value_add(sqlite3_value *value, struct sum *sum) {
    sqlite3_int64 integer = sqlite3_value_int64(value);
    if (sqlite3_value_type(value) == SQLITE_TEXT)
        sum->more += sum_read((const char *)sqlite3_value_text(value));
    else if (integer < 0)
        sum->less += 0 - (uint64_t)integer;
    else
        sum->more += (uint64_t)integer;
}

static void result_give(sqlite3_context *context, const struct sum *sum) {
    char text[SUM_DIGITS + 1];
    if (sum->less > sum->more)
        sqlite3_result_int64(context, -(sqlite3_int64)sum_cut(sum->less - sum->more));
    else if (sum->more - sum->less <= SUM_MOST)
        sqlite3_result_int64(context, (sqlite3_int64)(sum->more - sum->less));
    else
        sqlite3_result_text(context, sum_text(sum->more - sum->less, SUM_DIGITS, text), SUM_DIGITS, SQLITE_TRANSIENT);
}

_Static_assert(_Alignof(struct sum) <= 8, "SQLite aligns no better");

static void on_value(sqlite3_context *context, int n, sqlite3_value **values) {
    struct sum *sum = sqlite3_aggregate_context(context, sizeof *sum);
    for (int i = 0; i < n && sum; i++) {
        int type = sqlite3_value_type(values[i]);
        if (type == SQLITE_NULL) continue;
        sum->any = true;
        if (type == SQLITE_INTEGER || type == SQLITE_TEXT) {
            value_add(values[i], sum);
        } else {
            sum->is_real = true;
            sum->reals += sqlite3_value_double(values[i]);
        }
    }
}

static void on_end(sqlite3_context *context) {
    const struct sum *sum = sqlite3_aggregate_context(context, 0);
    if (!sum || !sum->any)
        sqlite3_result_null(context);
    else if (sum->is_real)
        sqlite3_result_double(context, (double)sum->more - (double)sum->less + sum->reals);
    else
        result_give(context, sum);
}

static void on_two(sqlite3_context *context, int n, sqlite3_value **values) {
    struct sum sum = {.any = true};
    for (int i = 0; i < n; i++)
        value_add(values[i], &sum);
    result_give(context, &sum);
}

int sqlite_sum_define(sqlite3 *db) {
    static const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
    int code = sqlite3_create_function_v2(db, "sum_wide", 2, flags, NULL, on_two, NULL, NULL, NULL);
    /* One for the number of arguments that SQLite's own has, one for all others. */
    for (int n = -1; n <= 1 && code == SQLITE_OK; n += 2)
        code = sqlite3_create_function_v2(db, "sum", n, flags, NULL, NULL, on_value, on_end, NULL);
    return code;
}

int sqlite_sum_bind(sqlite3_stmt *statement, int index, sum_wide sum) {
    char text[SUM_DIGITS + 1];
    if (sum <= SUM_MOST) return sqlite3_bind_int64(statement, index, (sqlite3_int64)sum);
    return sqlite3_bind_text(statement, index, sum_text(sum, SUM_DIGITS, text), SUM_DIGITS, SQLITE_TRANSIENT);
}
