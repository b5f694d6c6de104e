/* Export messages put together number by number; lengths are filled in where a part ends. */
#ifndef TESTS_UNIT_MESSAGES_H
#define TESTS_UNIT_MESSAGES_H

#include "base/bytes.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct message {
    size_t len;
    uint8_t at[65536];
};

static inline void put(struct message *message, uint64_t number, unsigned bytes) {
    be_put(message->at + message->len, number, bytes);
    message->len += bytes;
}

/* Pairs of a number and its bytes. */
#define PUT(message, ...)                                                                                              \
    do {                                                                                                               \
        const uint64_t pairs_[] = {__VA_ARGS__};                                                                       \
        for (size_t i_ = 0; i_ < sizeof pairs_ / sizeof pairs_[0]; i_ += 2)                                            \
            put(message, pairs_[i_], (unsigned)pairs_[i_ + 1]);                                                        \
    } while (0)

static inline size_t set_begin(struct message *message, unsigned id) {
    PUT(message, id, 2, 0, 2);
    return message->len - 4;
}

static inline void set_end(struct message *message, size_t begin) {
    be_put(message->at + begin + 2, message->len - begin, 2);
}

static inline void ipfix_begin(struct message *message, uint32_t export, uint32_t sequence, uint32_t domain) {
    message->len = 0;
    PUT(message, 10, 2, 0, 2, export, 4, sequence, 4, domain, 4);
}

static inline void ipfix_end(struct message *message) { be_put(message->at + 2, message->len, 2); }

static inline void v9_begin(struct message *message, uint32_t uptime_ms, uint32_t export, uint32_t sequence,
                            uint32_t domain) {
    message->len = 0;
    PUT(message, 9, 2, 0, 2, uptime_ms, 4, export, 4, sequence, 4, domain, 4);
}

/* A template record, and around it a set of its own: pairs of element and length. `set`: 2 in IPFIX, 0 in v9. */
#define TEMPLATE(message, set, id, ...)                                                                                \
    do {                                                                                                               \
        const uint16_t fields_[] = {__VA_ARGS__};                                                                      \
        size_t begin_ = set_begin(message, set);                                                                       \
        PUT(message, id, 2, sizeof fields_ / 4, 2);                                                                    \
        for (size_t i_ = 0; i_ < sizeof fields_ / 2; i_++)                                                             \
            put(message, fields_[i_], 2);                                                                              \
        set_end(message, begin_);                                                                                      \
    } while (0)

/* The same of IPFIX options with so many scopes. */
#define OPTIONS(message, id, scopes, ...)                                                                              \
    do {                                                                                                               \
        const uint16_t fields_[] = {__VA_ARGS__};                                                                      \
        size_t begin_ = set_begin(message, 3);                                                                         \
        PUT(message, id, 2, sizeof fields_ / 4, 2, scopes, 2);                                                         \
        for (size_t i_ = 0; i_ < sizeof fields_ / 2; i_++)                                                             \
            put(message, fields_[i_], 2);                                                                              \
        set_end(message, begin_);                                                                                      \
    } while (0)

/* A data set of its own: pairs of a number and its bytes. */
#define DATA(message, id, ...)                                                                                         \
    do {                                                                                                               \
        size_t begin_ = set_begin(message, id);                                                                        \
        PUT(message, __VA_ARGS__);                                                                                     \
        set_end(message, begin_);                                                                                      \
    } while (0)

#endif
