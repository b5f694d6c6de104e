/* The decoder from the inside: what the decoders of the protocols share. They stand above it (collect/protocols.h). */
#ifndef FLOWIMPORT_COLLECT_DECODER_H
#define FLOWIMPORT_COLLECT_DECODER_H

#include "base/bytes.h"
#include "collect/counted.h"
#include "collect/doubles.h"
#include "collect/duplicate.h"
#include "collect/session.h"

/* What is said in the log, each at most once in LOST_WAIT_US: strangers can't fill it. */
enum message_problem {
    PROBLEM_REFUSED,
    PROBLEM_VERSION,
    PROBLEM_MALFORMED,
    PROBLEM_ROOM,
    PROBLEM_TEMPLATE,
    PROBLEM_CLOCK,
    PROBLEM_SAMPLING,
    PROBLEM_UNCOUNTED,
    PROBLEMS
};

/* How records are read: `tuple` makes flows of the five-tuple, where duplicates are looked for and `plan` may not. */
struct record_plans {
    struct data_record_plan *plan, *tuple;
};

enum fixed_version { FIXED_V5, FIXED_V7, FIXED_VERSIONS };

struct message_decoder {
    struct message_config config;
    struct message_sink sink;
    struct message_counters counters;
    struct sessions sessions;
    struct duplicates *duplicates; /* NULL: none are looked for */
    struct counted *counted;       /* NULL: no flow has to be remembered yet */
    struct interfaces *interfaces; /* NULL: no agent has sent counters */
    struct doubles *doubles;       /* NULL: no NetFlow v5 has come */
    struct flow_layout tuple;      /* the five-tuple */
    struct record_plans fixed[FIXED_VERSIONS], sflow[FLOW_FAMILIES];
    int octets;         /* which of the layout's sums octetDeltaCount is; -1: none */
    uint8_t noted;      /* of the record being read: enum times_noted */
    int64_t now_us;     /* of the last call */
    uint64_t version;   /* of the state */
    int64_t version_us; /* when it last changed */
    bool ended;         /* message_end() was called: sequence numbers are worth writing down */
    bool restored;      /* a state was read, and what was read is to be written without them */
    int64_t said_us[PROBLEMS];
    char text[DATA_RECORD_ENTRY_MAX];
};

struct record_plans record_plans_new(const struct message_decoder *decoder, const struct field_specifier *fields,
                                     unsigned n);
void record_plans_free(struct record_plans *plans);

/* Whether this kind of problem may be said now. */
bool decoder_may_say(struct message_decoder *decoder, enum message_problem problem);
/* Counts a record that is no flow. */
void decoder_ignore(struct message_decoder *decoder, enum ignored why);
void decoder_malformed(struct message_decoder *decoder, struct domain *domain, const char *what);
void decoder_state_changed(struct message_decoder *decoder);

/* The domain that the message is from. NULL: there is no room for it, which has been said. */
struct domain *decoder_domain(struct message_decoder *decoder, struct session *session, const struct domain_key *key);
/* Sets export time, skew, exporter and domain; boot_us is export_us. */
void decoder_context(struct message_decoder *decoder, struct domain *domain, int64_t export_us,
                     struct data_record_context *context);
/* Follows the exporter's sysUpTime: a restart begins its sequence anew. Comes before decoder_sequence(). */
void decoder_uptime(struct message_decoder *decoder, struct domain *domain, uint32_t uptime_ms);
void decoder_sequence(struct message_decoder *decoder, struct domain *domain, uint32_t number, uint32_t units,
                      bool whole);
/* A record of flows, onto the sink; nothing where all its counters are 0. */
void decoder_flow(struct message_decoder *decoder, struct domain *domain, const struct record_plans *plans,
                  const uint8_t *bytes, size_t len, const struct data_record_context *context);
/* The table of flows that are remembered, made when it is asked for first. */
struct counted *decoder_counted(struct message_decoder *decoder);

static inline uint32_t decoder_second(const struct message_decoder *decoder) {
    return (uint32_t)(decoder->now_us / 1000000);
}

#endif
