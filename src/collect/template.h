/* Templates of an observation domain. NetFlow v9's and IPFIX's are the same here: scopes of v9 have been put in IPFIX's
 * words.
 *
 * Whose they are: v9's belong to the exporter's address and its source id, whatever its port (RFC 3954, 5.1); IPFIX's
 * to the Transport Session (RFC 7011, 8.1), but some send them from a port of their own, or their data after a restart
 * before their templates. So over UDP both go the same way: a domain's own template counts; where it has none, the
 * newest of its siblings' (collect/session.h). Exporters that share an address behind NAT, and send templates that
 * differ, keep theirs.
 *
 * What a template needs of the memory has been charged to its session by the caller (collect/admission.h); what
 * is dropped is given back here. */
#ifndef FLOWIMPORT_COLLECT_TEMPLATE_H
#define FLOWIMPORT_COLLECT_TEMPLATE_H

#include "collect/session.h"

struct template {
    TAILQ_ENTRY(template) by_age;
    struct domain *domain;
    uint16_t id, n_fields;
    bool options;
    bool by_uptime;                 /* has flowEndSysUpTime, and no systemInitTimeMilliseconds */
    bool events;                    /* nsel_look() */
    bool section;                   /* section_look() */
    bool counts, remembered;        /* where it has a plan: whether that counts; by events or totals */
    uint8_t sampling;               /* sampling_look() */
    uint64_t uncounted;             /* records that can't be counted */
    bool uncounted_said;            /* that they can't, or have no address */
    int64_t sent_us;                /* last, by the exporter */
    struct data_record_plan *plan;  /* NULL until a data set needs it */
    struct data_record_plan *tuple; /* NULL where sessions->tuple is, and for options */
    size_t bytes, plan_bytes;       /* charged to the session: of the template; of its plans, where it has them */
    struct field_specifier fields[];
};

/* Its own, or that of a sibling. NULL: there is none that is not too old (TCP's don't age). */
struct template *template_find(struct sessions *sessions, struct domain *domain, uint16_t id, int64_t now_us);
/* The same template has been sent again: it is as young as that. false: the domain has none, or another. */
bool template_renew(struct domain *domain, uint16_t id, bool options, const struct field_specifier *fields, unsigned n,
                    int64_t now_us);
size_t template_bytes(unsigned n_fields);
/* Bytes that the domain needs before it has a place for one more, and the place; 0: it has one. */
size_t template_places_wanted(const struct domain *domain);
void template_places_add(struct domain *domain);
/* A copy, of up to DATA_RECORD_FIELDS_MAX fields, into the domain, which has none of that id, and a place. */
void template_put(struct domain *domain, uint16_t id, bool options, const struct field_specifier *fields, unsigned n,
                  int64_t now_us);
/* Makes its plans, and says how many bytes they have. Without room for these they go again: template_plans_free(). */
size_t template_plans_make(const struct sessions *sessions, struct template *template);
void template_plans_free(struct template *template);
void template_drop(struct sessions *sessions, struct domain *domain, unsigned i);
/* false: there was none. */
bool template_withdraw(struct sessions *sessions, struct domain *domain, uint16_t id);
/* Of all templates, or all options templates. Returns how many there were. */
unsigned template_withdraw_all(struct sessions *sessions, struct domain *domain, bool options);
/* false: there is none, but perhaps the one in use. */
bool template_drop_oldest(struct sessions *sessions, struct domain *domain);

#endif
