/* The cache of hosts' names, the resolver behind it, and the two files. */
#include "http/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/dns.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "flow/layout.h"

enum {
    BUCKETS = 4096,
    UNDER_WAY = 32,
    NO_SERVERS = 6, /* of the resolver's file: libevent asks this machine's then, as resolv.conf(5) says */
};

enum entry_state { ENTRY_FREE, ENTRY_WAITS, ENTRY_ASKED, ENTRY_KNOWN };

struct entry {
    uint8_t address[16];
    uint8_t family; /* enum flow_family */
    uint8_t state;  /* enum entry_state */
    int32_t next;   /* in its bucket; -1: the last */
    int64_t until;  /* seconds since the epoch: to when it is good */
    char *host;     /* NULL: it has none */
};

struct question {        /* under way, at the resolver */
    struct names *names; /* NULL: none */
    uint8_t address[16];
    uint8_t family;
};

struct names {
    struct names_config config;
    MMDB_s asn, country;
    bool has_asn, has_country;
    struct evdns_base *dns; /* NULL: nobody is asked */
    int fd;                 /* eventfd: a question waits */
    struct event *on_question;
    struct question questions[UNDER_WAY]; /* the loop's */
    pthread_mutex_t lock;                 /* guards what follows */
    struct entry *entries;                /* NAMES_KEPT, a ring: the next to be given is at `next` */
    int32_t buckets[BUCKETS];
    uint32_t next;
    int32_t waiting[NAMES_WAITING]; /* entries in the state ENTRY_WAITS, or once were */
    unsigned n_waiting;
    uint64_t asked, found;
};

/* --- the cache --- */

static unsigned bucket_of(unsigned family, const uint8_t *address) {
    uint32_t hash = family + 2166136261u;
    for (unsigned i = 0; i < (family == FLOW_IPV4 ? 4u : 16u); i++)
        hash = (hash ^ address[i]) * 16777619u;
    return (hash ^ hash >> 15) % BUCKETS;
}

static size_t address_len(unsigned family) { return family == FLOW_IPV4 ? 4 : 16; }

static struct entry *entry_find(struct names *names, unsigned family, const uint8_t *address) {
    for (int32_t i = names->buckets[bucket_of(family, address)]; i >= 0; i = names->entries[i].next) {
        struct entry *entry = &names->entries[i];
        if (entry->family == family && memcmp(entry->address, address, address_len(family)) == 0) return entry;
    }
    return NULL;
}

/* The oldest gives way. */
static struct entry *entry_add(struct names *names, unsigned family, const uint8_t *address) {
    int32_t at = (int32_t)(names->next++ % NAMES_KEPT);
    struct entry *entry = &names->entries[at];
    if (entry->state != ENTRY_FREE) {
        int32_t *link = &names->buckets[bucket_of(entry->family, entry->address)];
        while (*link != at)
            link = &names->entries[*link].next;
        *link = entry->next;
        free(entry->host);
    }
    int32_t *bucket = &names->buckets[bucket_of(family, address)];
    *entry = (struct entry){.family = (uint8_t)family, .next = *bucket};
    memcpy(entry->address, address, address_len(family));
    *bucket = at;
    return entry;
}

/* Has the loop ask for it, if there is room. */
static void entry_ask(struct names *names, struct entry *entry) {
    if (names->n_waiting == NAMES_WAITING) return;
    entry->state = ENTRY_WAITS;
    names->waiting[names->n_waiting++] = (int32_t)(entry - names->entries);
    (void)!eventfd_write(names->fd, 1);
}

static void host_find(struct names *names, unsigned family, const uint8_t *address, struct api_name *name) {
    int64_t now = clock_now(names->config.clock);
    pthread_mutex_lock(&names->lock);
    struct entry *entry = entry_find(names, family, address);
    if (entry && entry->host) snprintf(name->host, sizeof name->host, "%s", entry->host);
    if (!entry && names->n_waiting < NAMES_WAITING) entry = entry_add(names, family, address);
    if (entry && (entry->state == ENTRY_FREE || (entry->state == ENTRY_KNOWN && entry->until <= now)))
        entry_ask(names, entry);
    pthread_mutex_unlock(&names->lock);
}

