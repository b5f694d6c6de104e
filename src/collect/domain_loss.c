/* Loss of domains: noted, settled, told. */
#include "collect/domain_loss.h"

static void has_lost(struct sessions *sessions, struct domain *domain) {
    if (domain->has_lost) return;
    domain->has_lost = true;
    TAILQ_INSERT_TAIL(&sessions->to_tell, domain, to_tell);
}

void domain_sequence(struct sessions *sessions, struct domain *domain, uint32_t number, uint32_t units, bool whole,
                     uint32_t now) {
    sequence_message(&domain->sequence, number, units, whole, now);
    if (domain->sequence.n_gaps > 0 || domain->sequence.lost.n > 0) has_lost(sessions, domain);
}

void domain_set_lost(struct sessions *sessions, struct domain *domain, uint32_t now) {
    lost_span_add(&domain->sets, 1, now, now);
    has_lost(sessions, domain);
}

static void span_tell(struct sessions *sessions, struct domain *domain, enum lost_what what, struct lost_span *span) {
    struct lost lost = {.what = what, .n = span->n, .start = span->start, .end = span->end};
    if (span->n == 0) return;
    span->n = 0;
    sessions->counters->lost[what] += lost.n;
    domain->lost += lost.n;
    domain_name(domain, lost.source);
    if (sessions->sink->lost) sessions->sink->lost(sessions->sink->context, &lost);
}

static void loss_tell(struct sessions *sessions, struct domain *domain) {
    bool messages = domain->key.protocol == 9 || domain->key.protocol == 0;
    span_tell(sessions, domain, messages ? LOST_MESSAGES : LOST_FLOWS, &domain->sequence.lost);
    span_tell(sessions, domain, LOST_SETS, &domain->sets);
}

void domain_loss_end(struct sessions *sessions, struct domain *domain) {
    sequence_settle(&domain->sequence, UINT32_MAX);
    loss_tell(sessions, domain);
    if (domain->has_lost) TAILQ_REMOVE(&sessions->to_tell, domain, to_tell);
    domain->has_lost = false;
}

static void losses_tell(struct sessions *sessions, uint32_t settled, uint32_t now, bool all) {
    struct domain *next;
    for (struct domain *domain = TAILQ_FIRST(&sessions->to_tell); domain; domain = next) {
        next = TAILQ_NEXT(domain, to_tell);
        sequence_settle(&domain->sequence, settled);
        bool some = domain->sequence.lost.n > 0 || domain->sets.n > 0;
        if (some && (all || now - domain->told >= LOST_WAIT_US / 1000000)) {
            loss_tell(sessions, domain);
            domain->told = now;
            some = false;
        }
        if (domain->sequence.n_gaps > 0 || some) continue;
        TAILQ_REMOVE(&sessions->to_tell, domain, to_tell);
        domain->has_lost = false;
    }
}

void domain_losses_tell(struct sessions *sessions, uint32_t now) {
    losses_tell(sessions, now - LOST_WAIT_US / 1000000, now, false);
}

void domain_losses_end(struct sessions *sessions, uint32_t now) { losses_tell(sessions, UINT32_MAX, now, true); }
