/* The decoder from the inside: what the decoders of the protocols share. */
#ifndef FLOWIMPORT_COLLECT_MESSAGE_IMPL_H
#define FLOWIMPORT_COLLECT_MESSAGE_IMPL_H

#include "base/bytes.h"
#include "collect/duplicate.h"
#include "collect/sampling.h"

/* What is said in the log, each at most once in LOST_WAIT_US: strangers can't fill it. */
enum message_problem {
    PROBLEM_REFUSED,
    PROBLEM_VERSION,
    PROBLEM_MALFORMED,
    PROBLEM_ROOM,
    PROBLEM_TEMPLATE,
    PROBLEM_CLOCK,
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
    struct flow_layout tuple;      /* the five-tuple */
    struct record_plans fixed[FIXED_VERSIONS], sflow[FLOW_FAMILIES];
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

/* Shows each exporter and observation domain by itself; the module is open. */
void message_exporters_show(const struct message_decoder *decoder, struct show *show);

/* Whether this kind of problem may be said now. */
bool message_may_say(struct message_decoder *decoder, enum message_problem problem);
void message_malformed(struct message_decoder *decoder, struct domain *domain, const char *what);

/* The domain that the message is from. NULL: there is no room for it, which has been said. */
struct domain *message_domain(struct message_decoder *decoder, struct session *session, const struct domain_key *key);
/* Sets export time, skew, exporter and domain; boot_us is export_us. */
void message_context(struct message_decoder *decoder, struct domain *domain, int64_t export_us,
                     struct data_record_context *context);
/* Follows the exporter's sysUpTime: a restart begins its sequence anew. Comes before message_sequence(). */
void message_uptime(struct message_decoder *decoder, struct domain *domain, uint32_t uptime_ms);
void message_sequence(struct message_decoder *decoder, struct domain *domain, uint32_t number, uint32_t units,
                      bool whole);
/* A record of flows, onto the sink. */
void message_flow(struct message_decoder *decoder, const struct record_plans *plans, const uint8_t *bytes, size_t len,
                  const struct data_record_context *context);
/* All loss that is settled is told. */
void message_tell(struct message_decoder *decoder, struct domain *domain);
void message_state_changed(struct message_decoder *decoder);

/* A message of at least the length of its header. 0, or -1 as message_decode(). */
int message_decode_fixed(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);
int message_decode_netflow9(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);
int message_decode_ipfix(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);
int message_decode_sflow(struct message_decoder *decoder, struct session *session, const uint8_t *bytes, size_t len);

void message_fixed_init(struct message_decoder *decoder);

#endif
