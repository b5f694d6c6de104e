/* The options of the configuration file: names, types, defaults and what is said about them, in one table. */
#include "config/config.h"

#include "base/clock.h"
#include "base/log.h"
#include "collect/data_record.h"
#include "http/workers.h"
#include "store/rollup.h"
#include "export/ipfix_writer.h"

static const struct option_word log_targets[] = {
    {"stderr", LOG_TARGET_STDERR}, {"syslog", LOG_TARGET_SYSLOG}, {NULL, 0}};
static const struct option_word leave_outs[] = {{"none", SCHEMA_LEAVE_NONE},
                                                {"ports", SCHEMA_LEAVE_PORTS},
                                                {"all-time", SCHEMA_LEAVE_ALL_TIME},
                                                {"ports-and-all-time", SCHEMA_LEAVE_PORTS | SCHEMA_LEAVE_ALL_TIME},
                                                {NULL, 0}};
static const struct option_word log_levels[] = {{"error", LOG_LEVEL_ERROR},   {"warning", LOG_LEVEL_WARNING},
                                                {"notice", LOG_LEVEL_NOTICE}, {"info", LOG_LEVEL_INFO},
                                                {"debug", LOG_LEVEL_DEBUG},   {NULL, 0}};
static const struct option_word deliveries[] = {
    {"exactly-once", DELIVERY_EXACTLY_ONCE}, {"at-most-once", DELIVERY_AT_MOST_ONCE}, {NULL, 0}};
static const struct option_word capture_queues[] = {
    {"redis", CAPTURE_REDIS}, {"direct", CAPTURE_DIRECT}, {"none", CAPTURE_NONE}, {NULL, 0}};
static const struct option_word tunnel_ends[] = {{"inner", DATA_RECORD_INNER}, {"outer", DATA_RECORD_OUTER}, {NULL, 0}};
static const struct option_word collector_queues[] = {{"redis", CAPTURE_REDIS}, {"direct", CAPTURE_DIRECT}, {NULL, 0}};
static const struct option_word elements[] = {{"needed", ELEMENTS_NEEDED}, {"all", ELEMENTS_ALL}, {NULL, 0}};
static const struct option_word samplings[] = {{"count", SAMPLING_BY_COUNT}, {"hash", SAMPLING_BY_HASH}, {NULL, 0}};
static const struct option_word tls_verifies[] = {
    {"full", TLS_VERIFY_FULL}, {"authority", TLS_VERIFY_AUTHORITY}, {"none", TLS_VERIFY_NONE}, {NULL, 0}};
static const struct option_word queue_schemes[] = {{"redis", 0},          {"redis+unix", 0}, {"redis+sentinel", 0},
                                                   {"redis+cluster", 0},  {"rediss", 0},     {"rediss+sentinel", 0},
                                                   {"rediss+cluster", 0}, {NULL, 0}};
static const struct option_word store_schemes[] = {{"sqlite", 0}, {"mysql", 0}, {"memory", 0}, {NULL, 0}};

enum { MINUTE = 60, HOUR = 60 * MINUTE };
#define AT(field, type) OPTION_AT(config, field, type)

