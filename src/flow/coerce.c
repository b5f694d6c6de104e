/* The coercion rules, by the element's type (RFC 7012, section 3.1). */
#include "flow/coerce.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "flow/names.h"

static const double two_to_63 = 9223372036854775808.0;

/* 1 to 20 ASCII digits, leading zeros allowed. */
static int digits_read(const char *text, size_t len, uint64_t max, uint64_t *number) {
    uint64_t sum = 0;
    if (len == 0 || len > 20) return REJECT_WRONG_TYPE;
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9') return REJECT_WRONG_TYPE;
    for (size_t i = 0; i < len; i++)
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, (uint64_t)(text[i] - '0'), &sum))
            return REJECT_OUT_OF_RANGE;
    if (sum > max) return REJECT_OUT_OF_RANGE;
    *number = sum;
    return COERCE_OK;
}

int coerce_unsigned(const struct value *value, uint64_t max, uint64_t *number) {
    switch (value->kind) {
    case VALUE_INTEGER:
        if (value->integer < 0 || (uint64_t)value->integer > max) return REJECT_OUT_OF_RANGE;
        *number = (uint64_t)value->integer;
        return COERCE_OK;
    case VALUE_REAL:
        if (value->real != floor(value->real)) return REJECT_WRONG_TYPE;
        if (value->real < 0 || value->real >= two_to_63 || (uint64_t)value->real > max) return REJECT_OUT_OF_RANGE;
        *number = (uint64_t)value->real;
        return COERCE_OK;
    case VALUE_TEXT: return digits_read(value->text, value->len, max, number);
    default: return REJECT_WRONG_TYPE;
    }
}

/* "2026-11-28T16:00:00.123+01:00" (RFC 3339), whatever unit the field's name says; without a zone it is UTC. */
static int date_coerce(const struct value *value, uint32_t *seconds) {
    const char *end = value->text + value->len;
    struct date date;
    int64_t ahead = 0;
    const char *zone = date_read(value->text, end, &date);
    if (!zone || date_zone(zone, end, &ahead) < 0) return REJECT_WRONG_TYPE;
    int64_t time = date_minutes(&date) * 60 + date.second - ahead;
    if (time < 0 || time > UINT32_MAX) return REJECT_OUT_OF_RANGE;
    *seconds = (uint32_t)time;
    return COERCE_OK;
}

int coerce_time(const struct value *value, uint64_t per_second, uint32_t *seconds) {
    struct value whole = *value;
    uint64_t number;
    if (value->kind == VALUE_TEXT && value->len > 4 && value->text[4] == '-') return date_coerce(value, seconds);
    if (value->kind == VALUE_REAL) {
        whole.real = floor(value->real);
        if (whole.real >= two_to_63) return REJECT_OUT_OF_RANGE;
    }
    int verdict = coerce_unsigned(&whole, UINT64_MAX, &number);
    if (verdict != COERCE_OK) return verdict;
    number /= per_second;
    if (number > UINT32_MAX) return REJECT_OUT_OF_RANGE;
    *seconds = (uint32_t)number;
    return COERCE_OK;
}

static uint64_t unsigned_max(const struct element *element) {
    unsigned width = element_width(element);
    return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

int coerce_sum(const struct value *value, const struct element *element, uint64_t *number) {
    uint64_t max = unsigned_max(element);
    int verdict = coerce_unsigned(value, max, number);
    bool negative =
        (value->kind == VALUE_INTEGER && value->integer < 0) || (value->kind == VALUE_REAL && value->real < 0);
    if (max < INT64_MAX || negative) return verdict;
    if (verdict == REJECT_OUT_OF_RANGE || (verdict == COERCE_OK && *number > INT64_MAX)) return REJECT_TOO_LARGE;
    return verdict;
}

bool coerce_is_mapped(const uint8_t address[16]) {
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address, prefix, sizeof prefix) == 0;
}

/* An address's text. The zone of an IPv6 address ("fe80::1%eth0", RFC 4007, section 11) names a link of the exporter's,
 * and is ignored. */
