/* Templates by number, and by age. */
#include "collect/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "collect/nsel.h"
#include "collect/sampling.h"
#include "collect/section.h"

enum { TEMPLATES_STEP = 16 };

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

void template_plans_free(struct template *template) {
    data_record_plan_free(template->plan);
    data_record_plan_free(template->tuple);
    template->plan = template->tuple = NULL;
}

void template_drop(struct sessions *sessions, struct domain *domain, unsigned i) {
    struct template *template = domain->templates[i];
    TAILQ_REMOVE(&domain->by_age, template, by_age);
    domain->n_templates--;
    memmove(&domain->templates[i], &domain->templates[i + 1], (domain->n_templates - i) * sizeof domain->templates[0]);
    session_give(sessions, domain->session, template->bytes);
    if (template->plan) session_give(sessions, domain->session, template->plan_bytes);
    template_plans_free(template);
    free(template);
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

bool template_withdraw(struct sessions *sessions, struct domain *domain, uint16_t id) {
    unsigned i = index_of(domain, id);
    if (!is_at(domain, i, id)) return false;
    template_drop(sessions, domain, i);
    return true;
}

unsigned template_withdraw_all(struct sessions *sessions, struct domain *domain, bool options) {
    unsigned n = 0;
    for (unsigned i = domain->n_templates; i-- > 0;) {
        if (domain->templates[i]->options != options) continue;
        template_drop(sessions, domain, i);
        n++;
    }
    return n;
}

static struct template *own_find(struct sessions *sessions, struct domain *domain, uint16_t id, int64_t now_us) {
    unsigned i = index_of(domain, id);
    if (!is_at(domain, i, id)) return NULL;
    struct template *template = domain->templates[i];
    if (domain->session->class == SESSION_CONNECTION || now_us - template->sent_us <= sessions->lifetime_us)
        return template;
    template_drop(sessions, domain, i);
    return NULL;
}

struct template *template_find(struct sessions *sessions, struct domain *domain, uint16_t id, int64_t now_us) {
    struct template *newest = own_find(sessions, domain, id, now_us);
    const struct sibling_list *siblings = newest ? NULL : domain_siblings(sessions, domain);
    struct domain *sibling = siblings ? LIST_FIRST(siblings) : NULL;
    for (unsigned i = 0; sibling && i < SIBLINGS_MAX; i++, sibling = LIST_NEXT(sibling, of_siblings)) {
        if (!domain_is_sibling(domain, sibling)) continue;
        struct template *template = own_find(sessions, sibling, id, now_us);
        if (template && (!newest || template->sent_us > newest->sent_us)) newest = template;
    }
    return newest;
}

static bool has_field(const struct field_specifier *fields, unsigned n, uint16_t id) {
    for (unsigned i = 0; i < n; i++)
        if (fields[i].enterprise == 0 && fields[i].id == id) return true;
    return false;
}

size_t template_bytes(unsigned n_fields) { return sizeof(struct template) + n_fields * sizeof(struct field_specifier); }

size_t template_plans_make(const struct sessions *sessions, struct template *template) {
    const struct flow_layout *layout = template->options ? NULL : sessions->layout;
    template->plan = data_record_plan_new(template->fields, template->n_fields, layout, sessions->ends);
    template->plan_bytes = data_record_plan_bytes(template->plan);
    template->counts = data_record_plan_counts(template->plan);
    template->remembered = template->events || data_record_plan_totals(template->plan);
    if (!template->options && sessions->tuple) {
        template->tuple = data_record_plan_new(template->fields, template->n_fields, sessions->tuple, sessions->ends);
        template->plan_bytes += data_record_plan_bytes(template->tuple);
    }
    return template->plan_bytes;
}

size_t template_places_wanted(const struct domain *domain) {
    return domain->n_templates % TEMPLATES_STEP == 0 ? TEMPLATES_STEP * sizeof domain->templates[0] : 0;
}

void template_places_add(struct domain *domain) {
    domain->templates =
        mem_realloc(domain->templates, domain->n_templates + TEMPLATES_STEP, sizeof domain->templates[0]);
}

bool template_renew(struct domain *domain, uint16_t id, bool options, const struct field_specifier *fields, unsigned n,
                    int64_t now_us) {
    unsigned i = index_of(domain, id);
    if (!is_at(domain, i, id)) return false;
    struct template *template = domain->templates[i];
    if (template->options != options || template->n_fields != n ||
        memcmp(template->fields, fields, n * sizeof fields[0]) != 0)
        return false;
    template->sent_us = now_us;
    TAILQ_REMOVE(&domain->by_age, template, by_age);
    TAILQ_INSERT_TAIL(&domain->by_age, template, by_age);
    return true;
}

void template_put(struct domain *domain, uint16_t id, bool options, const struct field_specifier *fields, unsigned n,
                  int64_t now_us) {
    struct template *template = mem_zalloc(1, template_bytes(n));
    template->domain = domain;
    template->id = id;
    template->n_fields = (uint16_t)n;
    template->options = options;
    template->by_uptime =
        has_field(fields, n, IE_flowEndSysUpTime) && !has_field(fields, n, IE_systemInitTimeMilliseconds);
    template->events = nsel_look(fields, n);
    template->section = section_look(fields, n);
    template->sampling = sampling_look(fields, n);
    template->sent_us = now_us;
    template->bytes = template_bytes(n);
    memcpy(template->fields, fields, n * sizeof fields[0]);
    unsigned i = index_of(domain, id);
    memmove(&domain->templates[i + 1], &domain->templates[i], (domain->n_templates - i) * sizeof domain->templates[0]);
    domain->templates[i] = template;
    domain->n_templates++;
    TAILQ_INSERT_TAIL(&domain->by_age, template, by_age);
}
