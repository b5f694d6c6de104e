/* The tables for the reader of flowimport-tables(7), from the same generator as their SQL. */
#ifndef FLOWIMPORT_STORE_MANUAL_H
#define FLOWIMPORT_STORE_MANUAL_H

#include "store/schema.h"

/* mdoc(7): a section for each table as readers see it, with its columns, their types in MySQL, and what they mean. Of
 * the default keys and sums; `S` stands for the bucket size. */
void manual_print_tables(struct buffer *out);

#endif
