/* What each table and column means, in one table; which there are is asked of the generator. */
#include "store/manual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mdoc.h"
#include "store/ddl.h"

enum { SIZE = 600 }; /* of the buckets of the tables that are described */

struct meaning {
    const char *name, *text;
};

static const struct meaning tables[] = {
    {"flows_600", "One row for each bucket and each combination of the flow keys (aggr_values) of IPv4 flows."},
    {"flows6_600", "The same for IPv6 flows. It exists if an address is a flow key; otherwise flows_S holds both."},
    {"flows_aggr_600", "One row for each bucket with all its traffic, of both address families."},
    {"index_nodes_600", "One row for each IPv4 address and bucket: what the address sent and received. The row with id "
                        "-1 is the bucket's total, of both address families, that with -2 is of ends of flows whose "
                        "address is not known: no address, or 0 but as the source of what goes to 224.0.0.0 or above. "
                        "In rows of version 0.1.0 they are in 0."},
    {"index_nodes6_600", "The same for IPv6 addresses, without a total row."},
    {"index_ports_600",
     "One row for each port and bucket, of both address families: what was sent from and to the port, with any "
     "protocol. The row with id -1 is the bucket's total. Flows without ports count as port 0."},
    {"index_nodes", "IPv4 addresses for all time, and in the rows with id -1 the total, with -2 what has no address. "
                    "Retention does not change it."},
    {"index_nodes6", "IPv6 addresses for all time."},
    {"index_ports", "Ports for all time, and the total in the row with id -1."},
    {"import_ledger", "One row for each generation, that is, for each transaction that wrote flows; written by the "
                      "same transaction. The importer uses it to know what is already counted: do not change any row."},
    {"import_queues",
     "One row for each queue: how far its entries are counted; and one without a name, for the ring of "
     "import_places. The importer uses it if Redis goes back in time: do not change any row."},
    {"import_places", "A hash of each of the last 33 million entries from the queue, by its place in the order of "
                      "their taking: if Redis hands them out again, they are dropped. A ring of 16,384 rows."},
    {"loss", "Known losses: one row for each bucket (of the smallest size), source and kind. A dip in a chart without "
             "a row here is a dip in the traffic."},
    {"flowimport_schema", "The settings that the tables were created with."},
    {"flowimport_retention", "How long the buckets of each size are kept; written by flowimport retention install."},
    {"flowimport_retention_log", "What retention did: one row for each thing that it dropped or made, and for each "
                                 "error."},
};

