/* Names out of options. */
#include "collect/option_names.h"

#include <string.h>

struct record {
    const struct data_record_plan *plan;
    const uint8_t *bytes;
    size_t len;
};

static bool number_of(const struct record *record, const uint16_t *ids, unsigned n, char id[NAMES_ID_MAX + 1]) {
    for (unsigned i = 0; i < n; i++) {
        uint64_t number;
        if (!data_record_number(record->plan, record->bytes, record->len, ids[i], &number) || number > UINT32_MAX)
            continue;
        name_id_number((uint32_t)number, id);
        return true;
    }
    return false;
}

static bool interface_of(const struct record *record, char id[NAMES_ID_MAX + 1]) {
    static const uint16_t ids[] = {IE_ingressInterface, IE_egressInterface, IE_ingressPhysicalInterface,
                                   IE_egressPhysicalInterface};
    return number_of(record, ids, sizeof ids / sizeof ids[0], id);
}

static bool vrf_of(const struct record *record, char id[NAMES_ID_MAX + 1]) {
    static const uint16_t ids[] = {IE_ingressVRFID, IE_egressVRFID};
    return number_of(record, ids, sizeof ids / sizeof ids[0], id);
}

/* In hexadecimal digits, as flow keys have it. */
static bool application_of(const struct record *record, char id[NAMES_ID_MAX + 1]) {
    static const char digits[] = "0123456789abcdef";
    size_t n;
    const uint8_t *octets = data_record_octets(record->plan, record->bytes, record->len, IE_applicationId, &n);
    if (!octets || n == 0 || 2 * n > NAMES_ID_MAX) return false;
    memset(id, 0, NAMES_ID_MAX + 1);
    for (size_t i = 0; i < n; i++) {
        id[2 * i] = digits[octets[i] >> 4];
        id[2 * i + 1] = digits[octets[i] & 15];
    }
    return true;
}

static const struct kind {
    enum name_kind kind;
    bool (*id_of)(const struct record *record, char id[NAMES_ID_MAX + 1]);
    uint16_t name, description; /* elements; 0: none */
} kinds[] = {
    {NAMED_INTERFACE, interface_of, IE_interfaceName, IE_interfaceDescription},
    {NAMED_APPLICATION, application_of, IE_applicationName, IE_applicationDescription},
    {NAMED_VRF, vrf_of, IE_VRFname, 0},
};

static void exporter_of(const struct record *record, const struct data_record_context *context,
                        struct learned_about *about) {
    size_t n;
    const uint8_t *ipv6 = data_record_octets(record->plan, record->bytes, record->len, IE_exporterIPv6Address, &n);
    uint64_t ipv4;
    about->family = context->family;
    memcpy(about->exporter, context->address, context->family == FLOW_IPV4 ? 4 : 16);
    if (ipv6 && n == sizeof about->exporter) {
        about->family = FLOW_IPV6;
        memcpy(about->exporter, ipv6, n);
    } else if (data_record_number(record->plan, record->bytes, record->len, IE_exporterIPv4Address, &ipv4) && ipv4) {
        memset(about->exporter, 0, sizeof about->exporter);
        about->family = FLOW_IPV4;
        be32_put(about->exporter, (uint32_t)ipv4);
    }
}

void option_names_take(struct message_decoder *decoder, const struct data_record_plan *plan,
                       const struct data_record_context *context, const uint8_t *bytes, size_t len) {
    const struct record record = {plan, bytes, len};
    if (!decoder->config.learned) return;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct learned_about about = {.kind = (uint8_t)kinds[i].kind, .source = NAMED_BY_OPTIONS};
        struct learned_say say = {.speed = 0};
        say.name = data_record_octets(plan, bytes, len, kinds[i].name, &say.name_len);
        if (kinds[i].description)
            say.description = data_record_octets(plan, bytes, len, kinds[i].description, &say.description_len);
        if ((!say.name && !say.description) || !kinds[i].id_of(&record, about.id)) continue;
        exporter_of(&record, context, &about);
        learned_note(decoder->config.learned, &about, &say, decoder_second(decoder));
    }
}
