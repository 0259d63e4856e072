/* The tests over the emulation, in user mode. */
#include <stdio.h>

#include "both.h"

static char Text[16384];

int main(void)
{
    fwrite(Text, 1, RunBoth(Text, sizeof(Text)), stdout);
    fwrite(Text, 1, RunServices(Text, sizeof(Text)), stdout);
    return 0;
}
