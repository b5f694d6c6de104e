/* The tables: names, columns and DDL, made from the layout and the bucket sizes by one generator, for both dialects.
 *
 * For each bucket size S: flows_S, flows6_S, flows_aggr_S, index_nodes_S, index_nodes6_S, index_ports_S; for all time:
 * index_nodes, index_nodes6, index_ports; and import_ledger. Names and meanings are flow-inspector's (preprocess.py,
 * its schema of 2013); the …6 tables, the fractional flow counts and the ledger are ours. flows6_S is there only where
 * a configured key is an address; without, flows_S takes both families. Roll-ups (store/rollup.h) come on top:
 * rollup_KEYS_S, and rollup6_KEYS_S where one of their keys is an address. */
#ifndef FLOWIMPORT_STORE_SCHEMA_H
#define FLOWIMPORT_STORE_SCHEMA_H

#include "base/buffer.h"
#include "flow/layout.h"
#include "flow/record.h"

enum {
    BUCKET_SIZES_MAX = 8,
    ROLLUPS_MAX = 8,
    ROLLUP_SERVICE = 0xff, /* in place of a field: the service (flow/service.h) */
    /* Values of a row, at most: (sums + flows) for each of: total; 4 classes; src, dst; src and dst by class. */
    SCHEMA_GROUPS = 1 + PROTO_CLASSES + 2 + 2 * PROTO_CLASSES,
    SCHEMA_VALUES_MAX = SCHEMA_GROUPS * (FLOW_SUMS_MAX + 1),
    SCHEMA_KEYS_MAX = 1 + FLOW_KEYS_MAX,
    SCHEMA_NAME_MAX = 96, /* of a column, with its NUL */
    SCHEMA_TABLES_MAX = BUCKET_SIZES_MAX * 6 + 3 + ROLLUPS_MAX * 2,
    SCHEMA_SIZES_MAX = BUCKET_SIZES_MAX + ROLLUPS_MAX,
    /* Of the tables; in flowimport_schema. Programs that know only the first would create the tables that a store was
     * created without, and fill them from then on. */
    SCHEMA_VERSION = 1,
    SCHEMA_VERSION_LEFT_OUT = 2,
    SCHEMA_VERSION_ROLLUPS = 3,
};

/* One flow, in the unit of every `flows` count in memory. Every table is a view, `flows_600`, over the one that holds
 * the rows, `flows_600_data`: the stored column is an integer of millionths, `flows_millionths`; the view answers
 * `flows` (DECIMAL(20,6) in MySQL, a real number in SQLite) and, where the protocol is a flow key, tcp_… to other_… of
 * the flows tables. Measured on MariaDB 10.11: rows that exist are updated twice as fast as with DECIMAL and virtual
 * columns in one table. In MySQL a view takes DELETE, and its partitions are the data table's. */
#define FLOW_UNIT 1000000

enum dialect { DIALECT_MYSQL, DIALECT_SQLITE };

/* The sums of the tables for all time, and those of a generation in the ledger, are wide (flow/sum.h).
 *
 * SQLite: they are integers up to SUM_MOST, and beyond it texts of SUM_DIGITS digits with zeros before them. A text is
 * more than any integer there, so that both compare and sort as numbers do. The columns' type is ANY.
 * MySQL: the columns are BIGINT UNSIGNED until a sum is more, and then become DECIMAL(36,0) (mysql/widen.h), whose 17
 * digits beyond SUM_MOST no adding fills. Measured on MariaDB 10.11: DECIMAL takes a row's update half as long again.
 */
#define SCHEMA_WIDE_MYSQL "DECIMAL(36,0)"
#define SCHEMA_WIDE_SQLITE "ANY"

/* In the order in which a generation is written. */
enum table_kind { TABLE_FLOWS, TABLE_NODES, TABLE_PORTS, TABLE_ROLLUP, TABLE_AGGR };

/* The id of IPv4's nodes and of the ports is ELEMENT_SIGNED64: -1 is the total row. Of nodes, SCHEMA_NO_ADDRESS is what
 * ends of flows have sent and received of which no address is known: 0 in the flows tables, and there no host but as
 * the source of what goes to a group or to all (a host that asks for its address): from SCHEMA_MULTICAST on. */
enum { SCHEMA_NO_ADDRESS = -2 };
#define SCHEMA_MULTICAST UINT32_C(0xe0000000) /* 224.0.0.0 */

struct key_column {
    const char *name;
    uint8_t type;    /* enum element_type */
    uint16_t offset; /* of the value in a row's packed key, big-endian as in the layout */
    uint8_t width;   /* bytes */
};

