/* What a sign of life says: which process it is of. No other process can have the same token, and a process can be
 * known to be dead only by one that sees the same PIDs.
 *
 * Token:   <host>/<pid>/<random>/<boot id>/<PID namespace>
 * The random part tells apart what host and PID can't: containers and cloned hosts. The boot id is "-", the namespace
 * 0 where /proc doesn't tell; then nobody is believed to be dead. */
#ifndef FLOWIMPORT_QUEUE_IDENTITY_H
#define FLOWIMPORT_QUEUE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IDENTITY_RANDOM = 16, IDENTITY_TOKEN_MAX = 400 };

struct identity {
    char host[256];
    int64_t pid;
    char random[2 * IDENTITY_RANDOM + 1]; /* hexadecimal */
    char boot[40];                        /* /proc/sys/kernel/random/boot_id */
    uint64_t pid_namespace;               /* the inode of /proc/self/ns/pid */
};

/* This process. */
void identity_init(struct identity *identity, const uint8_t random[IDENTITY_RANDOM]);
void identity_write(const struct identity *identity, char token[IDENTITY_TOKEN_MAX]);
/* false: not such a token, as that of an earlier version; host and PID are read as far as they are there. */
bool identity_read(struct identity *identity, const char *token);
/* Whether a PID means the same to both: host, boot and PID namespace are known, and agree. */
bool identity_sees(const struct identity *self, const struct identity *other);
/* Whether the other process runs no more, which can be known in its PID namespace alone. One that has our PID has ended
 * before we began. Not looked up in /proc: a service manager may hide other users' processes there. */
bool identity_is_dead(const struct identity *self, const struct identity *other);

#endif
