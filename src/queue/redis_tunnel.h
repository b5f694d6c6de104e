/* TLS for a blocking connection: hiredis gets one end of a pair of sockets, a thread carries what goes through to the
 * server and back. */
#ifndef FLOWIMPORT_QUEUE_REDIS_TUNNEL_H
#define FLOWIMPORT_QUEUE_REDIS_TUNNEL_H

#include <hiredis/hiredis.h>

#include "base/error.h"
#include "queue/redis_url.h"

/* Of a connection to the target's `node`, which is used up. The thread ends with what is returned, or with the process,
 * which waits for it in exit(3). NULL with the error set. */
redisContext *redis_tunnel(redisContext *plain, const struct redis_target *target, const struct redis_node *node,
                           struct error *error);

#endif
