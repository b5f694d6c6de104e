/* Named places where a test may end the process, to prove that nothing is lost there. A production run pays one
 * comparison with NULL. FLOWIMPORT_FAULT=NAME[:N] makes the N-th passing (1 by default) of the place kill -9 the
 * process. */
#ifndef FLOWIMPORT_BASE_FAULT_H
#define FLOWIMPORT_BASE_FAULT_H

extern void (*fault_hook)(const char *place);

/* Reads FLOWIMPORT_FAULT. */
void fault_init(void);

#define fault_point(place)                                                                                             \
    do {                                                                                                               \
        if (fault_hook) fault_hook(place);                                                                             \
    } while (0)

#endif
