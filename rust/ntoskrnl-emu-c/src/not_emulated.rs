//! Routines that a driver links and that stop the caller, for nothing here does what they do.
//!
//! A name leaves the list when its routine is emulated. None of them looks at its arguments, so one
//! signature stands for all.

use std::ffi::c_void;

/// Declares the exports and lists their names, which a test holds the headers to.
macro_rules! not_emulated {
    ($($name:ident)*) => {
        /// The names of the routines.
        #[allow(dead_code, reason = "read by the tests")]
        pub const NOT_EMULATED: &[&str] = &[$(stringify!($name)),*];
        $(
            #[doc = concat!("`", stringify!($name), "`: stops with its name.")]
            #[unsafe(no_mangle)]
            pub extern "C" fn $name() -> ! {
                stop(stringify!($name))
            }
        )*
    };
}

/// Prints the name of the routine and aborts, so that a debugger stops at the call.
fn stop(name: &str) -> ! {
    eprintln!("*** not emulated: {name}");
    std::process::abort()
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
    ExAcquireFastMutex ExAcquireFastMutexUnsafe ExAcquirePushLockExclusiveEx
    ExAcquirePushLockSharedEx ExAcquireResourceExclusiveLite ExAcquireResourceSharedLite
    ExAcquireRundownProtection ExAcquireRundownProtectionEx ExAcquireSharedStarveExclusive
    ExAcquireSharedWaitForExclusive ExAcquireSpinLockExclusive ExAcquireSpinLockExclusiveAtDpcLevel
    ExAcquireSpinLockShared ExAcquireSpinLockSharedAtDpcLevel ExAllocatePool3
    ExAllocatePoolWithTagPriority ExConvertExclusiveToSharedLite ExCreateCallback
    ExDeleteResourceLite ExDisableResourceBoostLite ExEnterCriticalRegionAndAcquireResourceExclusive
    ExFreePool2 ExGetExclusiveWaiterCount ExGetPreviousMode ExGetSharedWaiterCount
    ExInitializePushLock ExInitializeResourceLite ExInitializeRundownProtection
    ExInterlockedAddLargeInteger ExInterlockedAddUlong ExInterlockedInsertHeadList
    ExInterlockedInsertTailList ExInterlockedPopEntryList ExInterlockedPushEntryList
    ExInterlockedRemoveHeadList ExIsProcessorFeaturePresent ExIsResourceAcquiredExclusiveLite
    ExIsResourceAcquiredSharedLite ExLocalTimeToSystemTime ExNotifyCallback ExQueueWorkItem
    ExRaiseAccessViolation ExRaiseDatatypeMisalignment ExReInitializeRundownProtection
    ExRegisterCallback ExReinitializeResourceLite ExReleaseFastMutex ExReleaseFastMutexUnsafe
    ExReleasePushLockEx ExReleasePushLockExclusiveEx ExReleasePushLockSharedEx
    ExReleaseResourceAndLeaveCriticalRegion ExReleaseResourceForThreadLite ExReleaseResourceLite
    ExReleaseRundownProtection ExReleaseRundownProtectionEx ExReleaseSpinLockExclusive
    ExReleaseSpinLockExclusiveFromDpcLevel ExReleaseSpinLockShared
    ExReleaseSpinLockSharedFromDpcLevel ExRundownCompleted ExSetResourceOwnerPointer
    ExSetTimerResolution ExSystemTimeToLocalTime ExTryConvertSharedSpinLockExclusive
    ExTryToAcquireFastMutex ExUnregisterCallback ExUuidCreate ExWaitForRundownProtectionRelease
    FltAcknowledgeEcp FltAcquirePushLockExclusive FltAcquirePushLockExclusiveEx
    FltAcquirePushLockShared FltAcquirePushLockSharedEx FltAcquireResourceExclusive
    FltAcquireResourceShared FltAddOpenReparseEntry FltAdjustDeviceStackSizeForIoRedirection
    FltAllocateCallbackData FltAllocateCallbackDataEx FltAllocateContext
    FltAllocateDeferredIoWorkItem FltAllocateExtraCreateParameter
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
    IoAllocateDriverObjectExtension IoAllocateErrorLogEntry IoAllocateIrp IoAllocateMdl
    IoAllocateWorkItem IoAttachDevice IoAttachDeviceToDeviceStack IoBuildAsynchronousFsdRequest
    IoBuildDeviceIoControlRequest IoBuildPartialMdl IoBuildSynchronousFsdRequest IoCancelFileOpen
    IoCancelIrp IoCheckEaBufferValidity IoCheckShareAccess IoConnectInterrupt IoConnectInterruptEx
    IoCreateDevice IoCreateFile IoCreateNotificationEvent IoCreateStreamFileObject
    IoCreateSymbolicLink IoCreateSynchronizationEvent IoDeleteDevice IoDeleteSymbolicLink
    IoDetachDevice IoDisconnectInterrupt IoDisconnectInterruptEx IoFreeIrp IoFreeMdl IoFreeWorkItem
    IoGetAttachedDeviceReference IoGetCurrentProcess IoGetDeviceObjectPointer IoGetDeviceProperty
    IoGetDriverObjectExtension IoGetFileObjectGenericMapping IoGetInitialStack IoGetIoPriorityHint
    IoGetLowerDeviceObject IoGetRemainingStackSize IoGetRequestorProcess IoGetRequestorProcessId
    IoGetStackLimits IoGetTopLevelIrp IoGetTransactionParameterBlock IoInitializeIrp
    IoInitializeRemoveLockEx IoInitializeTimer IoInitializeWorkItem IoInvalidateDeviceRelations
    IoIs32bitProcess IoIsOperationSynchronous IoIsSystemThread IoMakeAssociatedIrp
    IoOpenDeviceRegistryKey IoOpenDriverRegistryKey IoQueueWorkItem IoRaiseHardError
    IoRegisterDeviceInterface IoRegisterDriverReinitialization IoRegisterFileSystem
    IoRegisterPlugPlayNotification IoRegisterShutdownNotification IoReleaseCancelSpinLock
    IoReleaseRemoveLockAndWaitEx IoReleaseRemoveLockEx IoReleaseVpbSpinLock IoRemoveShareAccess
    IoReportTargetDeviceChange IoReportTargetDeviceChangeAsynchronous IoReuseIrp
    IoSetDeviceInterfaceState IoSetDeviceToVerify IoSetHardErrorOrVerifyDevice IoSetShareAccess
    IoSetTopLevelIrp IoSizeofWorkItem IoStartNextPacket IoStartPacket IoStartTimer IoStopTimer
    IoUninitializeWorkItem IoUnregisterFileSystem IoUnregisterPlugPlayNotification
    IoUnregisterShutdownNotification IoUpdateShareAccess IoVerifyVolume IoWMIRegistrationControl
    IoWriteErrorLogEntry IofCallDriver IofCompleteRequest KeAcquireGuardedMutex
    KeAcquireGuardedMutexUnsafe KeAcquireInStackQueuedSpinLock
    KeAcquireInStackQueuedSpinLockAtDpcLevel KeAcquireInterruptSpinLock KeAcquireSpinLockForDpc
    KeAreAllApcsDisabled KeAreApcsDisabled KeAttachProcess KeCancelTimer KeClearEvent
    KeDelayExecutionThread KeDeregisterBugCheckCallback KeDetachProcess KeEnterCriticalRegion
    KeEnterGuardedRegion KeExpandKernelStackAndCallout KeFlushQueuedDpcs KeGetCurrentProcessorIndex
    KeGetCurrentProcessorNumber KeGetCurrentProcessorNumberEx KeGetCurrentThread
    KeGetProcessorIndexFromNumber KeGetProcessorNumberFromIndex KeGetRecommendedSharedDataAlignment
    KeInitializeDeviceQueue KeInitializeDpc KeInitializeEvent KeInitializeGuardedMutex
    KeInitializeMutex KeInitializeQueue KeInitializeSemaphore KeInitializeThreadedDpc
    KeInitializeTimer KeInitializeTimerEx KeInsertDeviceQueue KeInsertHeadQueue KeInsertQueue
    KeInsertQueueDpc KeIpiGenericCall KeLeaveCriticalRegion KeLeaveGuardedRegion KePulseEvent
    KeQueryActiveProcessorCount KeQueryActiveProcessorCountEx KeQueryActiveProcessors
    KeQueryGroupAffinity KeQueryInterruptTime KeQueryMaximumProcessorCount
    KeQueryMaximumProcessorCountEx KeQueryPerformanceCounter KeQueryPriorityThread
    KeQueryRuntimeThread KeQuerySystemTime KeQuerySystemTimePrecise KeQueryTickCount
    KeQueryTimeIncrement KeQueryUnbiasedInterruptTime KeReadStateEvent KeReadStateMutex
    KeReadStateQueue KeReadStateTimer KeRegisterBugCheckCallback KeReleaseGuardedMutex
    KeReleaseGuardedMutexUnsafe KeReleaseInStackQueuedSpinLock
    KeReleaseInStackQueuedSpinLockFromDpcLevel KeReleaseInterruptSpinLock KeReleaseMutex
    KeReleaseSemaphore KeReleaseSpinLockForDpc KeRemoveDeviceQueue KeRemoveQueue KeRemoveQueueDpc
    KeRemoveQueueEx KeResetEvent KeRevertToUserAffinityThread KeRevertToUserAffinityThreadEx
    KeRevertToUserGroupAffinityThread KeRundownQueue KeSetBasePriorityThread KeSetEvent
    KeSetImportanceDpc KeSetPriorityThread KeSetSystemAffinityThread KeSetSystemAffinityThreadEx
    KeSetSystemGroupAffinityThread KeSetTargetProcessorDpc KeSetTimer KeSetTimerEx
    KeStackAttachProcess KeStallExecutionProcessor KeSynchronizeExecution KeTryToAcquireGuardedMutex
    KeUnstackDetachProcess KeWaitForMultipleObjects KeWaitForSingleObject MmAdvanceMdl
    MmAllocateContiguousMemory MmAllocateContiguousMemorySpecifyCache MmAllocateMappingAddress
    MmAllocateNonCachedMemory MmAllocatePagesForMdl MmAllocatePagesForMdlEx
    MmBuildMdlForNonPagedPool MmCanFileBeTruncated MmCopyMemory MmDoesFileHaveUserWritableReferences
    MmFlushImageSection MmFreeContiguousMemory MmFreeMappingAddress MmFreeNonCachedMemory
    MmFreePagesFromMdl MmGetPhysicalAddress MmGetSystemRoutineAddress MmGetVirtualForPhysical
    MmIsAddressValid MmIsThisAnNtAsSystem MmLockPagableDataSection MmMapIoSpace
    MmMapLockedPagesSpecifyCache MmPageEntireDriver MmProbeAndLockPages MmProtectMdlSystemAddress
    MmQuerySystemSize MmResetDriverPaging MmSecureVirtualMemory MmSizeOfMdl
    MmUnlockPagableImageSection MmUnlockPages MmUnmapIoSpace MmUnmapLockedPages
    MmUnsecureVirtualMemory NtClose ObCloseHandle ObDereferenceObjectDeferDelete ObGetFilterVersion
    ObGetObjectSecurity ObInsertObject ObIsKernelHandle ObMakeTemporaryObject ObOpenObjectByPointer
    ObQueryNameString ObQueryObjectAuditingByHandle ObReferenceObjectByHandle
    ObReferenceObjectByPointer ObRegisterCallbacks ObReleaseObjectSecurity ObUnRegisterCallbacks
    ObfDereferenceObject ObfReferenceObject PoCallDriver PoRegisterPowerSettingCallback
    PoRegisterSystemState PoRequestPowerIrp PoSetPowerState PoStartNextPowerIrp
    PoUnregisterSystemState ProbeForRead ProbeForWrite PsAssignImpersonationToken PsChargePoolQuota
    PsCreateSystemThread PsDereferenceImpersonationToken PsDereferencePrimaryToken
    PsGetCurrentProcessId PsGetCurrentThreadId PsGetProcessCreateTimeQuadPart PsGetProcessExitTime
    PsGetProcessId PsGetThreadId PsGetThreadProcess PsGetThreadProcessId PsGetVersion
    PsImpersonateClient PsIsSystemThread PsIsThreadTerminating PsLookupProcessByProcessId
    PsLookupThreadByThreadId PsReferenceImpersonationToken PsReferencePrimaryToken
    PsRemoveCreateThreadNotifyRoutine PsRemoveLoadImageNotifyRoutine PsReturnPoolQuota
    PsRevertToSelf PsSetCreateProcessNotifyRoutine PsSetCreateProcessNotifyRoutineEx
    PsSetCreateThreadNotifyRoutine PsSetLoadImageNotifyRoutine PsTerminateSystemThread
    RtlAbsoluteToSelfRelativeSD RtlAddAccessAllowedAce RtlAnsiStringToUnicodeString
    RtlAppendUnicodeStringToString RtlAppendUnicodeToString RtlAreBitsClear RtlAreBitsSet RtlAssert
    RtlCaptureContext RtlCaptureStackBackTrace RtlCheckRegistryKey RtlClearAllBits RtlClearBit
    RtlClearBits RtlCompareString RtlCompareUnicodeString RtlCompareUnicodeStrings
    RtlConvertSidToUnicodeString RtlCopySid RtlCopyString RtlCopyUnicodeString RtlCreateAcl
    RtlCreateRegistryKey RtlCreateSecurityDescriptor RtlDeleteElementGenericTable
    RtlDeleteElementGenericTableAvl RtlDeleteRegistryValue RtlDowncaseUnicodeString
    RtlDuplicateUnicodeString RtlEnumerateGenericTable RtlEnumerateGenericTableAvl
    RtlEnumerateGenericTableWithoutSplaying RtlEnumerateGenericTableWithoutSplayingAvl RtlEqualSid
    RtlEqualString RtlEqualUnicodeString RtlFindClearBits RtlFindClearBitsAndSet
    RtlFindFirstRunClear RtlFindLongestRunClear RtlFindNextForwardRunClear RtlFindSetBits
    RtlFindSetBitsAndClear RtlFreeAnsiString RtlFreeOemString RtlFreeUnicodeString RtlGUIDFromString
    RtlGenerate8dot3Name RtlGetElementGenericTable RtlGetElementGenericTableAvl
    RtlGetGroupSecurityDescriptor RtlGetOwnerSecurityDescriptor RtlGetVersion RtlHashUnicodeString
    RtlIdentifierAuthoritySid RtlInitAnsiString RtlInitString RtlInitializeBitMap
    RtlInitializeGenericTable RtlInitializeGenericTableAvl RtlInitializeSid
    RtlInsertElementGenericTable RtlInsertElementGenericTableAvl RtlInsertElementGenericTableFull
    RtlInsertElementGenericTableFullAvl RtlInt64ToUnicodeString RtlIntegerToUnicodeString
    RtlIsGenericTableEmpty RtlIsGenericTableEmptyAvl RtlIsNameLegalDOS8Dot3 RtlLengthRequiredSid
    RtlLengthSecurityDescriptor RtlLengthSid RtlLookupElementGenericTable
    RtlLookupElementGenericTableAvl RtlLookupElementGenericTableFull
    RtlLookupElementGenericTableFullAvl RtlMapGenericMask RtlMultiByteToUnicodeN
    RtlNtStatusToDosError RtlNumberGenericTableElements RtlNumberGenericTableElementsAvl
    RtlNumberOfClearBits RtlNumberOfSetBits RtlOemStringToCountedUnicodeString
    RtlPrefixUnicodeString RtlQueryRegistryValues RtlRandom RtlRandomEx RtlSelfRelativeToAbsoluteSD
    RtlSetAllBits RtlSetBit RtlSetBits RtlSetDaclSecurityDescriptor RtlSetGroupSecurityDescriptor
    RtlSetOwnerSecurityDescriptor RtlStringFromGUID RtlSubAuthorityCountSid RtlSubAuthoritySid
    RtlTestBit RtlTimeFieldsToTime RtlTimeToTimeFields RtlUTF8ToUnicodeN
    RtlUnicodeStringToAnsiString RtlUnicodeStringToInteger RtlUnicodeToMultiByteN
    RtlUnicodeToMultiByteSize RtlUnicodeToUTF8N RtlUpcaseUnicodeChar RtlUpcaseUnicodeString
    RtlUpcaseUnicodeStringToCountedOemString RtlUpcaseUnicodeToOemN RtlUpperString
    RtlValidRelativeSecurityDescriptor RtlValidSecurityDescriptor RtlValidSid RtlVerifyVersionInfo
    RtlWalkFrameChain RtlWriteRegistryValue RtlxAnsiStringToUnicodeSize RtlxUnicodeStringToAnsiSize
    SeAccessCheck SeAssignSecurity SeAssignSecurityEx SeCaptureSubjectContext SeCreateClientSecurity
    SeDeassignSecurity SeFilterToken SeImpersonateClientEx SeLocateProcessImageName
    SeLockSubjectContext SeQueryAuthenticationIdToken SeQueryInformationToken
    SeQuerySecurityDescriptorInfo SeRegisterLogonSessionTerminatedRoutine SeReleaseSubjectContext
    SeSetSecurityDescriptorInfo SeSinglePrivilegeCheck SeTokenIsAdmin SeTokenIsRestricted
    SeTokenType SeUnlockSubjectContext SeUnregisterLogonSessionTerminatedRoutine
    SeValidSecurityDescriptor WdmlibIoCreateDeviceSecure ZwAllocateVirtualMemory ZwClose
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
