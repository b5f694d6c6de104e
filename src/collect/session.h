/* What is known of exporters: Transport Sessions, their observation domains, and the memory of both. Who may come in,
 * and who gives way then, stands above (collect/admission.h).
 *
 * A session is found by the exporter's address and port (TCP: by its connection). Sizes are those asked of malloc(),
 * and 16 bytes for each piece. */
#ifndef FLOWIMPORT_COLLECT_SESSION_H
#define FLOWIMPORT_COLLECT_SESSION_H

#include <sys/queue.h>

#include "collect/message.h"
#include "collect/sequence.h"
#include "collect/trouble.h"

enum {
    SESSION_NAME_MAX = LOST_SOURCE_MAX,
    EXPORTER_PLACES = 64,
    EGRESS_KEPT = 8,
};

enum session_class { SESSION_NEWCOMER, SESSION_ESTABLISHED, SESSION_CONNECTION, SESSION_CLASSES };

struct session_key { /* hashed and compared as bytes: all of them are set */
    uint64_t connection;
    uint8_t address[16];
    uint32_t port;
    uint16_t transport, family;
};

struct session {
    TAILQ_ENTRY(session) by_silence;
    struct session *chain; /* of the hash table */
    struct session_key key;
    uint8_t class;
    bool pinned; /* data of it, or by its template, is being read: it doesn't give way */
    unsigned n_domains;
    size_t bytes;
    int64_t first_us, heard_us;
    TAILQ_HEAD(, domain) domains; /* the last heard first */
};

struct template;
struct held;
struct rate;

struct domain_key {
    uint8_t agent[16]; /* sFlow: the agent; else 0 */
    uint32_t id;       /* source id; v5: engine type and id; sFlow: sub-agent */
    uint8_t protocol;  /* 5, 7, 9, 10; sFlow: 0 */
    uint8_t family;    /* of the agent */
    uint16_t zero;
};

struct domain {
    TAILQ_ENTRY(domain) of_session;
    LIST_ENTRY(domain) of_siblings; /* where domain_siblings() */
    LIST_ENTRY(domain) of_exporter; /* where tells_exporter: its rates are those of the whole exporter */
    TAILQ_ENTRY(domain) to_tell;    /* where has_lost */
    struct session *session;
    struct domain_key key;
    uint32_t configured;  /* sampling rate by the configuration; 0: none */
    uint32_t rate;        /* of all its flows, by its options; 0: not told */
    uint32_t common_rate; /* of all its samplers, or interfaces; 0: none, or they differ */
    bool unjoined_said, tells_exporter;
    bool uncounted; /* records of a template of its own */
    /* Loss */
    struct sequence sequence;
    struct lost_span sets;            /* data sets, not yet told */
    uint32_t told;                    /* when loss was told last; seconds */
    uint64_t messages, records, lost; /* of this process: taken; of flows; all that was told */
    bool has_lost;
    uint64_t faults[EXPORTER_FAULTS];
    uint32_t egress[EGRESS_KEPT]; /* interfaces where flows are seen that go out; 0: none */
    unsigned n_egress;            /* found so far, the last ones kept */
    /* Clocks */
    bool has_uptime, has_boot, wrong_clock, looked_up;
    uint32_t uptime_ms; /* of the last message */
    int64_t heard_us;
    int64_t boot_us;                          /* IPFIX: by systemInitTimeMilliseconds in options, where has_boot */
    int64_t guessed_us;                       /* IPFIX: where the exporter doesn't tell (message_ipfix.c); 0: not yet */
    int64_t skew_us;                          /* where wrong_clock */
    struct trouble malformed, unknown, clock; /* unknown: data sets whose template has not come in time */
    struct trouble unjoined;                  /* sampling_unjoined(): rates, and records that name no sampler */
    /* Templates, ordered by id, and those sent longest ago first; rates of parts of the flows, ordered by key */
    unsigned n_templates, n_rates, n_held;
    struct template **templates;
    TAILQ_HEAD(, template) by_age;
    struct rate *rates;
    TAILQ_HEAD(, held) held; /* the oldest first */
};

