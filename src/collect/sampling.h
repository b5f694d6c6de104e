/* Sampling rates that exporters report: in options, or in each record. A rate of n: 1 in n packets was looked at.
 *
 * Told by samplingPacketInterval and Space, samplingSize and Population, samplingProbability, samplingTimeInterval and
 * Space, samplerRandomInterval, or samplingInterval; a quotient is rounded. Options that name a sampler or selector
 * (samplerId, selectorId) apply to the records that have the same; those that name an ingressInterface, of its records;
 * all others, whatever their scope, of all records of the domain. Where records can't say which sampler they are of,
 * for their template has no such field, and all samplers of the domain have one rate, it is that; of interfaces
 * likewise.
 *
 * Options whose scope is the whole exporter (v9's System, exportingProcessId, exporterIPv4Address) also apply to its
 * other domains, at whatever port, where these have no rates of their own. */
#ifndef FLOWIMPORT_COLLECT_SAMPLING_H
#define FLOWIMPORT_COLLECT_SAMPLING_H

#include "collect/template.h"

enum { RATES_MAX = 4096 }; /* of parts of a domain */

enum sampling_look {
    SAMPLING_TOLD = 1,
    SAMPLING_BY_SAMPLER = 2,
    SAMPLING_BY_INTERFACE = 4,
    SAMPLING_OF_EXPORTER = 8,
};
/* What of it a template has: its records tell a rate; they say of which sampler or interface they are; as options, they
 * are of the whole exporter. */
uint8_t sampling_look(const struct field_specifier *fields, unsigned n);

struct rate {
    uint64_t key; /* of the part: opaque, but may be written down */
    uint32_t rate;
};

static inline bool sampling_known(const struct domain *domain) { return domain->rate != 0 || domain->n_rates != 0; }

/* Whose rates count: the domain's own; if it has none, those of the sibling that the template is of; those of the whole
 * exporter. */
static inline const struct domain *sampling_domain(const struct sessions *sessions, const struct domain *domain,
                                                   const struct template *template) {
    if (sampling_known(domain)) return domain;
    const struct domain *exporter = sampling_known(template->domain) ? NULL : domain_of_exporter(sessions, domain);
    return exporter ? exporter : template->domain;
}

/* Whether rates and records can't be joined: the rates are of samplers, and differ, and the records name none. *rate
 * and *sampler are the first then. */
bool sampling_unjoined(const struct domain *domain, const struct template *template, uint32_t *rate, uint64_t *sampler);

/* Whether the record is of a sampler whose rate nobody has told, or of one of several, and names none. */
bool sampling_unknown(const struct domain *domain, const struct template *template, const uint8_t *bytes, size_t len);
/* The rate of a record: its own, that of its sampler, of its interface, of its domain; 0: nobody has told. */
uint32_t sampling_of(const struct domain *domain, const struct template *template, const uint8_t *bytes, size_t len);
/* What a record of options tells: a rate, and of which part of the domain; part 0: of all of it. false: none. */
bool sampling_told(const struct template *template, const uint8_t *bytes, size_t len, struct rate *rate);

/* 0: the part was not reported. */
uint32_t rate_find(const struct domain *domain, uint64_t key);
/* Bytes that the domain needs before it has a place for one more, and the place; 0: it has one. */
size_t rate_places_wanted(const struct domain *domain);
void rate_places_add(struct domain *domain);
/* In place of the part's old one, or into a free place. */
void rate_put(struct domain *domain, uint64_t key, uint32_t rate);
void rates_forget(struct sessions *sessions, struct domain *domain);

#endif
