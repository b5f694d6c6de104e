/* Reading the configuration: command line, file and environment, then what one option says about another. */
#include "config/config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/url.h"
#include "store/manual.h"
#include "store/rollup.h"
#include "http/api.h"
#include "http/web.h"
#include "export/exporter.h"
#include "queue/redis_url.h"
#include "config/capture_options.h"
#include "config/collector_options.h"

enum {
    /* Bytes of cache that one bucket of one flow may take: a row of the default keys with its share of the index and
     * of the scratch for writing. The cache must hold the longest flow twice, or that flow could never be counted. */
    CACHE_ROW_BYTES = 128,
    PASSWORD_MAX = 1024,
};

_Static_assert((int)OPTION_LIST_MAX == (int)BUCKET_SIZES_MAX, "bucket_sizes has as many values as the schema allows");

/* The options that every program has. */
struct standard_values {
    const char *file, *print;
    bool check, help, version;
};

/* clang-format off */
const struct option config_standard_options[] = {
    {.flag = "config", .type = OPTION_TEXT, .offset = OPTION_AT(standard_values, file, const char *),
     .placeholder = "FILE", .help = "Reads this configuration file instead of " FLOWIMPORT_CONFIG "; also -c."},
    {.flag = "c", .type = OPTION_TEXT, .offset = OPTION_AT(standard_values, file, const char *)},
    {.flag = "check-config", .type = OPTION_BOOL, .offset = OPTION_AT(standard_values, check, bool),
     .help = "Checks the configuration, reports mistakes, and exits with 0 or 2."},
    {.flag = "help", .type = OPTION_BOOL, .offset = OPTION_AT(standard_values, help, bool),
     .help = "Shows this text; also -h."},
    {.flag = "h", .type = OPTION_BOOL, .offset = OPTION_AT(standard_values, help, bool)},
    {.flag = "version", .type = OPTION_BOOL, .offset = OPTION_AT(standard_values, version, bool),
     .help = "Shows the version."},
    /* For the build: "sample", "manual-file", "manual-options", "manual-rules", "manual-tables", "manual-/api/PATH",
     * or what the program adds, from the tables to stdout. */
    {.flag = "print", .type = OPTION_TEXT, .offset = OPTION_AT(standard_values, print, const char *)},
};
/* clang-format on */
const unsigned config_n_standard_options = sizeof config_standard_options / sizeof config_standard_options[0];

static void help_print(const struct config_program *program, const struct config *config) {
    struct buffer text = BUFFER_INIT;
    if (program->help && program->help(&config->options, config->operands, config->n_operands, &text)) {
        fwrite(text.data, 1, text.len, stdout);
        buffer_release(&text);
        return;
    }
    buffer_printf(&text, "%s\nOptions:\n", program->usage);
    option_print_help(program->options, program->n_options, &text);
    option_print_help(config_standard_options, config_n_standard_options, &text);
    buffer_add_text(&text, "\nOptions of the configuration file with their defaults; see flowimport.conf(5):\n");
    option_print_help(config_options, config_n_options, &text);
    fwrite(text.data, 1, text.len, stdout);
    buffer_release(&text);
}

static int print_for_build(const char *what, const struct config_program *program) {
    struct buffer text = BUFFER_INIT;
    if (strcmp(what, "sample") == 0) {
        buffer_add_text(&text,
                        "# Options of flowimportd(8) and flowimport(1) with their defaults; see flowimport.conf(5).\n");
        option_print_sample(config_options, config_n_options, &text);
    } else if (strcmp(what, "manual-file") == 0) {
        option_print_manual(config_options, config_n_options, false, &text);
    } else if (strcmp(what, "manual-tables") == 0) {
        manual_print_tables(&text);
    } else if (strncmp(what, "manual-/api/", 12) == 0 && api_print_manual(what + 7, &text) == 0) {
        /* printed */
    } else if (strcmp(what, "manual-rules") == 0) {
        meter_fields_print(&text);
    } else if (strcmp(what, "manual-options") == 0) {
        buffer_add_text(&text, ".Bl -tag -width Ds\n");
        option_print_manual(program->options, program->n_options, true, &text);
        option_print_manual(config_standard_options, config_n_standard_options, true, &text);
        buffer_add_text(&text, ".El\n");
    } else if (!program->print || !program->print(what, &text)) {
        fprintf(stderr,
                "--print: '%s' is not accepted: expected sample, manual-file, manual-options, manual-rules, "
                "manual-tables or manual-/api/PATH\n",
                what);
        return 2;
    }
    fwrite(text.data, 1, text.len, stdout);
    buffer_release(&text);
    return 0;
}

