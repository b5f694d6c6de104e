/* One call of the API: its parameters, its thread, its deadline, its reply. */
#include "http/dispatch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "http/call.h"
#include "http/gzip.h"
#include "http/params.h"

enum {
    ETAG_BYTES = 40,
    PACKED_FROM = 1024, /* bytes: what fits into one packet anyway comes no sooner */
};
#define BUSY_SECONDS "2"

struct dispatch_call {
    struct workers_job job; /* first: the workers know nothing else */
    struct dispatch *dispatch;
    struct http_exchange *exchange; /* NULL: nobody waits any more */
    const struct api_endpoint *endpoint;
    struct event *deadline;
    struct params params;
    struct api_call call;
    struct name_book *book; /* of the call, which may outlive a reload */
    char etag[ETAG_BYTES];  /* of the answer; weak, so packed or not it is the same */
    bool takes_gzip;        /* the client */
    bool is_packed;         /* the body */
    int64_t us;             /* what it took */
};

static const struct api_endpoint *endpoint_find(const char *path) {
    for (unsigned i = 0; i < api_n_endpoints; i++)
        if (strcmp(api_endpoints[i].path, path) == 0) return &api_endpoints[i];
    for (unsigned i = 0; i < api_n_original_endpoints; i++)
        if (strcmp(api_original_endpoints[i].path, path) == 0) return &api_original_endpoints[i];
    return NULL;
}

static void call_free(struct dispatch_call *call) {
    if (call->deadline) event_free(call->deadline);
    params_release(&call->params);
    buffer_release(&call->call.body);
    name_book_drop(call->book);
    free(call);
}

/* --- replies --- */

/* A refusal or failure, as the endpoints say it. */
static void error_answer(struct http_exchange *exchange, struct api_call *failed) {
    struct http_reply reply = {.status = failed->status, .type = failed->type, .body = failed->body};
    if (failed->status == 503) reply.headers[HTTP_RETRY_AFTER] = BUSY_SECONDS;
    http_answer(exchange, &reply);
    buffer_release(&failed->body);
}

static void fail_answer(struct http_exchange *exchange, int status, const char *message) {
    struct api_call failed = {.status = status};
    call_fail(&failed, status, message);
    error_answer(exchange, &failed);
}

static void call_answer(struct dispatch_call *call) {
    struct http_exchange *exchange = call->exchange;
    const char *name = strrchr(call->endpoint->path, '/') + 1;
    char timing[48], disposition[96];
    struct http_reply reply = {.status = call->call.status, .type = call->call.type, .body = call->call.body};
    snprintf(timing, sizeof timing, "db;dur=%" PRId64 ".%03d", call->us / 1000, (int)(call->us % 1000));
    snprintf(disposition, sizeof disposition, "attachment; filename=\"%.60s.csv\"", name);
    reply.headers[HTTP_SERVER_TIMING] = timing;
    reply.headers[HTTP_ETAG] = call->etag;
    reply.headers[HTTP_VARY] = "Accept-Encoding";
    reply.headers[HTTP_CACHE_CONTROL] = call->call.unchanging ? "private, max-age=3600" : "private, no-cache";
    if (strncmp(reply.type, "text/csv", strlen("text/csv")) == 0) reply.headers[HTTP_CONTENT_DISPOSITION] = disposition;
    if (http_has_etag(exchange, call->etag))
        reply.status = 304;
    else if (call->is_packed) /* a cache would take what 304 says of the coding for that of the body it has */
        reply.headers[HTTP_CONTENT_ENCODING] = "gzip";
    http_answer(exchange, &reply);
}

/* --- the way through a thread --- */

static void answer_pack(struct dispatch_call *call) {
    struct buffer *body = &call->call.body, packed = BUFFER_INIT;
    call->is_packed =
        call->takes_gzip && call->call.status == 200 && body->len > PACKED_FROM && gzip_pack(body, &packed);
    if (call->is_packed) {
        struct buffer plain = *body;
        *body = packed;
        packed = plain;
    }
    buffer_release(&packed);
}

