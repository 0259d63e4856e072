/*
 * The part of the framework (KMDF) that memory and lists need: objects with contexts, parents and
 * references, memory objects, lookaside lists, locks. Thin, over the routines of wdm.h.
 *
 * Requests, queues, devices and power are not there; emu_wdf.h makes objects that stand for them.
 */
#ifndef NTOSKRNL_EMU_WDF_H
#define NTOSKRNL_EMU_WDF_H

#include "ntddk.h"

#ifndef NTOSKRNL_EMU_ALL_WARNINGS
#pragma GCC system_header
#endif

#ifdef __cplusplus
#define WDF_EXTERN_C extern "C"
#define WDF_EXTERN_C_START extern "C" {
#define WDF_EXTERN_C_END }
#else
#define WDF_EXTERN_C
#define WDF_EXTERN_C_START
#define WDF_EXTERN_C_END
#endif

/* wdfstatus.h */
#define FACILITY_DRIVER_FRAMEWORK 0x20
#define STATUS_WDF_INTERNAL_ERROR ((NTSTATUS)0xC0200201)
#define STATUS_WDF_PAUSED ((NTSTATUS)0xC0200203)
#define STATUS_WDF_BUSY ((NTSTATUS)0xC0200204)
#define STATUS_WDF_OBJECT_ATTRIBUTES_INVALID ((NTSTATUS)0xC0200209)
#define STATUS_WDF_NO_CALLBACK ((NTSTATUS)0xC020020B)
#define STATUS_WDF_INCOMPATIBLE_EXECUTION_LEVEL ((NTSTATUS)0xC020020C)
#define STATUS_WDF_PARENT_ALREADY_ASSIGNED ((NTSTATUS)0xC020020D)
#define STATUS_WDF_PARENT_IS_SELF ((NTSTATUS)0xC020020E)
#define STATUS_WDF_PARENT_ASSIGNMENT_NOT_ALLOWED ((NTSTATUS)0xC020020F)
#define STATUS_WDF_SYNCHRONIZATION_SCOPE_INVALID ((NTSTATUS)0xC0200210)
#define STATUS_WDF_EXECUTION_LEVEL_INVALID ((NTSTATUS)0xC0200211)
#define STATUS_WDF_PARENT_NOT_SPECIFIED ((NTSTATUS)0xC0200212)

WDF_EXTERN_C_START

/* wdftypes.h */
#define WDFAPI
#define WDF_NO_OBJECT_ATTRIBUTES NULL
#define WDF_NO_EVENT_CALLBACK NULL
#define WDF_NO_HANDLE NULL
#define WDF_NO_CONTEXT NULL

typedef enum _WDF_TRI_STATE {
    WdfFalse = FALSE,
    WdfTrue = TRUE,
    WdfUseDefault = 2
} WDF_TRI_STATE, *PWDF_TRI_STATE;

typedef HANDLE WDFOBJECT, *PWDFOBJECT;
DECLARE_HANDLE(WDFDRIVER);
DECLARE_HANDLE(WDFDEVICE);
DECLARE_HANDLE(WDFQUEUE);
DECLARE_HANDLE(WDFREQUEST);
DECLARE_HANDLE(WDFFILEOBJECT);
DECLARE_HANDLE(WDFDPC);
DECLARE_HANDLE(WDFTIMER);
DECLARE_HANDLE(WDFWORKITEM);
DECLARE_HANDLE(WDFINTERRUPT);
DECLARE_HANDLE(WDFWAITLOCK);
DECLARE_HANDLE(WDFSPINLOCK);
DECLARE_HANDLE(WDFMEMORY);
DECLARE_HANDLE(WDFLOOKASIDE);
DECLARE_HANDLE(WDFIOTARGET);
DECLARE_HANDLE(WDFSTRING);
DECLARE_HANDLE(WDFCOLLECTION);
DECLARE_HANDLE(WDFKEY);
typedef struct WDFDEVICE_INIT *PWDFDEVICE_INIT;

/* wdfobject.h */
typedef enum _WDF_EXECUTION_LEVEL {
    WdfExecutionLevelInvalid = 0,
    WdfExecutionLevelInheritFromParent,
    WdfExecutionLevelPassive,
    WdfExecutionLevelDispatch
} WDF_EXECUTION_LEVEL;