static void path_check(struct config *config, const char *section, const char *name, const char *path) {
    if (path && access(path, R_OK) != 0)
        options_complain(&config->options, section, name, "%s: %s", path, strerror(errno));
}

char *config_password(const char *path, struct error *error) {
    char line[PASSWORD_MAX];
    FILE *file = fopen(path, "re");
    if (!file || !fgets(line, sizeof line, file)) {
        error_set(error, "%s: %s", path, !file || ferror(file) ? strerror(errno) : "the file is empty");
        if (file) fclose(file);
        return NULL;
    }
    fclose(file);
    line[strcspn(line, "\r\n")] = '\0';
    return mem_strdup(line);
}

/* What was refused can't be held against another option. */
static bool is_refused(const struct config *config, const char *section, const char *name) {
    return options_origin(&config->options, section, name).refused;
}

/* Reads a password file into *password. */
static void password_read(struct config *config, const char *section, const char *path, const char **password) {
    struct error error;
    char *line = config_password(path, &error);
    if (!line) {
        options_complain(&config->options, section, "password_file", "%s", error.text);
        return;
    }
    free((char *)*password);
    *password = line;
}

/* One password, from one place: the environment, else the file's option, the password file or the URL. */
static void password_resolve(struct config *config, const char *section, const char *url_text, const char *path,
                             const char **password) {
    struct options *options = &config->options;
    if (options_origin(options, section, "password").source == OPTION_ENVIRONMENT) return;
    struct url url;
    bool in_url = url_parse(&url, url_text, NULL) == 0 && url.password;
    url_release(&url);
    if (*password && path) {
        options_complain(options, section, "password_file", "there is also a password; set only one of them");
    } else if (in_url && (*password || path)) {
        options_complain(options, section, path ? "password_file" : "password",
                         "there is also a password in the url; set only one of them");
    } else if (path) {
        password_read(config, section, path, password);
    }
}

static void queue_option_check(struct config *config) {
    struct redis_target target;
    struct redis_access access = {config->queue.url, config->queue.password, config->queue.name, config->queue.tls};
    struct error error = {""};
    if (is_refused(config, "queue", "url")) return;
    if (!access.password && config->queue.password_file) access.password = ""; /* which could not be read */
    if (redis_target_parse(&target, &access, &error) != 0) {
        options_complain(&config->options, "queue", "url", "%s", error.text);
        return;
    }
    if (!target.secure && config->queue.tls.ca) /* nobody who names an authority wants plain text */
        options_complain(&config->options, "queue", "tls_ca", "requires a url with TLS: rediss://host, and so on");
    redis_target_release(&target);
}

static void store_option_check(struct config *config, const char *section, const char *name, const char *url) {
    struct store_config store = config->store;
    struct error error = {""};
    if (!url || is_refused(config, section, name)) return;
    store.url = url;
    if (store_url_check(&store, &error) != 0) options_complain(&config->options, section, name, "%s", error.text);
}

static void consumer_resolve(struct config *config) {
    if (!config->queue.consumer) {
        char host[256] = "";
        if (gethostname(host, sizeof host - 1) != 0 || !*host) snprintf(host, sizeof host, "flowimport");
        config->queue.consumer = mem_strdup(host);
    }
    const char *name = config->queue.consumer;
    size_t len = 0;
    while (isalnum((unsigned char)name[len]) || (name[len] && strchr("._-", name[len])))
        len++;
    if (name[len] || len >= sizeof((struct generation_id *)0)->consumer)
        options_complain(&config->options, "queue", "consumer",
                         "'%s' is not accepted: expected up to %zu letters, digits, '.', '_' and '-'", name,
                         sizeof((struct generation_id *)0)->consumer - 1);
}

static void layout_resolve(struct config *config) {
    struct error error = {""};
    const char *keys = config->import.aggr_values ? config->import.aggr_values : "";
    const char *sums = config->import.aggr_sums ? config->import.aggr_sums : "";
    if (flow_layout_init(&config->layout, keys, sums, &error) == 0) return;
    /* The text begins with the option that it is about. */
    const char *name = strncmp(error.text, "aggr_sums", strlen("aggr_sums")) == 0 ? "aggr_sums" : "aggr_values";
    const char *colon = strstr(error.text, ": ");
    bool named = colon && strncmp(error.text, name, strlen(name)) == 0;
    options_complain(&config->options, "import", name, "%s", named ? colon + 2 : error.text);
}

