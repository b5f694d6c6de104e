/* Memory, CPU time, threads and files of this process, from the system. */
#include "base/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The number behind "name:" in /proc/self/status; 0 where it is not told. */
static uint64_t status_number(const char *text, const char *name) {
    const char *line = strstr(text, name);
    return line ? strtoull(line + strlen(name), NULL, 10) : 0;
}

static uint64_t files_count(void) {
    uint64_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (!folder) return 0;
    while (readdir(folder))
        n++;
    closedir(folder);
    return n < 3 ? 0 : n - 3; /* ".", ".." and the folder itself */
}

static int64_t time_us(const struct timeval *time) { return (int64_t)time->tv_sec * 1000000 + time->tv_usec; }

void process_show(int64_t started, struct show *show) {
    char status[4096] = "";
    struct rlimit files = {0};
    struct rusage usage = {.ru_maxrss = 0};
    FILE *file = fopen("/proc/self/status", "re");
    if (file) {
        status[fread(status, 1, sizeof status - 1, file)] = '\0';
        fclose(file);
    }
    getrlimit(RLIMIT_NOFILE, &files);
    getrusage(RUSAGE_SELF, &usage);
    show_standard_module(show, "process");
    show_gauge(show, "start_time_seconds", "When the process was started.", (uint64_t)started);
    show_seconds(show, SHOW_COUNTER, "cpu_seconds_total", "User and system CPU time.",
                 time_us(&usage.ru_utime) + time_us(&usage.ru_stime));
    show_gauge(show, "resident_memory_bytes", "Resident memory.", status_number(status, "\nVmRSS:") * 1024);
    show_gauge(show, "virtual_memory_bytes", "Address space.", status_number(status, "\nVmSize:") * 1024);
    show_gauge(show, "open_fds", "Open file descriptors.", files_count());
    show_gauge(show, "max_fds", "Limit of open file descriptors.", files.rlim_cur);
    show_gauge(show, "threads", "Threads.", status_number(status, "\nThreads:"));
}