static void call_run(struct workers_job *job, struct store *store) {
    struct dispatch_call *call = (struct dispatch_call *)(void *)job;
    int64_t begin = clock_monotonic_us();
    buffer_clear(&call->call.body); /* of a try before */
    call->call.status = 200;
    call->call.lasting = 0;
    call->call.store = store;
    call->endpoint->run(&call->call);
    call->us = clock_monotonic_us() - begin;
    job->failed = call->call.status == 503;
    size_t lasting = call->call.lasting ? call->call.lasting : call->call.body.len;
    XXH128_hash_t hash = XXH3_128bits(call->call.body.data, lasting);
    snprintf(call->etag, sizeof call->etag, "W/\"%016" PRIx64 "%016" PRIx64 "\"", hash.high64, hash.low64);
    answer_pack(call);
}

static void call_done(struct workers_job *job) {
    struct dispatch_call *call = (struct dispatch_call *)(void *)job;
    if (call->exchange && !job->has_run)
        fail_answer(call->exchange, 503, API_STORE_FAILED);
    else if (call->exchange && call->call.status != 200)
        error_answer(call->exchange, &call->call);
    else if (call->exchange)
        call_answer(call);
    call_free(call);
}

static void on_gone(void *context) {
    struct dispatch_call *call = context;
    call->exchange = NULL;
    workers_cancel(call->dispatch->workers, &call->job);
}

static void on_deadline(evutil_socket_t fd, short what, void *context) {
    struct dispatch_call *call = context;
    char message[128];
    (void)fd, (void)what;
    if (!call->exchange) return;
    snprintf(message, sizeof message,
             "the query exceeded %g s and was stopped; choose a shorter period or a narrower filter",
             (double)call->dispatch->patience_ms / 1000);
    fail_answer(call->exchange, 503, message);
    call->exchange = NULL;
    workers_cancel(call->dispatch->workers, &call->job);
}

static void call_start(struct dispatch_call *call) {
    struct dispatch *dispatch = call->dispatch;
    const struct timeval patience = {.tv_sec = dispatch->patience_ms / 1000,
                                     .tv_usec = dispatch->patience_ms % 1000 * 1000};
    call->book = name_book_hold(dispatch->book);
    call->job = (struct workers_job){.run = call_run, .done = call_done};
    call->call = (struct api_call){.schema = dispatch->schema,
                                   .params = call->params.list,
                                   .n_params = call->params.n,
                                   .now = clock_now(dispatch->clock),
                                   .names = dispatch->names,
                                   .book = call->book,
                                   .type = "application/json"};
    if (!workers_take(dispatch->workers, &call->job)) {
        fail_answer(call->exchange, 503, "too many queries are waiting; try again in a moment");
        call_free(call);
        return;
    }
    call->deadline = evtimer_new(dispatch->base, on_deadline, call);
    evtimer_add(call->deadline, &patience);
    http_later(call->exchange, on_gone, call);
}

void dispatch_answer(struct dispatch *dispatch, struct http_exchange *exchange) {
    const struct api_endpoint *endpoint = endpoint_find(http_path(exchange));
    const char *accepted;
    if (!endpoint) {
        fail_answer(exchange, 404, "path not found; flowimport-api(7) lists the paths");
        return;
    }
    struct dispatch_call *call = mem_zalloc(1, sizeof *call);
    call->dispatch = dispatch;
    call->exchange = exchange;
    call->endpoint = endpoint;
    call->takes_gzip = http_accepts(exchange, "gzip");
    if (params_parse(&call->params, http_query(exchange), &accepted) == 0) {
        call_start(call);
        return;
    }
    const struct api_param *wrong = &call->params.list[call->params.n];
    struct api_call refused = {.status = 400};
    call_refuse(&refused, wrong->name, wrong->value, accepted);
    error_answer(exchange, &refused);
    call_free(call);
}
