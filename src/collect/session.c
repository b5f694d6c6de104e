/* The table of sessions and their domains, and who gives way to whom. */
#include "collect/session.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"
#include "collect/sampling.h"
#include "collect/template.h"

enum { PIECE = 16 }; /* what malloc() adds, about */

_Static_assert(sizeof(struct session_key) == 32 && sizeof(struct domain_key) == 24, "no bytes that nobody sets");

void sessions_init(struct sessions *sessions, const struct message_config *config) {
    *sessions = (struct sessions){
        .seed = config->seed, .lifetime_us = config->template_lifetime_us, .limit = config->memory / 16, .n_places = 1};
    while (sessions->n_places * 2 * sizeof sessions->table[0] <= config->memory / 128)
        sessions->n_places *= 2;
    sessions->table = mem_zalloc(sessions->n_places, sizeof sessions->table[0]);
    sessions->classes[SESSION_NEWCOMER].share = config->memory / 4;
    sessions->classes[SESSION_ESTABLISHED].share = config->memory / 2 - config->memory / 128;
    sessions->classes[SESSION_CONNECTION].share = config->memory / 8;
    for (unsigned class = 0; class < SESSION_CLASSES; class ++) {
        TAILQ_INIT(&sessions->classes[class].sessions);
        TAILQ_INIT(&sessions->classes[class].held);
    }
    TAILQ_INIT(&sessions->to_tell);
}

void sessions_release(struct sessions *sessions) {
    for (unsigned class = 0; class < SESSION_CLASSES; class ++)
        while (!TAILQ_EMPTY(&sessions->classes[class].sessions))
            session_end(sessions, TAILQ_FIRST(&sessions->classes[class].sessions));
    free(sessions->table);
}

/* --- memory --- */

static void session_charge(struct sessions *sessions, struct session *session, size_t bytes) {
    session->bytes += bytes;
    sessions->classes[session->class].bytes += bytes;
    sessions->counters->memory += bytes;
}

void session_give(struct sessions *sessions, struct session *session, size_t bytes) {
    bytes += PIECE;
    session->bytes -= bytes;
    sessions->classes[session->class].bytes -= bytes;
    sessions->counters->memory -= bytes;
}

/* Drops what is worth least to make room. false: there is nothing to drop. */
static bool class_yield(struct sessions *sessions, const struct session *session) {
    struct session_class_state *class = &sessions->classes[session->class];
    struct session *silent = TAILQ_LAST(&class->sessions, session_list);
    if (session->class == SESSION_NEWCOMER) {
        if (silent == session || !silent) return false;
        sessions->counters->evicted++;
        session_end(sessions, silent);
        return true;
    }
    if (!TAILQ_EMPTY(&class->held)) {
        held_lose(sessions, TAILQ_FIRST(&class->held));
        return true;
    }
    if (session->class == SESSION_CONNECTION || silent == session || !silent) return false;
    if (session->heard_us - silent->heard_us < sessions->lifetime_us) return false;
    sessions->counters->evicted++;
    session_end(sessions, silent);
    return true;
}

static bool session_yield(struct sessions *sessions, struct session *session) {
    struct domain *domain;
    TAILQ_FOREACH(domain, &session->domains, of_session) {
        if (TAILQ_EMPTY(&domain->held)) continue;
        held_lose(sessions, TAILQ_FIRST(&domain->held));
        return true;
    }
    TAILQ_FOREACH(domain, &session->domains, of_session) {
        if (template_drop_oldest(sessions, domain)) return true;
    }
    return false;
}

bool session_take(struct sessions *sessions, struct session *session, size_t bytes) {
    bytes += PIECE;
    while (session->bytes + bytes > sessions->limit)
        if (!session_yield(sessions, session)) return false;
    while (sessions->classes[session->class].bytes + bytes > sessions->classes[session->class].share)
        if (!class_yield(sessions, session)) return false;
    session_charge(sessions, session, bytes);
    return true;
}

/* --- sessions --- */

static struct session_key key_of(const struct message_source *source) {
    struct session_key key = {.connection = source->connection,
                              .port = source->port,
                              .transport = source->transport,
                              .family = source->family};
    memcpy(key.address, source->address, source->family == FLOW_IPV4 ? 4 : 16);
    return key;
}

static struct session **place_of(const struct sessions *sessions, const struct session_key *key) {
    return &sessions->table[XXH3_64bits_withSeed(key, sizeof *key, sessions->seed) & (sessions->n_places - 1)];
}

static struct session *find(const struct sessions *sessions, const struct session_key *key) {
    struct session *session = *place_of(sessions, key);
    while (session && memcmp(&session->key, key, sizeof *key) != 0)
        session = session->chain;
    return session;
}

struct session *session_find(const struct sessions *sessions, const struct message_source *source) {
    struct session_key key = key_of(source);
    return find(sessions, &key);
}

static struct session *session_add(struct sessions *sessions, const struct session_key *key, enum session_class class,
                                   int64_t first_us, int64_t heard_us) {
    struct session *session = mem_zalloc(1, sizeof *session);
    session->key = *key;
    session->class = (uint8_t) class;
    session->first_us = first_us;
    session->heard_us = heard_us;
    TAILQ_INIT(&session->domains);
    if (!session_take(sessions, session, sizeof *session)) {
        free(session);
        return NULL;
    }
    struct session **place = place_of(sessions, key);
    session->chain = *place;
    *place = session;
    TAILQ_INSERT_HEAD(&sessions->classes[class].sessions, session, by_silence);
    sessions->counters->sessions++;
    return session;
}