int config_schema(const struct config *config, struct schema *schema, struct error *error) {
    const char *rollups = config->import.rollups ? config->import.rollups : ROLLUPS_NONE;
    schema_init(schema, &config->layout, config->import.bucket_sizes.values, config->import.bucket_sizes.n);
    schema_leave_out(schema, (unsigned)config->import.leave_out);
    return rollups_add(schema, rollups, error);
}

static void rollups_check(struct config *config) {
    struct schema schema;
    struct error error = {""};
    if (is_refused(config, "import", "bucket_sizes") || config->layout.n_sums == 0) return; /* said elsewhere */
    if (config_schema(config, &schema, &error) != 0)
        options_complain(&config->options, "import", "rollups", "%s", error.text);
}

static void cache_check(struct config *config) {
    uint64_t smallest = UINT32_MAX;
    if (is_refused(config, "import", "bucket_sizes") || is_refused(config, "import", "max_flow_duration")) return;
    for (unsigned i = 0; i < config->import.bucket_sizes.n; i++)
        if (config->import.bucket_sizes.values[i] < smallest) smallest = config->import.bucket_sizes.values[i];
    /* A flow that is no multiple of the bucket size touches one bucket more at each end. */
    uint64_t buckets = (uint64_t)config->import.max_flow_duration / smallest + 2;
    uint64_t needed = 2 * buckets * CACHE_ROW_BYTES;
    if (config->import.cache_memory >= needed) return;
    options_complain(&config->options, "import", "cache_memory",
                     "too small for one flow of max_flow_duration %" PRId64 "s, which spans %" PRIu64
                     " buckets of %" PRIu64 "s: requires at least %" PRIu64 "M",
                     config->import.max_flow_duration, buckets, smallest, (needed >> 20) + 1);
}

/* A time for a size that isn't there would keep nothing from growing. */
static void keep_check(struct config *config) {
    struct schema schema;
    struct error ignored;
    uint32_t sizes[SCHEMA_SIZES_MAX];
    if (is_refused(config, "import", "bucket_sizes") || is_refused(config, "import", "rollups")) return;
    if (config_schema(config, &schema, &ignored) != 0) return;
    unsigned n = schema_all_sizes(&schema, sizes);
    for (unsigned i = 0; i < config->retention.keep.n; i++) {
        unsigned j = 0;
        while (j < n && sizes[j] != config->retention.keep.keys[i])
            j++;
        if (j == n)
            options_complain(&config->options, "retention", "keep",
                             "%" PRIu32 "s is not one of bucket_sizes or rollups", config->retention.keep.keys[i]);
    }
}

void config_agree(struct config *config) {
    rollups_check(config);
    cache_check(config);
    keep_check(config);
}

static void listen_check(struct config *config) {
    struct error error;
    if (config->http.listen && http_listen_check(config->http.listen, &error) != 0)
        options_complain(&config->options, "http", "listen", "%s", error.text);
    else if (config->http.listen && !http_listen_is_loopback(config->http.listen) && !config->http.auth &&
             !config->http.open && !is_refused(config, "http", "open"))
        options_complain(&config->options, "http", "listen",
                         "'%s' can be reached from other hosts: requires auth, a file of users, or open = yes",
                         config->http.listen);
    path_check(config, "http", "asn_db", config->http.asn_db);
    path_check(config, "http", "country_db", config->http.country_db);
    if (config->http.auth && web_users_check(config->http.auth, &error) != 0)
        options_complain(&config->options, "http", "auth", "%s", error.text);
}

static void collectors_check(struct config *config) {
    struct error error;
    if (config->export.collectors && exporter_check(config->export.collectors, &error) != 0)
        options_complain(&config->options, "export", "collectors", "%s", error.text);
}

static void tls_check(struct config *config, const char *section, const char *ca, const char *cert, const char *key) {
    path_check(config, section, "tls_ca", ca);
    path_check(config, section, "tls_cert", cert);
    path_check(config, section, "tls_key", key);
    if (cert && !key) options_complain(&config->options, section, "tls_cert", "requires tls_key");
    if (key && !cert) options_complain(&config->options, section, "tls_key", "requires tls_cert");
}

