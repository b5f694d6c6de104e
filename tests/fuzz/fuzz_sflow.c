/* Any bytes as an sFlow datagram: never a byte read beyond it, the same result twice, records of the length that the
 * fields' list says, and no more of them where the datagram is cut off. */
#include "collect/sflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth, const char *what) {
    if (truth) return;
    fprintf(stderr, "fuzz_sflow: %s\n", what);
    abort();
}

struct decoded {
    int result;
    struct sflow_header header;
    struct sflow_counts counts;
    uint64_t samples, sum; /* how many, and of all that they say */
};

static void on_sample(void *context, const struct sflow_header *header, const struct sflow_sample *sample) {
    struct decoded *decoded = context;
    size_t expected = 0;
    require(header == &decoded->header, "another header");
    require(sample->family < FLOW_FAMILIES, "a family");
    for (unsigned i = 0; i < sflow_n_fields[sample->family]; i++)
        expected += sflow_fields[sample->family][i].length;
    require(sample->len == expected, "the length of a record");
    require(sample->sampling > 0, "a rate of 0");
    for (size_t i = 0; i < sample->len; i++)
        decoded->sum = decoded->sum * 31 + sample->record[i];
    decoded->sum = decoded->sum * 31 + sample->source_id + sample->source_type + sample->sequence + sample->sampling +
                   sample->pool + sample->drops;
    decoded->samples++;
}

static void on_interface(void *context, const struct sflow_header *header, const struct sflow_interface *interface) {
    struct decoded *decoded = context;
    require(header == &decoded->header, "another header");
    decoded->sum = decoded->sum * 31 + interface->index + interface->speed + interface->in + interface->out;
}

static void on_discarded(void *context, uint32_t reason, uint64_t n) {
    struct decoded *decoded = context;
    require(n > 0, "no packet was discarded");
    decoded->sum = decoded->sum * 31 + reason + n;
}

static void on_name(void *context, const struct sflow_header *header, uint32_t index, const uint8_t *name, size_t len) {
    struct decoded *decoded = context;
    require(header == &decoded->header, "another header");
    for (size_t i = 0; i < len; i++)
        decoded->sum = decoded->sum * 31 + name[i];
    decoded->sum = decoded->sum * 31 + index;
}

static struct decoded decode(const uint8_t *data, size_t size) {
    struct decoded decoded;
    uint8_t *copy = mem_alloc(size ? size : 1); /* ends there: a sanitizer sees a read too far */
    memcpy(copy, data, size);
    memset(&decoded, 0, sizeof decoded);
    static const struct packet_options options = {.tunnels = 1u << TUNNEL_IP | 1u << TUNNEL_GRE};
    const struct sflow_sink sink = {.options = &options,
                                    .context = &decoded,
                                    .sample = on_sample,
                                    .interface = on_interface,
                                    .discarded = on_discarded,
                                    .name = on_name};
    decoded.result = sflow_decode(copy, size, &decoded.header, &decoded.counts, &sink);
    free(copy);
    return decoded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct decoded whole = decode(data, size), again = decode(data, size), part = decode(data, size - size / 3);
    const struct sflow_counts *counts = &whole.counts;
    require(memcmp(&whole, &again, sizeof whole) == 0, "another result the second time");
    require(whole.result == 0 || whole.result == -1, "a result");
    require(counts->flow_samples == counts->not_ip + whole.samples, "a flow sample that is neither");
    uint64_t samples =
        counts->flow_samples + counts->counter_samples + counts->discard_samples + counts->unknown_samples;
    require(samples <= size / 8 && samples <= whole.header.n_samples, "more samples than there is room for");
    require(whole.result != 0 || samples == whole.header.n_samples, "a sample is missing");
    require(part.samples <= whole.samples && part.counts.counter_samples <= counts->counter_samples,
            "more where the end is cut off");
    return 0;
}
