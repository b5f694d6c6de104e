/* The configuration of both programs: one table of options (config_options.c), read and checked before anything
 * starts. */
#ifndef FLOWIMPORT_CONFIG_CONFIG_H
#define FLOWIMPORT_CONFIG_CONFIG_H

#include "base/tls.h"
#include "base/option.h"
#include "flow/layout.h"
#include "names/book.h"
#include "store/store.h"

enum config_delivery { DELIVERY_EXACTLY_ONCE, DELIVERY_AT_MOST_ONCE };
enum config_sampling { SAMPLING_BY_COUNT, SAMPLING_BY_HASH };

enum config_elements { ELEMENTS_NEEDED, ELEMENTS_ALL };
enum config_capture_queue { CAPTURE_REDIS, CAPTURE_DIRECT, CAPTURE_NONE };

/* Texts are owned by the configuration; NULL where they are empty. Times are in seconds unless the name ends
 * otherwise. */
struct config {
    struct {
        int target; /* enum log_target */
        int level;  /* enum log_level */
    } log;
    struct {
        const char *url, *name;
        const char *password; /* the file's, the password file's or the environment's; NULL: the URL's or none */
        const char *password_file;
        struct tls_rules tls;
        int tls_verify;         /* enum tls_verify */
        const char *consumer;   /* never NULL: the host's name where none is given */
        int delivery;           /* enum config_delivery */
        uint64_t page;          /* entries */
        uint64_t claim_entries; /* entries */
        int64_t consumer_timeout;
        uint64_t rejected_max; /* entries */
        int64_t retry_max_ms;
    } queue;
    struct {
        struct option_list bucket_sizes;
        const char *aggr_values, *aggr_sums;
        int leave_out; /* set of enum schema_leave */
        const char *rollups;
        int64_t max_flow_age, max_flow_duration, max_future;
        uint64_t max_flow_octets, max_flow_packets;
        bool filter_unknown_ports;
        int64_t flush_interval;
        uint64_t cache_memory; /* bytes */
        bool enabled;
    } import;
    struct store_config store;
    const char *store_password_file;
    struct {
        struct option_map keep; /* by bucket size */
        uint64_t max_size;      /* bytes; 0: no bound */
    } retention;
    struct {
        const char *rules, *filter, *decapsulate;
        int64_t active_timeout, inactive_timeout;
        uint64_t memory;   /* bytes */
        uint64_t sampling; /* one packet in so many */
        int sampling_by;   /* enum config_sampling */
        uint64_t vxlan_port;
        uint64_t fragments;    /* datagrams */
        const char *interface; /* NULL: nothing is captured */
        const char *user;      /* NULL: stays who it is */
        int queue;             /* enum config_capture_queue */
        bool promiscuous;
        uint64_t snaplen, buffer; /* bytes */
    } capture;
    struct {
        const char *listen; /* NULL: nothing is collected */
        int queue;          /* CAPTURE_REDIS or CAPTURE_DIRECT */
        int elements;       /* enum config_elements */
        int tunnel_ends;    /* enum data_record_ends */
        bool count_denied;
        const char *allow, *sampling; /* prefixes; NULL: all, none */
        uint64_t memory, buffer;      /* bytes */
        int64_t template_lifetime, hold, deduplicate, max_skew;
        const char *state; /* the file's path; NULL: none */
    } collector;
    struct {
        const char *collectors; /* NULL: none */
        uint64_t observation_domain;
        int64_t template_refresh;
        uint64_t mtu;      /* bytes */
        uint64_t max_rate; /* records a second; 0: no bound */
    } export;
    struct {
        uint64_t max_queue; /* entries; 0: no bound */
        uint64_t wait_replicas;
        const char *spool;  /* NULL: none */
        uint64_t spool_max; /* bytes */
    } producer;
    struct {
        const char *listen; /* NULL: no HTTP */
        const char *auth;   /* the users' file; NULL: no users */
        bool open;          /* to everybody who reaches it */
        const char *names;  /* of this server; NULL: no more */
        uint64_t workers;
        int64_t query_timeout_ms;
        const char *store; /* its URL; NULL: the store's */
        bool resolve;
        const char *asn_db, *country_db; /* files; NULL: none */
    } http;
    struct {
        const char *files;   /* separated by commas; NULL: none */
        const char *local;   /* prefixes of own networks; NULL: none */
        const char *learned; /* the file of what devices say; NULL: none */
    } names;
    struct name_book *book;    /* of names */
    struct flow_layout layout; /* of import.aggr_values and import.aggr_sums */

    char *path;      /* of the file; NULL: there is none */
    char **operands; /* what is left of the command line; borrowed from argv */
    int n_operands;
    struct options options; /* where each value came from; for messages and config_release */
};

/* What tells one program from another. */
struct config_program {
    const char *name;             /* "flowimportd" */
    const char *usage;            /* the text of --help above the options, from "usage: " to its last newline */
    const struct option *options; /* its own options of the command line, or NULL */
    unsigned n_options;
    void *values;     /* the struct that they are in */
    bool no_operands; /* what is left of the command line is an error */
    /* Each may be NULL. What there is to say against the options and operands of the command line, each of which is
     * right in itself: 0, or -1 and there are errors more. */
    int (*check)(struct options *options, char **operands, int n_operands);
    /* The text of --help for these operands; false: the program's own. */
    bool (*help)(const struct options *options, char **operands, int n_operands, struct buffer *out);
    /* What --print knows besides; false: nothing of that name. */
    bool (*print)(const char *what, struct buffer *out);
};

extern const struct option config_options[];
extern const unsigned config_n_options;
extern const struct option config_standard_options[]; /* --help and its like, which every program has */
extern const unsigned config_n_standard_options;

/* Reads the command line, the file (-c FILE; else the default one, where there is one) and the environment into
 * *config, and checks them together. CONFIG_RUN: go on, with config_release at the end. Anything else is the exit
 * code, all has been said on stdout or stderr, and there is nothing to release: 0 after --help, --version and a
 * --check-config that found no error, 2 after errors. */
enum { CONFIG_RUN = -1 };
int config_load(struct config *config, const struct config_program *program, int argc, char **argv)
    __attribute__((warn_unused_result));
/* The same for a program that reads its configuration again: the errors are in config->options.errors and not said, and
 * config_release is the caller's, whatever is returned. */
int config_gather(struct config *config, const struct config_program *program, int argc, char **argv)
    __attribute__((warn_unused_result));
/* The tables that are configured; the layout is borrowed. 0; -1, with the error set: not even its roll-ups, which a
 * configuration that was loaded does not have. */
int config_schema(const struct config *config, struct schema *schema, struct error *error);
/* Adds an error for what one option says against another; for after options_exchange(). */
void config_agree(struct config *config);
/* The names of files, and over them what devices say of themselves: held, to be dropped by the caller. NULL: none. */
struct name_book *config_book(const struct config *config);
void config_release(struct config *config);
/* The first line of a password file, to be freed by the caller; NULL with the error set. */
char *config_password(const char *path, struct error *error);

#endif
