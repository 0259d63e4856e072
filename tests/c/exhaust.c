/*
 * Runs a program again and again, each time with another of its pool allocations failed. PROGRAM is its
 * file, which stops by its exit code where it has no memory, and leaves nothing behind.
 */
#define main ProgramMain
#include PROGRAM
#undef main

#include <emu.h>

static void Run(void *context)
{
    UNREFERENCED_PARAMETER(context);
    (void)ProgramMain();
}

int main(void)
{
    return emu_exhaust(Run, NULL) != 0;
}
