/* The names of the protocol classes. */
#include "flow/record.h"

const char *const proto_class_names[PROTO_CLASSES] = {
    [PROTO_TCP] = "tcp", [PROTO_UDP] = "udp", [PROTO_ICMP] = "icmp", [PROTO_OTHER] = "other"};
