/* Room for what comes, made by what is worth least. */
#include "collect/admission.h"

#include <stdlib.h>

#include "collect/domain_loss.h"

/* --- ends --- */

static void domain_end(struct sessions *sessions, struct domain *domain) {
    while (!TAILQ_EMPTY(&domain->held))
        held_lose(sessions, TAILQ_FIRST(&domain->held));
    domain_loss_end(sessions, domain);
    if (domain->wrong_clock) sessions->counters->wrong_clocks--;
    while (domain->n_templates > 0)
        template_drop(sessions, domain, domain->n_templates - 1);
    rates_forget(sessions, domain);
    domain_remove(sessions, domain);
}

void session_end(struct sessions *sessions, struct session *session) {
    while (!TAILQ_EMPTY(&session->domains))
        domain_end(sessions, TAILQ_FIRST(&session->domains));
    session_remove(sessions, session);
}

void sessions_expire(struct sessions *sessions, int64_t now_us) {
    for (unsigned class = 0; class < SESSION_CONNECTION; class ++) {
        struct session *session;
        while ((session = TAILQ_LAST(&sessions->classes[class].sessions, session_list)) &&
               now_us - session->heard_us > sessions->lifetime_us)
            session_end(sessions, session);
    }
}

void sessions_release(struct sessions *sessions) {
    for (unsigned class = 0; class < SESSION_CLASSES; class ++)
        while (!TAILQ_EMPTY(&sessions->classes[class].sessions))
            session_end(sessions, TAILQ_FIRST(&sessions->classes[class].sessions));
    sessions_tables_free(sessions);
}

/* --- room --- */

/* Drops what is worth least to make room for one of its class. `session` NULL: for a new one. false: there is nothing
 * to drop. */
