/* Whether the test runs under a sanitizer: what walks through many cases takes ten times as long there, and the same
 * walk is made without one, so it may be shorter. */
#ifndef FLOWIMPORT_TESTS_SANITIZED_H
#define FLOWIMPORT_TESTS_SANITIZED_H

#if defined __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
