/* What both programs have in common: the tests, and where they write. */
#ifndef BOTH_H
#define BOTH_H

#include <ntddk.h>

/* Runs all tests and writes a line per finding; how many bytes there are. */
SIZE_T RunBoth(char *into, SIZE_T size);
SIZE_T RunServices(char *into, SIZE_T size);

#endif
