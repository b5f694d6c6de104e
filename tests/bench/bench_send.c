/* An exporter for measuring collectors: NetFlow v5, v9 or IPFIX over the loopback, at a rate, with keys that repeat as
 * a network's do. Says exactly what it has sent, and ends with messages from whose sequence number a collector learns
 * what it has missed of the last ones.
 *
 *   bench_send 5|9|10 PORT FLOWS-A-SECOND SECONDS FLOWS-A-DATAGRAM KEYS [FLOWS-A-SECOND SECONDS]...
 *
 * A rate of 0 is as fast as it goes. Prints "DATAGRAMS FLOWS PACKETS OCTETS SECONDS"; in DATAGRAMS are those with
 * templates, too. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flows.h"

enum {
    BATCH = 16, /* datagrams of one system call */
    DATAGRAM_MAX = 1472,
    TEMPLATE = 256,
    TEMPLATE_EVERY = 500, /* datagrams: as often as exporters over UDP send theirs again */
    UP_MS = 10000000,     /* of the exporter at its start */
    FAREWELLS = 5,
};

/* What a field holds: a random number below `below` if that is not 0. */
enum kind { PLAIN, SOURCE, DESTINATION, SERVICE, PROTOCOL, PACKETS, OCTETS, START, END };
struct field {
    uint16_t id, bytes;
    enum kind kind;
    uint32_t below;
};
struct form {
    unsigned version, header, n;
    const struct field *fields;
};

static const struct field netflow5[] = {
    {8, 4, SOURCE, 0},    {12, 4, DESTINATION, 0}, {15, 4, PLAIN, 16}, {10, 2, PLAIN, 48},  {14, 2, PLAIN, 48},
    {2, 4, PACKETS, 0},   {1, 4, OCTETS, 0},       {22, 4, START, 0},  {21, 4, END, 0},     {7, 2, PLAIN, 60000},
    {11, 2, SERVICE, 0},  {210, 1, PLAIN, 0},      {6, 1, PLAIN, 32},  {4, 1, PROTOCOL, 0}, {5, 1, PLAIN, 4},
    {16, 2, PLAIN, 1000}, {17, 2, PLAIN, 1000},    {9, 1, PLAIN, 24},  {13, 1, PLAIN, 24},  {210, 2, PLAIN, 0}};
static const struct field netflow9[] = {
    {8, 4, SOURCE, 0},   {12, 4, DESTINATION, 0}, {10, 4, PLAIN, 48}, {14, 4, PLAIN, 48},   {2, 4, PACKETS, 0},
    {1, 4, OCTETS, 0},   {22, 4, START, 0},       {21, 4, END, 0},    {7, 2, PLAIN, 60000}, {11, 2, SERVICE, 0},
    {4, 1, PROTOCOL, 0}, {6, 1, PLAIN, 32},       {5, 1, PLAIN, 4}};
static const struct field ipfix[] = {
    {8, 4, SOURCE, 0},   {12, 4, DESTINATION, 0}, {10, 4, PLAIN, 48}, {14, 4, PLAIN, 48},   {2, 8, PACKETS, 0},
    {1, 8, OCTETS, 0},   {152, 8, START, 0},      {153, 8, END, 0},   {7, 2, PLAIN, 60000}, {11, 2, SERVICE, 0},
    {4, 1, PROTOCOL, 0}, {6, 1, PLAIN, 32},       {5, 1, PLAIN, 4}};
#define FIELDS(fields) sizeof(fields) / sizeof(fields)[0], fields
static const struct form forms[] = {{5, 24, FIELDS(netflow5)}, {9, 20, FIELDS(netflow9)}, {10, 16, FIELDS(ipfix)}};

struct sum {
    uint32_t packets, octets;
};

struct sender {
    const struct form *form;
    int socket;
    unsigned per, keys, next; /* flows a datagram; records made, and the next of them */
    size_t record, start_at;  /* bytes of a record; where its start stands, its end right behind */
    unsigned time_bytes;
    uint8_t *records;
    struct sum *sums; /* of each record */
    uint32_t sequence;
    int64_t boot_ms;
    uint64_t datagrams, flows, packets, octets;
    uint8_t batch[BATCH][DATAGRAM_MAX];
    struct iovec pieces[BATCH];
    struct mmsghdr messages[BATCH];
    unsigned begun; /* datagrams of the batch */
};

static void fail(const char *text) {
    fprintf(stderr, "bench_send: %s\n", text);
    exit(1);
}

