/* Every export is declared as Rust has it, and can be linked. */
#include <fltKernel.h>
#include <wdmsec.h>
#include <emu.h>
#include <emu_seh.h>
#include <emu_wdf.h>
#include <ndis.h>

#include "prototypes.h"

int main(void)
{
    SIZE_T index;
    for (index = 0; index < RTL_NUMBER_OF(EmuExports); index++) {
        if (EmuExports[index] == NULL) {
            return 1;
        }
    }
    for (index = 0; index < RTL_NUMBER_OF(EmuObjectTypes); index++) {
        if (*EmuObjectTypes[index] == NULL || **EmuObjectTypes[index] == NULL) {
            return 1;
        }
    }
    return 0;
}
