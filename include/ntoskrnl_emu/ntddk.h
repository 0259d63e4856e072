/* What drivers include as ntddk.h: wdm.h, and more. */
#ifndef NTOSKRNL_EMU_NTDDK_H
#define NTOSKRNL_EMU_NTDDK_H

#ifndef NTOSKRNL_EMU_NO_PLATFORM_MACROS
#ifndef _NTDDK_
#define _NTDDK_
#endif
#endif
#include "wdm.h"

#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

#include "ntddk/constants.h"
#include "ntddk/types.h"
#include "ntddk/routines.h"
#include "ntddk/inlines.h"

#endif
