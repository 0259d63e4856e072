//! Routines that a driver links and that stop the caller, for nothing here does what they do.
//!
//! A name leaves the list when its routine is emulated. None of them looks at its arguments, so one
//! signature stands for all.

use std::ffi::c_void;

use emu::host::EntryPoint;

/// Declares the exports and lists their names, which a test holds the headers to.
macro_rules! not_emulated {
    ($($(#[$attribute:meta])? $name:ident)*) => {
        /// The names of the routines.
        #[allow(dead_code, reason = "read by the tests")]
        pub const NOT_EMULATED: &[&str] = &[$($(#[$attribute])? stringify!($name)),*];

        /// The routines by their names.
        pub static STOPPING: &[(&str, EntryPoint)] =
            &[$($(#[$attribute])? (stringify!($name), EntryPoint($name as *const ()))),*];
        $(
            $(#[$attribute])?
            #[doc = concat!("`", stringify!($name), "`: stops with its name.")]
            #[unsafe(no_mangle)]
            pub extern "C" fn $name() -> ! {
                emu::not_emulated(stringify!($name))
            }
        )*
    };
}

not_emulated! {
    CcCanIWrite CcCopyRead CcCopyWrite CcDeferWrite CcFastCopyRead CcFastCopyWrite CcFlushCache
    CcGetDirtyPages CcGetFileObjectFromBcb CcGetFileObjectFromSectionPtrs CcInitializeCacheMap
    CcIsThereDirtyData CcMapData CcMdlRead CcMdlReadComplete CcMdlWriteAbort CcMdlWriteComplete
    CcPinMappedData CcPinRead CcPrepareMdlWrite CcPreparePinWrite CcPurgeCacheSection CcRemapBcb
    CcRepinBcb CcScheduleReadAhead CcSetAdditionalCacheAttributes CcSetBcbOwnerPointer
    CcSetDirtyPageThreshold CcSetDirtyPinnedData CcSetFileSizes CcSetReadAheadGranularity
    CcUninitializeCacheMap CcUnpinData CcUnpinDataForThread CcUnpinRepinnedBcb
    CcWaitForCurrentLazyWriterActivity CcZeroData CmCallbackGetKeyObjectID CmGetCallbackVersion
    CmRegisterCallback CmRegisterCallbackEx CmSetCallbackObjectContext CmUnRegisterCallback
    ExCreateCallback ExEnterCriticalRegionAndAcquireResourceExclusive ExGetPreviousMode
    ExIsProcessorFeaturePresent ExLocalTimeToSystemTime ExNotifyCallback ExQueueWorkItem
    ExRegisterCallback
    ExReleaseResourceAndLeaveCriticalRegion ExSetTimerResolution ExSystemTimeToLocalTime
    ExUnregisterCallback ExUuidCreate FltAcknowledgeEcp FltAcquirePushLockExclusive
    FltAcquirePushLockExclusiveEx FltAcquirePushLockShared FltAcquirePushLockSharedEx
    FltAcquireResourceExclusive FltAcquireResourceShared FltAddOpenReparseEntry
    FltAdjustDeviceStackSizeForIoRedirection FltAllocateCallbackData FltAllocateCallbackDataEx
    FltAllocateContext FltAllocateDeferredIoWorkItem FltAllocateExtraCreateParameter
    FltAllocateExtraCreateParameterFromLookasideList FltAllocateExtraCreateParameterList
    FltAllocateFileLock FltAllocateGenericWorkItem FltAllocatePoolAlignedWithTag
    FltApplyPriorityInfoThread FltAttachVolume FltAttachVolumeAtAltitude
    FltBuildDefaultSecurityDescriptor FltCancelFileOpen FltCancelIo
    FltCancellableWaitForMultipleObjects FltCancellableWaitForSingleObject FltCbdqDisable
    FltCbdqEnable FltCbdqInitialize FltCbdqInsertIo FltCbdqRemoveIo FltCbdqRemoveNextIo
    FltCheckAndGrowNameControl FltCheckLockForReadAccess FltCheckLockForWriteAccess FltCheckOplock
    FltCheckOplockEx FltClearCallbackDataDirty FltClearCancelCompletion FltClose FltCloseClientPort
    FltCloseCommunicationPort FltCloseSectionForDataScan FltCommitComplete FltCommitFinalizeComplete
    FltCompareInstanceAltitudes FltCompletePendedPostOperation FltCompletePendedPreOperation
    FltCopyOpenReparseList FltCreateCommunicationPort FltCreateFile FltCreateFileEx FltCreateFileEx2
    FltCreateMailslotFile FltCreateNamedPipeFile FltCreateSectionForDataScan
    FltCreateSystemVolumeInformationFolder FltCurrentBatchOplock FltCurrentOplock FltCurrentOplockH
    FltDecodeParameters FltDeleteContext FltDeleteExtraCreateParameterLookasideList
    FltDeleteFileContext FltDeleteInstanceContext FltDeletePushLock FltDeleteStreamContext
    FltDeleteStreamHandleContext FltDeleteTransactionContext FltDeleteVolumeContext FltDetachVolume
    FltDeviceIoControlFile FltDoCompletionProcessingWhenSafe FltEnlistInTransaction
    FltEnumerateFilterInformation FltEnumerateFilters FltEnumerateInstanceInformationByDeviceObject
    FltEnumerateInstanceInformationByFilter FltEnumerateInstanceInformationByVolume
    FltEnumerateInstanceInformationByVolumeName FltEnumerateInstances FltEnumerateVolumeInformation
    FltEnumerateVolumes FltFastIoMdlRead FltFastIoMdlReadComplete FltFastIoMdlWriteComplete
    FltFastIoPrepareMdlWrite FltFindExtraCreateParameter FltFlushBuffers FltFlushBuffers2
    FltFreeCallbackData FltFreeDeferredIoWorkItem FltFreeExtraCreateParameter
    FltFreeExtraCreateParameterList FltFreeFileLock FltFreeGenericWorkItem FltFreeOpenReparseList
    FltFreePoolAlignedWithTag FltFreeSecurityDescriptor FltFsControlFile
    FltGetActivityIdCallbackData FltGetBottomInstance FltGetContexts FltGetContextsEx
    FltGetDestinationFileNameInformation FltGetDeviceObject FltGetDiskDeviceObject
    FltGetEcpListFromCallbackData FltGetFileContext FltGetFileNameInformation
    FltGetFileNameInformationUnsafe FltGetFileSystemType FltGetFilterFromInstance
    FltGetFilterFromName FltGetFilterInformation FltGetFsZeroingOffset FltGetInstanceContext
    FltGetInstanceInformation FltGetIoAttributionHandleFromCallbackData FltGetIoPriorityHint
    FltGetIoPriorityHintFromCallbackData FltGetIoPriorityHintFromFileObject
    FltGetIoPriorityHintFromThread FltGetIrpName FltGetLowerInstance FltGetNewSystemBufferAddress
    FltGetNextExtraCreateParameter FltGetRequestorProcess FltGetRequestorProcessId
    FltGetRequestorProcessIdEx FltGetRequestorSessionId FltGetRoutineAddress FltGetSectionContext
    FltGetStreamContext FltGetStreamHandleContext FltGetSwappedBufferMdlAddress FltGetTopInstance
    FltGetTransactionContext FltGetTunneledName FltGetUpperInstance FltGetVolumeContext
    FltGetVolumeFromDeviceObject FltGetVolumeFromFileObject FltGetVolumeFromInstance
    FltGetVolumeFromName FltGetVolumeGuidName FltGetVolumeInformation FltGetVolumeInstanceFromName
    FltGetVolumeName FltGetVolumeProperties FltInitExtraCreateParameterLookasideList
    FltInitializeFileLock FltInitializeOplock FltInitializePushLock FltInsertExtraCreateParameter
    FltIs32bitProcess FltIsCallbackDataDirty FltIsDirectory FltIsEcpAcknowledged
    FltIsEcpFromUserMode FltIsFltMgrVolumeDeviceObject FltIsIoCanceled FltIsIoRedirectionAllowed
    FltIsIoRedirectionAllowedForOperation FltIsOperationSynchronous FltIsVolumeSnapshot
    FltIsVolumeWritable FltLoadFilter FltLockUserBuffer FltNotifyFilterChangeDirectory
    FltObjectDereference FltObjectReference FltOpenVolume FltOplockBreakH FltOplockBreakToNone
    FltOplockBreakToNoneEx FltOplockFsctrl FltOplockFsctrlEx FltOplockIsFastIoPossible
    FltOplockIsSharedRequest FltOplockKeysEqual FltParseFileName FltParseFileNameInformation
    FltPerformAsynchronousIo FltPerformSynchronousIo FltPrePrepareComplete FltPrepareComplete
    FltPrepareToReuseEcp FltProcessFileLock FltPropagateActivityIdToThread FltPropagateIrpExtension
    FltPurgeFileNameInformationCache FltQueryDirectoryFile FltQueryDirectoryFileEx FltQueryEaFile
    FltQueryInformationByName FltQueryInformationFile FltQueryQuotaInformationFile
    FltQuerySecurityObject FltQueryVolumeInformation FltQueryVolumeInformationFile
    FltQueueDeferredIoWorkItem FltQueueGenericWorkItem FltReadFile FltReadFileEx FltReferenceContext
    FltReferenceFileNameInformation FltRegisterFilter FltRegisterForDataScan FltReissueSynchronousIo
    FltReleaseContext FltReleaseContexts FltReleaseContextsEx FltReleaseFileNameInformation
    FltReleasePushLock FltReleasePushLockEx FltReleaseResource FltRemoveExtraCreateParameter
    FltRemoveOpenReparseEntry FltRequestFileInfoOnCreateCompletion FltRequestOperationStatusCallback
    FltRetainSwappedBufferMdlAddress FltRetrieveFileInfoOnCreateCompletion
    FltRetrieveFileInfoOnCreateCompletionEx FltRetrieveIoPriorityInfo FltReuseCallbackData
    FltRollbackComplete FltRollbackEnlistment FltSendMessage FltSetActivityIdCallbackData
    FltSetCallbackDataDirty FltSetCancelCompletion FltSetEaFile FltSetEcpListIntoCallbackData
    FltSetFileContext FltSetFsZeroingOffset FltSetFsZeroingOffsetRequired FltSetInformationFile
    FltSetInstanceContext FltSetIoPriorityHintIntoCallbackData FltSetIoPriorityHintIntoFileObject
    FltSetIoPriorityHintIntoThread FltSetQuotaInformationFile FltSetSecurityObject
    FltSetStreamContext FltSetStreamHandleContext FltSetTransactionContext FltSetVolumeContext
    FltSetVolumeInformation FltStartFiltering FltSupportsFileContexts FltSupportsFileContextsEx
    FltSupportsStreamContexts FltSupportsStreamHandleContexts FltTagFile FltTagFileEx
    FltUninitializeFileLock FltUninitializeOplock FltUnloadFilter FltUnregisterFilter FltUntagFile
    FltVetoBypassIo FltWriteFile FltWriteFileEx FltpTraceRedirectedFileIo FsRtlAddLargeMcbEntry
    FsRtlAddMcbEntry FsRtlAddToTunnelCache FsRtlAllocateExtraCreateParameter
    FsRtlAllocateExtraCreateParameterFromLookasideList FsRtlAllocateExtraCreateParameterList
    FsRtlAllocateFileLock FsRtlAreNamesEqual FsRtlCheckLockForReadAccess
    FsRtlCheckLockForWriteAccess FsRtlCheckOplock FsRtlCheckOplockEx FsRtlCopyRead FsRtlCopyWrite
    FsRtlCreateSectionForDataScan FsRtlCurrentBatchOplock
    FsRtlDeleteExtraCreateParameterLookasideList FsRtlDeleteKeyFromTunnelCache
    FsRtlDeleteTunnelCache FsRtlDissectName FsRtlDoesNameContainWildCards FsRtlFastCheckLockForRead
    FsRtlFastCheckLockForWrite FsRtlFastUnlockAll FsRtlFastUnlockAllByKey FsRtlFastUnlockSingle
    FsRtlFindExtraCreateParameter FsRtlFindInTunnelCache FsRtlFreeExtraCreateParameter
    FsRtlFreeExtraCreateParameterList FsRtlFreeFileLock FsRtlGetEcpListFromIrp FsRtlGetFileSize
    FsRtlGetNextFileLock FsRtlGetNextLargeMcbEntry FsRtlIncrementCcFastReadNoWait
    FsRtlIncrementCcFastReadNotPossible FsRtlIncrementCcFastReadResourceMiss
    FsRtlIncrementCcFastReadWait FsRtlInitExtraCreateParameterLookasideList FsRtlInitializeFileLock
    FsRtlInitializeLargeMcb FsRtlInitializeMcb FsRtlInitializeOplock FsRtlInitializeTunnelCache
    FsRtlInsertExtraCreateParameter FsRtlInsertPerStreamContext FsRtlIsFatDbcsLegal
    FsRtlIsHpfsDbcsLegal FsRtlIsNameInExpression FsRtlIsNtstatusExpected FsRtlIsPagingFile
    FsRtlIsTotalDeviceFailure FsRtlLookupLargeMcbEntry FsRtlLookupLastLargeMcbEntry
    FsRtlLookupLastLargeMcbEntryAndIndex FsRtlLookupMcbEntry FsRtlLookupPerStreamContextInternal
    FsRtlMdlReadComplete FsRtlMdlReadCompleteDev FsRtlMdlReadDev FsRtlMdlWriteCompleteDev
    FsRtlNormalizeNtstatus FsRtlNotifyCleanup FsRtlNotifyCleanupAll FsRtlNotifyFilterChangeDirectory
    FsRtlNotifyFilterReportChange FsRtlNotifyFullChangeDirectory FsRtlNotifyFullReportChange
    FsRtlNotifyInitializeSync FsRtlNotifyUninitializeSync FsRtlNotifyVolumeEvent
    FsRtlNumberOfRunsInLargeMcb FsRtlNumberOfRunsInMcb FsRtlOplockBreakH FsRtlOplockFsctrl
    FsRtlOplockIsFastIoPossible FsRtlPostPagingFileStackOverflow FsRtlPostStackOverflow
    FsRtlPrepareMdlWriteDev FsRtlPrivateLock FsRtlProcessFileLock
    FsRtlRegisterFileSystemFilterCallbacks FsRtlRemoveLargeMcbEntry FsRtlRemoveMcbEntry
    FsRtlRemovePerStreamContext FsRtlResetLargeMcb FsRtlSplitLargeMcb FsRtlTeardownPerStreamContexts
    FsRtlTruncateLargeMcb FsRtlUninitializeFileLock FsRtlUninitializeLargeMcb FsRtlUninitializeMcb
    FsRtlUninitializeOplock IoAcquireCancelSpinLock IoAcquireRemoveLockEx IoAcquireVpbSpinLock
    IoAllocateDriverObjectExtension IoAllocateErrorLogEntry
    IoAllocateWorkItem IoAttachDevice IoAttachDeviceToDeviceStack IoBuildAsynchronousFsdRequest
    IoBuildDeviceIoControlRequest IoBuildSynchronousFsdRequest IoCancelFileOpen
    IoCancelIrp IoCheckEaBufferValidity IoCheckShareAccess IoConnectInterrupt IoConnectInterruptEx
    IoCreateFile IoCreateNotificationEvent IoCreateStreamFileObject
    IoCreateSynchronizationEvent
    IoDetachDevice IoDisconnectInterrupt IoDisconnectInterruptEx IoFreeWorkItem
    IoGetAttachedDeviceReference IoGetDeviceObjectPointer IoGetDeviceProperty
    IoGetDriverObjectExtension IoGetFileObjectGenericMapping IoGetInitialStack IoGetIoPriorityHint
    IoGetLowerDeviceObject IoGetRemainingStackSize IoGetRequestorProcess IoGetRequestorProcessId
    IoGetStackLimits IoGetTopLevelIrp IoGetTransactionParameterBlock
    IoInitializeRemoveLockEx IoInitializeTimer IoInitializeWorkItem IoInvalidateDeviceRelations
    IoIs32bitProcess IoIsOperationSynchronous IoIsSystemThread IoMakeAssociatedIrp
    IoOpenDeviceRegistryKey IoOpenDriverRegistryKey IoQueueWorkItem IoRaiseHardError
    IoRegisterDeviceInterface IoRegisterDriverReinitialization IoRegisterFileSystem
    IoRegisterPlugPlayNotification IoRegisterShutdownNotification IoReleaseCancelSpinLock
    IoReleaseRemoveLockAndWaitEx IoReleaseRemoveLockEx IoReleaseVpbSpinLock IoRemoveShareAccess
    IoReportTargetDeviceChange IoReportTargetDeviceChangeAsynchronous
    IoSetDeviceInterfaceState IoSetDeviceToVerify IoSetHardErrorOrVerifyDevice IoSetShareAccess
    IoSetTopLevelIrp IoSizeofWorkItem IoStartNextPacket IoStartPacket IoStartTimer IoStopTimer
    IoUninitializeWorkItem IoUnregisterFileSystem IoUnregisterPlugPlayNotification
    IoUnregisterShutdownNotification IoUpdateShareAccess IoVerifyVolume IoWMIRegistrationControl
    IoWriteErrorLogEntry IofCallDriver IofCompleteRequest KeAcquireInterruptSpinLock
    KeAcquireSpinLockForDpc KeAttachProcess KeCancelTimer KeDeregisterBugCheckCallback
    KeDetachProcess KeExpandKernelStackAndCallout KeFlushQueuedDpcs
    KeGetRecommendedSharedDataAlignment KeInitializeDeviceQueue KeInitializeDpc KeInitializeMutex
    KeInitializeQueue KeInitializeSemaphore KeInitializeThreadedDpc KeInitializeTimer
    KeInitializeTimerEx KeInsertDeviceQueue KeInsertHeadQueue KeInsertQueue KeInsertQueueDpc
    KeIpiGenericCall KeQueryGroupAffinity KeQueryPriorityThread KeQueryRuntimeThread
    KeReadStateMutex KeReadStateQueue KeReadStateTimer KeRegisterBugCheckCallback
    KeReleaseInterruptSpinLock KeReleaseMutex KeReleaseSemaphore KeReleaseSpinLockForDpc
    KeRemoveDeviceQueue KeRemoveQueue KeRemoveQueueDpc KeRemoveQueueEx KeRevertToUserAffinityThread
    KeRevertToUserAffinityThreadEx KeRevertToUserGroupAffinityThread KeRundownQueue
    KeSetBasePriorityThread KeSetImportanceDpc KeSetPriorityThread KeSetSystemAffinityThread
    KeSetSystemAffinityThreadEx KeSetSystemGroupAffinityThread KeSetTargetProcessorDpc KeSetTimer
    KeSetTimerEx KeStackAttachProcess KeStallExecutionProcessor KeSynchronizeExecution
    KeUnstackDetachProcess MmAllocateContiguousMemory
    MmAllocateContiguousMemorySpecifyCache MmAllocateMappingAddress MmAllocateNonCachedMemory
    MmAllocatePagesForMdl MmAllocatePagesForMdlEx MmCanFileBeTruncated
    MmCopyMemory MmDoesFileHaveUserWritableReferences MmFlushImageSection MmFreeContiguousMemory
    MmFreeMappingAddress MmFreeNonCachedMemory MmFreePagesFromMdl MmGetPhysicalAddress
    MmGetVirtualForPhysical MmIsAddressValid MmIsThisAnNtAsSystem MmLockPagableDataSection
    MmMapIoSpace MmPageEntireDriver MmProbeAndLockPages
    MmProtectMdlSystemAddress MmQuerySystemSize MmResetDriverPaging MmSecureVirtualMemory
    MmUnlockPagableImageSection MmUnlockPages MmUnmapIoSpace
    MmUnsecureVirtualMemory NtClose ObCloseHandle ObDereferenceObjectDeferDelete ObGetFilterVersion
    ObGetObjectSecurity ObInsertObject ObIsKernelHandle ObMakeTemporaryObject ObOpenObjectByPointer
    ObQueryNameString ObQueryObjectAuditingByHandle ObReferenceObjectByPointer ObRegisterCallbacks
    ObReleaseObjectSecurity ObUnRegisterCallbacks PoCallDriver PoRegisterPowerSettingCallback
    PoRegisterSystemState PoRequestPowerIrp PoSetPowerState PoStartNextPowerIrp
    PoUnregisterSystemState ProbeForRead ProbeForWrite PsAssignImpersonationToken PsChargePoolQuota
    PsDereferenceImpersonationToken PsDereferencePrimaryToken PsGetProcessCreateTimeQuadPart
    PsGetProcessExitTime PsGetThreadProcess PsGetThreadProcessId PsGetVersion PsImpersonateClient
    PsLookupProcessByProcessId PsLookupThreadByThreadId
    PsReferenceImpersonationToken PsReferencePrimaryToken PsRemoveCreateThreadNotifyRoutine
    PsRemoveLoadImageNotifyRoutine PsReturnPoolQuota PsRevertToSelf PsSetCreateProcessNotifyRoutine
    PsSetCreateProcessNotifyRoutineEx PsSetCreateThreadNotifyRoutine PsSetLoadImageNotifyRoutine
    RtlAbsoluteToSelfRelativeSD RtlAddAccessAllowedAce
    RtlAssert
    // Rust's own library calls that Windows.
    #[cfg(not(windows))]
    RtlCaptureContext
    RtlCaptureStackBackTrace RtlCheckRegistryKey
    RtlCompareString
    RtlConvertSidToUnicodeString RtlCopySid RtlCopyString RtlCreateAcl
    RtlCreateRegistryKey RtlCreateSecurityDescriptor RtlDeleteElementGenericTable
    RtlDeleteElementGenericTableAvl RtlDeleteRegistryValue RtlDowncaseUnicodeString
    RtlDuplicateUnicodeString RtlEnumerateGenericTable RtlEnumerateGenericTableAvl
    RtlEnumerateGenericTableWithoutSplaying RtlEnumerateGenericTableWithoutSplayingAvl RtlEqualSid
    RtlEqualString
    RtlFindFirstRunClear RtlFindLongestRunClear RtlFindNextForwardRunClear
    RtlFreeOemString RtlGUIDFromString
    RtlGenerate8dot3Name RtlGetElementGenericTable RtlGetElementGenericTableAvl
    RtlGetGroupSecurityDescriptor RtlGetOwnerSecurityDescriptor RtlGetVersion RtlHashUnicodeString
    RtlIdentifierAuthoritySid
    RtlInitializeGenericTable RtlInitializeGenericTableAvl RtlInitializeSid
    RtlInsertElementGenericTable RtlInsertElementGenericTableAvl RtlInsertElementGenericTableFull
    RtlInsertElementGenericTableFullAvl RtlInt64ToUnicodeString RtlIntegerToUnicodeString
    RtlIsGenericTableEmpty RtlIsGenericTableEmptyAvl RtlIsNameLegalDOS8Dot3 RtlLengthRequiredSid
    RtlLengthSecurityDescriptor RtlLengthSid RtlLookupElementGenericTable
    RtlLookupElementGenericTableAvl RtlLookupElementGenericTableFull
    RtlLookupElementGenericTableFullAvl RtlMapGenericMask RtlMultiByteToUnicodeN
    RtlNtStatusToDosError RtlNumberGenericTableElements RtlNumberGenericTableElementsAvl
    RtlOemStringToCountedUnicodeString
    RtlQueryRegistryValues RtlRandom RtlRandomEx RtlSelfRelativeToAbsoluteSD
    RtlSetDaclSecurityDescriptor RtlSetGroupSecurityDescriptor
    RtlSetOwnerSecurityDescriptor RtlStringFromGUID RtlSubAuthorityCountSid RtlSubAuthoritySid
    RtlTimeFieldsToTime RtlTimeToTimeFields RtlUTF8ToUnicodeN
    RtlUnicodeStringToInteger RtlUnicodeToMultiByteN
    RtlUnicodeToMultiByteSize RtlUnicodeToUTF8N
    RtlUpcaseUnicodeStringToCountedOemString RtlUpcaseUnicodeToOemN RtlUpperString
    RtlValidRelativeSecurityDescriptor RtlValidSecurityDescriptor RtlValidSid RtlVerifyVersionInfo
    RtlWalkFrameChain RtlWriteRegistryValue RtlxAnsiStringToUnicodeSize RtlxUnicodeStringToAnsiSize
    SeAccessCheck SeAssignSecurity SeAssignSecurityEx SeCaptureSubjectContext SeCreateClientSecurity
    SeDeassignSecurity SeFilterToken SeImpersonateClientEx SeLocateProcessImageName
    SeLockSubjectContext SeQueryAuthenticationIdToken SeQueryInformationToken
    SeQuerySecurityDescriptorInfo SeRegisterLogonSessionTerminatedRoutine SeReleaseSubjectContext
    SeSetSecurityDescriptorInfo SeSinglePrivilegeCheck SeTokenIsAdmin SeTokenIsRestricted
    SeTokenType SeUnlockSubjectContext SeUnregisterLogonSessionTerminatedRoutine
    SeValidSecurityDescriptor WdmlibIoCreateDeviceSecure ZwAllocateVirtualMemory
    ZwCreateDirectoryObject ZwCreateEvent ZwCreateFile ZwCreateKey ZwCreateSection ZwDeleteFile
    ZwDeleteKey ZwDeleteValueKey ZwDeviceIoControlFile ZwDuplicateObject ZwEnumerateKey
    ZwEnumerateValueKey ZwFlushKey ZwFreeVirtualMemory ZwFsControlFile ZwLoadDriver
    ZwMakeTemporaryObject ZwMapViewOfSection ZwNotifyChangeKey ZwOpenDirectoryObject ZwOpenEvent
    ZwOpenFile ZwOpenKey ZwOpenProcess ZwOpenProcessToken ZwOpenProcessTokenEx ZwOpenSection
    ZwOpenSymbolicLinkObject ZwOpenThread ZwQueryDirectoryFile ZwQueryInformationFile
    ZwQueryInformationProcess ZwQueryInformationToken ZwQueryKey ZwQuerySymbolicLinkObject
    ZwQueryValueKey ZwQueryVolumeInformationFile ZwReadFile ZwSetEvent ZwSetInformationFile
    ZwSetSecurityObject ZwSetValueKey ZwTerminateProcess ZwUnloadDriver ZwUnmapViewOfSection
    ZwWaitForSingleObject ZwWriteFile __readcr3 __readmsr __writemsr
}

/// A type of objects, which C sees from the outside only.
#[repr(transparent)]
pub struct ObjectType(*const c_void);

// SAFETY: nothing looks behind the pointer, nor changes it.
unsafe impl Sync for ObjectType {}

/// Declares the variables that stand for types of objects: each points to a type of its own.
macro_rules! object_types {
    ($($name:ident)*) => {
        /// The names of the variables.
        #[allow(dead_code, reason = "read by the tests")]
        pub const OBJECT_TYPES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[doc = concat!("`", stringify!($name), "`")]
            #[unsafe(no_mangle)]
            pub static $name: &ObjectType = &{
                static OBJECT: u64 = 0;
                ObjectType((&raw const OBJECT).cast())
            };
        )*
    };
}

object_types! {
    ExEventObjectType ExSemaphoreObjectType IoDeviceObjectType IoDriverObjectType IoFileObjectType
    PsProcessType PsThreadType SeTokenObjectType
}
