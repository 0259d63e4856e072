/* What file system filters include as fltKernel.h: ntifs.h, and its small macros. */
#ifndef NTOSKRNL_EMU_FLTKERNEL_H
#define NTOSKRNL_EMU_FLTKERNEL_H

#include "ntifs.h"

#define FLT_ASSERT(e) NT_ASSERT(e)
#define FLT_ASSERTMSG(message, e) NT_ASSERTMSG(message, e)
#ifndef Add2Ptr
#define Add2Ptr(address, bytes) ((PVOID)((PUCHAR)(address) + (bytes)))
#endif
#ifndef PtrOffset
#define PtrOffset(base, address) ((ULONG)((ULONG_PTR)(address) - (ULONG_PTR)(base)))
#endif
#ifndef ROUND_TO_SIZE
#define ROUND_TO_SIZE(bytes, power_of_two) \
    (((ULONG_PTR)(bytes) + ((power_of_two) - 1)) & ~(ULONG_PTR)((power_of_two) - 1))
#endif

#endif