/* clang-format off */
const struct option config_options[] = {
    {.section = "log", .name = "target", .flag = "log-target", .type = OPTION_WORD, .offset = AT(log.target, int),
     .standard = "stderr", .words = log_targets, .help = "Where the log is written.",
     .more = "Under systemd use stderr: the journal keeps the level of each line.", .reload = true},
    {.section = "log", .name = "level", .flag = "log-level", .type = OPTION_WORD, .offset = AT(log.level, int),
     .standard = "notice", .words = log_levels, .help = "The least important level that is logged.", .reload = true},

    {.section = "queue", .name = "url", .flag = "queue", .type = OPTION_URL, .offset = AT(queue.url, const char *),
     .standard = "redis://localhost:6379/0", .words = queue_schemes, .help = "The Redis server that holds the queue.",
     .more = "redis://[user[:password]@]host[:port][/database] or redis+unix:///path/of/socket[?db=database]; "
             "redis+sentinel://[user[:password]@]host[:26379][,host...]/master[/database] asks sentinels which server "
             "is the master, redis+cluster://[user[:password]@]host[:6379][,host...] finds the node of a Redis "
             "Cluster. rediss://, rediss+sentinel:// and rediss+cluster:// use TLS."},
    {.section = "queue", .name = "name", .flag = "queue-name", .type = OPTION_TEXT,
     .offset = AT(queue.name, const char *), .standard = "entry:queue", .placeholder = "KEY",
     .help = "The key of the Redis list with the flows."},
    {.section = "queue", .name = "password", .flag = "queue-password", .type = OPTION_SECRET,
     .offset = AT(queue.password, const char *), .environment = "FLOWIMPORT_QUEUE_PASSWORD",
     .help = "The password for the Redis server."},
    {.section = "queue", .name = "password_file", .flag = "queue-password-file", .type = OPTION_TEXT,
     .offset = AT(queue.password_file, const char *), .placeholder = "FILE",
     .help = "A file whose first line is the password for the Redis server."},
    {.section = "queue", .name = "tls_ca", .flag = "queue-tls-ca", .type = OPTION_TEXT,
     .offset = AT(queue.tls.ca, const char *), .placeholder = "FILE",
     .help = "The CA certificates that the Redis server's certificate is checked against.",
     .more = "If empty, those that the system trusts."},
    {.section = "queue", .name = "tls_cert", .flag = "queue-tls-cert", .type = OPTION_TEXT,
     .offset = AT(queue.tls.cert, const char *), .placeholder = "FILE",
     .help = "The client certificate for the Redis server.", .more = "Requires tls_key."},
    {.section = "queue", .name = "tls_key", .flag = "queue-tls-key", .type = OPTION_TEXT,
     .offset = AT(queue.tls.key, const char *), .placeholder = "FILE", .help = "The private key of tls_cert."},
    {.section = "queue", .name = "tls_verify", .flag = "queue-tls-verify", .type = OPTION_WORD,
     .offset = AT(queue.tls_verify, int), .standard = "full", .words = tls_verifies,
     .help = "What of the Redis server's certificate is checked.",
     .more = "full: its authority and the host name; authority: not the host name; none: nothing, so that anybody on "
             "the way can read and change everything."},
    {.section = "queue", .name = "consumer", .flag = "consumer", .type = OPTION_TEXT,
     .offset = AT(queue.consumer, const char *), .placeholder = "NAME",
     .help = "The name of this importer among those that share the queue; empty: the host name.",
     .more = "It must be unique and stay the same across restarts: the importer uses it to find entries that it took "
             "but did not yet write. Letters, digits, '.', '_' and '-'."},
    {.section = "queue", .name = "delivery", .flag = "delivery", .type = OPTION_WORD,
     .offset = AT(queue.delivery, int), .standard = "exactly-once", .words = deliveries,
     .help = "What happens to flows if the importer or its host fails.",
     .more = "With exactly-once, an entry leaves Redis only after the rows that count it are committed. With "
             "at-most-once, Redis keeps no copy, and flows that were not yet written are lost; for servers older than "
             "6.2 or short of memory. The same holds for the spool with queue = direct."},
    {.section = "queue", .name = "page", .flag = "page", .type = OPTION_COUNT, .offset = AT(queue.page, uint64_t),
     .standard = "5000", .min = 1, .max = 100000, .help = "The number of entries read from Redis at a time.",
     .more = "For each read, Redis walks along the list, so long queues are read faster in large "
             "pages.", .reload = true},
    {.section = "queue", .name = "claim_entries", .flag = "claim-entries", .type = OPTION_COUNT,
     .offset = AT(queue.claim_entries, uint64_t), .standard = "4000000", .min = 1, .max = 1000000000,
     .help = "The maximum number of entries taken before they are written.",
     .more = "They stay in Redis until the rows that count them are committed. If a transaction is too large for the "
             "store, half as many are written at a time; the number then grows slowly.", .reload = true},
    {.section = "queue", .name = "consumer_timeout", .flag = "consumer-timeout", .type = OPTION_SECONDS,
     .offset = AT(queue.consumer_timeout, int64_t), .standard = "60s", .min = 1, .max = DAY_SECONDS,
     .help = "How long an importer may be silent before another one finishes its work."},
    {.section = "queue", .name = "rejected_max", .flag = "rejected-max", .type = OPTION_COUNT,
     .offset = AT(queue.rejected_max, uint64_t), .standard = "100000", .min = 0, .max = 1000000000,
     .help = "The maximum number of rejected entries kept in Redis for flowimport rejected.",
     .more = "Newer entries replace older ones; all are counted.", .reload = true},
    {.section = "queue", .name = "retry_max", .flag = "retry-max", .type = OPTION_MILLISECONDS,
     .offset = AT(queue.retry_max_ms, int64_t), .standard = "60s", .min = 10, .max = HOUR * 1000LL,
     .help = "The longest wait between retries while Redis or the store is away.", .reload = true},

    {.section = "import", .name = "enabled", .flag = "import", .type = OPTION_BOOL,
     .offset = AT(import.enabled, bool), .standard = "yes",
     .help = "Whether flowimportd imports; if not, it is only a probe that fills the queue."},
    {.section = "import", .name = "bucket_sizes", .flag = "bucket-sizes", .type = OPTION_SECONDS_LIST,
     .offset = AT(import.bucket_sizes, struct option_list), .standard = "600", .min = 1, .max = DAY_SECONDS,
     .help = "The lengths of the time buckets; each has its own tables.",
     .more = "Queries over long periods read the largest buckets that fit: with 86400 in addition to 600, the page "
             "shows a month in a tenth of the time, for about a tenth more rows."},
    {.section = "import", .name = "aggr_values", .flag = "aggr-values", .type = OPTION_TEXT,
     .offset = AT(import.aggr_values, const char *), .standard = FLOW_LAYOUT_KEYS, .placeholder = "NAME,...",
     .help = "The flow keys: IPFIX information elements by which the flows tables are grouped.",
     .more = "They are fixed when the tables are created; a store with other keys is refused."},
    {.section = "import", .name = "aggr_sums", .flag = "aggr-sums", .type = OPTION_TEXT,
     .offset = AT(import.aggr_sums, const char *), .standard = FLOW_LAYOUT_SUMS, .placeholder = "NAME,...",
     .help = "The information elements that are added up; every entry must have them."},
    {.section = "import", .name = "leave_out", .flag = "leave-out", .type = OPTION_WORD,
     .offset = AT(import.leave_out, int), .standard = "none", .words = leave_outs,
     .help = "Tables that are neither created nor written, which makes writing cheaper.",
     .more = "ports: index_ports and index_ports_S; top ports and the page read the flows tables instead. all-time: "
             "index_nodes, index_nodes6 and index_ports, the sums that retention does not change; verify does not "
             "compare the ledger without them. It is fixed when the tables are created; a store with another choice "
             "is refused."},
    {.section = "import", .name = "rollups", .flag = "rollups", .type = OPTION_TEXT,
     .offset = AT(import.rollups, const char *), .standard = ROLLUPS_NONE, .placeholder = "SIZE: KEY ...; ...",
     .help = "Tables for questions over long times: each a bucket size, a colon and its keys.",
     .more = "For example 1d: src dst proto service; 1h: exporter in out. A key is src, dst, sport, dport, proto, "
             "exporter, in, out or the name of an element, if it is one of aggr_values; or service, the port that is "
             "the server's. The size divides a day and is a multiple of one of bucket_sizes. Queries read a roll-up "
             "where it has what they ask for. A store with other roll-ups is refused until flowimport schema upgrade "
             "has changed them."},
    {.section = "import", .name = "max_flow_age", .flag = "max-flow-age", .type = OPTION_SECONDS,
     .offset = AT(import.max_flow_age, int64_t), .standard = "0", .min = 0, .max = 100 * 365LL * DAY_SECONDS,
     .help = "Flows that started longer ago are dropped and counted; 0: no limit.", .reload = true},
    {.section = "import", .name = "max_flow_duration", .flag = "max-flow-duration", .type = OPTION_SECONDS,
     .offset = AT(import.max_flow_duration, int64_t), .standard = "1d", .min = 1, .max = 365LL * DAY_SECONDS,
     .help = "Flows that last longer are rejected.", .reload = true},
    {.section = "import", .name = "max_future", .flag = "max-future", .type = OPTION_SECONDS,
     .offset = AT(import.max_future, int64_t), .standard = "1h", .min = 0, .max = 365LL * DAY_SECONDS,
     .help = "Flows that are further in the future are rejected.", .reload = true},
    {.section = "import", .name = "max_flow_octets", .flag = "max-flow-octets", .type = OPTION_COUNT,
     .offset = AT(import.max_flow_octets, uint64_t), .standard = "9007199254740992", .min = 1, .max = INT64_MAX,
     .help = "Flows that claim more bytes are rejected.",
     .more = "The default, 2^53, is 800 Gbit/s for a day and the largest number that every JSON reader holds "
             "exactly.", .reload = true},
    {.section = "import", .name = "max_flow_packets", .flag = "max-flow-packets", .type = OPTION_COUNT,
     .offset = AT(import.max_flow_packets, uint64_t), .standard = "9007199254740992", .min = 1, .max = INT64_MAX,
     .help = "Flows that claim more packets, or more of any other sum, are rejected.", .reload = true},
    {.section = "import", .name = "filter_unknown_ports", .flag = "filter-unknown-ports", .type = OPTION_BOOL,
     .offset = AT(import.filter_unknown_ports, bool), .standard = "no",
     .help = "Whether ports without a registered service are counted as port 0.",
     .more = "/etc/services lists the registered ports of each protocol.", .reload = true},
    {.section = "import", .name = "flush_interval", .flag = "flush-interval", .type = OPTION_SECONDS,
     .offset = AT(import.flush_interval, int64_t), .standard = "300s", .min = 1, .max = DAY_SECONDS,
     .help = "How often the sums are written to the store.", .reload = true},
    {.section = "import", .name = "cache_memory", .flag = "cache-memory", .type = OPTION_BYTES,
     .offset = AT(import.cache_memory, uint64_t), .standard = "512M", .min = 16LL << 20, .max = 1LL << 40,
     .help = "The memory limit for the sums; when it is reached they are written early.",
     .more = "One half is filled while the other is written; an eighth of the total is SQLite's page cache."},

    {.section = "store", .name = "url", .flag = "store", .type = OPTION_URL, .offset = AT(store.url, const char *),
     .standard = "sqlite:/var/lib/flowimport/flows.db", .words = store_schemes, .help = "The database with the tables.",
     .more = "sqlite:/path/of/file, mysql://user@host[:port]/database or "
             "mysql://user@localhost/database?socket=/path/of/socket; memory: keeps nothing and is meant for trials. "
             "mysql://user@a:3306,b:3306/database names several servers of the same data, as of a Galera cluster or a "
             "replicated pair: if one is lost, read-only or cut off, the next is used. TLS is used where the server "
             "offers it over the network; ?tls=no, required, verify-ca (of an authority of tls_ca) or verify (of the "
             "server's name, too) changes that. ?get-server-public-key=yes lets MySQL 8 and later accept a password "
             "without TLS, in a trusted network."},
    {.section = "store", .name = "password", .flag = "store-password", .type = OPTION_SECRET,
     .offset = AT(store.password, const char *), .environment = "FLOWIMPORT_STORE_PASSWORD",
     .help = "The password for the database server.",
     .more = "If empty, the MySQL option file ~/.my.cnf is read."},
    {.section = "store", .name = "password_file", .flag = "store-password-file", .type = OPTION_TEXT,
     .offset = AT(store_password_file, const char *), .placeholder = "FILE",
     .help = "A file whose first line is the password for the database server."},
    {.section = "store", .name = "tls_required", .flag = "tls-required", .type = OPTION_BOOL,
     .offset = AT(store.tls_required, bool), .standard = "no",
     .help = "Whether a database server without TLS is refused."},
    {.section = "store", .name = "tls_ca", .flag = "tls-ca", .type = OPTION_TEXT,
     .offset = AT(store.tls_ca, const char *), .placeholder = "FILE",
     .help = "The CA certificates that the database server's certificate is checked against.",
     .more = "The server's name is checked, too, unless the URL has ?tls=verify-ca."},
    {.section = "store", .name = "tls_cert", .flag = "tls-cert", .type = OPTION_TEXT,
     .offset = AT(store.tls_cert, const char *), .placeholder = "FILE",
     .help = "The client certificate for the database server.",
     .more = "Requires tls_key."},
    {.section = "store", .name = "tls_key", .flag = "tls-key", .type = OPTION_TEXT,
     .offset = AT(store.tls_key, const char *), .placeholder = "FILE", .help = "The private key of tls_cert."},

    {.section = "retention", .name = "keep", .flag = "keep", .type = OPTION_SECONDS_MAP,
     .offset = AT(retention.keep, struct option_map), .min = 1, .max = 100 * 365LL * DAY_SECONDS,
     .help = "How long buckets of each size are kept, as in 60=2d, 600=30d, 3600=1y; other sizes are kept for ever.",
     .more = "A size is one of bucket_sizes or of rollups. A whole day (UTC) is dropped when its last bucket started "
             "longer ago than that. In SQLite flowimportd drops it; in MySQL and MariaDB an event of the server does, "
             "created by flowimport retention install.", .reload = true},
    {.section = "retention", .name = "max_size", .flag = "max-size", .type = OPTION_BYTES,
     .offset = AT(retention.max_size, uint64_t), .standard = "0", .min = 0, .max = 1LL << 50,
     .help = "The maximum size of all tables: the oldest days of all sizes are dropped first; 0: no limit.",
     .more = "Today's buckets are never dropped. An SQLite file does not shrink; freed space is used for new rows. Its "
             "write-ahead log counts, too, up to 64 MiB, the limit it is kept below while no reader holds "
             "it.", .reload = true},

    {.section = "capture", .name = "interface", .flag = "interface", .type = OPTION_TEXT,
     .offset = AT(capture.interface, const char *), .placeholder = "NAME,...",
     .help = "The network interfaces to capture, up to 16, or any for all; empty: none.",
     .more = "Opening them requires root or CAP_NET_RAW, which is given up afterwards."},
    {.section = "capture", .name = "queue", .flag = "capture-queue", .type = OPTION_WORD,
     .offset = AT(capture.queue, int), .standard = "redis", .words = capture_queues,
     .help = "Where captured flows go: to the queue, straight to the tables, or only to collectors.",
     .more = "With direct, Redis is not used: flowimportd imports only what it captures itself. Flows that are not yet "
             "written are kept in the spool of [producer], so that none is lost if the process is killed."},
    {.section = "capture", .name = "user", .flag = "user", .type = OPTION_TEXT,
     .offset = AT(capture.user, const char *), .standard = "flowimport", .placeholder = "NAME",
     .help = "The account that flowimportd changes to after root has opened interface and sockets.",
     .more = "It does so even if nothing is captured or collected. If the default account does not exist then, root "
             "stays root and the log says so. Files of the store, the spool and the state must belong to the account. "
             "Empty: root stays root."},
    {.section = "capture", .name = "promiscuous", .flag = "promiscuous", .type = OPTION_BOOL,
     .offset = AT(capture.promiscuous, bool), .standard = "no",
     .help = "Whether frames for other hosts are captured, too; requires CAP_NET_ADMIN."},
    {.section = "capture", .name = "snaplen", .flag = "snaplen", .type = OPTION_COUNT,
     .offset = AT(capture.snaplen, uint64_t), .standard = "256", .min = 64, .max = 262144, .placeholder = "BYTES",
     .help = "The number of bytes captured of each frame: the headers.",
     .more = "Byte counts are those of the IP header, however little of a packet is captured."},
    {.section = "capture", .name = "buffer", .flag = "buffer", .type = OPTION_BYTES,
     .offset = AT(capture.buffer, uint64_t), .standard = "32M", .min = 1LL << 16, .max = 2047LL << 20,
     .help = "The size of the kernel's ring for waiting frames; frames that do not fit are dropped and counted."},
    {.section = "capture", .name = "rules", .flag = "rules", .type = OPTION_TEXT,
     .offset = AT(capture.rules, const char *), .standard = "flows: five-tuple", .placeholder = "RULE,...",
     .help = "The rules that make flows from packets: which packets, which keys, which values.",
     .more = "NAME: [MATCH ->] KEY ... [biflow] [+ VALUE ...], separated by commas; RULES in flowimport.conf(5) lists "
             "the keys and values."},
    {.section = "capture", .name = "filter", .flag = "filter", .type = OPTION_TEXT,
     .offset = AT(capture.filter, const char *), .placeholder = "FILTER",
     .help = "The packets to capture, as in pcap-filter(7); empty: all."},
    {.section = "capture", .name = "active_timeout", .flag = "active-timeout", .type = OPTION_SECONDS,
     .offset = AT(capture.active_timeout, int64_t), .standard = "600s", .min = 1, .max = DAY_SECONDS,
     .help = "A flow that lasts that long ends and continues as a new one."},
    {.section = "capture", .name = "inactive_timeout", .flag = "inactive-timeout", .type = OPTION_SECONDS,
     .offset = AT(capture.inactive_timeout, int64_t), .standard = "300s", .min = 1, .max = DAY_SECONDS,
     .help = "A flow without packets for that long ends."},
    {.section = "capture", .name = "memory", .flag = "capture-memory", .type = OPTION_BYTES,
     .offset = AT(capture.memory, uint64_t), .standard = "256M", .min = 1LL << 20, .max = 1LL << 40,
     .help = "The memory limit for active flows; when it is reached the oldest end early.",
     .more = "A five-tuple flow uses 99 bytes. Rules have equal shares."},
    {.section = "capture", .name = "sampling", .flag = "sampling", .type = OPTION_COUNT,
     .offset = AT(capture.sampling, uint64_t), .standard = "1", .min = 1, .max = 1000000,
     .help = "Only one packet in N is looked at; its counts are multiplied by N.",
     .more = "The value samplingPopulation holds the factor."},
    {.section = "capture", .name = "sampling_by", .flag = "sampling-by", .type = OPTION_WORD,
     .offset = AT(capture.sampling_by, int), .standard = "count", .words = samplings,
     .help = "How packets are sampled: every N-th, or by a hash of their contents.",
     .more = "With hash, all probes on a packet's path select the same packets."},
    {.section = "capture", .name = "decapsulate", .flag = "decapsulate", .type = OPTION_TEXT,
     .offset = AT(capture.decapsulate, const char *), .placeholder = "TUNNEL,...",
     .help = "Tunnels to look into: gre, ip, vxlan, geneve, gtpu and teredo; empty: none.",
     .more = "Rules and filter match the outer headers. Applies to packet headers from sFlow and IPFIX, too."},
    {.section = "capture", .name = "vxlan_port", .flag = "vxlan-port", .type = OPTION_COUNT,
     .offset = AT(capture.vxlan_port, uint64_t), .standard = "4789", .min = 1, .max = 65535,
     .help = "The UDP port of VXLAN."},
    {.section = "capture", .name = "fragments", .flag = "fragments", .type = OPTION_COUNT,
     .offset = AT(capture.fragments, uint64_t), .standard = "16384", .min = 4, .max = 1LL << 30,
     .help = "The number of fragmented datagrams whose ports are remembered at a time; 64 bytes each."},

    {.section = "collector", .name = "listen", .flag = "collector-listen", .type = OPTION_TEXT,
     .offset = AT(collector.listen, const char *), .placeholder = "SOCKET,...",
     .help = "Sockets that receive NetFlow v5, v7 and v9, IPFIX and sFlow v5; empty: none.",
     .more = "As in udp:4739, udp:2055, udp:6343, tcp:4739, or with an address, udp:192.0.2.1:2055 and "
             "tcp:[2001:db8::1]:4739. The protocol is detected by the datagram, on any port; TCP accepts IPFIX only."},
    {.section = "collector", .name = "queue", .flag = "collector-queue", .type = OPTION_WORD,
     .offset = AT(collector.queue, int), .standard = "redis", .words = collector_queues,
     .help = "Where collected flows go: to the queue, or straight to the tables.",
     .more = "With direct, Redis is not used; flows that are not yet written are kept in the spool of [producer], so "
             "that none is lost if the process is killed."},
    {.section = "collector", .name = "elements", .flag = "elements", .type = OPTION_WORD,
     .offset = AT(collector.elements, int), .standard = "needed", .words = elements,
     .help = "The information elements of queue entries: those that aggr_values and aggr_sums require, or all.",
     .more = "All are for other readers of the queue, and for importers with other flow keys."},
    {.section = "collector", .name = "allow", .flag = "allow", .type = OPTION_TEXT,
     .offset = AT(collector.allow, const char *), .placeholder = "PREFIX,...",
     .help = "The exporters that are accepted, as in 192.0.2.0/24, 2001:db8::1; empty: all.",
     .more = "Source addresses of datagrams are easily forged: the list prevents mistakes; use a firewall against "
             "attackers."},
    {.section = "collector", .name = "sampling", .flag = "collector-sampling", .type = OPTION_TEXT,
     .offset = AT(collector.sampling, const char *), .placeholder = "PREFIX=N,...",
     .help = "The sampling rates of exporters, 1 packet in N, as in 192.0.2.1=1000, 10.0.0.0/8=512.",
     .more = "They override the rates that exporters report; set 1 if the counts are already multiplied. For other "
             "exporters the rate comes from the NetFlow v5 header, options data, or the sFlow sample."},
    {.section = "collector", .name = "memory", .flag = "collector-memory", .type = OPTION_BYTES,
     .offset = AT(collector.memory, uint64_t), .standard = "64M", .min = 1LL << 20, .max = 1LL << 40,
     .help = "The memory limit for exporters, their templates and data sets without a template."},
    {.section = "collector", .name = "buffer", .flag = "collector-buffer", .type = OPTION_BYTES,
     .offset = AT(collector.buffer, uint64_t), .standard = "32M", .min = 1LL << 16, .max = 1LL << 30,
     .help = "The size of the kernel's buffer of each UDP socket; datagrams that do not fit are dropped and counted.",
     .more = "The kernel limits it to net.core.rmem_max unless flowimportd has CAP_NET_ADMIN."},
    {.section = "collector", .name = "template_lifetime", .flag = "template-lifetime", .type = OPTION_SECONDS,
     .offset = AT(collector.template_lifetime, int64_t), .standard = "12h", .min = 60, .max = 365LL * DAY_SECONDS,
     .help = "How long a template stays valid if it is not sent again over UDP, and how long a silent exporter is "
             "remembered."},
    {.section = "collector", .name = "hold", .flag = "hold", .type = OPTION_SECONDS,
     .offset = AT(collector.hold, int64_t), .standard = "10m", .min = 0, .max = DAY_SECONDS,
     .help = "How long data waits for its template before it is counted as lost."},
    {.section = "collector", .name = "deduplicate", .flag = "deduplicate", .type = OPTION_SECONDS,
     .offset = AT(collector.deduplicate, int64_t), .standard = "0", .min = 0, .max = HOUR,
     .help = "A flow that several exporters report counts once, as reported by the first, for this long; 0: all are "
             "counted.",
     .more = "Flows are the same if addresses, ports and protocol are equal. What one router reports at ingress and at "
             "egress (by flowDirection, interfaces, observation point, or sFlow's data source) counts once, too."},
    {.section = "collector", .name = "tunnel_ends", .flag = "tunnel-ends", .type = OPTION_WORD,
     .offset = AT(collector.tunnel_ends, int), .standard = "inner", .words = tunnel_ends,
     .help = "Whose addresses a flow has if its record has those of a tunnel and those inside (SRv6, IP in IP)."},
    {.section = "collector", .name = "count_denied", .flag = "count-denied", .type = OPTION_BOOL,
     .offset = AT(collector.count_denied, bool), .standard = "no",
     .help = "Whether connections that a firewall denied (Cisco NSEL, firewallEvent 3) are flows, too.",
     .more = "They have the packets and bytes that the record states, most of them none: each counts as one flow. With "
             "firewallEvent in aggr_values they stay apart from what was let through."},
    {.section = "collector", .name = "max_skew", .flag = "max-skew", .type = OPTION_SECONDS,
     .offset = AT(collector.max_skew, int64_t), .standard = "5m", .min = 0, .max = 365LL * DAY_SECONDS,
     .help = "An exporter whose clock differs by more is reported, and its times are corrected; 0: all clocks are "
             "trusted."},
    {.section = "collector", .name = "state", .flag = "collector-state", .type = OPTION_TEXT,
     .offset = AT(collector.state, const char *), .standard = "/var/lib/flowimport/collector", .placeholder = "FILE",
     .help = "The file that keeps templates and sampling rates across restarts; empty: none."},

    {.section = "export", .name = "collectors", .flag = "collectors", .type = OPTION_TEXT,
     .offset = AT(export.collectors, const char *), .placeholder = "URL,...",
     .help = "Where flows are sent as IPFIX or NetFlow v9; empty: nowhere.",
     .more = "As in udp://host:4739, tcp://host:4739 or udp://host:2055?v9, up to eight. udp://host?uniflows sends a "
             "biflow as two records, for collectors that do not support reverse elements. Names are resolved for each "
             "connection."},
    {.section = "export", .name = "observation_domain", .flag = "observation-domain", .type = OPTION_COUNT,
     .offset = AT(export.observation_domain, uint64_t), .standard = "0", .min = 0, .max = UINT32_MAX,
     .help = "The observation domain id of sent messages; in NetFlow v9 the source id."},
    {.section = "export", .name = "template_refresh", .flag = "template-refresh", .type = OPTION_SECONDS,
     .offset = AT(export.template_refresh, int64_t), .standard = "60s", .min = 1, .max = DAY_SECONDS,
     .help = "How often templates are sent again over UDP.",
     .more = "A restarted collector can read nothing until it has them. They are also sent every 1000 messages."},
    {.section = "export", .name = "mtu", .flag = "mtu", .type = OPTION_COUNT, .offset = AT(export.mtu, uint64_t),
     .standard = "1400", .min = IPFIX_MESSAGE_MIN, .max = IPFIX_MESSAGE_MAX, .placeholder = "BYTES",
     .help = "The maximum size of one message."},
    {.section = "export", .name = "max_rate", .flag = "max-rate", .type = OPTION_COUNT,
     .offset = AT(export.max_rate, uint64_t), .standard = "100000", .min = 0, .max = 1000000000,
     .help = "The maximum number of records sent per second to each collector; 0: no limit.",
     .more = "Many collectors lose records that arrive faster than they read."},

    {.section = "producer", .name = "max_queue", .flag = "max-queue", .type = OPTION_COUNT,
     .offset = AT(producer.max_queue, uint64_t), .standard = "1000000", .min = 0, .max = 1000000000000,
     .help = "Pushing pauses while the queue has this many entries; 0: no limit.",
     .more = "This limits the memory that Redis uses while no importer runs."},
    {.section = "producer", .name = "wait_replicas", .flag = "wait-replicas", .type = OPTION_COUNT,
     .offset = AT(producer.wait_replicas, uint64_t), .standard = "0", .min = 0, .max = 100,
     .help = "An entry counts as pushed once this many replicas of Redis have it; 0: once Redis has it.",
     .more = "A replica that is promoted then has all of them. While fewer replicas answer, pushing pauses: entries "
             "wait in memory and in the spool."},
    {.section = "producer", .name = "spool", .flag = "spool", .type = OPTION_TEXT,
     .offset = AT(producer.spool, const char *), .standard = "/var/lib/flowimport/spool", .placeholder = "FOLDER",
     .help = "Where flowimportd stores flows on disk that it can't push, and with queue = direct those not yet "
             "written; empty: nowhere.",
     .more = "They are pushed, in order, when Redis is back and the queue short enough; or written, also by the next "
             "process. Each flowimportd requires its own folder."},
    {.section = "producer", .name = "spool_max", .flag = "spool-max", .type = OPTION_BYTES,
     .offset = AT(producer.spool_max, uint64_t), .standard = "1G", .min = 1LL << 20, .max = 1LL << 40,
     .help = "The maximum size of the spool; flows that do not fit are lost and counted.",
     .more = "With queue = direct, flows that do not fit stay in memory alone while they can be added up there; if "
             "half of it is full, flows are written before flush_interval is over."},

    {.section = "http", .name = "listen", .flag = "http-listen", .type = OPTION_TEXT,
     .offset = AT(http.listen, const char *), .standard = "127.0.0.1:8469", .placeholder = "ADDRESS:PORT",
     .help = "The address of the page, the API, /metrics, /healthz and /status; empty: none.",
     .more = "IPv6 addresses are in brackets: [::1]:8469. Port 0 selects a free port, which is logged. An address that "
             "other hosts can reach requires auth or open. For TLS, use a proxy."},
    {.section = "http", .name = "auth", .flag = "http-auth", .type = OPTION_TEXT,
     .offset = AT(http.auth, const char *), .placeholder = "FILE",
     .help = "A file of users, one user:hash per line; all paths except /healthz then require a user and a password.",
     .more = "htpasswd -nB and mkpasswd -m yescrypt create hashes. SIGHUP reads the file again; removed users are "
             "locked out at once. After ten wrong passwords, an address may try once every 6 seconds."},
    {.section = "http", .name = "open", .flag = "http-open", .type = OPTION_BOOL, .offset = AT(http.open, bool),
     .standard = "no", .help = "Whether other hosts may use the address without a user and a password."},
    {.section = "http", .name = "names", .flag = "http-names", .type = OPTION_TEXT,
     .offset = AT(http.names, const char *), .placeholder = "NAME,...",
     .help = "The names of this server besides its addresses, its host name and localhost.",
     .more = "Requests for other names are refused, so that other web sites can't read data through a browser."},
    {.section = "http", .name = "workers", .flag = "http-workers", .type = OPTION_COUNT,
     .offset = AT(http.workers, uint64_t), .standard = "0", .min = 0, .max = WORKERS_MAX,
     .help = "The number of queries that run at a time; 64 more wait. 0: half the number of processors.",
     .more = "Each has a thread of the lowest priority and a read-only connection. Half of the processors, at most 4 "
             "and at least 1, leave the import enough time even if the database server runs on this machine."},
    {.section = "http", .name = "query_timeout", .flag = "query-timeout", .type = OPTION_MILLISECONDS,
     .offset = AT(http.query_timeout_ms, int64_t), .standard = "10s", .min = 10, .max = HOUR * 1000LL,
     .help = "The time limit of a query."},
    {.section = "http", .name = "store", .flag = "http-store", .type = OPTION_URL,
     .offset = AT(http.store, const char *), .words = store_schemes,
     .help = "The store for page and API, with a read-only account; empty: the url of [store]."},
    {.section = "http", .name = "resolve", .flag = "resolve", .type = OPTION_BOOL, .offset = AT(http.resolve, bool),
     .standard = "no", .help = "Whether names of displayed addresses are looked up in DNS."},
    {.section = "http", .name = "asn_db", .flag = "asn-db", .type = OPTION_TEXT,
     .offset = AT(http.asn_db, const char *), .placeholder = "FILE",
     .help = "A network database in MaxMind's format, such as GeoLite2-ASN.mmdb; empty: none."},
    {.section = "http", .name = "country_db", .flag = "country-db", .type = OPTION_TEXT,
     .offset = AT(http.country_db, const char *), .placeholder = "FILE",
     .help = "A country database in MaxMind's format, such as GeoLite2-Country.mmdb; empty: none."},

    {.section = "names", .name = "files", .flag = "names", .type = OPTION_TEXT, .offset = AT(names.files, const char *),
     .placeholder = "FILE,...",
     .help = "Files with the names of networks, hosts, exporters and interfaces, one per line; empty: none.",
     .more = "See NAMES. SIGHUP reads the files again; if a line is wrong, the names stay as they were.",
     .reload = true},
    {.section = "names", .name = "local", .flag = "local", .type = OPTION_TEXT, .offset = AT(names.local, const char *),
     .placeholder = "PREFIX,...",
     .help = "The own networks, as in 10.0.0.0/8, 2001:db8::/32; empty: not known.",
     .more = "They decide the direction of a flow: in, out, internal or transit.", .reload = true},
    {.section = "names", .name = "learned", .flag = "learned-names", .type = OPTION_TEXT,
     .offset = AT(names.learned, const char *), .standard = "/var/lib/flowimport/names", .placeholder = "FILE",
     .help = "The file in which the collector keeps the names and speeds of interfaces, and the names of applications "
             "and VRFs, that exporters report; empty: none.",
     .more = "Page, API and top show them where files of names have nothing. See NAMES."},
};
/* clang-format on */

const unsigned config_n_options = sizeof config_options / sizeof config_options[0];