static uint8_t *put(uint8_t *out, uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
    return out + bytes;
}

static int64_t now_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* --- records --- */

static uint64_t value_make(const struct field *field, struct flows *random, const struct sum *sum, bool dns) {
    uint32_t host;
    switch (field->kind) {
    case SOURCE: host = flows_random(random, 1 << 10); return UINT32_C(3232235520) + host * host / 16;
    case DESTINATION: host = flows_random(random, 1 << 10); return UINT32_C(1157627904) + host * host;
    case SERVICE: return dns ? 53 : 443;
    case PROTOCOL: return dns ? 17 : 6;
    case PACKETS: return sum->packets;
    case OCTETS: return sum->octets;
    default: return field->below ? flows_random(random, field->below) : 0;
    }
}

static void records_make(struct sender *sender) {
    struct flows random = {.state = 1};
    for (unsigned i = 0; i < sender->form->n; i++) {
        if (sender->form->fields[i].kind == START) {
            sender->start_at = sender->record;
            sender->time_bytes = sender->form->fields[i].bytes;
        }
        sender->record += sender->form->fields[i].bytes;
    }
    sender->records = malloc(sender->keys * sender->record);
    sender->sums = malloc(sender->keys * sizeof *sender->sums);
    if (!sender->records || !sender->sums) fail("out of memory");
    uint8_t *out = sender->records;
    for (unsigned i = 0; i < sender->keys; i++) {
        struct sum *sum = &sender->sums[i];
        bool dns = flows_random(&random, 10) < 2;
        sum->packets = 1 + flows_random(&random, 1 + flows_random(&random, 1000));
        sum->octets = sum->packets * (40 + flows_random(&random, 1400));
        for (unsigned j = 0; j < sender->form->n; j++)
            out = put(out, value_make(&sender->form->fields[j], &random, sum, dns), sender->form->fields[j].bytes);
    }
}

/* --- datagrams --- */

static void batch_send(struct sender *sender) {
    for (unsigned sent = 0; sent < sender->begun;) {
        int n = sendmmsg(sender->socket, sender->messages + sent, sender->begun - sent, 0);
        if (n > 0)
            sent += (unsigned)n;
        else if (errno != ECONNREFUSED && errno != EINTR) /* refused: of an earlier one; nobody listens yet */
            fail(strerror(errno));
    }
    sender->begun = 0;
}

static uint8_t *template_put(const struct sender *sender, uint8_t *out) {
    const struct form *form = sender->form;
    out = put(put(out, form->version == 9 ? 0 : 2, 2), 8 + 4 * form->n, 2);
    out = put(put(out, TEMPLATE, 2), form->n, 2);
    for (unsigned i = 0; i < form->n; i++)
        out = put(put(out, form->fields[i].id, 2), form->fields[i].bytes, 2);
    return out;
}

/* The header is filled in last: `end` says how long the whole is. */
static void datagram_finish(struct sender *sender, uint8_t *end, unsigned records, unsigned flows) {
    uint8_t *out = sender->batch[sender->begun];
    struct iovec *piece = &sender->pieces[sender->begun];
    int64_t ms = now_us(CLOCK_REALTIME) / 1000;
    uint64_t seconds = (uint64_t)ms / 1000, up = seconds * 1000 - (uint64_t)sender->boot_ms;
    *piece = (struct iovec){.iov_base = out, .iov_len = (size_t)(end - out)};
    switch (sender->form->version) {
    case 5: put(put(put(put(put(put(out, 5, 2), flows, 2), up, 4), seconds, 4), 0, 4), sender->sequence, 4); break;
    case 9: put(put(put(put(put(out, 9, 2), records, 2), up, 4), seconds, 4), sender->sequence, 4); break;
    default: put(put(put(put(out, 10, 2), piece->iov_len, 2), seconds, 4), sender->sequence, 4); break;
    }
    sender->sequence += sender->form->version == 9 ? 1 : flows;
    sender->datagrams++;
    if (++sender->begun == BATCH) batch_send(sender);
}

static uint8_t *header_clear(struct sender *sender) {
    return (uint8_t *)memset(sender->batch[sender->begun], 0, sender->form->header) + sender->form->header;
}

static void template_send(struct sender *sender) {
    if (sender->form->version == 5) return;
    datagram_finish(sender, template_put(sender, header_clear(sender)), 1, 0);
}

