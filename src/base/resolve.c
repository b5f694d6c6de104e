/* Questions for the addresses of names, each in its thread, and the answer on the event loop. */
#include "base/resolve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

/* What a thread and the loop share; the last one to let go frees it. */
struct question {
    atomic_int holders;
    char *host, port[12];
    int type;
    int told;             /* eventfd; -1: there is no thread */
    atomic_bool answered; /* set before `told`: what follows was the thread's, and is the loop's */
    int code, number;     /* of getaddrinfo, and errno for EAI_SYSTEM */
    struct addrinfo *found;
};

struct resolve {
    struct question *question;
    struct event *answered;
    resolve_fn *done;
    void *context;
};

int (*resolve_name)(const char *host, const char *port, const struct addrinfo *hints,
                    struct addrinfo **found) = getaddrinfo;

static void question_release(struct question *question) {
    if (atomic_fetch_sub(&question->holders, 1) > 1) return;
    if (question->found) freeaddrinfo(question->found);
    if (question->told >= 0) close(question->told);
    free(question->host);
    free(question);
}

static void *thread_run(void *context) {
    struct question *question = context;
    const struct addrinfo hints = {.ai_socktype = question->type, .ai_flags = AI_NUMERICSERV};
    question->code = resolve_name(question->host, question->port, &hints, &question->found);
    question->number = errno;
    if (question->code != 0) question->found = NULL;
    atomic_store(&question->answered, true);
    (void)eventfd_write(question->told, 1); /* can't fail: it is the first */
    question_release(question);
    return NULL;
}

/* Whether the host is an address in digits. */
static bool digits_read(struct question *question) {
    const struct addrinfo hints = {.ai_socktype = question->type, .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
    if (getaddrinfo(question->host, question->port, &hints, &question->found) == 0) return true;
    question->found = NULL;
    return false;
}

/* 0, or an errno. */
static int thread_start(struct question *question) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    question->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (question->told < 0) return errno;
    atomic_fetch_add(&question->holders, 1);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all); /* signals are the event loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&thread, &attributes, thread_run, question);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (number != 0) atomic_fetch_sub(&question->holders, 1);
    return number;
}

static void on_answered(evutil_socket_t fd, short what, void *context) {
    struct resolve *resolve = context;
    struct question *question = resolve->question;
    resolve_fn *done = resolve->done;
    void *whose = resolve->context;
    char why[512];
    (void)fd;
    (void)what;
    if (!atomic_load(&question->answered)) return; /* never: it is set first */
    struct addrinfo *found = question->found;
    snprintf(why, sizeof why, "'%s': %s", question->host,
             question->code == EAI_SYSTEM ? strerror(question->number) : gai_strerror(question->code));
    question->found = NULL;
    resolve_cancel(resolve);
    done(whose, found, found ? NULL : why);
}

struct resolve *resolve_start(struct event_base *base, const char *host, int port, int type, resolve_fn *done,
                              void *context) {
    struct resolve *resolve = mem_zalloc(1, sizeof *resolve);
    struct question *question = mem_zalloc(1, sizeof *question);
    question->host = mem_strdup(host);
    snprintf(question->port, sizeof question->port, "%d", port);
    question->type = type;
    question->told = -1;
    atomic_init(&question->holders, 1);
    *resolve = (struct resolve){.question = question, .done = done, .context = context};
    bool over = digits_read(question);
    if (!over) {
        int number = thread_start(question);
        over = number != 0;
        if (over) {
            question->code = EAI_SYSTEM;
            question->number = number;
        }
    }
    if (over) atomic_store(&question->answered, true);
    resolve->answered = event_new(base, over ? -1 : question->told, EV_READ, on_answered, resolve);
    if (over)
        event_active(resolve->answered, EV_READ, 0);
    else
        event_add(resolve->answered, NULL);
    return resolve;
}

void resolve_cancel(struct resolve *resolve) {
    if (!resolve) return;
    event_free(resolve->answered);
    question_release(resolve->question);
    free(resolve);
}
