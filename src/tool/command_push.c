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
#include "files/tail.h"
#include "tool/commands.h"
#include "tool/entries_line.h"
#include "tool/entries_objects.h"
#include "tool/entries_open.h"
#include "queue/producer.h"

enum {
    MARKER_SECONDS = 30 * DAY_SECONDS, /* for so long Redis knows which contents were pushed */
    LOOK_MS = 200,                     /* between looks at a file that grows */
    TURN = 500,                        /* entries between two turns of the event loop */
};
static const int64_t end_position = INT64_MAX; /* of END: behind all entries */

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
    uint64_t n; /* entries put */
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
static int entry_put(void *context, int64_t position, const char *text, size_t len) {
    struct push *push = context;
    while (!push->over && !producer_put_at(push->producer, (uint64_t)position, text, len))
        event_base_loop(push->base, EVLOOP_ONCE);
    if (++push->n % TURN == 0) event_base_loop(push->base, EVLOOP_NONBLOCK);
    return push->over ? EXIT_FAILED : EXIT_DONE;
}

/* --- a file with an end --- */

/* Where to go on; *all is set where there is nothing left to do. */
static int begin_find(struct push *push, const struct entries *entries, const char *stream, bool *all) {
    uint64_t begin = push->marker_position;
    *all = begin == (uint64_t)end_position;
    if (push->marker_stream[0] && strcmp(push->marker_stream, stream) != 0)
        return command_fail(EXIT_FAILED,
                            "%s: some flows were pushed before with other [capture] options, or by another version; "
                            "--again pushes all of them",
                            push->path);
    producer_resume(push->producer, stream, begin);
    if (*all)
        fprintf(stderr, "%s: already pushed, with END; --again pushes it again\n", push->path);
    else if (begin > 0)
        fprintf(stderr, "%s: the first %" PRId64 " %s were already pushed; --again pushes them again\n", push->path,
                entries_count(entries, (int64_t)begin), entries->source->unit);
    return EXIT_DONE;
}

/* What positions depend on is part of the stream's name. */
static int entries_push(struct push *push, struct entries *entries, const char *identity, bool end) {
    const struct entries_handler handler = {push, entry_put, NULL};
    char stream[PRODUCER_STREAM_MAX];
    bool all;
    snprintf(stream, sizeof stream, "%s", identity);
    if (entries->way) snprintf(stream, sizeof stream, "%s:%" PRIx64, identity, (uint64_t)entries->way);
    int code = begin_find(push, entries, stream, &all);
    if (code != EXIT_DONE || all) return code;
    code = entries_read(entries, (int64_t)push->marker_position, &handler);
    if (code == EXIT_DONE && end) code = entry_put(push, end_position, "END", strlen("END"));
    return code;
}

static int file_push(const struct command_call *call, const char *path, bool end) {
    struct push push;
    char identity[33 + 24];
    struct entries *entries = entries_open(call, path, true);
    if (!entries) return EXIT_FAILED;
    int code = entries_identify(entries);
    if (code == EXIT_DONE) {
        snprintf(identity, sizeof identity, "%s", entries->identity);
        if (call->options->again) snprintf(identity + 32, 24, ":%" PRId64, clock_now_us(&clock_system));
        char *marker = mem_printf("push:%s", identity);
        code = push_open(&push, call, path, marker);
        if (code == EXIT_DONE) code = entries_push(&push, entries, identity, end);
        code = push_close(&push, code);
        free(marker);
    }
    return entries_close(entries, code);
}

/* --- a file that grows --- */

static void moment_wait(struct push *push) {
    event_base_loopexit(push->base, &(struct timeval){.tv_usec = LOOK_MS * 1000});
    event_base_dispatch(push->base);
}

/* The lines of one file after the other, whose headers count even where they were read before. */
struct followed {
    struct tail *tail;
    struct entries *entries;
    /* Of the file under way, by its format; both NULL until its first line that is not empty. */
    struct objects *objects; /* what its lines are taken apart by; NULL: lines are records */
    struct foreign *foreign; /* NULL: records are entries */
    uint64_t begin;          /* what lies before it in this file was pushed before */
    uint64_t from;           /* behind the last line */
};

static void readers_free(struct followed *followed) {
    objects_free(followed->objects);
    foreign_free(followed->foreign);
    followed->objects = NULL;
    followed->foreign = NULL;
}

static void file_begin(struct followed *followed) {
    readers_free(followed);
    followed->entries->number = followed->entries->column = 0;
    followed->begin = tail_position(followed->tail);
    if (followed->begin > 0) tail_rewind(followed->tail);
    followed->from = tail_position(followed->tail);
}

