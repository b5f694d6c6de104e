/* The options of the configuration file: names, types, defaults and what is said about them, in one table. */
#include "prog/config.h"

#include "base/log.h"

static const struct option_word log_targets[] = {
    {"stderr", LOG_TARGET_STDERR}, {"syslog", LOG_TARGET_SYSLOG}, {NULL, 0}};
static const struct option_word log_levels[] = {{"error", LOG_LEVEL_ERROR},   {"warning", LOG_LEVEL_WARNING},
                                                {"notice", LOG_LEVEL_NOTICE}, {"info", LOG_LEVEL_INFO},
                                                {"debug", LOG_LEVEL_DEBUG},   {NULL, 0}};
static const struct option_word deliveries[] = {
    {"exactly-once", DELIVERY_EXACTLY_ONCE}, {"at-most-once", DELIVERY_AT_MOST_ONCE}, {NULL, 0}};
static const struct option_word queue_schemes[] = {{"redis", 0}, {"redis+unix", 0}, {NULL, 0}};
static const struct option_word store_schemes[] = {{"sqlite", 0}, {"mysql", 0}, {"memory", 0}, {NULL, 0}};

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
#define AT(field, type) OPTION_AT(config, field, type)

/* clang-format off */
const struct option config_options[] = {
    {.section = "log", .name = "target", .flag = "log-target", .type = OPTION_WORD, .offset = AT(log.target, int),
     .standard = "stderr", .words = log_targets, .help = "Where log lines go.",
     .more = "Under systemd stderr is right: the journal keeps each line's level.", .reload = true},
    {.section = "log", .name = "level", .flag = "log-level", .type = OPTION_WORD, .offset = AT(log.level, int),
     .standard = "notice", .words = log_levels, .help = "The least important lines that are written.", .reload = true},

    {.section = "queue", .name = "url", .flag = "queue", .type = OPTION_URL, .offset = AT(queue.url, const char *),
     .standard = "redis://localhost:6379/0", .words = queue_schemes, .help = "The Redis server that holds the queue.",
     .more = "As in redis://[user[:password]@]host[:port][/database] or redis+unix:///path/of/socket[?db=database]."},
    {.section = "queue", .name = "name", .flag = "queue-name", .type = OPTION_TEXT,
     .offset = AT(queue.name, const char *), .standard = "entry:queue", .placeholder = "KEY",
     .help = "The key of the Redis list that flows arrive on."},
    {.section = "queue", .name = "password", .flag = "queue-password", .type = OPTION_SECRET,
     .offset = AT(queue.password, const char *), .environment = "FLOWIMPORT_QUEUE_PASSWORD",
     .help = "The password for the Redis server."},
    {.section = "queue", .name = "password_file", .flag = "queue-password-file", .type = OPTION_TEXT,
     .offset = AT(queue.password_file, const char *), .placeholder = "FILE",
     .help = "A file whose first line is the password for the Redis server."},
    {.section = "queue", .name = "consumer", .flag = "consumer", .type = OPTION_TEXT,
     .offset = AT(queue.consumer, const char *), .placeholder = "NAME",
     .help = "The name of this importer among all that share the queue; the host name if empty.",
     .more = "It must be its own and stay the same over restarts: what it had taken and not yet written is found "
             "by it. Letters, digits, '.', '_' and '-'."},
    {.section = "queue", .name = "delivery", .flag = "delivery", .type = OPTION_WORD,
     .offset = AT(queue.delivery, int), .standard = "exactly-once", .words = deliveries,
     .help = "What happens to flows when the importer or its host fails.",
     .more = "With exactly-once an entry leaves Redis only after the rows that count it are committed. "
             "With at-most-once Redis keeps no copy, and what was not yet written is lost; for servers older than 6.2, "
             "or short of memory."},
    {.section = "queue", .name = "page", .flag = "page", .type = OPTION_COUNT, .offset = AT(queue.page, uint64_t),
     .standard = "5000", .min = 1, .max = 100000, .help = "Entries read from Redis at a time.",
     .more = "Redis walks to the place of each read, so long queues like large reads.", .reload = true},
    {.section = "queue", .name = "claim_entries", .flag = "claim-entries", .type = OPTION_COUNT,
     .offset = AT(queue.claim_entries, uint64_t), .standard = "4000000", .min = 1, .max = 1000000000,
     .help = "The most entries that are taken before they are written.",
     .more = "That many stay in Redis until the rows that count them are committed.", .reload = true},
    {.section = "queue", .name = "consumer_timeout", .flag = "consumer-timeout", .type = OPTION_SECONDS,
     .offset = AT(queue.consumer_timeout, int64_t), .standard = "60s", .min = 1, .max = DAY,
     .help = "How long an importer may be silent before another one finishes its work."},
    {.section = "queue", .name = "rejected_max", .flag = "rejected-max", .type = OPTION_COUNT,
     .offset = AT(queue.rejected_max, uint64_t), .standard = "100000", .min = 0, .max = 1000000000,
     .help = "The most rejected entries that are kept in Redis for flowimport rejected.",
     .more = "Older ones give way to newer ones; all are counted.", .reload = true},
    {.section = "queue", .name = "retry_max", .flag = "retry-max", .type = OPTION_MILLISECONDS,
     .offset = AT(queue.retry_max_ms, int64_t), .standard = "60s", .min = 10, .max = HOUR * 1000LL,
     .help = "The longest wait between tries when Redis or the store is away.", .reload = true},

    {.section = "import", .name = "bucket_sizes", .flag = "bucket-sizes", .type = OPTION_SECONDS_LIST,
     .offset = AT(import.bucket_sizes, struct option_list), .standard = "600", .min = 1, .max = DAY,
     .help = "The lengths of the time buckets; each has its own tables."},
    {.section = "import", .name = "aggr_values", .flag = "aggr-values", .type = OPTION_TEXT,
     .offset = AT(import.aggr_values, const char *), .standard = FLOW_LAYOUT_KEYS, .placeholder = "NAME,...",
     .help = "The flow keys: IPFIX information elements by which the flows tables are grouped.",
     .more = "The tables are made for them once; a store that was made for others is refused."},
    {.section = "import", .name = "aggr_sums", .flag = "aggr-sums", .type = OPTION_TEXT,
     .offset = AT(import.aggr_sums, const char *), .standard = FLOW_LAYOUT_SUMS, .placeholder = "NAME,...",
     .help = "The information elements that are added up; every entry must have them."},
    {.section = "import", .name = "max_flow_age", .flag = "max-flow-age", .type = OPTION_SECONDS,
     .offset = AT(import.max_flow_age, int64_t), .standard = "0", .min = 0, .max = 100 * 365LL * DAY,
     .help = "Flows that started longer ago are dropped and counted; 0 takes flows of any age.", .reload = true},
    {.section = "import", .name = "max_flow_duration", .flag = "max-flow-duration", .type = OPTION_SECONDS,
     .offset = AT(import.max_flow_duration, int64_t), .standard = "1d", .min = 1, .max = 365LL * DAY,
     .help = "Flows that last longer are rejected.", .reload = true},
    {.section = "import", .name = "max_future", .flag = "max-future", .type = OPTION_SECONDS,
     .offset = AT(import.max_future, int64_t), .standard = "1h", .min = 0, .max = 365LL * DAY,
     .help = "Flows that lie further in the future are rejected.", .reload = true},
    {.section = "import", .name = "filter_unknown_ports", .flag = "filter-unknown-ports", .type = OPTION_BOOL,
     .offset = AT(import.filter_unknown_ports, bool), .standard = "no",
     .help = "Whether ports without a registered service are counted as port 0.",
     .more = "Registered is what /etc/services lists for the flow's protocol.", .reload = true},
    {.section = "import", .name = "flush_interval", .flag = "flush-interval", .type = OPTION_SECONDS,
     .offset = AT(import.flush_interval, int64_t), .standard = "300s", .min = 1, .max = DAY,
     .help = "How often the sums are written to the store.", .reload = true},
    {.section = "import", .name = "cache_memory", .flag = "cache-memory", .type = OPTION_BYTES,
     .offset = AT(import.cache_memory, uint64_t), .standard = "512M", .min = 16LL << 20, .max = 1LL << 40,
     .help = "The most memory that the sums take; when it is full they are written early.",
     .more = "One half is filled while the other is written; an eighth of it all is SQLite's page cache."},

    {.section = "store", .name = "url", .flag = "store", .type = OPTION_URL, .offset = AT(store.url, const char *),
     .standard = "sqlite:/var/lib/flowimport/flows.db", .words = store_schemes, .help = "Where the tables are.",
     .more = "As in sqlite:/path/of/file, mysql://user@host[:port]/database or "
             "mysql://user@localhost/database?socket=/path/of/socket; memory: keeps nothing and is there for trials."},
    {.section = "store", .name = "password", .flag = "store-password", .type = OPTION_SECRET,
     .offset = AT(store.password, const char *), .environment = "FLOWIMPORT_STORE_PASSWORD",
     .help = "The password for the database server.",
     .more = "Without one, the MySQL option file ~/.my.cnf is asked."},
    {.section = "store", .name = "password_file", .flag = "store-password-file", .type = OPTION_TEXT,
     .offset = AT(store_password_file, const char *), .placeholder = "FILE",
     .help = "A file whose first line is the password for the database server."},
    {.section = "store", .name = "tls_required", .flag = "tls-required", .type = OPTION_BOOL,
     .offset = AT(store.tls_required, bool), .standard = "no",
     .help = "Whether a database server that offers no TLS is refused."},
    {.section = "store", .name = "tls_ca", .flag = "tls-ca", .type = OPTION_TEXT,
     .offset = AT(store.tls_ca, const char *), .placeholder = "FILE",
     .help = "Certificates of the authorities that the database server's certificate is checked against."},
    {.section = "store", .name = "tls_cert", .flag = "tls-cert", .type = OPTION_TEXT,
     .offset = AT(store.tls_cert, const char *), .placeholder = "FILE",
     .help = "The certificate shown to the database server.", .more = "It takes tls_key too."},
    {.section = "store", .name = "tls_key", .flag = "tls-key", .type = OPTION_TEXT,
     .offset = AT(store.tls_key, const char *), .placeholder = "FILE", .help = "The key of tls_cert."},

    {.section = "retention", .name = "keep", .flag = "keep", .type = OPTION_SECONDS_MAP,
     .offset = AT(retention.keep, struct option_map), .min = 1, .max = 100 * 365LL * DAY, .reload = true,
     .help = "How long the buckets of each size are kept, as 60=2d, 600=30d, 3600=1y; for ever where nothing is said.",
     .more = "Whole days (UTC) are dropped, once their last bucket began longer ago than that. In SQLite flowimportd "
             "does it; in MySQL and MariaDB an event of the server, made by flowimport retention install."},
    {.section = "retention", .name = "max_size", .flag = "max-size", .type = OPTION_BYTES,
     .offset = AT(retention.max_size, uint64_t), .standard = "0", .min = 0, .max = 1LL << 50, .reload = true,
     .help = "The most that the tables may take: the oldest days are dropped first, of all sizes; 0 sets no bound.",
     .more = "Today's buckets are never dropped. A SQLite file keeps the room that it once took, for new rows."},

    {.section = "http", .name = "listen", .flag = "http-listen", .type = OPTION_TEXT,
     .offset = AT(http.listen, const char *), .standard = "127.0.0.1:8469", .placeholder = "ADDRESS:PORT",
     .help = "Where flowimportd answers /metrics, /healthz and /status; nowhere if empty.",
     .more = "An IPv6 address stands in brackets: [::1]:8469. Port 0 is any free one, which the log tells. Whoever "
             "reaches the port can read: keep it to this machine, or behind a firewall."},
};
/* clang-format on */

const unsigned config_n_options = sizeof config_options / sizeof config_options[0];
