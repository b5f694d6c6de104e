/* Names of cmocka 1 that cmocka 2 deprecates; Makefile includes this before each test. */
#ifndef FLOWIMPORT_TESTS_CMOCKA_NAMES_H
#define FLOWIMPORT_TESTS_CMOCKA_NAMES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifdef assert_int_in_range
#undef assert_in_range
#define assert_in_range assert_int_in_range
#endif

#endif
