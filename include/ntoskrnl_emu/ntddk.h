/* What drivers include as ntddk.h: wdm.h, with the tag that ExAllocatePool has there. */
#ifndef NTOSKRNL_EMU_NTDDK_H
#define NTOSKRNL_EMU_NTDDK_H

#ifndef EMU_DEFAULT_POOL_TAG
#define EMU_DEFAULT_POOL_TAG 0x206B6444 /* "Ddk " */
#endif
#include "wdm.h"

#endif
