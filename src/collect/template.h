/* Templates of an observation domain, and the data sets that wait for one. NetFlow v9's and IPFIX's are the same here:
 * scopes of v9 have been put in IPFIX's words. */
#ifndef FLOWIMPORT_COLLECT_TEMPLATE_H
#define FLOWIMPORT_COLLECT_TEMPLATE_H

#include "collect/session.h"

struct template {
    TAILQ_ENTRY(template) by_age;
    uint16_t id, n_fields;
    bool options;
    bool by_uptime;   /* has flowEndSysUpTime, and no systemInitTimeMilliseconds */
    uint8_t sampling; /* sampling_look() */
    int64_t sent_us;  /* last, by the exporter */
    struct data_record_plan *plan;
    struct data_record_plan *tuple; /* NULL where sessions->tuple is, and for options */
    size_t bytes;                   /* taken of the session */
    struct field_specifier fields[];
};

struct held {
    TAILQ_ENTRY(held) of_class;
    TAILQ_ENTRY(held) of_domain;
    struct domain *domain;
    int64_t arrived_us;
    struct data_record_context context;
    uint16_t id;
    size_t len;
    uint8_t bytes[]; /* of the set, without its header */
};

/* NULL: there is none, or it is too old (TCP's don't age). */
struct template *template_find(struct sessions *sessions, struct domain *domain, uint16_t id, int64_t now_us);
enum template_taken { TEMPLATE_NO_ROOM, TEMPLATE_KNOWN, TEMPLATE_NEW };
/* Takes the place of one with the same id, unless it is the same. One of up to DATA_RECORD_FIELDS_MAX fields. */
enum template_taken template_take(struct sessions *sessions, struct domain *domain, uint16_t id, bool options,
                                  const struct field_specifier *fields, unsigned n_fields, int64_t now_us);
void template_drop(struct sessions *sessions, struct domain *domain, unsigned i);
/* That of this id, or where it is 0, all templates or all options templates. Returns how many there were. */
unsigned template_withdraw(struct sessions *sessions, struct domain *domain, uint16_t id, bool options);
/* false: there is none, but perhaps the one in use. */
bool template_drop_oldest(struct sessions *sessions, struct domain *domain);

/* Keeps a copy until its template comes. What has no room is lost. */
void held_add(struct sessions *sessions, struct domain *domain, uint16_t id, const uint8_t *bytes, size_t len,
              const struct data_record_context *context, int64_t now_us);
/* The oldest that waits for the template, taken out: held_end() is the caller's to call. NULL: there is none. */
struct held *held_of(struct domain *domain, uint16_t id);
void held_take(struct sessions *sessions, struct held *held);
void held_end(struct sessions *sessions, struct held *held); /* of one taken out */
void held_lose(struct sessions *sessions, struct held *held);
/* What has waited since before `since_us` is lost. */
void held_expire(struct sessions *sessions, int64_t since_us);

#endif
