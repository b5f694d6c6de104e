/* What a test's code writes to a file descriptor, as a string. */
#ifndef TESTS_UNIT_CAPTURE_H
#define TESTS_UNIT_CAPTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct capture {
    int fd, saved;
    FILE *file;
};

static inline struct capture capture_begin(int fd) {
    fflush(NULL);
    struct capture capture = {fd, dup(fd), tmpfile()};
    if (!capture.file || dup2(fileno(capture.file), fd) < 0) abort();
    return capture;
}

/* The text so far, to be freed by the caller; the descriptor is as it was before. */
static inline char *capture_end(struct capture *capture) {
    fflush(NULL);
    dup2(capture->saved, capture->fd);
    close(capture->saved);
    off_t size = lseek(fileno(capture->file), 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    if (!text || pread(fileno(capture->file), text, (size_t)size, 0) != size) abort();
    fclose(capture->file);
    return text;
}

#endif
