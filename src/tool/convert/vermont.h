/* VERMONT's configuration as one of ours.
 *
 * VERMONT is a graph of modules: what packets go through filters and queues into aggregators, and their records on to
 * exporters and writers. What is reached from its observer is carried over; of all else a note says what is lost. */
#ifndef FLOWIMPORT_TOOL_CONVERT_VERMONT_H
#define FLOWIMPORT_TOOL_CONVERT_VERMONT_H

#include "base/buffer.h"
#include "base/error.h"

/* `config` gets the text of a configuration file, `notes` a line for each thing that could not be carried over. 0, or
 * -1 with the error set where the text is no configuration of VERMONT's. */
int vermont_convert(const char *text, size_t len, struct buffer *config, struct buffer *notes, struct error *error)
    __attribute__((warn_unused_result));

#endif
