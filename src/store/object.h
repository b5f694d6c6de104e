/* The objects of the schema, see ddl.h. */
#ifndef FLOWIMPORT_STORE_OBJECT_H
#define FLOWIMPORT_STORE_OBJECT_H

#include "store/store_ops.h"

/* Makes the object of this number unless there is one of its name; the error is without the store's name. */
enum store_status object_create(struct store *store, unsigned object, struct error *error)
    __attribute__((warn_unused_result));

#endif
