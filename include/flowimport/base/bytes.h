/* Numbers in bytes: big-endian as the network, packed keys and SQL's order have them, little-endian, or in the order of
 * this machine. Numbers may stand at any address. The caller makes sure that the bytes are there. */
#ifndef FLOWIMPORT_BASE_BYTES_H
#define FLOWIMPORT_BASE_BYTES_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t be16(const uint8_t *at) {
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return be16toh(number);
}

static inline uint32_t be32(const uint8_t *at) {
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return be32toh(number);
}

static inline uint64_t be64(const uint8_t *at) {
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return be64toh(number);
}

static inline uint32_t be24(const uint8_t *at) { return (uint32_t)at[0] << 16 | be16(at + 1); }

/* An unsigned number of any width; of more than 8 bytes the last 8. */
static inline uint64_t be_number(const uint8_t *at, size_t width) {
    uint64_t number = 0;
    switch (width) {
    case 1: return *at;
    case 2: return be16(at);
    case 4: return be32(at);
    case 8: return be64(at);
    default:
        for (size_t i = 0; i < width; i++)
            number = number << 8 | at[i];
        return number;
    }
}

static inline void be16_put(uint8_t *at, uint16_t number) {
    number = htobe16(number);
    memcpy(at, &number, sizeof number);
}

static inline void be32_put(uint8_t *at, uint32_t number) {
    number = htobe32(number);
    memcpy(at, &number, sizeof number);
}

static inline void be64_put(uint8_t *at, uint64_t number) {
    number = htobe64(number);
    memcpy(at, &number, sizeof number);
}

/* The lowest `width` bytes of the number, of which there are at most 8. Returns what is behind them. */
static inline uint8_t *be_put(uint8_t *at, uint64_t number, size_t width) {
    switch (width) {
    case 1: *at = (uint8_t)number; break;
    case 2: be16_put(at, (uint16_t)number); break;
    case 4: be32_put(at, (uint32_t)number); break;
    case 8: be64_put(at, number); break;
    default:
        for (size_t i = width; i > 0; i--, number >>= 8)
            at[i - 1] = (uint8_t)number;
    }
    return at + width;
}

static inline uint16_t le16(const uint8_t *at) {
    uint16_t number;
    memcpy(&number, at, sizeof number);
    return le16toh(number);
}

static inline void le32_put(uint8_t *at, uint32_t number) {
    number = htole32(number);
    memcpy(at, &number, sizeof number);
}

static inline uint32_t le32(const uint8_t *at) {
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return le32toh(number);
}

static inline uint64_t le64(const uint8_t *at) {
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return le64toh(number);
}

/* A uint8_t, uint16_t, uint32_t or uint64_t of this machine, by its width. */
static inline uint64_t host_number(const void *at, size_t width) {
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (width) {
    case 1: return *(const uint8_t *)at;
    case 2: return memcpy(&two, at, sizeof two), two;
    case 4: return memcpy(&four, at, sizeof four), four;
    default: return memcpy(&eight, at, sizeof eight), eight;
    }
}

static inline void host_put(void *at, uint64_t number, size_t width) {
    uint16_t two = (uint16_t)number;
    uint32_t four = (uint32_t)number;
    switch (width) {
    case 1: *(uint8_t *)at = (uint8_t)number; return;
    case 2: memcpy(at, &two, sizeof two); return;
    case 4: memcpy(at, &four, sizeof four); return;
    default: memcpy(at, &number, sizeof number);
    }
}

#endif
