/* Templates by number, and data sets that came before theirs. */
#include "collect/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collect/sampling.h"

enum { TEMPLATES_STEP = 16 };

/* --- templates --- */

/* Where it stands or would stand. */
static unsigned index_of(const struct domain *domain, uint16_t id) {
    unsigned low = 0, high = domain->n_templates;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (domain->templates[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct domain *domain, unsigned i, uint16_t id) {
    return i < domain->n_templates && domain->templates[i]->id == id;
}

static void template_free(struct template *template) {
    data_record_plan_free(template->plan);
    data_record_plan_free(template->tuple);
    free(template);
}

void template_drop(struct sessions *sessions, struct domain *domain, unsigned i) {
    struct template *template = domain->templates[i];
    TAILQ_REMOVE(&domain->by_age, template, by_age);
    domain->n_templates--;
    memmove(&domain->templates[i], &domain->templates[i + 1], (domain->n_templates - i) * sizeof domain->templates[0]);
    session_give(sessions, domain->session, template->bytes);
    template_free(template);
    if (domain->n_templates % TEMPLATES_STEP != 0) return;
    session_give(sessions, domain->session, TEMPLATES_STEP * sizeof domain->templates[0]);
    if (domain->n_templates > 0) {
        domain->templates = mem_realloc(domain->templates, domain->n_templates, sizeof domain->templates[0]);
    } else {
        free(domain->templates);
        domain->templates = NULL;
    }
}

bool template_drop_oldest(struct sessions *sessions, struct domain *domain) {
    const struct template *oldest = TAILQ_FIRST(&domain->by_age);
    if (oldest && oldest == sessions->in_use) oldest = TAILQ_NEXT(oldest, by_age);
    if (!oldest) return false;
    sessions->counters->evicted++;
    template_drop(sessions, domain, index_of(domain, oldest->id));
    return true;
}

unsigned template_withdraw(struct sessions *sessions, struct domain *domain, uint16_t id, bool options) {
    unsigned n = 0;
    for (unsigned i = domain->n_templates; i-- > 0;) {
        if (id ? domain->templates[i]->id != id : domain->templates[i]->options != options) continue;
        template_drop(sessions, domain, i);
        n++;
    }
    return n;
}

struct template *template_find(struct sessions *sessions, struct domain *domain, uint16_t id, int64_t now_us) {
    unsigned i = index_of(domain, id);
    if (!is_at(domain, i, id)) return NULL;
    struct template *template = domain->templates[i];
    if (domain->session->class == SESSION_CONNECTION || now_us - template->sent_us <= sessions->lifetime_us)
        return template;
    template_drop(sessions, domain, i);
    return NULL;
}

static bool has_field(const struct field_specifier *fields, unsigned n, uint16_t id) {
    for (unsigned i = 0; i < n; i++)
        if (fields[i].enterprise == 0 && fields[i].id == id) return true;
    return false;
}

static struct template *template_new(const struct sessions *sessions, uint16_t id, bool options,
                                     const struct field_specifier *fields, unsigned n, int64_t now_us) {
    size_t bytes = sizeof(struct template) + n * sizeof fields[0];
    struct template *template = mem_zalloc(1, bytes);
    template->id = id;
    template->n_fields = (uint16_t)n;
    template->options = options;
    template->by_uptime =
        has_field(fields, n, IE_flowEndSysUpTime) && !has_field(fields, n, IE_systemInitTimeMilliseconds);
    template->sampling = sampling_look(fields, n);
    template->sent_us = now_us;
    memcpy(template->fields, fields, n * sizeof fields[0]);
    template->plan = data_record_plan_new(fields, n, options ? NULL : sessions->layout);
    template->bytes = bytes + data_record_plan_bytes(template->plan);
    if (!options && sessions->tuple) {
        template->tuple = data_record_plan_new(fields, n, sessions->tuple);
        template->bytes += data_record_plan_bytes(template->tuple);
    }
    return template;
}

/* Room for one more pointer: taken TEMPLATES_STEP at a time. */
static bool places_take(struct sessions *sessions, struct domain *domain) {
    unsigned n = domain->n_templates;
    if (n % TEMPLATES_STEP != 0) return true;
    if (!session_take(sessions, domain->session, TEMPLATES_STEP * sizeof domain->templates[0])) return false;
    if (domain->n_templates != n) { /* one of them gave way, and its place is free */
        session_give(sessions, domain->session, TEMPLATES_STEP * sizeof domain->templates[0]);
        return places_take(sessions, domain);
    }
    domain->templates = mem_realloc(domain->templates, n + TEMPLATES_STEP, sizeof domain->templates[0]);
    return true;
}

enum template_taken template_take(struct sessions *sessions, struct domain *domain, uint16_t id, bool options,
                                  const struct field_specifier *fields, unsigned n, int64_t now_us) {
    unsigned i = index_of(domain, id);
    if (is_at(domain, i, id)) {
        struct template *old = domain->templates[i];
        if (old->options == options && old->n_fields == n && memcmp(old->fields, fields, n * sizeof fields[0]) == 0) {
            old->sent_us = now_us;
            TAILQ_REMOVE(&domain->by_age, old, by_age);
            TAILQ_INSERT_TAIL(&domain->by_age, old, by_age);
            return TEMPLATE_KNOWN;
        }
        template_drop(sessions, domain, i);
    }
    if (domain->n_templates == TEMPLATES_MAX) template_drop_oldest(sessions, domain);
    struct template *template = template_new(sessions, id, options, fields, n, now_us);
    if (!session_take(sessions, domain->session, template->bytes)) {
        template_free(template);
        return TEMPLATE_NO_ROOM;
    }
    if (!places_take(sessions, domain)) {
        session_give(sessions, domain->session, template->bytes);
        template_free(template);
        return TEMPLATE_NO_ROOM;
    }
    i = index_of(domain, id);
    memmove(&domain->templates[i + 1], &domain->templates[i], (domain->n_templates - i) * sizeof domain->templates[0]);
    domain->templates[i] = template;
    domain->n_templates++;
    TAILQ_INSERT_TAIL(&domain->by_age, template, by_age);
    return TEMPLATE_NEW;
}

/* --- data sets that wait --- */

void held_add(struct sessions *sessions, struct domain *domain, uint16_t id, const uint8_t *bytes, size_t len,
              const struct data_record_context *context, int64_t now_us) {
    if (domain->n_held == HELD_MAX) held_lose(sessions, TAILQ_FIRST(&domain->held));
    if (!session_take(sessions, domain->session, sizeof(struct held) + len)) {
        domain->unknown_us = now_us;
        lost_span_add(&domain->sets, 1, (uint32_t)(now_us / 1000000), (uint32_t)(now_us / 1000000));
        domain_has_lost(sessions, domain);
        return;
    }
    struct held *held = mem_alloc(sizeof *held + len);
    *held = (struct held){.domain = domain, .arrived_us = now_us, .context = *context, .id = id, .len = len};
    memcpy(held->bytes, bytes, len);
    TAILQ_INSERT_TAIL(&sessions->classes[domain->session->class].held, held, of_class);
    TAILQ_INSERT_TAIL(&domain->held, held, of_domain);
    domain->n_held++;
    sessions->counters->held++;
}

struct held *held_of(struct domain *domain, uint16_t id) {
    struct held *held;
    TAILQ_FOREACH(held, &domain->held, of_domain) {
        if (held->id == id) return held;
    }
    return NULL;
}

void held_take(struct sessions *sessions, struct held *held) {
    TAILQ_REMOVE(&sessions->classes[held->domain->session->class].held, held, of_class);
    TAILQ_REMOVE(&held->domain->held, held, of_domain);
    held->domain->n_held--;
    sessions->counters->held--;
}

void held_end(struct sessions *sessions, struct held *held) {
    session_give(sessions, held->domain->session, sizeof *held + held->len);
    free(held);
}

void held_lose(struct sessions *sessions, struct held *held) {
    uint32_t second = (uint32_t)(held->arrived_us / 1000000);
    held->domain->unknown_us = held->arrived_us;
    lost_span_add(&held->domain->sets, 1, second, second);
    domain_has_lost(sessions, held->domain);
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
