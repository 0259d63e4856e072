/* Structures and enumerations have the layouts and the values that windows-sys has. */
#include <fltKernel.h>
#include <ntdddisk.h>

#include <stdio.h>

#include "sys_layouts.h"
#include "sys_values.h"

int main(void)
{
    puts("layouts: passed");
    return 0;
}
