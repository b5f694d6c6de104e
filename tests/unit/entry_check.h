/* One entry through both readers: what comes out, as text; and that the two agree to the last bit. */
#ifndef TESTS_UNIT_ENTRY_CHECK_H
#define TESTS_UNIT_ENTRY_CHECK_H

#include <stdbool.h>

#include "flow/entry.h"
#include "records.h"

/* The outcome of one reader: records as record_show() says them, separated by " | ", or the reject. "-" where the
 * scanner leaves the entry to jansson. */
static inline void entry_show(struct entry_decoder *decoder, const struct flow_layout *layout, enum entry_reader reader,
                              const char *json, size_t len, char *text) {
    struct flow_record records[ENTRY_RECORDS_MAX];
    struct reject reject;
    /* A copy of exactly its length, so that AddressSanitizer sees any byte read beyond. */
    char *copy = malloc(len ? len : 1);
    if (!copy) abort();
    memcpy(copy, json, len);
    memset(records, 0xaa, sizeof records);
    memset(&reject, 0xaa, sizeof reject);
    int n = entry_decode(decoder, reader, copy, len, records, &reject);
    free(copy);
    *text = '\0';
    if (n == ENTRY_IS_LEFT) strcpy(text, "-");
    if (n == ENTRY_IS_LIST) strcpy(text, "list");
    if (n == 0) reject_show(&reject, text);
    for (int i = 0; i < n; i++) {
        if (i > 0) strcat(text, " | ");
        record_show(layout, &records[i], text + strlen(text));
    }
}

/* Checks all three readers against the expected text; `scanned`: whether the scanner takes the entry. */
static inline bool entry_is(struct entry_decoder *decoder, const struct flow_layout *layout, const char *json,
                            size_t len, bool scanned, const char *expected) {
    static const char *const names[] = {"any", "scanner", "jansson"};
    bool good = true;
    for (int reader = ENTRY_ANY; reader <= ENTRY_JANSSON_ONLY; reader++) {
        char text[2 * RECORD_TEXT_MAX];
        const char *wanted = reader == ENTRY_SCANNER_ONLY && !scanned ? "-" : expected;
        entry_show(decoder, layout, (enum entry_reader)reader, json, len, text);
        if (strcmp(text, wanted) == 0) continue;
        fprintf(stderr, "%.*s\n  %s reader:\n  have %s\n  want %s\n", (int)(len < 600 ? len : 600), json, names[reader],
                text, wanted);
        good = false;
    }
    return good;
}

/* A whole entry with the given changes: every member of a plain flow that neither stands in `changes` (members as JSON,
 * separated by commas) nor is named in `without` (names, each in quotes), then the changes. */
static inline void entry_make(char *json, const char *without, const char *changes) {
    static const char *const members[][2] = {
        {"\"sourceIPv4Address\"", "167772161"},  {"\"destinationIPv4Address\"", "167772162"},
        {"\"protocolIdentifier\"", "6"},         {"\"sourceTransportPort\"", "50001"},
        {"\"destinationTransportPort\"", "443"}, {"\"flowStartSeconds\"", "1700002810"},
        {"\"flowEndSeconds\"", "1700002820"},    {"\"octetDeltaCount\"", "1000"},
        {"\"packetDeltaCount\"", "10"},
    };
    const char *comma = "";
    json += sprintf(json, "{ ");
    for (unsigned i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strstr(changes, members[i][0]) || strstr(without, members[i][0])) continue;
        json += sprintf(json, "%s%s : %s", comma, members[i][0], members[i][1]);
        comma = ",";
    }
    sprintf(json, "%s%s }", *changes ? comma : "", changes);
}

#endif
