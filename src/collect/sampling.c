/* Sampling rates out of records, and kept for parts of a domain. */
#include "collect/sampling.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { RATES_STEP = 16 };

/* The upper bits of a rate's key; the rest is the number of the part. */
#define OF_SAMPLER (UINT64_C(1) << 62)
#define OF_INTERFACE (UINT64_C(2) << 62)
#define OF_ANYTHING (UINT64_C(3) << 62)

/* In the order in which they count. The rate is `number` over `by`, where that is an element; with `sum`, the two
 * added up over `by`. */
static const struct {
    uint16_t number, by;
    bool sum;
} ways[] = {
    {IE_samplingPacketSpace, IE_samplingPacketInterval, true},
    {IE_samplingPopulation, IE_samplingSize, false},
    {IE_samplingProbability, 0, false},
    {IE_samplingTimeSpace, IE_samplingTimeInterval, true},
    {IE_samplerRandomInterval, 0, false},
    {IE_samplingInterval, 0, false},
};

uint8_t sampling_look(const struct field_specifier *fields, unsigned n) {
    uint8_t found = 0;
    for (unsigned i = 0; i < n; i++) {
        if (fields[i].enterprise != 0) continue;
        for (unsigned w = 0; w < sizeof ways / sizeof ways[0]; w++)
            if (fields[i].id == ways[w].number) found |= SAMPLING_TOLD;
        if (fields[i].id == IE_selectorId || fields[i].id == IE_samplerId) found |= SAMPLING_BY_SAMPLER;
        if (fields[i].id == IE_ingressInterface) found |= SAMPLING_BY_INTERFACE;
        if (i == 0 && (fields[i].id == IE_exportingProcessId || fields[i].id == IE_exporterIPv4Address ||
                       fields[i].id == IE_exporterIPv6Address))
            found |= SAMPLING_OF_EXPORTER;
    }
    return found;
}

/* An IEEE 754 number of 8 bytes, or of 4 where the exporter has cut it (RFC 7011, 6.2): then the upper ones are 0, as
 * they are in no probability that is worth telling. */
static double probability(uint64_t bits) {
    if (bits <= UINT32_MAX) {
        uint32_t half = (uint32_t)bits;
        float single;
        memcpy(&single, &half, sizeof single);
        return (double)single;
    }
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static uint32_t rounded(double rate) { return rate >= 1 && rate < (double)UINT32_MAX ? (uint32_t)(rate + 0.5) : 0; }

/* 0: it tells none. */
static uint32_t told(const struct data_record_plan *plan, const uint8_t *bytes, size_t len) {
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        uint64_t number, by = 1;
        uint32_t rate;
        if (!data_record_number(plan, bytes, len, ways[i].number, &number)) continue;
        if (ways[i].by && (!data_record_number(plan, bytes, len, ways[i].by, &by) || by == 0)) continue;
        if (ways[i].number == IE_samplingProbability)
            rate = rounded(1 / probability(number));
        else
            rate = rounded(((double)number + (ways[i].sum ? (double)by : 0)) / (double)by);
        if (rate > 0) return rate;
    }
    return 0;
}

/* 0: it names none. */
static uint64_t part_of(const struct data_record_plan *plan, const uint8_t *bytes, size_t len) {
    uint64_t id;
    if (data_record_number(plan, bytes, len, IE_selectorId, &id) ||
        data_record_number(plan, bytes, len, IE_samplerId, &id))
        return OF_SAMPLER | (id & ~OF_ANYTHING);
    if (data_record_number(plan, bytes, len, IE_ingressInterface, &id)) return OF_INTERFACE | (id & ~OF_ANYTHING);
    return 0;
}

/* --- what is kept --- */

