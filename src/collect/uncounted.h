/* Templates whose records can't be counted, and why, for the log and /status. */
#ifndef FLOWIMPORT_COLLECT_UNCOUNTED_H
#define FLOWIMPORT_COLLECT_UNCOUNTED_H

#include "collect/template.h"

enum { UNCOUNTED_TEXT_MAX = 160 };

/* Why: "octetDeltaCount has 9 bytes, 8 at most can be read", "no octets and no packets, unless in enterprise 15397/3".
 * The template has a plan, which doesn't count. */
void uncounted_text(const struct template *template, char text[UNCOUNTED_TEXT_MAX]);

#endif
