/* The file that a SQLite store is in: made for its owner and group alone, and still the one that was opened; and those
 * that SQLite keeps beside it. */
#ifndef FLOWIMPORT_STORE_SQLITE_DATABASE_FILE_H
#define FLOWIMPORT_STORE_SQLITE_DATABASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct database_file {
    char *path; /* NULL: in memory */
    dev_t device;
    ino_t inode;
};

/* Makes an empty file of mode 0640 where there is none; SQLite gives its log and its index the same mode. What fails
 * here fails again, with a reason, when SQLite opens it. */
void database_file_make(const char *path);
/* Whether it is a file that we may read, and write unless `read_only`; false: it is missing, or not for us. */
bool database_file_is_ours(const char *path, bool read_only);
/* Where it is, and SQLite still can't open the database: sets the error if a file beside it is why. */
void database_file_beside(const char *path, struct error *error);
/* Remembers which file it is; released with free(file->path). `path`: absolute; NULL or "": in memory. */
void database_file_init(struct database_file *file, const char *path);
/* 0, or -1 where another file or none is at its place: what is written from now on nobody would find. */
int database_file_check(const struct database_file *file, struct error *error) __attribute__((warn_unused_result));

#endif