typedef enum _WDF_SYNCHRONIZATION_SCOPE {
    WdfSynchronizationScopeInvalid = 0,
    WdfSynchronizationScopeInheritFromParent,
    WdfSynchronizationScopeDevice,
    WdfSynchronizationScopeQueue,
    WdfSynchronizationScopeNone
} WDF_SYNCHRONIZATION_SCOPE;

typedef VOID EVT_WDF_OBJECT_CONTEXT_CLEANUP(WDFOBJECT Object);
typedef EVT_WDF_OBJECT_CONTEXT_CLEANUP *PFN_WDF_OBJECT_CONTEXT_CLEANUP;
typedef VOID EVT_WDF_OBJECT_CONTEXT_DESTROY(WDFOBJECT Object);
typedef EVT_WDF_OBJECT_CONTEXT_DESTROY *PFN_WDF_OBJECT_CONTEXT_DESTROY;

typedef const struct _WDF_OBJECT_CONTEXT_TYPE_INFO *PCWDF_OBJECT_CONTEXT_TYPE_INFO;
typedef PCWDF_OBJECT_CONTEXT_TYPE_INFO (*PFN_GET_UNIQUE_CONTEXT_TYPE)(VOID);

typedef struct _WDF_OBJECT_CONTEXT_TYPE_INFO {
    ULONG Size;
    PCSTR ContextName;
    size_t ContextSize;
    PCWDF_OBJECT_CONTEXT_TYPE_INFO UniqueType;
    PFN_GET_UNIQUE_CONTEXT_TYPE EvtDriverGetUniqueContextType;
} WDF_OBJECT_CONTEXT_TYPE_INFO, *PWDF_OBJECT_CONTEXT_TYPE_INFO;

typedef struct _WDF_OBJECT_ATTRIBUTES {
    ULONG Size;
    PFN_WDF_OBJECT_CONTEXT_CLEANUP EvtCleanupCallback;
    PFN_WDF_OBJECT_CONTEXT_DESTROY EvtDestroyCallback;
    WDF_EXECUTION_LEVEL ExecutionLevel;
    WDF_SYNCHRONIZATION_SCOPE SynchronizationScope;
    WDFOBJECT ParentObject;
    size_t ContextSizeOverride;
    PCWDF_OBJECT_CONTEXT_TYPE_INFO ContextTypeInfo;
} WDF_OBJECT_ATTRIBUTES, *PWDF_OBJECT_ATTRIBUTES;

C_ASSERT(sizeof(WDF_OBJECT_ATTRIBUTES) == 56);
C_ASSERT(sizeof(WDF_OBJECT_CONTEXT_TYPE_INFO) == 40);

static inline VOID WDF_OBJECT_ATTRIBUTES_INIT(PWDF_OBJECT_ATTRIBUTES Attributes)
{
    RtlZeroMemory(Attributes, sizeof *Attributes);
    Attributes->Size = (ULONG)sizeof *Attributes;
    Attributes->ExecutionLevel = WdfExecutionLevelInheritFromParent;
    Attributes->SynchronizationScope = WdfSynchronizationScopeInheritFromParent;
}

/* Each file that declares a type has the same description of it: the linker keeps one. */
#define WDF_TYPE_NAME_TO_TYPE_INFO(type) _WDF_##type##_TYPE_INFO
#define WDF_GET_CONTEXT_TYPE_INFO(type) (&WDF_TYPE_NAME_TO_TYPE_INFO(type))
#define WDF_TYPE_NAME_POINTER_TYPE(type) WDF_POINTER_TYPE_##type

#define WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(type, function)                              \
    typedef type *WDF_TYPE_NAME_POINTER_TYPE(type);                                     \
    WDF_EXTERN_C_START                                                                  \
    extern const WDF_OBJECT_CONTEXT_TYPE_INFO WDF_TYPE_NAME_TO_TYPE_INFO(type)          \
        __attribute__((weak));                                                          \
    const WDF_OBJECT_CONTEXT_TYPE_INFO WDF_TYPE_NAME_TO_TYPE_INFO(type) = {             \
        sizeof(WDF_OBJECT_CONTEXT_TYPE_INFO), #type, sizeof(type),                      \
        WDF_GET_CONTEXT_TYPE_INFO(type), NULL                                           \
    };                                                                                  \
    static inline WDF_TYPE_NAME_POINTER_TYPE(type) function(WDFOBJECT Handle)           \
    {                                                                                   \
        return (WDF_TYPE_NAME_POINTER_TYPE(type))WdfObjectGetTypedContextWorker(        \
            Handle, WDF_GET_CONTEXT_TYPE_INFO(type)->UniqueType);                       \
    }                                                                                   \
    WDF_EXTERN_C_END
