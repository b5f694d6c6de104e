/* Interfaces, as their counter samples say. */
#include "collect/interfaces.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/mem.h"

enum { WAYS = 4 };

struct interfaces {
    struct interface (*sets)[WAYS];
    size_t n; /* sets, a power of two */
    uint64_t seed;
};

struct interfaces *interfaces_new(size_t bytes, uint64_t seed) {
    struct interfaces *interfaces = mem_zalloc(1, sizeof *interfaces);
    interfaces->n = 1;
    while (interfaces->n * 2 * sizeof interfaces->sets[0] <= bytes)
        interfaces->n *= 2;
    interfaces->sets = mem_zalloc(interfaces->n, sizeof interfaces->sets[0]);
    interfaces->seed = seed;
    return interfaces;
}

void interfaces_free(struct interfaces *interfaces) {
    if (!interfaces) return;
    free(interfaces->sets);
    free(interfaces);
}

size_t interfaces_bytes(const struct interfaces *interfaces) { return interfaces->n * sizeof interfaces->sets[0]; }

static struct interface *set_of(const struct interfaces *interfaces, uint8_t family, const uint8_t *address,
                                uint32_t index) {
    uint8_t key[21];
    memcpy(key, address, 16);
    key[16] = family;
    be32_put(key + 17, index);
    return interfaces->sets[XXH3_64bits_withSeed(key, sizeof key, interfaces->seed) & (interfaces->n - 1)];
}

static bool is_it(const struct interface *interface, uint8_t family, const uint8_t *address, uint32_t index) {
    return interface->heard && interface->index == index && interface->family == family &&
           memcmp(interface->address, address, sizeof interface->address) == 0;
}

void interfaces_note(struct interfaces *interfaces, const struct interface *interface) {
    struct interface *set = set_of(interfaces, interface->family, interface->address, interface->index), *place = set;
    for (unsigned i = 0; i < WAYS; i++) {
        if (is_it(&set[i], interface->family, interface->address, interface->index)) {
            place = &set[i];
            break;
        }
        if (set[i].heard < place->heard) place = &set[i];
    }
    *place = *interface;
}

const struct interface *interfaces_find(const struct interfaces *interfaces, uint8_t family, const uint8_t address[16],
                                        uint32_t index) {
    const struct interface *set = interfaces ? set_of(interfaces, family, address, index) : NULL;
    for (unsigned i = 0; set && i < WAYS; i++)
        if (is_it(&set[i], family, address, index)) return &set[i];
    return NULL;
}

static int compare(const void *one, const void *other) {
    const struct interface *a = one, *b = other;
    int order = a->family != b->family ? a->family - b->family : memcmp(a->address, b->address, sizeof a->address);
    return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

/* The last one of the sorted list goes where a smaller one comes. */
static unsigned list_insert(struct interface *list, unsigned n, unsigned max, const struct interface *interface) {
    if (n == max && (max == 0 || compare(interface, &list[n - 1]) > 0)) return n;
    unsigned at = n < max ? n++ : n - 1;
    for (; at > 0 && compare(interface, &list[at - 1]) < 0; at--)
        list[at] = list[at - 1];
    list[at] = *interface;
    return n;
}

unsigned interfaces_list(const struct interfaces *interfaces, struct interface *list, unsigned max) {
    unsigned n = 0;
    for (size_t i = 0; interfaces && i < interfaces->n * WAYS; i++) {
        const struct interface *interface = &interfaces->sets[i / WAYS][i % WAYS];
        if (interface->heard) n = list_insert(list, n, max, interface);
    }
    return n;
}
