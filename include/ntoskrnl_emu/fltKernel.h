/*
 * What file system filters include as fltKernel.h: ntifs.h, and types, constants and routines of the
 * filter manager, none of which is emulated. Offsets in FLT_PARAMETERS are not those of Windows.
 */
#ifndef NTOSKRNL_EMU_FLTKERNEL_H
#define NTOSKRNL_EMU_FLTKERNEL_H

#include "ntifs.h"

#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

#include "fltKernel/constants.h"
#include "fltKernel/types.h"
#include "fltKernel/routines.h"

#define FLT_IS_IRP_OPERATION(data) FlagOn((data)->Flags, FLTFL_CALLBACK_DATA_IRP_OPERATION)
#define FLT_IS_FASTIO_OPERATION(data) FlagOn((data)->Flags, FLTFL_CALLBACK_DATA_FAST_IO_OPERATION)
#define FLT_IS_FS_FILTER_OPERATION(data) \
    FlagOn((data)->Flags, FLTFL_CALLBACK_DATA_FS_FILTER_OPERATION)
#define FLT_IS_REISSUED_IO(data) FlagOn((data)->Flags, FLTFL_CALLBACK_DATA_REISSUED_IO)
#define FLT_IS_SYSTEM_BUFFER(data) FlagOn((data)->Flags, FLTFL_CALLBACK_DATA_SYSTEM_BUFFER)
#define FLT_PORT_ALL_ACCESS (FLT_PORT_CONNECT | STANDARD_RIGHTS_ALL)
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