/* The columns that are not sums. */
static const struct meaning columns[] = {
    {"bucket", "The start of the bucket: seconds since 1970-01-01T00:00:00Z, a multiple of S."},
    {"id", "The address as a number, as in flows_S; -1 is the total, -2 no address."},
    {"id of IPv6", "The address, 16 bytes, as in flows6_S."},
    {"id of ports", "The port, 0 to 65535; -1 is the total."},
    {"sourceIPv4Address",
     "A number: 192.0.2.7 is 3221225991. INET_NTOA() converts it to text, INET_ATON() to a number."},
    {"destinationIPv4Address", "The same."},
    {"sourceIPv6Address", "16 bytes in network order. INET6_NTOA() converts it to text, INET6_ATON() to bytes."},
    {"destinationIPv6Address", "The same."},
    {"sourceTransportPort", "0 to 65535; 0 if the protocol has no ports."},
    {"destinationTransportPort", "The same; for ICMP it may be type times 256 plus code, depending on the exporter."},
    {"protocolIdentifier", "The IP protocol, 0 to 255: 1 is ICMP, 6 TCP, 17 UDP, 58 ICMPv6."},
    {"consumer",
     "Who imported it: the importer's consumer name, file:HASH for a file, migration:HASH:TABLE for a table of "
     "flow-inspector's."},
    {"generation", "Counts up from 0 or 1 for each consumer."},
    {"committed_at", "The time of the commit: seconds since 1970-01-01T00:00:00Z."},
    {"entries", "Entries taken: imported + too_old + rejected."},
    {"imported", "Entries that are counted in the tables."},
    {"too_old", "Entries dropped for max_flow_age."},
    {"rejected", "Entries that could not be counted."},
    {"packetDeltaCount", "The packets of the imported entries."},
    {"octetDeltaCount", "The bytes of the imported entries."},
    {"flows_millionths", "The flows of the imported entries, in millionths. An entry is one flow, a biflow's two, a "
                         "migrated row as many as it "
                         "says."},
    {"flows", "The same as a number of flows."},
    {"first_bucket", "The first bucket of the smallest size that was written to; 0 if nothing was imported."},
    {"last_bucket", "The last bucket."},
    {"claim", "Together with position, how far the generation reaches into its source; for the importer's own use."},
    {"position", "See claim."},
    {"adopted", "1 if another consumer committed it in the owner's name because the owner was silent."},
    {"queue", "The id of the queue, drawn when it was first taken from; the hash {entry:queue}:taken in Redis has it."},
    {"place", "In import_queues the place after the last entry that is counted; in import_places of the row's first "
              "entry."},
    {"ring", "The number of the row; of the row without a name, the number of the next."},
    {"slot", "ring modulo 16,384."},
    {"entries of import_places", "Runs of places and the hashes of their entries; see places.h of the source."},
    {"name", "The name of the setting: version, aggr_values, aggr_sums; size_S_from and size_S_expired, before which "
             "buckets of that size are incomplete; max_size; the plan of a migration."},
    {"value", "Its value."},
    {"source", "Where the loss occurred: exporter and observation domain, such as 192.0.2.1/0; a socket; an interface; "
               "redis:entry:queue, where Redis has lost entries of that queue."},
    {"lost", "The number lost."},
    {"bucket_size", "S, in seconds."},
    {"keep_seconds", "How long a bucket is kept after its start, at least."},
    {"run_at", "The start of the run: seconds since 1970-01-01T00:00:00Z."},
    {"number", "Counts the rows of a run."},
    {"what", "drop: rows of a table; run: the run itself; error."},
    {"object", "The table, or max_size, or run."},
    {"n_rows", "Rows that were dropped."},
    {"bytes", "The size of the dropped rows in bytes, as estimated by the server."},
    {"error", "The error message; NULL if there was none."},
};

/* The sums: of all, and with the prefixes of the index tables. Each is there by protocol, too. */
static const struct meaning sides[] = {
    {"", "The sums."},
    {"src_", "The sums of flows that have it as their source."},
    {"dst_", "The sums of flows that have it as their destination."},
};

static const char *meaning_find(const struct meaning *meanings, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(meanings[i].name, name) == 0) return meanings[i].text;
    log_error("manual", "%s: no description in src/store/manual.c", name);
    abort();
}
#define MEANING(meanings, name) meaning_find(meanings, sizeof(meanings) / sizeof(meanings)[0], name)

/* "flows_S" of "flows_600". */
static const char *name_show(const char *name, char *text, size_t size) {
    const char *end = strstr(name, "_600");
    snprintf(text, size, "%.*s%s", end ? (int)(end - name) : (int)strlen(name), name, end ? "_S" : "");
    return text;
}

static void table_begin(const char *name, struct buffer *out) {
    char text[SCHEMA_NAME_MAX];
    buffer_printf(out, ".Ss %s\n", name_show(name, text, sizeof text));
    mdoc_text(MEANING(tables, name), out);
    buffer_add_text(out, ".Bl -tag -width Ds\n");
}

static void column_add(const char *name, const char *meaning, const char *type, size_t type_len, struct buffer *out) {
    buffer_printf(out, ".It Va %s No ( %.*s )\n", name, (int)type_len, type);
    mdoc_text(MEANING(columns, meaning), out);
}

