/* What file systems include as ntifs.h: ntddk.h. */
#ifndef NTOSKRNL_EMU_NTIFS_H
#define NTOSKRNL_EMU_NTIFS_H

#include "ntddk.h"

#endif
