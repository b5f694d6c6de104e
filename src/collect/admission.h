/* Who may come in, and who gives way: everything that takes memory for what exporters send goes through here.
 *
 * A session has at most SESSION_DOMAINS domains, or as many as it has room for; the longest silent gives way. Limits,
 * with M the whole memory:
 *
 *   newcomers    M/4  heard of for less than a minute; the longest silent gives way to the newest
 *   established  M/2  less 1/128 for the hash table; a new one only where there is room, or one that was silent for the
 *                     lifetime of templates. What has no room stays a newcomer
 *   connections  M/8  TCP: nobody can pretend to be another, so none gives way; what has no room is refused
 *   duplicates   M/8  a fixed table (collect/duplicate.h)
 *   a session    M/16 its waiting data sets give way first, then its oldest template
 *
 * A domain has at most HELD_MAX data sets that wait, so that a look through them takes no time. */
#ifndef FLOWIMPORT_COLLECT_ADMISSION_H
#define FLOWIMPORT_COLLECT_ADMISSION_H

#include "collect/held.h"
#include "collect/sampling.h"
#include "collect/template.h"

enum {
    SESSION_DOMAINS = 256,
    SESSION_ESTABLISHED_S = 60,
    HELD_MAX = 1024,
};

/* The session, heard now: an old one or a new one. NULL: there is no room for it. */
struct session *session_heard(struct sessions *sessions, const struct session_key *key, int64_t now_us);
/* As it was when it was written down. */
struct session *session_restore(struct sessions *sessions, const struct message_source *source, bool established,
                                int64_t first_us, int64_t heard_us);
void session_end(struct sessions *sessions, struct session *session);
/* Ends what was silent for lifetime_us, but for connections. */
void sessions_expire(struct sessions *sessions, int64_t now_us);
void sessions_release(struct sessions *sessions);

/* NULL: there is no room for it. */
struct domain *domain_heard(struct sessions *sessions, struct session *session, const struct domain_key *key);

enum template_taken { TEMPLATE_NO_ROOM, TEMPLATE_KNOWN, TEMPLATE_NEW };
/* Takes the place of one with the same id, unless it is the same. One of up to DATA_RECORD_FIELDS_MAX fields. */
enum template_taken template_take(struct sessions *sessions, struct domain *domain, uint16_t id, bool options,
                                  const struct field_specifier *fields, unsigned n_fields, int64_t now_us);
/* Makes the plans of the template, which is in use, unless it has them: when the first data set needs them, for
 * templates are cheap to send, and plans dear to make. false: there is no room. */
bool template_plan(struct sessions *sessions, struct template *template);
/* Keeps a copy until its template comes. What has no room is lost. */
void held_add(struct sessions *sessions, struct domain *domain, uint16_t id, const uint8_t *bytes, size_t len,
              const struct data_record_context *context, int64_t now_us);
/* Of a part of the domain. Whether it is new. */
bool rate_take(struct sessions *sessions, struct domain *domain, uint64_t key, uint32_t rate);

#endif