/* Own networks alone first, for what is wrong with them is said of their option. */
static void names_read(struct config *config) {
    struct error error;
    struct name_book *local = name_book_parse("", 0, "", config->names.local, &error);
    if (!local) options_complain(&config->options, "names", "local", "%s", error.text);
    name_book_drop(local);
    config->book = name_book_read(config->names.files, local ? config->names.local : NULL, &error);
    if (!config->book) options_complain(&config->options, "names", "files", "%s", error.text);
}

struct name_book *config_book(const struct config *config) {
    unsigned ignored;
    if (!config->book || !config->names.learned) return name_book_hold(config->book);
    return name_book_learn(config->book, config->names.learned, &ignored);
}

static void config_check(struct config *config) {
    if (!config->queue.name) options_complain(&config->options, "queue", "name", "must not be empty");
    password_resolve(config, "queue", config->queue.url, config->queue.password_file, &config->queue.password);
    password_resolve(config, "store", config->store.url, config->store_password_file, &config->store.password);
    queue_option_check(config);
    store_option_check(config, "store", "url", config->store.url);
    store_option_check(config, "http", "store", config->http.store);
    consumer_resolve(config);
    layout_resolve(config);
    config_agree(config);
    listen_check(config);
    names_read(config);
    collectors_check(config);
    capture_options_check(config);
    collector_options_check(config);
    tls_check(config, "store", config->store.tls_ca, config->store.tls_cert, config->store.tls_key);
    tls_check(config, "queue", config->queue.tls.ca, config->queue.tls.cert, config->queue.tls.key);
    config->queue.tls.verify = (enum tls_verify)config->queue.tls_verify;
}

/* The arguments, then the file that they name, then the environment, and what they say about each other: all errors in
 * one round. */
static void config_read(struct config *config, const char *named) {
    if (named || access(FLOWIMPORT_CONFIG, F_OK) == 0) config->path = mem_strdup(named ? named : FLOWIMPORT_CONFIG);
    /* The errors are in the options' list, which is asked once, at the end; without the file there is nothing to hold
     * against each other. */
    bool is_there =
        !config->path || options_file(&config->options, config->path) == 0 || access(config->path, R_OK) == 0;
    if (options_environment(&config->options) != 0 || is_there) config_check(config);
}

int config_gather(struct config *config, const struct config_program *program, int argc, char **argv) {
    struct standard_values standard;
    *config = (struct config){0};
    options_init(&config->options, clock_now(&clock_system));
    options_add(&config->options, config_options, config_n_options, config);
    options_add(&config->options, program->options, program->n_options, program->values);
    options_add(&config->options, config_standard_options, config_n_standard_options, &standard);
    int arguments = options_arguments(&config->options, argc, argv, &config->n_operands);
    config->operands = argv + 1;
    /* Behind an option that there isn't stands perhaps its value. */
    if (arguments == 0 && program->no_operands && config->n_operands > 0)
        options_error(&config->options, "'%s': %s accepts options only", config->operands[0], program->name);
    if (arguments == 0 && program->check)
        arguments = program->check(&config->options, config->operands, config->n_operands);

    int status = CONFIG_RUN;
    if (standard.help || standard.version || standard.print) {
        if (standard.help && !arguments)
            help_print(program, config);
        else if (standard.version)
            printf("%s %s\n", program->name, FLOWIMPORT_VERSION);
        status = arguments ? 2 : standard.print ? print_for_build(standard.print, program) : 0;
    } else {
        config_read(config, standard.file);
        if (config->options.n_errors)
            status = 2;
        else if (standard.check) {
            if (config->path)
                printf("configuration ok: %s\n", config->path);
            else
                printf("configuration ok: defaults only (%s does not exist)\n", FLOWIMPORT_CONFIG);
            status = 0;
        }
    }
    /* The standard values end with this call; their group is the last. */
    free((char *)standard.file);
    free((char *)standard.print);
    free(config->options.groups[--config->options.n_groups].origins);
    return status;
}

int config_load(struct config *config, const struct config_program *program, int argc, char **argv) {
    int status = config_gather(config, program, argc, argv);
    if (config->options.n_errors) fwrite(config->options.errors.data, 1, config->options.errors.len, stderr);
    if (status != CONFIG_RUN) config_release(config);
    return status;
}

void config_release(struct config *config) {
    options_release(&config->options);
    name_book_drop(config->book);
    config->book = NULL;
    free(config->path);
    config->path = NULL;
}
