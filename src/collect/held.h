/* Data sets that came before their template, and wait for it. */
#ifndef FLOWIMPORT_COLLECT_HELD_H
#define FLOWIMPORT_COLLECT_HELD_H

#include "collect/session.h"

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

/* A copy; its memory has been charged by the caller: held_bytes(). */
size_t held_bytes(size_t len);
void held_put(struct sessions *sessions, struct domain *domain, uint16_t id, const uint8_t *bytes, size_t len,
              const struct data_record_context *context, int64_t now_us);
/* The oldest that waits for the template: of the domain, else of a sibling of it. NULL: there is none. */
struct held *held_find(const struct sessions *sessions, const struct domain *domain, uint16_t id);
/* Out of its domain: held_end() is the caller's to call. */
void held_take(struct sessions *sessions, struct held *held);
void held_end(struct sessions *sessions, struct held *held); /* of one taken out */
void held_lose(struct sessions *sessions, struct held *held);
/* What has waited since before `since_us` is lost. */
void held_expire(struct sessions *sessions, int64_t since_us);

#endif