#define WDF_DECLARE_CONTEXT_TYPE(type) WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(type, WdfObjectGet_##type)

#define WDF_OBJECT_ATTRIBUTES_SET_CONTEXT_TYPE(attributes, type)                        \
    ((attributes)->ContextTypeInfo = WDF_GET_CONTEXT_TYPE_INFO(type)->UniqueType)
#define WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(attributes, type)                       \
    do {                                                                                \
        WDF_OBJECT_ATTRIBUTES_INIT(attributes);                                         \
        WDF_OBJECT_ATTRIBUTES_SET_CONTEXT_TYPE(attributes, type);                       \
    } while (0)

#define WdfObjectGetTypedContext(handle, type)                                          \
    ((type *)WdfObjectGetTypedContextWorker(                                            \
        (WDFOBJECT)(handle), WDF_GET_CONTEXT_TYPE_INFO(type)->UniqueType))

NTSTATUS NTAPI WdfObjectCreate(PWDF_OBJECT_ATTRIBUTES Attributes, WDFOBJECT *Object);
VOID NTAPI WdfObjectDelete(WDFOBJECT Object);
VOID NTAPI WdfObjectReferenceActual(WDFOBJECT Handle, PVOID Tag, LONG Line, PCSTR File);
VOID NTAPI WdfObjectDereferenceActual(WDFOBJECT Handle, PVOID Tag, LONG Line, PCSTR File);
PVOID NTAPI WdfObjectGetTypedContextWorker(WDFOBJECT Handle, PCWDF_OBJECT_CONTEXT_TYPE_INFO TypeInfo);
NTSTATUS NTAPI WdfObjectAllocateContext(WDFOBJECT Handle, PWDF_OBJECT_ATTRIBUTES ContextAttributes,
    PVOID *Context);
WDFOBJECT NTAPI WdfObjectContextGetObject(PVOID ContextPointer);

#define WdfObjectReference(handle) WdfObjectReferenceActual((handle), NULL, __LINE__, __FILE__)
#define WdfObjectReferenceWithTag(handle, tag)                                          \
    WdfObjectReferenceActual((handle), (tag), __LINE__, __FILE__)
#define WdfObjectDereference(handle) WdfObjectDereferenceActual((handle), NULL, __LINE__, __FILE__)
#define WdfObjectDereferenceWithTag(handle, tag)                                        \
    WdfObjectDereferenceActual((handle), (tag), __LINE__, __FILE__)

/* wdfdriver.h */
typedef NTSTATUS EVT_WDF_DRIVER_DEVICE_ADD(WDFDRIVER Driver, PWDFDEVICE_INIT DeviceInit);
typedef EVT_WDF_DRIVER_DEVICE_ADD *PFN_WDF_DRIVER_DEVICE_ADD;
typedef VOID EVT_WDF_DRIVER_UNLOAD(WDFDRIVER Driver);
typedef EVT_WDF_DRIVER_UNLOAD *PFN_WDF_DRIVER_UNLOAD;

typedef enum _WDF_DRIVER_INIT_FLAGS {
    WdfDriverInitNonPnpDriver = 1,
    WdfDriverInitNoDispatchOverride = 2,
    WdfVerifyOn = 4
} WDF_DRIVER_INIT_FLAGS;

typedef struct _WDF_DRIVER_CONFIG {
    ULONG Size;
    PFN_WDF_DRIVER_DEVICE_ADD EvtDriverDeviceAdd;
    PFN_WDF_DRIVER_UNLOAD EvtDriverUnload;
    ULONG DriverInitFlags;
    ULONG DriverPoolTag;
} WDF_DRIVER_CONFIG, *PWDF_DRIVER_CONFIG;

C_ASSERT(sizeof(WDF_DRIVER_CONFIG) == 32);