static bool address_read(const struct value *value, int family, uint8_t *packed) {
    char text[INET6_ADDRSTRLEN];
    const char *zone = family == AF_INET6 ? memchr(value->text, '%', value->len) : NULL;
    size_t len = zone ? (size_t)(zone - value->text) : value->len;
    if (len >= sizeof text || memchr(value->text, '\0', value->len)) return false;
    memcpy(text, value->text, len);
    text[len] = '\0';
    return inet_pton(family, text, packed) == 1;
}

/* Four decimal parts of 0 to 255 without leading zeros, as inet_pton(AF_INET) reads them, or the same as an IPv4-mapped
 * IPv6 address (RFC 4291, section 2.5.5.2); or an integer in host order. */
static int ipv4_read(const struct value *value, uint8_t *packed) {
    uint64_t number;
    if (value->kind == VALUE_TEXT && memchr(value->text, ':', value->len)) {
        uint8_t mapped[16];
        if (!address_read(value, AF_INET6, mapped) || !coerce_is_mapped(mapped)) return REJECT_WRONG_TYPE;
        memcpy(packed, mapped + 12, 4);
        return COERCE_OK;
    }
    if (value->kind == VALUE_TEXT && memchr(value->text, '.', value->len))
        return address_read(value, AF_INET, packed) ? COERCE_OK : REJECT_WRONG_TYPE;
    int verdict = coerce_unsigned(value, UINT32_MAX, &number);
    if (verdict == COERCE_OK) be_put(packed, number, 4);
    return verdict;
}

static int ipv6_read(const struct value *value, uint8_t *packed) {
    return value->kind == VALUE_TEXT && address_read(value, AF_INET6, packed) ? COERCE_OK : REJECT_WRONG_TYPE;
}

