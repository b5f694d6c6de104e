/* Named places where a test may end the process, to prove that nothing is lost there. A production run pays one
 * comparison with NULL. FLOWIMPORT_FAULT=NAME[:N] makes the N-th passing (1 by default) of the place kill -9 the
 * process. */
#ifndef FLOWIMPORT_BASE_FAULT_H
#define FLOWIMPORT_BASE_FAULT_H

#include <errno.h>

extern void (*fault_hook)(const char *place);

/* Reads FLOWIMPORT_FAULT. */
void fault_init(void);

#define fault_point(place)                                                                                             \
    do {                                                                                                               \
        if (fault_hook) fault_hook(place);                                                                             \
    } while (0)

/* For unit tests: the errno with which the system call at this place is to fail, 0: it is made. */
extern int (*fault_call_hook)(const char *place);
/* Whether it fails; errno is set then. */
static inline int fault_call(const char *place) {
    int number = fault_call_hook ? fault_call_hook(place) : 0;
    if (number) errno = number;
    return number != 0;
}

#endif
