/* What file systems include as ntifs.h: ntddk.h, and more. */
#ifndef NTOSKRNL_EMU_NTIFS_H
#define NTOSKRNL_EMU_NTIFS_H

#ifndef NTOSKRNL_EMU_NO_PLATFORM_MACROS
#ifndef _NTIFS_
#define _NTIFS_
#endif
#endif
#include "ntddk.h"

#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

#include "ktmtypes.h"
#include "ntifs/constants.h"
#include "ntifs/types.h"
#include "ntifs/routines.h"
#include "ntifs/inlines.h"

#endif
