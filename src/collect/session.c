/* The table of sessions, their domains, and what each has of the memory. */
#include "collect/session.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

enum { PIECE = 16 }; /* what malloc() adds, about */

_Static_assert(sizeof(struct session_key) == 32 && sizeof(struct domain_key) == 24, "no bytes that nobody sets");

void sessions_init(struct sessions *sessions, const struct message_config *config) {
    *sessions = (struct sessions){
        .seed = config->seed, .lifetime_us = config->template_lifetime_us, .limit = config->memory / 16, .n_places = 1};
    while (2 * sessions_table_bytes(sessions) <= config->memory / 128)
        sessions->n_places *= 2;
    sessions->table = mem_zalloc(sessions->n_places, sizeof sessions->table[0]);
    sessions->siblings = mem_zalloc(sessions->n_places, sizeof sessions->siblings[0]);
    sessions->classes[SESSION_NEWCOMER].share = config->memory / 4;
    sessions->classes[SESSION_ESTABLISHED].share = config->memory / 2 - config->memory / 128;
    sessions->classes[SESSION_CONNECTION].share = config->memory / 8;
    for (unsigned class = 0; class < SESSION_CLASSES; class ++) {
        TAILQ_INIT(&sessions->classes[class].sessions);
        TAILQ_INIT(&sessions->classes[class].held);
    }
    TAILQ_INIT(&sessions->to_tell);
}

void sessions_tables_free(struct sessions *sessions) {
    free(sessions->table);
    free(sessions->siblings);
}

size_t sessions_table_bytes(const struct sessions *sessions) {
    return sessions->n_places * (sizeof sessions->table[0] + sizeof sessions->siblings[0]);
}

/* --- memory --- */

bool session_fits(const struct sessions *sessions, const struct session *session, size_t bytes) {
    return session->bytes + bytes + PIECE <= sessions->limit;
}

bool class_fits(const struct sessions *sessions, enum session_class class, size_t bytes) {
    return sessions->classes[class].bytes + bytes + PIECE <= sessions->classes[class].share;
}