static unsigned index_of(const struct domain *domain, uint64_t key) {
    unsigned low = 0, high = domain->n_rates;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (domain->rates[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t rate_find(const struct domain *domain, uint64_t key) {
    unsigned i = index_of(domain, key);
    return i < domain->n_rates && domain->rates[i].key == key ? domain->rates[i].rate : 0;
}

size_t rate_places_wanted(const struct domain *domain) {
    return domain->n_rates % RATES_STEP == 0 ? RATES_STEP * sizeof domain->rates[0] : 0;
}

void rate_places_add(struct domain *domain) {
    domain->rates = mem_realloc(domain->rates, domain->n_rates + RATES_STEP, sizeof domain->rates[0]);
}

/* Of all its samplers; where it has none, of all its interfaces. 0: they differ. */
static uint32_t common_rate(const struct domain *domain) {
    const struct rate *first = domain->rates;
    for (unsigned i = 1; i < domain->n_rates && (first[i].key & OF_ANYTHING) == (first->key & OF_ANYTHING); i++)
        if (first[i].rate != first->rate) return 0;
    return first->rate;
}

void rate_put(struct domain *domain, uint64_t key, uint32_t rate) {
    unsigned i = index_of(domain, key);
    if (i == domain->n_rates || domain->rates[i].key != key) {
        memmove(&domain->rates[i + 1], &domain->rates[i], (domain->n_rates - i) * sizeof domain->rates[0]);
        domain->n_rates++;
    }
    domain->rates[i] = (struct rate){key, rate};
    domain->common_rate = common_rate(domain);
}

void rates_forget(struct sessions *sessions, struct domain *domain) {
    for (unsigned n = 0; n < domain->n_rates; n += RATES_STEP)
        session_give(sessions, domain->session, RATES_STEP * sizeof domain->rates[0]);
    free(domain->rates);
    domain->rates = NULL;
    domain->n_rates = 0;
    domain->common_rate = 0;
}

/* --- records --- */

/* Whether rates are kept of parts that the template has no field for. */
static bool parts_unnamed(const struct domain *domain, const struct template *template) {
    if (domain->n_rates == 0 || domain->rate != 0) return false;
    bool samplers = (domain->rates[0].key & OF_ANYTHING) == OF_SAMPLER;
    return !(template->sampling & (samplers ? SAMPLING_BY_SAMPLER : SAMPLING_BY_INTERFACE));
}

bool sampling_unjoined(const struct domain *domain, const struct template *template, uint32_t *rate,
                       uint64_t *sampler) {
    if (!parts_unnamed(domain, template) || domain->common_rate != 0 || template->sampling & SAMPLING_TOLD)
        return false;
    *rate = domain->rates[0].rate;
    *sampler = domain->rates[0].key & ~OF_ANYTHING;
    return (domain->rates[0].key & OF_ANYTHING) == OF_SAMPLER;
}

uint32_t sampling_of(const struct domain *domain, const struct template *template, const uint8_t *bytes, size_t len) {
    uint32_t rate = 0;
    uint64_t id;
    const struct data_record_plan *plan = template->plan;
    if (template->sampling & SAMPLING_TOLD) rate = told(plan, bytes, len);
    if (rate == 0 && domain->n_rates > 0 && template->sampling & (SAMPLING_BY_SAMPLER | SAMPLING_BY_INTERFACE)) {
        if (data_record_number(plan, bytes, len, IE_selectorId, &id) ||
            data_record_number(plan, bytes, len, IE_samplerId, &id))
            rate = rate_find(domain, OF_SAMPLER | (id & ~OF_ANYTHING));
        if (rate == 0 && data_record_number(plan, bytes, len, IE_ingressInterface, &id))
            rate = rate_find(domain, OF_INTERFACE | (id & ~OF_ANYTHING));
    }
    if (rate == 0 && parts_unnamed(domain, template)) rate = domain->common_rate;
    return rate > 0 ? rate : domain->rate;
}

bool sampling_unknown(const struct domain *domain, const struct template *template, const uint8_t *bytes, size_t len) {
    uint32_t rate;
    uint64_t sampler;
    const struct data_record_plan *plan = template->plan;
    if (sampling_unjoined(domain, template, &rate, &sampler)) return true;
    if (!(template->sampling & SAMPLING_BY_SAMPLER) || sampling_of(domain, template, bytes, len) != 0) return false;
    return (data_record_number(plan, bytes, len, IE_selectorId, &sampler) ||
            data_record_number(plan, bytes, len, IE_samplerId, &sampler)) &&
           sampler != 0;
}

bool sampling_told(const struct template *template, const uint8_t *bytes, size_t len, struct rate *rate) {
    *rate = (struct rate){part_of(template->plan, bytes, len), told(template->plan, bytes, len)};
    return rate->rate > 0;
}
