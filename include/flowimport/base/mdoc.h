/* The language of manuals, mdoc(7), as far as text that comes from tables needs it. */
#ifndef FLOWIMPORT_BASE_MDOC_H
#define FLOWIMPORT_BASE_MDOC_H

#include "base/buffer.h"

/* Sentences, one a line (as mandoc asks for), with no control characters at a line's start. */
void mdoc_text(const char *text, struct buffer *out);
/* A macro's argument: quoted, so that a comma or a word that is a macro's name stays text. */
void mdoc_argument(const char *text, struct buffer *out);

#endif
