/* What the tests in C share: a check that names its place, and a way to print what comes next. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                \
    do {                                                                                \
        if (!(condition)) {                                                             \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);     \
            exit(1);                                                                    \
        }                                                                               \
    } while (0)

/* The values of both are shown where they differ. */
#define CHECK_EQUAL(actual, expected)                                                   \
    do {                                                                                \
        unsigned long long is_ = (unsigned long long)(actual);                          \
        unsigned long long was_ = (unsigned long long)(expected);                       \
        if (is_ != was_) {                                                              \
            fprintf(stderr, "%s:%d: %s is 0x%llx, not 0x%llx\n", __FILE__, __LINE__,    \
                #actual, is_, was_);                                                    \
            exit(1);                                                                    \
        }                                                                               \
    } while (0)

#endif