static bool class_yield(struct sessions *sessions, enum session_class which, const struct session *session,
                        int64_t heard_us) {
    struct session_class_state *class = &sessions->classes[which];
    struct session *silent = TAILQ_LAST(&class->sessions, session_list);
    if (which != SESSION_NEWCOMER) {
        if (!TAILQ_EMPTY(&class->held)) {
            held_lose(sessions, TAILQ_FIRST(&class->held));
            return true;
        }
        if (which == SESSION_CONNECTION || !silent || heard_us - silent->heard_us < sessions->lifetime_us) return false;
    }
    if (!silent || silent == session || silent->pinned) return false;
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

/* Whether the session may have so many more bytes, which are not yet charged. */
static bool room_make(struct sessions *sessions, struct session *session, size_t bytes) {
    while (!session_fits(sessions, session, bytes))
        if (!session_yield(sessions, session)) return false;
    while (!class_fits(sessions, session->class, bytes))
        if (!class_yield(sessions, session->class, session, session->heard_us)) return false;
    return true;
}

/* The same, charged. */
static bool room_take(struct sessions *sessions, struct session *session, size_t bytes) {
    if (!room_make(sessions, session, bytes)) return false;
    session_charge(sessions, session, bytes);
    return true;
}

/* --- sessions and domains --- */

static struct session *session_admit(struct sessions *sessions, const struct session_key *key, enum session_class class,
                                     int64_t first_us, int64_t heard_us) {
    while (!class_fits(sessions, class, sizeof(struct session)))
        if (!class_yield(sessions, class, NULL, heard_us)) return NULL;
    return session_add(sessions, key, class, first_us, heard_us);
}

/* A newcomer whose data waits for a template stays one until that is over. */
static void session_establish(struct sessions *sessions, struct session *session, int64_t now_us) {
    const struct session_class_state *established = &sessions->classes[SESSION_ESTABLISHED];
    const struct domain *domain;
    if (now_us - session->first_us < (int64_t)SESSION_ESTABLISHED_S * 1000000) return;
    if (established->bytes + session->bytes > established->share) return;
    TAILQ_FOREACH(domain, &session->domains, of_session) {
        if (!TAILQ_EMPTY(&domain->held)) return;
    }
    session_to_class(sessions, session, SESSION_ESTABLISHED);
}

struct session *session_heard(struct sessions *sessions, const struct session_key *key, int64_t now_us) {
    struct session *session = session_find(sessions, key);
    if (!session)
        return session_admit(sessions, key, key->transport == MESSAGE_TCP ? SESSION_CONNECTION : SESSION_NEWCOMER,
                             now_us, now_us);
    session_to_front(sessions, session);
    session->heard_us = now_us;
    if (session->class == SESSION_NEWCOMER) session_establish(sessions, session, now_us);
    return session;
}

struct session *session_restore(struct sessions *sessions, const struct message_source *source, bool established,
                                int64_t first_us, int64_t heard_us) {
    const struct session_key key = session_key_of(source);
    struct session *session = session_find(sessions, &key);
    if (session) return session;
    return session_admit(sessions, &key, established ? SESSION_ESTABLISHED : SESSION_NEWCOMER, first_us, heard_us);
}

struct domain *domain_heard(struct sessions *sessions, struct session *session, const struct domain_key *key) {
    struct domain *domain = domain_find(session, key);
    if (domain) return domain;
    if (session->n_domains == SESSION_DOMAINS) domain_end(sessions, TAILQ_LAST(&session->domains, domain_list));
    while (!room_make(sessions, session, sizeof *domain)) {
        if (session->n_domains == 0 || session_fits(sessions, session, sizeof *domain)) return NULL;
        domain_end(sessions, TAILQ_LAST(&session->domains, domain_list));
    }
    return domain_add(sessions, session, key);
}

/* --- what domains have --- */

/* A place for one more. Where a template gave way for it, there is one already. */
static bool template_place_take(struct sessions *sessions, struct domain *domain) {
    size_t bytes = template_places_wanted(domain);
    if (bytes == 0) return true;
    if (!room_make(sessions, domain->session, bytes)) return false;
    if (template_places_wanted(domain) == 0) return true;
    session_charge(sessions, domain->session, bytes);
    template_places_add(domain);
    return true;
}

enum template_taken template_take(struct sessions *sessions, struct domain *domain, uint16_t id, bool options,
                                  const struct field_specifier *fields, unsigned n, int64_t now_us) {
    domain_to_front(sessions, domain);
    if (template_renew(domain, id, options, fields, n, now_us)) return TEMPLATE_KNOWN;
    (void)template_withdraw(sessions, domain, id);
    if (domain->n_templates == TEMPLATES_MAX) template_drop_oldest(sessions, domain);
    if (!room_take(sessions, domain->session, template_bytes(n))) return TEMPLATE_NO_ROOM;
    if (!template_place_take(sessions, domain)) {
        session_give(sessions, domain->session, template_bytes(n));
        return TEMPLATE_NO_ROOM;
    }
    template_put(domain, id, options, fields, n, now_us);
    return TEMPLATE_NEW;
}

bool template_plan(struct sessions *sessions, struct template *template) {
    struct session *session = template->domain->session;
    if (template->plan) return true;
    size_t bytes = template_plans_make(sessions, template);
    sessions->counters->plans++;
    bool room = room_make(sessions, session, bytes);
    if (room)
        session_charge(sessions, session, bytes);
    else
        template_plans_free(template);
    return room;
}

void held_add(struct sessions *sessions, struct domain *domain, uint16_t id, const uint8_t *bytes, size_t len,
              const struct data_record_context *context, int64_t now_us) {
    if (domain->n_held == HELD_MAX) held_lose(sessions, TAILQ_FIRST(&domain->held));
    if (room_take(sessions, domain->session, held_bytes(len))) {
        held_put(sessions, domain, id, bytes, len, context, now_us);
        domain_to_front(sessions, domain);
        return;
    }
    trouble_note(&domain->unknown, (uint32_t)(now_us / 1000000));
    domain->faults[FAULT_UNTEMPLATED]++;
    domain_set_lost(sessions, domain, (uint32_t)(now_us / 1000000));
}

bool rate_take(struct sessions *sessions, struct domain *domain, uint64_t key, uint32_t rate) {
    uint32_t old = rate_find(domain, key);
    if (old == rate) return false;
    if (old == 0) {
        size_t bytes = rate_places_wanted(domain);
        if (domain->n_rates == RATES_MAX) return false;
        if (bytes > 0) {
            if (!room_take(sessions, domain->session, bytes)) return false;
            rate_places_add(domain);
        }
    }
    rate_put(domain, key, rate);
    return true;
}
