/* Whom messages come from: Transport Sessions, their observation domains, and the memory that these may take.
 *
 * A session is found by the exporter's address and port (TCP: by its connection); it has at most SESSION_DOMAINS
 * domains, the longest silent gives way. Limits, with M the whole memory:
 *
 *   newcomers    M/4  heard of for less than a minute; the longest silent gives way to the newest
 *   established  M/2  less 1/128 for the hash table; a new one only where there is room, or one that was silent for the
 *                     lifetime of templates. What has no room stays a newcomer
 *   connections  M/8  TCP: nobody can pretend to be another, so none gives way; what has no room is refused
 *   duplicates   M/8  a fixed table (collect/duplicate.h)
 *   a session    M/16 its waiting data sets give way first, then its oldest template
 *
 * A domain has at most HELD_MAX data sets that wait, so that a look through them takes no time.
 *
 * Sizes are those asked of malloc(), and 16 bytes for each piece. */
#ifndef FLOWIMPORT_COLLECT_SESSION_H
#define FLOWIMPORT_COLLECT_SESSION_H

#include <sys/queue.h>

#include "collect/message.h"
#include "collect/sequence.h"

enum {
    SESSION_DOMAINS = 256,
    SESSION_ESTABLISHED_S = 60,
    HELD_MAX = 1024,
    SESSION_NAME_MAX = LOST_SOURCE_MAX,
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
    TAILQ_ENTRY(domain) to_tell; /* where has_lost */
    struct session *session;
    struct domain_key key;
    uint32_t configured; /* sampling rate by the configuration; 0: none */
    uint32_t rate;       /* of all its flows, by its options; 0: not told */
    /* Loss */
    struct sequence sequence;
    struct lost_span sets;            /* data sets, not yet told */
    uint32_t told;                    /* when loss was told last; seconds */
    uint64_t messages, records, lost; /* of this process: taken; of flows; all that was told */
    bool has_lost;
    /* Clocks */
    bool has_uptime, has_boot, wrong_clock, looked_up;
    uint32_t uptime_ms; /* of the last message */
    int64_t heard_us;
    int64_t boot_us;    /* IPFIX: by systemInitTimeMilliseconds in options, where has_boot */
    int64_t guessed_us; /* IPFIX: where the exporter doesn't tell (message_ipfix.c); 0: not yet */
    int64_t skew_us;    /* where wrong_clock */
    /* What was wrong last, 0: never */
    int64_t malformed_us, unknown_us;
    /* Templates, ordered by id, and those sent longest ago first; rates of parts of the flows, ordered by key */
    unsigned n_templates, n_rates, n_held;
    struct template **templates;
    TAILQ_HEAD(, template) by_age;
    struct rate *rates;
    TAILQ_HEAD(, held) held; /* the oldest first */
};

TAILQ_HEAD(session_list, session);
TAILQ_HEAD(domain_list, domain);
TAILQ_HEAD(held_list, held);

struct sessions {
    struct session_class_state {
        struct session_list sessions; /* the last heard first */
        struct held_list held;        /* data sets that wait for their template, the oldest first */
        size_t bytes, share;
    } classes[SESSION_CLASSES];
    struct session **table;
    size_t n_places; /* a power of two */
    uint64_t seed;
    int64_t lifetime_us;              /* of silence */
    size_t limit;                     /* bytes of one session */
    const struct flow_layout *layout; /* of the plans of templates; NULL: all elements */
    const struct flow_layout *tuple;  /* NULL: no plans for five-tuples are wanted */
    const struct template *in_use;    /* not to be dropped */
    struct domain_list to_tell;
    struct message_counters *counters;
    void (*tell)(void *context, struct domain *domain); /* of a domain that ends: its loss */
    void *context;
};

/* The layouts, counters, tell and its context are to be set by the caller. */
void sessions_init(struct sessions *sessions, const struct message_config *config);
void sessions_release(struct sessions *sessions);

struct session *session_find(const struct sessions *sessions, const struct message_source *source);
/* The session, heard now: an old one or a new one. NULL: there is no room for it. */
struct session *session_heard(struct sessions *sessions, const struct message_source *source, int64_t now_us);
void session_end(struct sessions *sessions, struct session *session);
/* As it was when it was written down. */
struct session *session_restore(struct sessions *sessions, const struct message_source *source, bool established,
                                int64_t first_us, int64_t heard_us);
/* NULL: there is no room for it. */
struct domain *domain_heard(struct sessions *sessions, struct session *session, const struct domain_key *key);
/* Ends what was silent for lifetime_us, but for connections. */
void sessions_expire(struct sessions *sessions, int64_t now_us);

/* Whether the session may have so many more bytes, which are taken then. May drop its waiting data sets and templates,
 * and other sessions. */
bool session_take(struct sessions *sessions, struct session *session, size_t bytes);
void session_give(struct sessions *sessions, struct session *session, size_t bytes);

void domain_has_lost(struct sessions *sessions, struct domain *domain);
/* "192.0.2.1/0", of sFlow "192.0.2.1/0" by its agent. */
void domain_name(const struct domain *domain, char name[SESSION_NAME_MAX]);

#endif