/* A newcomer whose data waits for a template stays one until that is over. */
static void session_establish(struct sessions *sessions, struct session *session, int64_t now_us) {
    struct session_class_state *classes = sessions->classes, *established = &classes[SESSION_ESTABLISHED];
    struct domain *domain;
    if (now_us - session->first_us < (int64_t)SESSION_ESTABLISHED_S * 1000000) return;
    if (established->bytes + session->bytes > established->share) return;
    TAILQ_FOREACH(domain, &session->domains, of_session) {
        if (!TAILQ_EMPTY(&domain->held)) return;
    }
    TAILQ_REMOVE(&classes[SESSION_NEWCOMER].sessions, session, by_silence);
    classes[SESSION_NEWCOMER].bytes -= session->bytes;
    session->class = SESSION_ESTABLISHED;
    established->bytes += session->bytes;
    TAILQ_INSERT_HEAD(&established->sessions, session, by_silence);
}

struct session *session_heard(struct sessions *sessions, const struct message_source *source, int64_t now_us) {
    struct session_key key = key_of(source);
    struct session *session = find(sessions, &key);
    if (!session)
        return session_add(sessions, &key, source->transport == MESSAGE_TCP ? SESSION_CONNECTION : SESSION_NEWCOMER,
                           now_us, now_us);
    struct session_list *list = &sessions->classes[session->class].sessions;
    if (session != TAILQ_FIRST(list)) {
        TAILQ_REMOVE(list, session, by_silence);
        TAILQ_INSERT_HEAD(list, session, by_silence);
    }
    session->heard_us = now_us;
    if (session->class == SESSION_NEWCOMER) session_establish(sessions, session, now_us);
    return session;
}

struct session *session_restore(struct sessions *sessions, const struct message_source *source, bool established,
                                int64_t first_us, int64_t heard_us) {
    struct session_key key = key_of(source);
    struct session *session = find(sessions, &key);
    if (session) return session;
    return session_add(sessions, &key, established ? SESSION_ESTABLISHED : SESSION_NEWCOMER, first_us, heard_us);
}

static void domain_end(struct sessions *sessions, struct domain *domain) {
    struct session *session = domain->session;
    while (!TAILQ_EMPTY(&domain->held))
        held_lose(sessions, TAILQ_FIRST(&domain->held));
    sequence_settle(&domain->sequence, UINT32_MAX);
    if (domain->sequence.lost.n > 0 || domain->sets.n > 0) sessions->tell(sessions->context, domain);
    if (domain->has_lost) TAILQ_REMOVE(&sessions->to_tell, domain, to_tell);
    if (domain->wrong_clock) sessions->counters->wrong_clocks--;
    while (domain->n_templates > 0)
        template_drop(sessions, domain, domain->n_templates - 1);
    rates_forget(sessions, domain);
    TAILQ_REMOVE(&session->domains, domain, of_session);
    session->n_domains--;
    session_give(sessions, session, sizeof *domain);
    free(domain);
}

void session_end(struct sessions *sessions, struct session *session) {
    struct session **place = place_of(sessions, &session->key);
    while (!TAILQ_EMPTY(&session->domains))
        domain_end(sessions, TAILQ_FIRST(&session->domains));
    while (*place != session)
        place = &(*place)->chain;
    *place = session->chain;
    TAILQ_REMOVE(&sessions->classes[session->class].sessions, session, by_silence);
    session_give(sessions, session, sizeof *session);
    sessions->counters->sessions--;
    free(session);
}

void sessions_expire(struct sessions *sessions, int64_t now_us) {
    for (unsigned class = 0; class < SESSION_CONNECTION; class ++) {
        struct session *session;
        while ((session = TAILQ_LAST(&sessions->classes[class].sessions, session_list)) &&
               now_us - session->heard_us > sessions->lifetime_us)
            session_end(sessions, session);
    }
}

/* --- domains --- */

struct domain *domain_heard(struct sessions *sessions, struct session *session, const struct domain_key *key) {
    struct domain *domain;
    TAILQ_FOREACH(domain, &session->domains, of_session) {
        if (memcmp(&domain->key, key, sizeof *key) == 0) break;
    }
    if (domain) {
        if (domain == TAILQ_FIRST(&session->domains)) return domain;
        TAILQ_REMOVE(&session->domains, domain, of_session);
        TAILQ_INSERT_HEAD(&session->domains, domain, of_session);
        return domain;
    }
    if (session->n_domains == SESSION_DOMAINS) domain_end(sessions, TAILQ_LAST(&session->domains, domain_list));
    if (!session_take(sessions, session, sizeof *domain)) return NULL;
    domain = mem_zalloc(1, sizeof *domain);
    domain->session = session;
    domain->key = *key;
    TAILQ_INIT(&domain->held);
    TAILQ_INIT(&domain->by_age);
    TAILQ_INSERT_HEAD(&session->domains, domain, of_session);
    session->n_domains++;
    return domain;
}

void domain_has_lost(struct sessions *sessions, struct domain *domain) {
    if (domain->has_lost) return;
    domain->has_lost = true;
    TAILQ_INSERT_TAIL(&sessions->to_tell, domain, to_tell);
}

void domain_name(const struct domain *domain, char name[SESSION_NAME_MAX]) {
    const struct session_key *session = &domain->session->key;
    bool sflow = domain->key.protocol == 0;
    uint8_t family = sflow ? domain->key.family : (uint8_t)session->family;
    char address[INET6_ADDRSTRLEN];
    inet_ntop(family == FLOW_IPV4 ? AF_INET : AF_INET6, sflow ? domain->key.agent : session->address, address,
              sizeof address);
    snprintf(name, SESSION_NAME_MAX, "%s/%u", address, domain->key.id);
}
