/* Any bytes as a configuration file: all errors are counted and in lines, values that were refused leave no trace. */
#include "base/option.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct values {
    const char *text, *url;
    bool yes;
    uint64_t count, bytes;
    int64_t seconds, milliseconds, time;
    int word;
    struct option_list list;
};

static const struct option_word words[] = {{"red", 1}, {"redis", 2}, {NULL, 0}};

#define ROW(option_name, option_type, c_type)                                                                          \
    .section = "a", .name = #option_name, .type = option_type, .offset = OPTION_AT(values, option_name, c_type)

static const struct option rows[] = {
    {ROW(text, OPTION_TEXT, const char *)},
    {ROW(url, OPTION_URL, const char *), .words = words},
    {ROW(yes, OPTION_BOOL, bool)},
    {ROW(count, OPTION_COUNT, uint64_t), .max = 1000},
    {ROW(bytes, OPTION_BYTES, uint64_t)},
    {ROW(seconds, OPTION_SECONDS, int64_t), .min = 1, .max = 86400, .standard = "5"},
    {ROW(milliseconds, OPTION_MILLISECONDS, int64_t)},
    {ROW(time, OPTION_TIME, int64_t)},
    {ROW(word, OPTION_WORD, int), .words = words},
    {ROW(list, OPTION_SECONDS_LIST, struct option_list), .min = 1, .max = 3600},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct options options;
    struct values values;
    char path[64];
    int fd = memfd_create("options", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    options_init(&options, 1795429230);
    options_add(&options, rows, sizeof rows / sizeof rows[0], &values);
    int status = options_file(&options, path);
    unsigned lines = 0;
    for (size_t i = 0; i < options.errors.len; i++)
        lines += options.errors.data[i] == '\n';
    if (lines < options.n_errors || (status == 0) != (options.n_errors == 0)) abort();
    if (values.count > 1000 || values.seconds < 1 || values.seconds > 86400 || values.list.n > OPTION_LIST_MAX) abort();
    for (unsigned i = 0; i < values.list.n; i++)
        if (values.list.values[i] < 1 || values.list.values[i] > 3600) abort();
    options_release(&options);
    close(fd);
    return 0;
}
