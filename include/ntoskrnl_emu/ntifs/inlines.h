/* Macros and inline routines of ntifs.h over its types. */
#ifndef NTOSKRNL_EMU_NTIFS_INLINES_H
#define NTOSKRNL_EMU_NTIFS_INLINES_H

EMU_EXTERN_C_BEGIN

#define FsRtlEnterFileSystem KeEnterCriticalRegion
#define FsRtlExitFileSystem KeLeaveCriticalRegion
#define FsRtlAllocatePool(type, bytes) \
    ExAllocatePoolWithTag((POOL_TYPE)((int)(type) | POOL_RAISE_IF_ALLOCATION_FAILURE), bytes, 'trSF')
#define FsRtlAllocatePoolWithTag(type, bytes, tag) \
    ExAllocatePoolWithTag((POOL_TYPE)((int)(type) | POOL_RAISE_IF_ALLOCATION_FAILURE), bytes, tag)
#define FsRtlAllocatePoolWithQuotaTag(type, bytes, tag) \
    ExAllocatePoolWithQuotaTag((POOL_TYPE)((int)(type) | POOL_RAISE_IF_ALLOCATION_FAILURE), bytes, tag)

#define FSRTL_FSP_TOP_LEVEL_IRP ((LONG_PTR)0x01)
#define FSRTL_CACHE_TOP_LEVEL_IRP ((LONG_PTR)0x02)
#define FSRTL_MOD_WRITE_TOP_LEVEL_IRP ((LONG_PTR)0x03)
#define FSRTL_FAST_IO_TOP_LEVEL_IRP ((LONG_PTR)0x04)
#define FSRTL_NETWORK1_TOP_LEVEL_IRP ((LONG_PTR)0x05)
#define FSRTL_NETWORK2_TOP_LEVEL_IRP ((LONG_PTR)0x06)
#define FSRTL_MAX_TOP_LEVEL_IRP_FLAG ((LONG_PTR)0xFFFF)

#define FsRtlAreThereCurrentFileLocks(lock) ((lock)->FastIoIsQuestionable)
#define CcIsFileCached(file)                      \
    ((file)->SectionObjectPointer != NULL &&      \
        (file)->SectionObjectPointer->SharedCacheMap != NULL)
#define REPARSE_DATA_BUFFER_HEADER_SIZE FIELD_OFFSET(REPARSE_DATA_BUFFER, GenericReparseBuffer)
#define SECURITY_NULL_SID_AUTHORITY { 0, 0, 0, 0, 0, 0 }
#define SECURITY_WORLD_SID_AUTHORITY { 0, 0, 0, 0, 0, 1 }
#define SECURITY_LOCAL_SID_AUTHORITY { 0, 0, 0, 0, 0, 2 }
#define SECURITY_CREATOR_SID_AUTHORITY { 0, 0, 0, 0, 0, 3 }
#define SECURITY_NT_AUTHORITY { 0, 0, 0, 0, 0, 5 }

EMU_INLINE VOID FsRtlSetupAdvancedHeader(PVOID AdvHdr, PFAST_MUTEX FMutex)
{
    PFSRTL_ADVANCED_FCB_HEADER header = (PFSRTL_ADVANCED_FCB_HEADER)AdvHdr;
    header->Flags |= FSRTL_FLAG_ADVANCED_HEADER;
    header->Flags2 |= FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS;
    InitializeListHead(&header->FilterContexts);
    if (FMutex != NULL) {
        header->FastMutex = FMutex;
    }
}

EMU_EXTERN_C_END

#endif