void session_charge(struct sessions *sessions, struct session *session, size_t bytes) {
    bytes += PIECE;
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

/* --- sessions --- */

struct session_key session_key_of(const struct message_source *source) {
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

struct session *session_find(const struct sessions *sessions, const struct session_key *key) {
    struct session *session = *place_of(sessions, key);
    while (session && memcmp(&session->key, key, sizeof *key) != 0)
        session = session->chain;
    return session;
}

struct session *session_add(struct sessions *sessions, const struct session_key *key, enum session_class class,
                            int64_t first_us, int64_t heard_us) {
    struct session *session = mem_zalloc(1, sizeof *session);
    struct session **place = place_of(sessions, key);
    session->key = *key;
    session->class = (uint8_t)class;
    session->first_us = first_us;
    session->heard_us = heard_us;
    session->chain = *place;
    TAILQ_INIT(&session->domains);
    *place = session;
    TAILQ_INSERT_HEAD(&sessions->classes[class].sessions, session, by_silence);
    session_charge(sessions, session, sizeof *session);
    sessions->counters->sessions++;
    return session;
}

void session_remove(struct sessions *sessions, struct session *session) {
    struct session **place = place_of(sessions, &session->key);
    while (*place != session)
        place = &(*place)->chain;
    *place = session->chain;
    TAILQ_REMOVE(&sessions->classes[session->class].sessions, session, by_silence);
    session_give(sessions, session, sizeof *session);
    sessions->counters->sessions--;
    free(session);
}

void session_to_front(struct sessions *sessions, struct session *session) {
    struct session_list *list = &sessions->classes[session->class].sessions;
    if (session == TAILQ_FIRST(list)) return;
    TAILQ_REMOVE(list, session, by_silence);
    TAILQ_INSERT_HEAD(list, session, by_silence);
}

void session_to_class(struct sessions *sessions, struct session *session, enum session_class class) {
    struct session_class_state *from = &sessions->classes[session->class], *to = &sessions->classes[class];
    TAILQ_REMOVE(&from->sessions, session, by_silence);
    from->bytes -= session->bytes;
    session->class = (uint8_t)class;
    to->bytes += session->bytes;
    TAILQ_INSERT_HEAD(&to->sessions, session, by_silence);
}

/* --- domains --- */

struct domain *domain_find(struct session *session, const struct domain_key *key) {
    struct domain *domain;
    TAILQ_FOREACH(domain, &session->domains, of_session) {
        if (memcmp(&domain->key, key, sizeof *key) == 0) break;
    }
    if (!domain || domain == TAILQ_FIRST(&session->domains)) return domain;
    TAILQ_REMOVE(&session->domains, domain, of_session);
    TAILQ_INSERT_HEAD(&session->domains, domain, of_session);
    return domain;
}

struct domain *domain_add(struct sessions *sessions, struct session *session, const struct domain_key *key) {
    struct domain *domain = mem_zalloc(1, sizeof *domain);
    domain->session = session;
    domain->key = *key;
    TAILQ_INIT(&domain->held);
    TAILQ_INIT(&domain->by_age);
    TAILQ_INSERT_HEAD(&session->domains, domain, of_session);
    session->n_domains++;
    session_charge(sessions, session, sizeof *domain);
    struct sibling_list *siblings = domain_siblings(sessions, domain);
    if (siblings) LIST_INSERT_HEAD(siblings, domain, of_siblings);
    return domain;
}

void domain_remove(struct sessions *sessions, struct domain *domain) {
    struct session *session = domain->session;
    TAILQ_REMOVE(&session->domains, domain, of_session);
    if (domain_siblings(sessions, domain)) LIST_REMOVE(domain, of_siblings);
    if (domain->tells_exporter) {
        LIST_REMOVE(domain, of_exporter);
        sessions->n_exporters--;
    }
    session->n_domains--;
    session_give(sessions, session, sizeof *domain);
    free(domain);
}

/* --- siblings --- */

struct sibling_list *domain_siblings(const struct sessions *sessions, const struct domain *domain) {
    const struct session_key *session = &domain->session->key;
    if (session->transport != MESSAGE_UDP || (domain->key.protocol != 9 && domain->key.protocol != 10)) return NULL;
    struct {
        uint8_t address[16];
        uint32_t id;
        uint16_t family, protocol;
    } shared = {.id = domain->key.id, .family = session->family, .protocol = domain->key.protocol};
    memcpy(shared.address, session->address, sizeof shared.address);
    return &sessions->siblings[XXH3_64bits_withSeed(&shared, sizeof shared, sessions->seed) & (sessions->n_places - 1)];
}

bool domain_is_sibling(const struct domain *domain, const struct domain *other) {
    const struct session_key *mine = &domain->session->key, *its = &other->session->key;
    return domain != other && domain->key.id == other->key.id && domain->key.protocol == other->key.protocol &&
           mine->family == its->family && memcmp(mine->address, its->address, sizeof mine->address) == 0;
}

void domain_to_front(struct sessions *sessions, struct domain *domain) {
    struct sibling_list *siblings = domain_siblings(sessions, domain);
    if (!siblings || domain == LIST_FIRST(siblings)) return;
    LIST_REMOVE(domain, of_siblings);
    LIST_INSERT_HEAD(siblings, domain, of_siblings);
}

/* --- the whole exporter --- */

static unsigned exporter_place(const struct sessions *sessions, const struct domain *domain) {
    const struct session_key *session = &domain->session->key;
    return XXH3_64bits_withSeed(session->address, sizeof session->address, sessions->seed) % EXPORTER_PLACES;
}

void domain_tells_exporter(struct sessions *sessions, struct domain *domain) {
    struct sibling_list *list = &sessions->exporters[exporter_place(sessions, domain)];
    if (domain == LIST_FIRST(list)) return;
    if (domain->tells_exporter)
        LIST_REMOVE(domain, of_exporter);
    else
        sessions->n_exporters++;
    domain->tells_exporter = true;
    LIST_INSERT_HEAD(list, domain, of_exporter);
}

const struct domain *domain_of_exporter(const struct sessions *sessions, const struct domain *domain) {
    const struct session_key *mine = &domain->session->key;
    const struct domain *found = NULL;
    if (sessions->n_exporters == 0) return NULL;
    const struct domain *other = LIST_FIRST(&sessions->exporters[exporter_place(sessions, domain)]);
    for (unsigned i = 0; other && i < SIBLINGS_MAX; i++, other = LIST_NEXT(other, of_exporter)) {
        const struct session_key *its = &other->session->key;
        if (other->session == domain->session && other->key.protocol == domain->key.protocol) return other;
        if (found || other->key.protocol != domain->key.protocol || mine->family != its->family) continue;
        if (memcmp(mine->address, its->address, sizeof mine->address) == 0) found = other;
    }
    return found;
}

/* --- both ends --- */

static bool is_egress(const struct domain *domain, uint32_t interface) {
    for (unsigned i = 0; i < EGRESS_KEPT; i++)
        if (domain->egress[i] == interface) return interface != 0;
    return false;
}

void domain_place(struct domain *domain, const struct data_record_place *place) {
    bool known = is_egress(domain, place->output);
    if (place->output == 0 || place->input == place->output) return;
    if (place->direction == DIRECTION_EGRESS && !known)
        domain->egress[domain->n_egress++ % EGRESS_KEPT] = place->output;
    else if (place->direction == DIRECTION_INGRESS && known)
        domain->faults[FAULT_BOTH_ENDS]++;
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
