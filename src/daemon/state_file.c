/* Files replaced by moving a new one to their place. */
#include "daemon/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/mem.h"

/* As write(2), to the end: a disk that is nearly full takes a part at first. */
static bool all_write(int fd, const char *bytes, size_t len) {
    for (ssize_t n; len > 0; bytes += n, len -= (size_t)n)
        if ((n = write(fd, bytes, len)) <= 0) return false;
    return true;
}

int state_file_replace(const char *path, const struct buffer *text, struct error *error) {
    char *fresh = mem_printf("%s.new", path);
    fault_point("state-file");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool written = fd >= 0 && all_write(fd, text->data, text->len) && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0) written = false;
    if (written) written = rename(fresh, path) == 0;
    if (!written) error_set(error, "%s: %s", path, strerror(errno));
    free(fresh);
    return written ? 0 : -1;
}

int state_file_read(const char *path, struct buffer *text, struct error *error) {
    struct stat status;
    int result = -1, fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? 0 : error_set(error, "%s: %s", path, strerror(errno));
    if (fstat(fd, &status) != 0) {
        error_set(error, "%s: %s", path, strerror(errno));
    } else if (status.st_size > STATE_FILE_MAX) {
        error_set(error, "%s: larger than %d bytes", path, STATE_FILE_MAX);
    } else {
        char *bytes = mem_alloc((size_t)status.st_size + 1);
        ssize_t len = read(fd, bytes, (size_t)status.st_size);
        if (len > 0) buffer_add(text, bytes, (size_t)len);
        result = len < 0 ? error_set(error, "%s: %s", path, strerror(errno)) : 0;
        free(bytes);
    }
    close(fd);
    return result;
}
