/* Roll-ups: coarse tables for questions over long times, with keys that the administrator names.
 *
 *   rollups = 1d: src dst proto service; 1h: exporter in out
 *
 * is two of them: rollup_src_dst_proto_service_86400 and rollup_exporter_in_out_3600. Each has a bucket size, a colon,
 * and its keys in the order of its primary key; roll-ups are separated by semicolons. A key is `service`
 * (flow/service.h), or a flow key of the configuration, by its element's name or as filters call it: src, dst, sport,
 * dport, proto, exporter, exporter6, in, out. Questions about hosts are answered by a roll-up with src only if it also
 * has dst, which tells whether a source of 0.0.0.0 is an address. The size divides a day and is a multiple of a bucket
 * size, out of whose flows the roll-up is added up when a generation is written.
 *
 * A store remembers its roll-ups; another choice is refused until store/upgrade.h has made it so. */
#ifndef FLOWIMPORT_STORE_ROLLUP_H
#define FLOWIMPORT_STORE_ROLLUP_H

#include "base/buffer.h"
#include "base/error.h"
#include "store/schema.h"

#define ROLLUPS_NONE "none" /* also a text of blanks alone */

/* Adds the roll-ups of the text to a schema that has none. 0, or -1 with the error set (without the option's name) and
 * the schema as it was. */
int rollups_add(struct schema *schema, const char *text, struct error *error) __attribute__((warn_unused_result));
/* The same roll-ups always as the same text, which rollups_add() reads: "3600: src dst; 86400: src service". */
void rollups_show(const struct schema *schema, struct buffer *out);

/* The service as an expression over the columns of a flows table. */
void rollup_service_sql(struct buffer *sql);
/* The rows of these buckets, out of the flows of a size that divides the roll-up's: "INSERT INTO rollup_..._data (...)
 * SELECT ... FROM (SELECT ... FROM flows_S_data WHERE bucket >= first AND bucket < end) AS flows GROUP BY ...". A row
 * that is there already makes it fail. In MySQL the flows stay locked until the transaction ends. */
void rollup_fill_sql(const struct schema *schema, const struct table *table, uint32_t base, uint32_t first,
                     uint64_t end, enum dialect dialect, struct buffer *sql);

#endif