/* "src_packetDeltaCount , src_octetDeltaCount , src_flows", then "src_tcp_ ... , src_udp_ ...". */
static void side_add(const struct schema *schema, const struct table *table, unsigned side, bool by_protocol,
                     struct buffer *out) {
    unsigned n = schema->layout->n_sums + 1;
    char name[SCHEMA_NAME_MAX];
    buffer_add_text(out, ".It Va");
    for (unsigned i = 0; i < n; i++) {
        schema_value_name(schema, table, side * (1 + PROTO_CLASSES) * n + i, name, sizeof name);
        buffer_printf(out, "%s%s", i ? " , " : " ", name);
    }
    buffer_printf(out, "\n%s\n", sides[side].text);
    if (!by_protocol) return;
    buffer_add_text(out, ".It Va");
    for (unsigned class = 0; class < PROTO_CLASSES; class ++)
        buffer_printf(out, "%s%s%s_...", class ? " , " : " ", sides[side].name, proto_class_names[class]);
    buffer_add_text(out, "\nThe same by protocol: TCP, UDP, ICMP including ICMPv6, all others.\n");
}

static const char *id_meaning(const struct table *table, const char *key) {
    if (strcmp(key, "id") != 0) return key;
    return table->kind == TABLE_PORTS ? "id of ports" : table->family == FLOW_IPV6 ? "id of IPv6" : "id";
}

static void view_add(const struct schema *schema, unsigned object, const struct table *table, struct buffer *out) {
    struct buffer lines = BUFFER_INIT;
    unsigned n_sides = table->kind == TABLE_NODES || table->kind == TABLE_PORTS ? 3 : 1, key = 0;
    table_begin(table->name, out);
    ddl_columns(schema, object, DIALECT_MYSQL, &lines); /* of the data table: they have types */
    for (const char *line = lines.data; key < table->n_keys; line += strcspn(line, "\n") + 1, key++) {
        size_t name_len = strcspn(line, " ");
        const char *name = table->keys[schema_key_column(table, key)].name;
        column_add(name, id_meaning(table, name), line + name_len + 1, strcspn(line + name_len + 1, "\n"), out);
    }
    for (unsigned side = 0; side < n_sides; side++)
        side_add(schema, table, side, table->kind != TABLE_FLOWS || ddl_has_protocol(table), out);
    buffer_add_text(out, ".El\n");
    buffer_release(&lines);
}

static void plain_add(const struct schema *schema, unsigned object, const char *name, struct buffer *out) {
    struct buffer lines = BUFFER_INIT;
    char column[SCHEMA_NAME_MAX];
    table_begin(name, out);
    ddl_columns(schema, object, DIALECT_MYSQL, &lines);
    for (const char *line = lines.data; *line; line += strcspn(line, "\n") + 1) {
        size_t name_len = strcspn(line, " ");
        snprintf(column, sizeof column, "%.*s", (int)name_len, line);
        column_add(column, column, line + name_len + 1, strcspn(line + name_len + 1, "\n"), out);
    }
    buffer_add_text(out, ".El\n");
    buffer_release(&lines);
}

void manual_print_tables(struct buffer *out) {
    static const uint32_t size = SIZE;
    struct flow_layout layout;
    struct schema schema;
    struct error error;
    if (flow_layout_init(&layout, FLOW_LAYOUT_KEYS, FLOW_LAYOUT_SUMS, &error) != 0) abort(); /* they are the defaults */
    schema_init(&schema, &layout, &size, 1);
    for (unsigned pass = 0; pass < 2; pass++) /* what flows are in, then the rest */
        for (unsigned object = 0; object < ddl_count(&schema); object++) {
            char name[SCHEMA_NAME_MAX];
            const struct table *table = NULL;
            ddl_name(&schema, object, name, sizeof name);
            for (unsigned i = 0; i < schema.n_tables; i++)
                if (strcmp(schema.tables[i].data, name) == 0) table = &schema.tables[i];
            if (table && pass == 0) view_add(&schema, object, table, out);
            if (!table && pass == 1 && !ddl_is_view(&schema, object)) plain_add(&schema, object, name, out);
        }
}