static int hex_digit(char c) {
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* "00:1b:21:0a:ff:3c" (or with '-'), or an integer below 2^48. */
static int mac_read(const struct value *value, uint8_t *packed) {
    enum { BYTES = 6, TEXT = 3 * BYTES - 1 };
    uint64_t number;
    if (value->kind == VALUE_TEXT && value->len == TEXT && (value->text[2] == ':' || value->text[2] == '-')) {
        for (unsigned i = 0; i < BYTES; i++) {
            int high = hex_digit(value->text[3 * i]), low = hex_digit(value->text[3 * i + 1]);
            if (high < 0 || low < 0 || (i + 1 < BYTES && value->text[3 * i + 2] != value->text[2]))
                return REJECT_WRONG_TYPE;
            packed[i] = (uint8_t)(high << 4 | low);
        }
        return COERCE_OK;
    }
    int verdict = coerce_unsigned(value, (UINT64_C(1) << (8 * BYTES)) - 1, &number);
    if (verdict == COERCE_OK) be_put(packed, number, BYTES);
    return verdict;
}

/* At most ELEMENT_TEXT_MAX bytes, padded with NULs. Of an octetArray that VERMONT wrote as a number: its digits. */
static int text_read(const struct value *value, bool numbers, uint8_t *packed) {
    char digits[24];
    const char *text = value->text;
    size_t len = value->len;
    if (value->kind == VALUE_INTEGER && numbers) {
        len = (size_t)snprintf(digits, sizeof digits, "%" PRId64, value->integer);
        text = digits;
    } else if (value->kind != VALUE_TEXT) {
        return REJECT_WRONG_TYPE;
    }
    if (len > ELEMENT_TEXT_MAX) return REJECT_OUT_OF_RANGE;
    memset(packed, 0, ELEMENT_TEXT_MAX);
    memcpy(packed, text, len);
    return COERCE_OK;
}

static int signed_read(const struct value *value, unsigned width, uint8_t *packed) {
    int64_t number, limit = width >= 8 ? INT64_MAX : (INT64_C(1) << (8 * width - 1)) - 1;
    uint64_t positive;
    if (value->kind == VALUE_INTEGER) {
        number = value->integer;
    } else if (value->kind == VALUE_REAL && value->real < 0) {
        if (value->real != floor(value->real)) return REJECT_WRONG_TYPE;
        if (value->real <= -two_to_63) return REJECT_OUT_OF_RANGE;
        number = (int64_t)value->real;
    } else {
        int verdict = coerce_unsigned(value, INT64_MAX, &positive);
        if (verdict != COERCE_OK) return verdict;
        number = (int64_t)positive;
    }
    if (number > limit || number < -limit - 1) return REJECT_OUT_OF_RANGE;
    be_put(packed, (uint64_t)number, width);
    return COERCE_OK;
}

/* The IEEE 754 double, big-endian; -0 is 0. */
static int float_read(const struct value *value, uint8_t *packed) {
    double number = value->kind == VALUE_REAL ? value->real : (double)value->integer;
    uint64_t bits;
    if (value->kind != VALUE_REAL && value->kind != VALUE_INTEGER) return REJECT_WRONG_TYPE;
    if (fabs(number) == DBL_MAX) return REJECT_OUT_OF_RANGE; /* entry.c reads what no double holds as this */
    number += 0.0;
    memcpy(&bits, &number, sizeof bits);
    be_put(packed, bits, 8);
    return COERCE_OK;
}

static int unsigned_read(const struct value *value, const struct element *element, uint8_t *packed) {
    uint64_t number;
    int verdict = coerce_unsigned(value, unsigned_max(element), &number);
    if (verdict == REJECT_WRONG_TYPE && element->id == IE_protocolIdentifier && value->kind == VALUE_TEXT) {
        int protocol = protocol_number(value->text, value->len);
        if (protocol < 0) return REJECT_WRONG_TYPE;
        number = (uint64_t)protocol;
        verdict = COERCE_OK;
    }
    bool is_port = element->id == IE_sourceTransportPort || element->id == IE_destinationTransportPort;
    if (verdict == REJECT_WRONG_TYPE && is_port && value->kind == VALUE_TEXT) {
        int port = service_port(value->text, value->len, 0);
        if (port < 0) return REJECT_WRONG_TYPE;
        number = (uint64_t)port;
        verdict = COERCE_OK;
    }
    if (verdict != COERCE_OK) return verdict;
    /* The upper four bits are the TCP header's data offset, which some exporters leave in (RFC 7125, section 3). */
    if (element->id == IE_tcpControlBits) number &= 0x0fff;
    be_put(packed, number, element_width(element));
    return COERCE_OK;
}

bool coerce_is_plain(const struct element *element) {
    bool is_unsigned = element->type >= ELEMENT_UNSIGNED8 && element->type <= ELEMENT_UNSIGNED64;
    return element->type == ELEMENT_IPV4_ADDRESS || (is_unsigned && element->id != IE_tcpControlBits);
}

int coerce_key(const struct value *value, const struct element *element, uint8_t *packed) {
    switch (element->type) {
    case ELEMENT_IPV4_ADDRESS: return ipv4_read(value, packed);
    case ELEMENT_IPV6_ADDRESS: return ipv6_read(value, packed);
    case ELEMENT_MAC_ADDRESS: return mac_read(value, packed);
    case ELEMENT_STRING: return text_read(value, false, packed);
    case ELEMENT_OCTET_ARRAY: return text_read(value, true, packed);
    case ELEMENT_FLOAT32:
    case ELEMENT_FLOAT64: return float_read(value, packed);
    case ELEMENT_SIGNED8:
    case ELEMENT_SIGNED16:
    case ELEMENT_SIGNED32:
    case ELEMENT_SIGNED64: return signed_read(value, element_width(element), packed);
    case ELEMENT_BOOLEAN: /* 1 is true, 2 is false (RFC 7011, section 6.1.5) */
        if (value->kind == VALUE_BOOLEAN) {
            *packed = value->integer ? 1 : 2;
            return COERCE_OK;
        }
        return unsigned_read(value, element, packed);
    default: return unsigned_read(value, element, packed);
    }
}

void coerce_show(const struct value *value, char *text, size_t size) {
    switch (value->kind) {
    case VALUE_INTEGER: snprintf(text, size, "%" PRId64, value->integer); return;
    case VALUE_REAL: snprintf(text, size, "%.17g", value->real); return;
    case VALUE_BOOLEAN: snprintf(text, size, "%s", value->integer ? "true" : "false"); return;
    case VALUE_COMPOUND: snprintf(text, size, "a list or an object"); return;
    case VALUE_TEXT: break;
    }
    size_t n = value->len < size - 1 ? value->len : size - 1;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)value->text[i];
        text[i] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    text[n] = '\0';
}
