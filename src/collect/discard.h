/* Why sFlow agents discard packets ("sFlow Version 5", 2004, section 5.3; "sFlow Dropped Packet Notification
 * Structures", 2024): codes of ICMP, and from 256 on others. */
#ifndef FLOWIMPORT_COLLECT_DISCARD_H
#define FLOWIMPORT_COLLECT_DISCARD_H

#include "collect/message.h"

extern const char *const discard_texts[DISCARD_REASONS];
/* Which of them; DISCARD_OTHER: none. */
unsigned discard_reason(uint32_t code);

#endif
