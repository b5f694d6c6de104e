/* The database's file: its mode, and whether it was moved away under the program that has it open. */
#include "store/sqlite/database_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

void database_file_make(const char *path) {
    /* O_EXCL: closing another descriptor of a file that SQLite has open would drop its locks. */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd >= 0) close(fd);
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