static void reader_choose(struct followed *followed, const char *line, size_t len) {
    enum foreign_format format = entries_line_format(followed->entries->call, line, len);
    if (format != FOREIGN_ENTRIES) followed->foreign = foreign_new(format, followed->entries->call->options->time);
    if (format == FOREIGN_ENTRIES || foreign_is_objects(line, len))
        followed->objects = objects_new(followed->foreign ? OBJECTS_OF_LISTS : OBJECTS_LISTS_WHOLE);
}

/* Of a line that is too long the tail has no more than the head. */
static int objects_push(struct followed *followed, int64_t position, const char *line, size_t len) {
    struct entries *entries = followed->entries;
    bool long_one = len > ENTRY_BYTES_MAX && position > (int64_t)followed->begin;
    entries->column = 0;
    int code = long_one ? entries_line_refuse(entries, position, line, len, NULL) : EXIT_DONE;
    if (code != EXIT_DONE) return code;
    objects_feed(followed->objects, (int64_t)followed->from, position, line, len > ENTRY_BYTES_MAX ? 0 : len, true);
    return entries_objects(entries, followed->objects, followed->foreign, (int64_t)followed->begin);
}

static int line_push(struct followed *followed, const char *line, size_t len) {
    struct entries *entries = followed->entries;
    uint64_t position = tail_position(followed->tail);
    entries->number++;
    if (!followed->foreign && !followed->objects && len > 0) reader_choose(followed, line, len);
    int code = EXIT_DONE;
    if (followed->objects)
        code = objects_push(followed, (int64_t)position, line, len);
    else if (position > followed->begin)
        code = entries_line(entries, followed->foreign, (int64_t)position, line, len);
    else if (len > 0)
        foreign_skip(followed->foreign, line, len);
    followed->from = position;
    return code;
}

static int tail_push(struct push *push, struct entries *entries) {
    struct followed followed = {.entries = entries};
    struct error error;
    const char *text;
    size_t len;
    int code = EXIT_DONE, found = TAIL_NONE;
    followed.tail = tail_open(push->path, push->marker_stream, push->marker_position, &error);
    if (!followed.tail) return command_fail(EXIT_FAILED, "%s", error.text);
    while (found >= 0 && !push->over && code == EXIT_DONE) {
        found = tail_next(followed.tail, clock_monotonic_us(), &text, &len, &error);
        if (found == TAIL_NONE) moment_wait(push);
        if (found == TAIL_LINE) code = line_push(&followed, text, len);
        if (found != TAIL_FILE) continue;
        arrival_wait(push); /* the marker can speak of one file alone */
        if (!push->over) producer_resume(push->producer, tail_label(followed.tail), tail_position(followed.tail));
        file_begin(&followed);
    }
    tail_close(followed.tail);
    readers_free(&followed);
    if (found < 0) return command_fail(EXIT_FAILED, "%s", error.text);
    return push->over ? EXIT_DONE : code;
}

static const struct entries_source followed_source = {"line", "bytes", NULL, NULL, NULL, NULL};

/* Known by this host and its path. */
static int file_follow(const struct command_call *call, const char *path) {
    struct push push;
    struct event *signals[2];
    char *whole = realpath(path, NULL);
    if (!whole) return command_fail(EXIT_FAILED, "%s: %s", path, strerror(errno));
    char *marker = mem_printf("push:%s:%s", call->config->queue.consumer, whole);
    const struct entries_handler handler = {&push, entry_put, NULL};
    struct entries *entries = entries_new(call, path, &followed_source, NULL, false);
    entries->handler = &handler;
    int code = push_open(&push, call, path, marker);
    for (unsigned i = 0; i < 2; i++) {
        signals[i] = evsignal_new(push.base, i ? SIGINT : SIGTERM, on_signal, &push);
        evsignal_add(signals[i], NULL);
    }
    if (code == EXIT_DONE) code = tail_push(&push, entries);
    for (unsigned i = 0; i < 2; i++)
        event_free(signals[i]);
    code = push_close(&push, code);
    free(marker);
    free(whole);
    return entries_close(entries, code);
}

int command_push(const struct command_call *call) {
    const struct command_options *options = call->options;
    int worst = EXIT_DONE;
    if (call->n_operands == 0) return command_usage(call);
    if (options->follow && (call->n_operands > 1 || options->end || options->again || options->format == FORMAT_PCAP))
        return command_fail(EXIT_USAGE, "push --follow: accepts one FILE, of lines, and neither --end nor --again");
    if (options->follow) return file_follow(call, call->operands[0]);
    for (int i = 0; i < call->n_operands; i++) {
        bool end = options->end && worst == EXIT_DONE && i + 1 == call->n_operands;
        int code = file_push(call, call->operands[i], end);
        if (code == EXIT_FAILED || worst == EXIT_DONE) worst = code;
    }
    return worst;
}
