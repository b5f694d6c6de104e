/* flowimport push: files onto the queue, line by line as they are, or flow by flow; or the lines of one that grows. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "input/lines.h"
#include "input/tail.h"
#include "prog/capture_options.h"
#include "prog/captures.h"
#include "prog/chunks.h"
#include "queue/producer.h"

enum {
    MARKER_SECONDS = 30 * 24 * 3600, /* for so long Redis knows which contents were pushed */
    LOOK_MS = 200,                   /* between looks at a file that grows */
    TURN = 500,                      /* entries between two turns of the event loop */
    SHOW_EVERY = 1 << 14,            /* entries between two looks at the progress */
};
static const uint64_t end_position = INT64_MAX; /* of END: behind all entries */

struct push {
    const char *path;
    struct event_base *base;
    struct producer_config config;
    struct producer *producer;
    bool ready; /* the marker is known: */
    char marker_stream[PRODUCER_STREAM_MAX];
    uint64_t marker_position;
    bool over; /* nothing more can be pushed, or is to be */
    int code;
    uint64_t n;     /* entries read */
    uint64_t begin; /* how far an earlier run has come: bytes of a file of lines, flows of a capture */
};

static void push_stop(struct push *push, int code) {
    push->code = code;
    push->over = true;
}

/* --- what the event loop says --- */

static void on_ready(void *context, const char *stream, uint64_t position) {
    struct push *push = context;
    snprintf(push->marker_stream, sizeof push->marker_stream, "%s", stream);
    push->marker_position = position;
    push->ready = true;
}

/* A Redis that was never there is for others to wait for. */
static bool on_lost(void *context, const char *why) {
    struct push *push = context;
    if (!push->ready) push_stop(push, command_fail(EXIT_FAILED, "%s", why));
    return push->ready;
}

static void on_failed(void *context, const char *why) { push_stop(context, command_fail(EXIT_FAILED, "%s", why)); }

static void on_signal(evutil_socket_t number, short what, void *context) {
    (void)number;
    (void)what;
    push_stop(context, EXIT_DONE);
}

/* --- from the first entry to the last --- */

/* Waits for Redis and its marker. */
static int push_open(struct push *push, const struct command_call *call, const char *path, const char *marker) {
    const struct producer_handler handler = {push, on_ready, NULL, on_lost, on_failed};
    struct error error;
    *push = (struct push){.path = path, .config = call->pipeline->producer, .base = event_base_new()};
    push->config.marker = marker;
    push->config.marker_seconds = MARKER_SECONDS;
    push->config.spool = NULL; /* the file is there */
    signal(SIGPIPE, SIG_IGN);
    push->producer = producer_new(push->base, &push->config, &handler, &error);
    if (!push->producer) return command_fail(EXIT_USAGE, "%s", error.text);
    producer_start(push->producer);
    while (!push->ready && !push->over)
        event_base_loop(push->base, EVLOOP_ONCE);
    return push->code;
}

static void arrival_wait(struct push *push) {
    while (!push->over && !producer_is_done(push->producer))
        event_base_loop(push->base, EVLOOP_ONCE);
}

/* Waits for what was put, whatever the code; returns it, or why the waiting was in vain. */
static int push_close(struct push *push, int code) {
    if (push->ready) {
        arrival_wait(push);
        printf("%s: %" PRIu64 " entries pushed onto %s\n", push->path, producer_pushed(push->producer),
               push->config.queue);
    }
    producer_free(push->producer);
    event_base_free(push->base);
    return code == EXIT_DONE ? push->code : code;
}

/* Waits for room. */
static void entry_put(struct push *push, uint64_t position, const char *text, size_t len) {
    while (!push->over && !producer_put_at(push->producer, position, text, len))
        event_base_loop(push->base, EVLOOP_ONCE);
    if (push->n % TURN == 0) event_base_loop(push->base, EVLOOP_NONBLOCK);
}

/* --- a file with an end --- */

static int lines_push(struct push *push, struct contents *contents) {
    struct lines *lines = lines_new(contents);
    struct error error;
    const char *text;
    size_t len;
    int more = push->begin > 0 ? lines_seek(lines, (int64_t)push->begin, &error) : 0;
    while (more >= 0 && !push->over && (more = lines_next(lines, &text, &len, &error)) > 0) {
        if (++push->n % SHOW_EVERY == 0)
            progress_show(push->path, lines_progress(lines), (int64_t)push->n, "lines", false);
        if (len > 0) entry_put(push, (uint64_t)lines_position(lines), text, len);
    }
    progress_show(push->path, lines_progress(lines), (int64_t)push->n, "lines", true);
    lines_close(lines);
    return more < 0 ? command_fail(EXIT_FAILED, "%s", error.text) : EXIT_DONE;
}

static int flow_push(void *context, const char *text, size_t len) {
    struct push *push = context;
    if (++push->n > push->begin) entry_put(push, push->n, text, len);
    return push->over ? EXIT_FAILED : EXIT_DONE;
}

