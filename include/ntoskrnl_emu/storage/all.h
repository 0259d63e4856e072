/* Disks, volumes and mount points: types and control codes. */
#ifndef NTOSKRNL_EMU_STORAGE_ALL_H
#define NTOSKRNL_EMU_STORAGE_ALL_H

#include "../wdm.h"

#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

#include "constants.h"
#include "types.h"

#endif