static void flows_send(struct sender *sender) {
    uint8_t *out = header_clear(sender), *set = out;
    int64_t ms = now_us(CLOCK_REALTIME) / 1000 - (sender->time_bytes == 4 ? sender->boot_ms : 0);
    if (sender->form->version != 5) out = put(put(out, TEMPLATE, 2), 4 + sender->per * sender->record, 2);
    for (unsigned i = 0; i < sender->per; i++) {
        memcpy(out, sender->records + sender->next * sender->record, sender->record);
        put(put(out + sender->start_at, (uint64_t)ms - 2000, sender->time_bytes), (uint64_t)ms - 500,
            sender->time_bytes);
        out += sender->record;
        sender->packets += sender->sums[sender->next].packets;
        sender->octets += sender->sums[sender->next].octets;
        sender->next = sender->next + 1 == sender->keys ? 0 : sender->next + 1;
    }
    if (sender->form->version != 5)
        while ((out - set) % 4 != 0) {
            *out++ = 0;
            put(set + 2, (uint64_t)(out - set), 2);
        }
    sender->flows += sender->per;
    datagram_finish(sender, out, sender->per, sender->per);
    if (sender->datagrams % TEMPLATE_EVERY == 0) template_send(sender);
}

static void run(struct sender *sender, double rate, double seconds) {
    int64_t begin = now_us(CLOCK_MONOTONIC), length = (int64_t)(seconds * 1e6), elapsed;
    uint64_t wanted = (uint64_t)(rate * seconds), done = 0;
    while ((elapsed = now_us(CLOCK_MONOTONIC) - begin) < length || (rate > 0 && done < wanted)) {
        uint64_t due = rate > 0 ? (uint64_t)(rate * (double)elapsed / 1e6) : done + BATCH * sender->per;
        if (rate > 0 && due > wanted) due = wanted;
        if (done >= due) {
            usleep(500);
            continue;
        }
        /* After a pause it catches up a batch at a time: a burst would overrun any socket's buffer. */
        for (unsigned i = 0; i < BATCH && done < due; i++, done += sender->per)
            flows_send(sender);
        batch_send(sender);
    }
}

int main(int argc, char **argv) {
    static struct sender sender;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (argc < 7 || argc % 2 == 0) {
        fputs("usage: bench_send 5|9|10 PORT FLOWS-A-SECOND SECONDS FLOWS-A-DATAGRAM KEYS "
              "[FLOWS-A-SECOND SECONDS]...\n",
              stderr);
        return 2;
    }
    for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (forms[i].version == (unsigned)atoi(argv[1])) sender.form = &forms[i];
    sender.per = (unsigned)atoi(argv[5]);
    sender.keys = (unsigned)atoi(argv[6]);
    if (!sender.form || sender.keys < 1 || sender.per < 1) fail("a version, flows or keys that can't be");
    sender.boot_ms = now_us(CLOCK_REALTIME) / 1000000 * 1000 - UP_MS;
    records_make(&sender);
    if (sender.form->header + 8 + sender.per * sender.record > DATAGRAM_MAX) fail("so many flows fit in no datagram");
    to.sin_port = htons((uint16_t)atoi(argv[2]));
    sender.socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (sender.socket < 0 || connect(sender.socket, (struct sockaddr *)&to, sizeof to) != 0) fail(strerror(errno));
    for (unsigned i = 0; i < BATCH; i++)
        sender.messages[i].msg_hdr = (struct msghdr){.msg_iov = &sender.pieces[i], .msg_iovlen = 1};
    int64_t begin = now_us(CLOCK_MONOTONIC);
    template_send(&sender);
    run(&sender, atof(argv[3]), atof(argv[4]));
    for (int i = 7; i < argc; i += 2)
        run(&sender, atof(argv[i]), atof(argv[i + 1]));
    double seconds = (double)(now_us(CLOCK_MONOTONIC) - begin) / 1e6;
    /* Its sequence number is that of what would come next. NetFlow v5 has no message without flows. */
    for (unsigned i = 0; i < FAREWELLS && sender.form->version != 5; i++) {
        usleep(100000U << i); /* a receiver that has much to do elsewhere may lose the first ones, too */
        template_send(&sender);
        batch_send(&sender);
    }
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %.3f\n", sender.datagrams, sender.flows, sender.packets,
           sender.octets, seconds);
    free(sender.records);
    free(sender.sums);
    close(sender.socket);
    return 0;
}
