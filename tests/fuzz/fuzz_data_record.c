/* Any template and any record: its flows must be what the importer makes of its entry, and its entry with everything
 * must be JSON. The input: what the context is, fields of four bytes each, and the record. */
#include "collect/data_record.h"

#include <jansson.h>

#include "base/bytes.h"
#include "record_check.h"
#include "flow/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 4, FIELD = 4, FIELDS_MAX = 40 };

static void require(bool truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "fuzz_data_record: %s\n", what);
    abort();
}

/* Enterprise (IANA's, reverse, another), id, and the length: 255 is variable. */
static struct field_specifier field_make(const uint8_t *bytes) {
    static const uint32_t enterprises[] = {0, 0, ENTERPRISE_REVERSE, 9};
    return (struct field_specifier){enterprises[bytes[0] % 4], be16(bytes + 1),
                                    bytes[3] == 255 ? (uint16_t)FIELD_VARIABLE : bytes[3]};
}

static void everything_check(const struct field_specifier *fields, unsigned n, const uint8_t *bytes, size_t len,
                             const struct data_record_context *context) {
    static char entry[DATA_RECORD_ENTRY_MAX];
    struct data_record_plan *plan = data_record_plan_new(fields, n, NULL, DATA_RECORD_INNER);
    size_t entry_len = data_record_entry(plan, bytes, len, context, entry);
    require(entry_len >= 2 && entry_len <= sizeof entry, "an entry's length");
    json_t *tree = json_loadb(entry, entry_len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    require(json_is_object(tree), "an entry that is no JSON, or has a name twice");
    json_decref(tree);
    data_record_plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct flow_layout layouts[CHECK_LAYOUTS];
    static struct entry_decoder *decoders[CHECK_LAYOUTS];
    struct field_specifier fields[FIELDS_MAX];
    for (unsigned i = 0; i < CHECK_LAYOUTS && !decoders[i]; i++) {
        names_init();
        layout_make(&layouts[i], check_layouts[i][0], check_layouts[i][1]);
        decoders[i] = entry_decoder_new(&layouts[i]);
    }
    unsigned n = size ? data[0] % FIELDS_MAX : 0;
    if (size < HEAD + FIELD * n) return 0;
    for (unsigned i = 0; i < n; i++)
        fields[i] = field_make(data + HEAD + FIELD * i);
    struct data_record_context context = {.export_us = INT64_C(1700000000000000) + data[1],
                                          .skew_us = data[2] & 1 ? -INT64_C(1700000000000000) : data[2],
                                          .sampling = data[3] & 1 ? (uint32_t)data[3] << 20 : 1,
                                          .family = data[3] >> 1 & 1,
                                          .domain = data[3],
                                          .longest_ns = data[2] & 2 ? INT64_C(86400000000000) : INT64_MAX,
                                          .since_us = data[2] & 4 ? INT64_C(1700000000000000) - data[3] : 0};
    context.boot_us = context.export_us - (int64_t)data[2] * 20000000000;
    size_t left = size - HEAD - FIELD * n;
    uint8_t *copy = malloc(left + 1); /* ends there: a sanitizer sees a byte read beyond */
    if (!copy) abort();
    memcpy(copy, data + size - left, left);
    for (unsigned i = 0; i < CHECK_LAYOUTS; i++) {
        struct data_record_plan *plan = data_record_plan_new(fields, n, &layouts[i], DATA_RECORD_INNER);
        size_t len = data_record_length(plan, copy, left);
        require(len <= left && (!len || len >= data_record_plan_min(plan)), "a record's length");
        if (len) {
            uint8_t *record = realloc(copy, len);
            if (!record) abort();
            const char *wrong = record_differs(&layouts[i], decoders[i], plan, record, len, &context);
            require(!wrong, wrong);
            require(data_record_length(plan, record, len) == len, "another length the second time");
            require(data_record_length(plan, record, len - 1) == 0, "a record that is cut off");
            if (i == 0) everything_check(fields, n, record, len, &context);
            copy = record;
            left = len;
        }
        uint64_t number;
        if (data_record_number(plan, copy, left, data[1], &number)) require(len > 0, "a number of no record");
        data_record_plan_free(plan);
    }
    free(copy);
    return 0;
}
