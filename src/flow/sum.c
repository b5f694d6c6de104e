/* Wide sums as text: printf() and strtoull() end at 64 bits. */
#include "flow/sum.h"

#include <stddef.h>

const char *sum_text(sum_wide sum, unsigned digits, char text[SUM_DIGITS + 1]) {
    char reversed[SUM_DIGITS];
    size_t n = 0;
    do
        reversed[n++] = (char)('0' + (int)(sum % 10));
    while (sum /= 10);
    while (n < digits && n < SUM_DIGITS)
        reversed[n++] = '0';
    for (size_t i = 0; i < n; i++)
        text[i] = reversed[n - 1 - i];
    text[n] = '\0';
    return text;
}

sum_wide sum_read(const char *text) {
    sum_wide sum = 0;
    for (; text && *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(sum, (sum_wide)10, &sum) ||
            __builtin_add_overflow(sum, (sum_wide)(*text - '0'), &sum))
            return ~(sum_wide)0;
    return sum;
}
