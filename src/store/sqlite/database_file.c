/* The database's file: its mode, and whether it was moved away under the program that has it open. */
#include "store/sqlite/database_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

void database_file_make(const char *path) {
    /* O_EXCL: closing another descriptor of a file that SQLite has open would drop its locks. */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd >= 0) close(fd);
}

bool database_file_is_ours(const char *path, bool read_only) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
           faccessat(AT_FDCWD, path, read_only ? R_OK : R_OK | W_OK, AT_EACCESS) == 0;
}

/* Asked by access() and stat(): closing a descriptor of our own would drop SQLite's locks. */
void database_file_beside(const char *path, struct error *error) {
    static const char *const ends[] = {"-wal", "-shm"};
    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char *beside = mem_printf("%s%s", path, ends[i]);
        struct stat status;
        bool is_there = stat(beside, &status) == 0;
        if (is_there && faccessat(AT_FDCWD, beside, R_OK | W_OK, AT_EACCESS) != 0)
            error_set(error, "%s, which SQLite keeps beside the database: %s; it belongs to user %u", beside,
                      strerror(errno), (unsigned)status.st_uid);
        free(beside);
    }
}

void database_file_init(struct database_file *file, const char *path) {
    struct stat status;
    *file = (struct database_file){0};
    if (!path || !*path || stat(path, &status) != 0) return;
    file->path = mem_strdup(path);
    file->device = status.st_dev;
    file->inode = status.st_ino;
}

int database_file_check(const struct database_file *file, struct error *error) {
    struct stat status;
    if (!file->path) return 0;
    if (stat(file->path, &status) != 0)
        return error_set(error,
                         "%s was moved or removed while it was open; put it back, or restart to create a new one",
                         file->path);
    if (status.st_dev == file->device && status.st_ino == file->inode) return 0;
    return error_set(error,
                     "%s was moved or removed while it was open, and another file is in its place; put it back, or "
                     "restart to use the new one",
                     file->path);
}