/* --- the resolver, on the loop --- */

static void on_answer(int result, char type, int count, int ttl, void *addresses, void *context);

/* The address of the next question, if there is one. */
static bool question_take(struct names *names, struct question *question) {
    bool taken = false;
    pthread_mutex_lock(&names->lock);
    while (!taken && names->n_waiting > 0) {
        struct entry *entry = &names->entries[names->waiting[--names->n_waiting]];
        taken = entry->state == ENTRY_WAITS; /* else another address has its place by now */
        if (!taken) continue;
        entry->state = ENTRY_ASKED;
        question->family = entry->family;
        memcpy(question->address, entry->address, sizeof question->address);
        names->asked++;
    }
    pthread_mutex_unlock(&names->lock);
    return taken;
}

static void questions_send(struct names *names) {
    for (unsigned i = 0; i < UNDER_WAY; i++) {
        struct question *question = &names->questions[i];
        if (question->names || !question_take(names, question)) continue;
        const void *address = question->address;
        question->names = names;
        struct evdns_request *request =
            question->family == FLOW_IPV4
                ? evdns_base_resolve_reverse(names->dns, address, 0, on_answer, question)
                : evdns_base_resolve_reverse_ipv6(names->dns, address, 0, on_answer, question);
        if (!request) on_answer(DNS_ERR_UNKNOWN, DNS_PTR, 0, 0, NULL, question);
    }
}

static void on_answer(int result, char type, int count, int ttl, void *addresses, void *context) {
    struct question *question = context;
    struct names *names = question->names;
    bool found = result == DNS_ERR_NONE && type == DNS_PTR && count > 0;
    (void)ttl;
    pthread_mutex_lock(&names->lock);
    struct entry *entry = entry_find(names, question->family, question->address);
    if (entry) { /* it may have given way to others meanwhile */
        free(entry->host);
        entry->host = found ? mem_strdup(((char **)addresses)[0]) : NULL;
        entry->state = ENTRY_KNOWN;
        entry->until = clock_now(names->config.clock) + (found ? NAMES_KEEP_S : NAMES_KEEP_NONE_S);
        names->found += found;
    }
    pthread_mutex_unlock(&names->lock);
    question->names = NULL;
    (void)!eventfd_write(names->fd, 1); /* the next one, not from here: we may be called while one is being sent */
}

static void on_question(evutil_socket_t fd, short what, void *context) {
    eventfd_t count;
    (void)what;
    (void)!eventfd_read(fd, &count);
    questions_send(context);
}

static void on_message(int is_warning, const char *message) {
    log_write(is_warning ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "http", "DNS: %s", message);
}

static int resolver_start(struct names *names, struct event_base *base, struct error *error) {
    const char *servers = names->config.servers ? names->config.servers : "/etc/resolv.conf";
    evdns_set_log_fn(on_message);
    names->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    int failed = evdns_base_resolv_conf_parse(names->dns, DNS_OPTION_NAMESERVERS | DNS_OPTION_MISC, servers);
    if (failed && failed != NO_SERVERS) return error_set(error, "%s: can't be read: %s", servers, strerror(errno));
    names->entries = mem_zalloc(NAMES_KEPT, sizeof names->entries[0]);
    for (unsigned i = 0; i < BUCKETS; i++)
        names->buckets[i] = -1;
    names->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    names->on_question = event_new(base, names->fd, EV_READ | EV_PERSIST, on_question, names);
    event_add(names->on_question, NULL);
    return 0;
}

/* --- the files --- */

static int file_open(MMDB_s *file, bool *is_open, const char *path, struct error *error) {
    if (!path) return 0;
    int code = MMDB_open(path, MMDB_MODE_MMAP, file);
    bool is_system = code == MMDB_FILE_OPEN_ERROR || code == MMDB_IO_ERROR;
    if (code != MMDB_SUCCESS)
        return error_set(error, "%s: %s", path, is_system ? strerror(errno) : MMDB_strerror(code));
    *is_open = true;
    return 0;
}