struct table {
    char
        name[60]; /* of the view, for readers: with "_data" or "_text" behind it no longer than MySQL's 64 characters */
    char data[68]; /* of the table that holds the rows: what is written, partitioned and dropped */
    enum table_kind kind;
    unsigned rollup;         /* of TABLE_ROLLUP: which of the schema's */
    enum flow_family family; /* FLOW_IPV4 for the tables that take both */
    uint32_t bucket_size;    /* seconds; 0: all time */
    unsigned n_keys;         /* columns of the primary key, in its order */
    struct key_column keys[SCHEMA_KEYS_MAX];
    unsigned key_bytes;
    /* Stored values, in column order. A *group* is the sums in the layout's order, then flows (millionths).
     * TABLE_FLOWS, TABLE_ROLLUP: one group. TABLE_AGGR: total, tcp, udp, icmp, other.
     * TABLE_NODES, TABLE_PORTS: total, tcp…other, src, src_tcp…src_other, dst, dst_tcp…dst_other.
     * Where the protocol is a key, the view of a flows table or roll-up answers for tcp_… to other_… too. */
    unsigned n_values;
};

/* Tables that a store does without; bits of a set. The flows, flows_aggr and index_nodes tables of each size are always
 * there: the audit holds them against each other. */
enum schema_leave { SCHEMA_LEAVE_NONE = 0, SCHEMA_LEAVE_PORTS = 1, SCHEMA_LEAVE_ALL_TIME = 2 };
/* By set: "none", "ports", "all-time", "ports-and-all-time". */
extern const char *const schema_leave_names[4];

struct rollup {
    uint32_t size; /* of its buckets, seconds: divides a day, and is a multiple of a configured size */
    unsigned n_keys;
    uint8_t keys[FLOW_KEYS_MAX]; /* indexes into the layout's fields, or ROLLUP_SERVICE */
    bool has_addresses;          /* then IPv6 flows have a table of their own */
    char name[46];               /* "src_dst_service": its keys; no two of a size are equal */
};

struct schema {
    const struct flow_layout *layout; /* borrowed */
    unsigned leave_out;               /* set of enum schema_leave */
    unsigned n_sizes;
    uint32_t sizes[BUCKET_SIZES_MAX]; /* ascending, no two equal */
    unsigned n_rollups;               /* by size, then name */
    struct rollup rollups[ROLLUPS_MAX];
    unsigned n_tables;
    struct table tables[SCHEMA_TABLES_MAX];
};

/* `sizes` in any order. The layout is borrowed and must outlive the schema. */
void schema_init(struct schema *schema, const struct flow_layout *layout, const uint32_t *sizes, unsigned n_sizes);
/* Takes the tables of the set out of an initialized schema. A store remembers the set it was created with and refuses
 * another: a table that lacks the rows of a while would answer wrongly. */
void schema_leave_out(struct schema *schema, unsigned set);
/* Adds a roll-up and its tables; the schema has room, and the roll-up is as its struct says. Those added before have a
 * smaller size, or a lesser name. */
void schema_rollup_add(struct schema *schema, const struct rollup *rollup);
/* NULL where one table takes both families. */
const struct table *schema_rollup_table(const struct schema *schema, unsigned rollup, enum flow_family family);
/* All sizes of buckets that there are, of roll-ups too, ascending. Returns how many. */
unsigned schema_all_sizes(const struct schema *schema, uint32_t sizes[SCHEMA_SIZES_MAX]);
/* NULL where there is no such table (flows6_S without address keys; flows or aggr for all time; tables left out). */
const struct table *schema_table(const struct schema *schema, enum table_kind kind, enum flow_family family,
                                 uint32_t bucket_size);
/* The key that is the table's column `place`: columns stand in flow-inspector's order, in which an index table's id
 * comes first. In its primary key the bucket does. */
unsigned schema_key_column(const struct table *table, unsigned place);
bool schema_has_key(const struct table *table, const char *name);
/* Whether its rows are flows by their keys, with one group of values. */
static inline bool schema_is_flows(const struct table *table) {
    return table->kind == TABLE_FLOWS || table->kind == TABLE_ROLLUP;
}
/* Whether its sums are wide. */
static inline bool schema_is_wide(const struct table *table) { return table->bucket_size == 0; }
/* All DDL of a dialect, each statement ended by ";\n", as `sql/` shows it; idempotent (IF NOT EXISTS). */
void schema_print(const struct schema *schema, enum dialect dialect, struct buffer *out);
/* The name of the value column `index` in the view, as in "src_tcp_octetDeltaCount" or "src_tcp_flows". */
void schema_value_name(const struct schema *schema, const struct table *table, unsigned index, char *name, size_t size);
/* The same in the data table: "src_tcp_octetDeltaCount", "src_tcp_flows_millionths". */
void schema_stored_name(const struct schema *schema, const struct table *table, unsigned index, char *name,
                        size_t size);

#endif
