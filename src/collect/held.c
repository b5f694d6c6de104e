/* Data sets that wait: by domain and by class, the oldest first. */
#include "collect/held.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collect/domain_loss.h"

size_t held_bytes(size_t len) { return sizeof(struct held) + len; }

void held_put(struct sessions *sessions, struct domain *domain, uint16_t id, const uint8_t *bytes, size_t len,
              const struct data_record_context *context, int64_t now_us) {
    struct held *held = mem_alloc(held_bytes(len));
    *held = (struct held){.domain = domain, .arrived_us = now_us, .context = *context, .id = id, .len = len};
    memcpy(held->bytes, bytes, len);
    TAILQ_INSERT_TAIL(&sessions->classes[domain->session->class].held, held, of_class);
    TAILQ_INSERT_TAIL(&domain->held, held, of_domain);
    domain->n_held++;
    sessions->counters->held++;
}

static struct held *own_find(const struct domain *domain, uint16_t id) {
    struct held *held;
    TAILQ_FOREACH(held, &domain->held, of_domain) {
        if (held->id == id) return held;
    }
    return NULL;
}

struct held *held_find(const struct sessions *sessions, const struct domain *domain, uint16_t id) {
    struct held *held = own_find(domain, id);
    const struct sibling_list *siblings = held ? NULL : domain_siblings(sessions, domain);
    const struct domain *sibling = siblings ? LIST_FIRST(siblings) : NULL;
    for (unsigned i = 0; !held && sibling && i < SIBLINGS_MAX; i++, sibling = LIST_NEXT(sibling, of_siblings))
        if (domain_is_sibling(domain, sibling)) held = own_find(sibling, id);
    return held;
}

void held_take(struct sessions *sessions, struct held *held) {
    TAILQ_REMOVE(&sessions->classes[held->domain->session->class].held, held, of_class);
    TAILQ_REMOVE(&held->domain->held, held, of_domain);
    held->domain->n_held--;
    sessions->counters->held--;
}

void held_end(struct sessions *sessions, struct held *held) {
    session_give(sessions, held->domain->session, held_bytes(held->len));
    free(held);
}

void held_lose(struct sessions *sessions, struct held *held) {
    uint32_t second = (uint32_t)(held->arrived_us / 1000000);
    trouble_note(&held->domain->unknown, second);
    held->domain->faults[FAULT_UNTEMPLATED]++;
    domain_set_lost(sessions, held->domain, second);
    held_take(sessions, held);
    held_end(sessions, held);
}

void held_expire(struct sessions *sessions, int64_t since_us) {
    for (unsigned class = 0; class < SESSION_CLASSES; class ++) {
        struct held *held;
        while ((held = TAILQ_FIRST(&sessions->classes[class].held)) && held->arrived_us < since_us)
            held_lose(sessions, held);
    }
}
