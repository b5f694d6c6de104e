/* What the collector shows never waits for its thread: here that hangs in writing its state file. */
#include "daemon/collector.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fault.h"
#include "daemon/snapshot.h"
#include "message_case.h"

enum { PORTS_TRIED = 20 };

/* --- a file system that hangs --- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool hangs, released;
} disk = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};

static void on_fault(const char *place) {
    if (strcmp(place, "state-file") != 0) return;
    pthread_mutex_lock(&disk.lock);
    disk.hangs = true;
    pthread_cond_broadcast(&disk.changed);
    while (!disk.released)
        pthread_cond_wait(&disk.changed, &disk.lock);
    disk.hangs = false;
    pthread_mutex_unlock(&disk.lock);
}

static void disk_wait_hanging(void) {
    pthread_mutex_lock(&disk.lock);
    while (!disk.hangs)
        pthread_cond_wait(&disk.changed, &disk.lock);
    pthread_mutex_unlock(&disk.lock);
}

static void disk_release(void) {
    pthread_mutex_lock(&disk.lock);
    disk.released = true;
    pthread_cond_broadcast(&disk.changed);
    pthread_mutex_unlock(&disk.lock);
}

/* --- the collector --- */

static void on_finished(void *context, int exit_code) {
    assert_int_equal(exit_code, 0);
    *(bool *)context = true;
}

/* A port that was free a moment ago. */
static uint16_t port_find(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void datagram_send(uint16_t port, const struct message *message) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(sendto(fd, message->at, message->len, 0, (struct sockaddr *)&to, sizeof to),
                     (ssize_t)message->len);
    close(fd);
}

static void showing_waits_for_no_file(void **state) {
    (void)state;
    char folder[] = "/tmp/test-collector-XXXXXX", path[64], listen[64];
    struct error error = {""};
    struct config config = {.collector = {.queue = CAPTURE_REDIS,
                                          .memory = 8 << 20,
                                          .buffer = 1 << 20,
                                          .template_lifetime = 1800,
                                          .hold = 30,
                                          .listen = listen,
                                          .state = path}};
    struct collector *collector = NULL;
    struct event_base *base = event_base_new();
    static struct message message;
    uint16_t port = 0;
    bool finished = false;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/state", folder);
    for (unsigned i = 0; i < PORTS_TRIED && !collector; i++) {
        port = port_find();
        snprintf(listen, sizeof listen, "udp:127.0.0.1:%u", port);
        collector = collector_open(&config, NULL, &error);
    }
    assert_non_null(collector);
    fault_hook = on_fault;
    assert_int_equal(collector_start(collector, base, on_finished, &finished, &error), 0);
    ipfix_make(&message, 0, 1, true);
    datagram_send(port, &message);
    /* What has come is read first, then the state is written: which hangs, here or in the loop before. */
    collector_stop(collector);
    disk_wait_hanging();
    struct buffer out = BUFFER_INIT;
    struct show show;
    for (unsigned times = 0; times < 1000; times++) {
        buffer_clear(&out);
        show_begin(&show, SHOW_PROMETHEUS, &out);
        collector_show(collector, &show);
        show_end(&show);
        collector_problems(collector, &out);
    }
    pthread_mutex_lock(&disk.lock);
    assert_true(disk.hangs); /* all the time */
    pthread_mutex_unlock(&disk.lock);
    assert_non_null(strstr(out.data, "\nflowimport_listener_datagrams_total 1\n"));
    assert_non_null(strstr(out.data, "\nflowimport_collector_flows_total 1\n"));
    assert_non_null(strstr(out.data, "\nflowimport_collector_exporter_records_total{exporter=\"127.0.0.1/1\"} 1\n"));
    assert_int_equal(access(path, F_OK), -1);
    disk_release();
    while (!finished)
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(access(path, F_OK), 0);
    fault_hook = NULL;
    collector_free(collector);
    event_base_free(base);
    buffer_release(&out);
    unlink(path);
    rmdir(folder);
}

/* A thread that hangs takes no messages, and so is a problem. */
static void a_stale_snapshot_is_a_problem(void **state) {
    (void)state;
    static struct snapshots snapshots;
    struct buffer out = BUFFER_INIT;
    struct message_case *mc = case_open(NULL, OUT_NEEDED);
    struct error error;
    const struct listener_handler handler = {.context = NULL};
    const struct listener_config config = {.listen = "udp:127.0.0.1:0", .buffer = 1 << 16, .clock = &clock_system};
    struct listener *listener = listener_open(&config, &handler, &error);
    assert_non_null(listener);
    snapshots_init(&snapshots);
    snapshots_problems(&snapshots, NOW * SECOND, &out); /* before there is any */
    assert_int_equal(out.len, 0);
    snapshots_take(&snapshots, listener, mc->decoder, NOW * SECOND);
    snapshots_problems(&snapshots, (NOW + SNAPSHOT_STALE_S) * SECOND - 1, &out);
    assert_int_equal(out.len, 0);
    snapshots_problems(&snapshots, (NOW + SNAPSHOT_STALE_S) * SECOND, &out);
    assert_string_equal(out.data,
                        "collector: its thread has hung for 10 s, possibly because its state file can't be written\n");
    buffer_clear(&out);
    snapshots_take(&snapshots, listener, mc->decoder, (NOW + SNAPSHOT_STALE_S) * SECOND);
    snapshots_problems(&snapshots, (NOW + SNAPSHOT_STALE_S) * SECOND, &out);
    assert_int_equal(out.len, 0);
    snapshots_release(&snapshots);
    listener_close(listener);
    buffer_release(&out);
    case_close(mc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(showing_waits_for_no_file),
        cmocka_unit_test(a_stale_snapshot_is_a_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
