/* Why an entry can't be counted: one table of reasons, read by the log, the ledger's counters and the rejected list. */
#ifndef FLOWIMPORT_FLOW_REJECT_H
#define FLOWIMPORT_FLOW_REJECT_H

enum reject_reason {
    REJECT_NOT_JSON,
    REJECT_NOT_AN_OBJECT,
    REJECT_MISSING_FIELD,
    REJECT_WRONG_TYPE,
    REJECT_OUT_OF_RANGE,
    REJECT_MIXED_FAMILIES,
    REJECT_ENDS_BEFORE_START,
    REJECT_TOO_LONG,
    REJECT_IN_FUTURE,
    REJECT_TOO_LARGE,
    REJECT_TOO_BIG,
    REJECT_REASONS
};

/* By reason: the token ("wrong-type") and a sentence for a person. */
extern const struct reject_text {
    const char *token, *sentence;
} reject_texts[REJECT_REASONS];

enum { REJECT_FIELD_MAX = 64, REJECT_VALUE_MAX = 64 };

struct reject {
    enum reject_reason reason;
    char field[REJECT_FIELD_MAX]; /* the field at fault as the entry names it; "" where there is none */
    char value[REJECT_VALUE_MAX]; /* its value, cut to fit; "" where there is none */
};

#endif