/* Where the address is in a file; false: nowhere. */
static bool file_find(const MMDB_s *file, unsigned family, const uint8_t *address, MMDB_entry_s *entry) {
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    int code;
    memcpy(&ipv4.sin_addr, address, sizeof ipv4.sin_addr);
    if (family == FLOW_IPV6) memcpy(&ipv6.sin6_addr, address, sizeof ipv6.sin6_addr);
    MMDB_lookup_result_s found = MMDB_lookup_sockaddr(file, family == FLOW_IPV4 ? (void *)&ipv4 : (void *)&ipv6, &code);
    *entry = found.entry;
    return code == MMDB_SUCCESS && found.found_entry;
}

/* A text at a path in an entry: its length, and the text, which is not terminated. */
static int text_get(MMDB_entry_s *entry, const char **text, const char *const *path) {
    MMDB_entry_data_s data;
    if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data ||
        data.type != MMDB_DATA_TYPE_UTF8_STRING)
        return 0;
    *text = data.utf8_string;
    return (int)data.data_size;
}

static void network_find(const struct names *names, unsigned family, const uint8_t *address, struct api_name *name) {
    static const char *const number_path[] = {"autonomous_system_number", NULL};
    static const char *const name_path[] = {"autonomous_system_organization", NULL};
    MMDB_entry_s entry;
    MMDB_entry_data_s number;
    const char *text = "";
    if (!names->has_asn || !file_find(&names->asn, family, address, &entry)) return;
    if (MMDB_aget_value(&entry, &number, number_path) != MMDB_SUCCESS || !number.has_data ||
        number.type != MMDB_DATA_TYPE_UINT32)
        return;
    int len = text_get(&entry, &text, name_path);
    snprintf(name->network, sizeof name->network, "AS%u%s%.*s", number.uint32, len ? " " : "", len, text);
}

static void country_find(const struct names *names, unsigned family, const uint8_t *address, struct api_name *name) {
    static const char *const paths[][3] = {{"country", "iso_code", NULL}, {"registered_country", "iso_code", NULL}};
    MMDB_entry_s entry;
    const char *text;
    if (!names->has_country || !file_find(&names->country, family, address, &entry)) return;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && !name->country[0]; i++) {
        int len = text_get(&entry, &text, paths[i]);
        snprintf(name->country, sizeof name->country, "%.*s", len, len ? text : "");
    }
}

/* --- all of it --- */

struct names *names_new(struct event_base *base, const struct names_config *config, struct error *error) {
    struct names *names = mem_zalloc(1, sizeof *names);
    names->config = *config;
    pthread_mutex_init(&names->lock, NULL);
    if (file_open(&names->asn, &names->has_asn, config->asn_db, error) != 0 ||
        file_open(&names->country, &names->has_country, config->country_db, error) != 0 ||
        (config->resolve && resolver_start(names, base, error) != 0)) {
        names_free(names);
        return NULL;
    }
    return names;
}

void names_free(struct names *names) {
    if (!names) return;
    if (names->dns) evdns_base_free(names->dns, 0);
    if (names->on_question) {
        event_free(names->on_question);
        close(names->fd);
    }
    for (unsigned i = 0; names->entries && i < NAMES_KEPT; i++)
        free(names->entries[i].host);
    free(names->entries);
    if (names->has_asn) MMDB_close(&names->asn);
    if (names->has_country) MMDB_close(&names->country);
    pthread_mutex_destroy(&names->lock);
    free(names);
}

void names_find(void *context, unsigned family, const uint8_t *address, struct api_name *name) {
    struct names *names = context;
    *name = (struct api_name){.host = ""};
    if (names->dns) host_find(names, family, address, name);
    network_find(names, family, address, name);
    country_find(names, family, address, name);
}

void names_show(struct names *names, struct show *show) {
    pthread_mutex_lock(&names->lock);
    show_module(show, "names");
    show_counter(show, "asked_total", "Addresses looked up in DNS.", names->asked);
    show_counter(show, "found_total", "Names found in DNS.", names->found);
    pthread_mutex_unlock(&names->lock);
}
