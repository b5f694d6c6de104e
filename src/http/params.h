/* The parameters of a request's query: "n=10&filter=host%3D192.0.2.7". */
#ifndef FLOWIMPORT_HTTP_PARAMS_H
#define FLOWIMPORT_HTTP_PARAMS_H

#include "http/api.h"

enum { PARAM_BYTES = 4096 }; /* of a value, decoded */

struct params {
    char *text;                                /* what the others point into */
    struct api_param list[API_PARAMS_MAX + 1]; /* one more than is taken: for the one that is refused */
    unsigned n;
};

/* Decodes names and values: %41 is 'A', '+' is a blank; what has no '=' has an empty value. 0; or -1, then `list[n]` is
 * the parameter that is wrong, as it came but for '?' in place of what is no ASCII, and *accepted says what would do.
 * To be released in either case. */
int params_parse(struct params *params, const char *query, const char **accepted) __attribute__((warn_unused_result));
void params_release(struct params *params);

#endif