static inline VOID WDF_DRIVER_CONFIG_INIT(PWDF_DRIVER_CONFIG Config,
    PFN_WDF_DRIVER_DEVICE_ADD EvtDriverDeviceAdd)
{
    RtlZeroMemory(Config, sizeof *Config);
    Config->Size = (ULONG)sizeof *Config;
    Config->EvtDriverDeviceAdd = EvtDriverDeviceAdd;
}

NTSTATUS NTAPI WdfDriverCreate(PDRIVER_OBJECT DriverObject, PCUNICODE_STRING RegistryPath,
    PWDF_OBJECT_ATTRIBUTES DriverAttributes, PWDF_DRIVER_CONFIG DriverConfig, WDFDRIVER *Driver);
WDFDRIVER NTAPI WdfGetDriver(VOID);
PDRIVER_OBJECT NTAPI WdfDriverWdmGetDriverObject(WDFDRIVER Driver);

/* wdffileobject.h */
WDFDEVICE NTAPI WdfFileObjectGetDevice(WDFFILEOBJECT FileObject);

/* wdfmemory.h */
NTSTATUS NTAPI WdfMemoryCreate(PWDF_OBJECT_ATTRIBUTES Attributes, POOL_TYPE PoolType, ULONG PoolTag,
    size_t BufferSize, WDFMEMORY *Memory, PVOID *Buffer);
NTSTATUS NTAPI WdfMemoryCreatePreallocated(PWDF_OBJECT_ATTRIBUTES Attributes, PVOID Buffer,
    size_t BufferSize, WDFMEMORY *Memory);
NTSTATUS NTAPI WdfMemoryAssignBuffer(WDFMEMORY Memory, PVOID Buffer, size_t BufferSize);
PVOID NTAPI WdfMemoryGetBuffer(WDFMEMORY Memory, size_t *BufferSize);
NTSTATUS NTAPI WdfMemoryCopyToBuffer(WDFMEMORY SourceMemory, size_t SourceOffset, PVOID Buffer,
    size_t NumBytesToCopyTo);
NTSTATUS NTAPI WdfMemoryCopyFromBuffer(WDFMEMORY DestinationMemory, size_t DestinationOffset,
    PVOID Buffer, size_t NumBytesToCopyFrom);
NTSTATUS NTAPI WdfLookasideListCreate(PWDF_OBJECT_ATTRIBUTES LookasideAttributes, size_t BufferSize,
    POOL_TYPE PoolType, PWDF_OBJECT_ATTRIBUTES MemoryAttributes, ULONG PoolTag,
    WDFLOOKASIDE *Lookaside);
NTSTATUS NTAPI WdfMemoryCreateFromLookaside(WDFLOOKASIDE Lookaside, WDFMEMORY *Memory);

/* wdfsync.h */
NTSTATUS NTAPI WdfSpinLockCreate(PWDF_OBJECT_ATTRIBUTES SpinLockAttributes, WDFSPINLOCK *SpinLock);
VOID NTAPI WdfSpinLockAcquire(WDFSPINLOCK SpinLock);
VOID NTAPI WdfSpinLockRelease(WDFSPINLOCK SpinLock);
NTSTATUS NTAPI WdfWaitLockCreate(PWDF_OBJECT_ATTRIBUTES LockAttributes, WDFWAITLOCK *Lock);
NTSTATUS NTAPI WdfWaitLockAcquire(WDFWAITLOCK Lock, PLONGLONG Timeout);
VOID NTAPI WdfWaitLockRelease(WDFWAITLOCK Lock);

/* wdftimer.h: timeouts in the system's units of 100 ns; below zero from now on. */
#define WDF_TIMEOUT_TO_SEC 10000000LL
#define WDF_TIMEOUT_TO_MS 10000LL
#define WDF_TIMEOUT_TO_US 10LL
#define WDF_REL_TIMEOUT_IN_SEC(time) ((LONGLONG)(time) * -WDF_TIMEOUT_TO_SEC)
#define WDF_REL_TIMEOUT_IN_MS(time) ((LONGLONG)(time) * -WDF_TIMEOUT_TO_MS)
#define WDF_REL_TIMEOUT_IN_US(time) ((LONGLONG)(time) * -WDF_TIMEOUT_TO_US)

WDF_EXTERN_C_END

#endif
