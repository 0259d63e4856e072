/*
 * The names that NDIS has for lists, memory and spin locks. Each is a routine of wdm.h, as the
 * documentation of ndis.h says. Miniports, protocols and packets are not there.
 */
#ifndef NTOSKRNL_EMU_NDIS_H
#define NTOSKRNL_EMU_NDIS_H

#include "ntddk.h"

#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef int NDIS_STATUS, *PNDIS_STATUS;
typedef PVOID NDIS_HANDLE, *PNDIS_HANDLE;

#define NDIS_STATUS_SUCCESS ((NDIS_STATUS)STATUS_SUCCESS)
#define NDIS_STATUS_PENDING ((NDIS_STATUS)STATUS_PENDING)
#define NDIS_STATUS_FAILURE ((NDIS_STATUS)STATUS_UNSUCCESSFUL)
#define NDIS_STATUS_RESOURCES ((NDIS_STATUS)STATUS_INSUFFICIENT_RESOURCES)
#define NDIS_STATUS_NOT_SUPPORTED ((NDIS_STATUS)STATUS_NOT_SUPPORTED)
#define NDIS_STATUS_INVALID_PARAMETER ((NDIS_STATUS)STATUS_INVALID_PARAMETER)
#define NDIS_STATUS_BUFFER_OVERFLOW ((NDIS_STATUS)STATUS_BUFFER_OVERFLOW)

/* Lists: of nonpaged pool that is not executable where the driver asks for that, as in wdm.h. */
#define NdisInitializeNPagedLookasideList(list, allocate, free, flags, size, tag, depth) \
    ExInitializeNPagedLookasideList((list), (allocate), (free), (flags), (size), (tag), (depth))
#define NdisDeleteNPagedLookasideList(list) ExDeleteNPagedLookasideList(list)
#define NdisAllocateFromNPagedLookasideList(list) ExAllocateFromNPagedLookasideList(list)
#define NdisFreeToNPagedLookasideList(list, entry) ExFreeToNPagedLookasideList((list), (entry))

static inline NDIS_STATUS NdisAllocateMemoryWithTag(PVOID *VirtualAddress, UINT Length, ULONG Tag)
{
    *VirtualAddress = ExAllocatePoolWithTag(NonPagedPool, Length, Tag);
    return *VirtualAddress == NULL ? NDIS_STATUS_FAILURE : NDIS_STATUS_SUCCESS;
}

static inline PVOID NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length, ULONG Tag,
    EX_POOL_PRIORITY Priority)
{
    UNREFERENCED_PARAMETER(NdisHandle);
    UNREFERENCED_PARAMETER(Priority);
    return ExAllocatePoolWithTag(NonPagedPool, Length, Tag);
}

/* Memory of NdisAllocateMemoryWithTag and of …Priority: MemoryFlags is 0 for it. */
static inline VOID NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags)
{
    UNREFERENCED_PARAMETER(Length);
    UNREFERENCED_PARAMETER(MemoryFlags);
    ExFreePool(VirtualAddress);
}

static inline VOID NdisFreeMemoryWithTagPriority(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, ULONG Tag)
{
    UNREFERENCED_PARAMETER(NdisHandle);
    ExFreePoolWithTag(VirtualAddress, Tag);
}

#define NdisZeroMemory(destination, length) RtlZeroMemory((destination), (length))
#define NdisFillMemory(destination, length, fill) RtlFillMemory((destination), (length), (fill))
#define NdisMoveMemory(destination, source, length) RtlMoveMemory((destination), (source), (length))
#define NdisEqualMemory(one, other, length) RtlEqualMemory((one), (other), (length))

typedef struct _NDIS_SPIN_LOCK {
    KSPIN_LOCK SpinLock;
    KIRQL OldIrql;
} NDIS_SPIN_LOCK, *PNDIS_SPIN_LOCK;

static inline VOID NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KeInitializeSpinLock(&SpinLock->SpinLock);
    SpinLock->OldIrql = 0;
}

static inline VOID NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    UNREFERENCED_PARAMETER(SpinLock);
}

static inline VOID NdisAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KIRQL irql;
    KeAcquireSpinLock(&SpinLock->SpinLock, &irql);
    SpinLock->OldIrql = irql;
}

static inline VOID NdisReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
    KeReleaseSpinLock(&SpinLock->SpinLock, SpinLock->OldIrql);
}

#define NdisDprAcquireSpinLock(lock) KeAcquireSpinLockAtDpcLevel(&(lock)->SpinLock)
#define NdisDprReleaseSpinLock(lock) KeReleaseSpinLockFromDpcLevel(&(lock)->SpinLock)

#define NdisInitializeListHead(head) InitializeListHead(head)
#define NdisInterlockedIncrement(addend) InterlockedIncrement(addend)
#define NdisInterlockedDecrement(addend) InterlockedDecrement(addend)

#ifdef __cplusplus
}
#endif

#endif