/* Where to go on; *all is set where there is nothing left to do. */
static int begin_find(struct push *push, const char *stream, const char *unit, bool *all) {
    *all = false;
    if (push->marker_stream[0] && strcmp(push->marker_stream, stream) != 0)
        return command_fail(EXIT_FAILED,
                            "%s: flows of it have been pushed with other [capture] options, or by another version; "
                            "--again pushes all of them",
                            push->path);
    push->begin = push->marker_position;
    producer_resume(push->producer, stream, push->begin);
    *all = push->begin == end_position;
    if (*all)
        fprintf(stderr, "%s: has been pushed before, with its END; --again pushes it again\n", push->path);
    else if (push->begin > 0)
        fprintf(stderr, "%s: its first %" PRIu64 " %s have been pushed before; --again pushes them again\n", push->path,
                push->begin, unit);
    return EXIT_DONE;
}

/* A capture's flows have numbers only as long as the same are made: how they are is part of the stream's name. */
static int contents_push(struct push *push, const struct command_call *call, struct contents *contents, int format,
                         const char *identity, bool end) {
    char stream[PRODUCER_STREAM_MAX];
    uint64_t seed = 0;
    bool all;
    snprintf(stream, sizeof stream, "%s", identity);
    if (format == FORMAT_PCAP)
        snprintf(stream, sizeof stream, "%s:%" PRIx64, identity, (uint64_t)capture_options_fingerprint(call->config));
    int code = begin_find(push, stream, format == FORMAT_PCAP ? "flows" : "bytes", &all);
    if (code != EXIT_DONE || all) return code;
    sscanf(identity, "%16" SCNx64, &seed);
    code = format == FORMAT_PCAP ? captures_entries(call, contents, seed, flow_push, push) : lines_push(push, contents);
    if (code == EXIT_DONE && end) entry_put(push, end_position, "END", strlen("END"));
    return code;
}

static int file_push(const struct command_call *call, const char *path, bool end) {
    struct push push;
    struct error error;
    char identity[33 + 24];
    struct contents *contents = contents_open(path, true, &error);
    if (!contents) return command_fail(EXIT_FAILED, "%s", error.text);
    int format = captures_format(call, contents), code = format < 0 ? EXIT_FAILED : EXIT_DONE;
    if (code == EXIT_DONE && contents_identity(contents, identity, &error) != 0)
        code = command_fail(EXIT_FAILED, "%s", error.text);
    if (code == EXIT_DONE) {
        if (call->options->again) snprintf(identity + 32, 24, ":%" PRId64, clock_now_us(&clock_system));
        char *marker = mem_printf("push:%s", identity);
        code = push_open(&push, call, path, marker);
        if (code == EXIT_DONE) code = contents_push(&push, call, contents, format, identity, end);
        code = push_close(&push, code);
        free(marker);
    }
    contents_close(contents);
    return code;
}

/* --- a file that grows --- */

static void moment_wait(struct push *push) {
    event_base_loopexit(push->base, &(struct timeval){.tv_usec = LOOK_MS * 1000});
    event_base_dispatch(push->base);
}

static int tail_push(struct push *push) {
    struct error error;
    const char *text;
    size_t len;
    struct tail *tail = tail_open(push->path, push->marker_stream, push->marker_position, &error);
    int found = tail ? TAIL_NONE : -1;
    while (found >= 0 && !push->over) {
        found = tail_next(tail, clock_monotonic_us(), &text, &len, &error);
        if (found == TAIL_NONE) moment_wait(push);
        if (found == TAIL_LINE && ++push->n && len > 0) entry_put(push, tail_position(tail), text, len);
        if (found != TAIL_FILE) continue;
        arrival_wait(push); /* the marker can speak of one file alone */
        if (!push->over) producer_resume(push->producer, tail_label(tail), tail_position(tail));
    }
    tail_close(tail);
    return found < 0 ? command_fail(EXIT_FAILED, "%s", error.text) : EXIT_DONE;
}

/* Known by this host and its path. */
static int file_follow(const struct command_call *call, const char *path) {
    struct push push;
    struct event *signals[2];
    char *whole = realpath(path, NULL);
    if (!whole) return command_fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    char *marker = mem_printf("push:%s:%s", call->config->queue.consumer, whole);
    int code = push_open(&push, call, path, marker);
    for (unsigned i = 0; i < 2; i++) {
        signals[i] = evsignal_new(push.base, i ? SIGINT : SIGTERM, on_signal, &push);
        evsignal_add(signals[i], NULL);
    }
    if (code == EXIT_DONE) code = tail_push(&push);
    for (unsigned i = 0; i < 2; i++)
        event_free(signals[i]);
    code = push_close(&push, code);
    free(marker);
    free(whole);
    return code;
}

int command_push(const struct command_call *call) {
    const struct command_options *options = call->options;
    int worst = EXIT_DONE;
    if (call->n_operands == 0 ||
        (options->follow && (call->n_operands > 1 || options->end || options->again || options->format == FORMAT_PCAP)))
        return command_usage("push [--format FORMAT] [--max-queue N] [--end] [--again] FILE ... | push --follow FILE");
    if (options->follow) return file_follow(call, call->operands[0]);
    for (int i = 0; i < call->n_operands; i++) {
        bool end = options->end && worst == EXIT_DONE && i + 1 == call->n_operands;
        int code = file_push(call, call->operands[i], end);
        if (code == EXIT_FAILED || worst == EXIT_DONE) worst = code;
    }
    return worst;
}