TAILQ_HEAD(session_list, session);
TAILQ_HEAD(domain_list, domain);
LIST_HEAD(sibling_list, domain);
TAILQ_HEAD(held_list, held);

struct sessions {
    struct session_class_state {
        struct session_list sessions; /* the last heard first */
        struct held_list held;        /* data sets that wait for their template, the oldest first */
        size_t bytes, share;
    } classes[SESSION_CLASSES];
    struct session **table;
    struct sibling_list *siblings; /* by a hash of what siblings share; those whose templates came last first, about */
    size_t n_places;               /* of each of these two: a power of two */
    struct sibling_list exporters[EXPORTER_PLACES]; /* domains that tell_exporter, by a hash of the address */
    unsigned n_exporters;                           /* such domains */
    uint64_t seed;
    int64_t lifetime_us;              /* of silence */
    size_t limit;                     /* bytes of one session */
    const struct flow_layout *layout; /* of the plans of templates; NULL: all elements */
    const struct flow_layout *tuple;  /* NULL: no plans for five-tuples are wanted */
    enum data_record_ends ends;       /* of these plans */
    const struct template *in_use;    /* not to be dropped */
    struct domain_list to_tell;
    struct message_counters *counters;
    const struct message_sink *sink; /* of what ends with a domain: its loss */
};

/* The layouts, counters and sink are to be set by the caller. */
void sessions_init(struct sessions *sessions, const struct message_config *config);

struct session_key session_key_of(const struct message_source *source);
struct session *session_find(const struct sessions *sessions, const struct session_key *key);
/* Into the table and its class, whose memory it is charged to; and out of both, freed: it has no domains any more. */
struct session *session_add(struct sessions *sessions, const struct session_key *key, enum session_class class,
                            int64_t first_us, int64_t heard_us);
void session_remove(struct sessions *sessions, struct session *session);
/* It was heard. */
void session_to_front(struct sessions *sessions, struct session *session);
void session_to_class(struct sessions *sessions, struct session *session, enum session_class class);
/* NULL: there is none. One that is there is the first of its session then. */
struct domain *domain_find(struct session *session, const struct domain_key *key);
/* The same as of a session; it has nothing any more that is to be freed. */
struct domain *domain_add(struct sessions *sessions, struct session *session, const struct domain_key *key);
void domain_remove(struct sessions *sessions, struct domain *domain);

/* Siblings are domains of NetFlow v9 or IPFIX over UDP that differ in the exporter's port alone: who sends from
 * several, or begins anew, has one each. */
enum { SIBLINGS_MAX = 16 }; /* more are not looked at: strangers can make up ports */
/* Its list, in which others are, too; NULL: it can't have any. */
struct sibling_list *domain_siblings(const struct sessions *sessions, const struct domain *domain);
bool domain_is_sibling(const struct domain *domain, const struct domain *other);
/* It is looked at first. */
void domain_to_front(struct sessions *sessions, struct domain *domain);
/* Its sampling rates are those of the whole exporter, from now on the newest ones. */
void domain_tells_exporter(struct sessions *sessions, struct domain *domain);
/* The domain of the same address and protocol that does: one of its own session, else of another port the last one that
 * was told. NULL: there is none. */
const struct domain *domain_of_exporter(const struct sessions *sessions, const struct domain *domain);
/* Of a flow seen at one end of the exporter: counts a fault where its other end is seen, too. */
void domain_place(struct domain *domain, const struct data_record_place *place);
/* Bytes of the tables, which are nobody's. */
size_t sessions_table_bytes(const struct sessions *sessions);
void sessions_tables_free(struct sessions *sessions);

/* Whether it has so many more bytes by itself, and in its class. */
bool session_fits(const struct sessions *sessions, const struct session *session, size_t bytes);
bool class_fits(const struct sessions *sessions, enum session_class class, size_t bytes);
void session_charge(struct sessions *sessions, struct session *session, size_t bytes);
void session_give(struct sessions *sessions, struct session *session, size_t bytes);

/* "192.0.2.1/0", of sFlow "192.0.2.1/0" by its agent. */
void domain_name(const struct domain *domain, char name[SESSION_NAME_MAX]);

#endif
