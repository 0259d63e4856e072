/* Routines of fltKernel.h. */
#ifndef NTOSKRNL_EMU_FLTKERNEL_ROUTINES_H
#define NTOSKRNL_EMU_FLTKERNEL_ROUTINES_H

EMU_EXTERN_C_BEGIN

BOOLEAN NTAPI FltCancelIo(FLT_CALLBACK_DATA *callbackdata);
BOOLEAN NTAPI FltCheckLockForReadAccess(FILE_LOCK *filelock, FLT_CALLBACK_DATA *callbackdata);
BOOLEAN NTAPI FltCheckLockForWriteAccess(FILE_LOCK *filelock, FLT_CALLBACK_DATA *callbackdata);
BOOLEAN NTAPI FltCurrentBatchOplock(PVOID *oplock);
BOOLEAN NTAPI FltCurrentOplock(PVOID *oplock);
BOOLEAN NTAPI FltCurrentOplockH(PVOID *oplock);
BOOLEAN NTAPI FltDoCompletionProcessingWhenSafe(FLT_CALLBACK_DATA *data,
    const FLT_RELATED_OBJECTS *fltobjects, PVOID completioncontext, ULONG flags,
    PFLT_POST_OPERATION_CALLBACK safepostcallback,
    FLT_POSTOP_CALLBACK_STATUS *retpostoperationstatus);
BOOLEAN NTAPI FltFastIoMdlRead(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    LARGE_INTEGER *fileoffset, ULONG length, ULONG lockkey, MDL **mdlchain,
    IO_STATUS_BLOCK *iostatus);
BOOLEAN NTAPI FltFastIoMdlReadComplete(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    MDL *mdlchain);
BOOLEAN NTAPI FltFastIoMdlWriteComplete(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    LARGE_INTEGER *fileoffset, MDL *mdlchain);
BOOLEAN NTAPI FltFastIoPrepareMdlWrite(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    LARGE_INTEGER *fileoffset, ULONG length, ULONG lockkey, MDL **mdlchain,
    IO_STATUS_BLOCK *iostatus);
BOOLEAN NTAPI FltIs32bitProcess(FLT_CALLBACK_DATA *callbackdata);
BOOLEAN NTAPI FltIsCallbackDataDirty(FLT_CALLBACK_DATA *data);
BOOLEAN NTAPI FltIsEcpAcknowledged(PFLT_FILTER filter, PVOID ecpcontext);
BOOLEAN NTAPI FltIsEcpFromUserMode(PFLT_FILTER filter, PVOID ecpcontext);
BOOLEAN NTAPI FltIsFltMgrVolumeDeviceObject(DEVICE_OBJECT *deviceobject);
BOOLEAN NTAPI FltIsIoCanceled(FLT_CALLBACK_DATA *callbackdata);
BOOLEAN NTAPI FltIsOperationSynchronous(FLT_CALLBACK_DATA *callbackdata);
BOOLEAN NTAPI FltOplockIsFastIoPossible(PVOID *oplock);
BOOLEAN NTAPI FltOplockIsSharedRequest(FLT_CALLBACK_DATA *callbackdata);
BOOLEAN NTAPI FltOplockKeysEqual(FILE_OBJECT *fo1, FILE_OBJECT *fo2);
BOOLEAN NTAPI FltSupportsFileContexts(FILE_OBJECT *fileobject);
BOOLEAN NTAPI FltSupportsFileContextsEx(FILE_OBJECT *fileobject, PFLT_INSTANCE instance);
BOOLEAN NTAPI FltSupportsStreamContexts(FILE_OBJECT *fileobject);
BOOLEAN NTAPI FltSupportsStreamHandleContexts(FILE_OBJECT *fileobject);
FILE_LOCK * NTAPI FltAllocateFileLock(PFLT_COMPLETE_LOCK_CALLBACK_DATA_ROUTINE completelockcallbackdataroutine,
    PUNLOCK_ROUTINE unlockroutine);
FLT_CALLBACK_DATA * NTAPI FltCbdqRemoveIo(FLT_CALLBACK_DATA_QUEUE *cbdq,
    IO_CSQ_IRP_CONTEXT *context);
FLT_CALLBACK_DATA * NTAPI FltCbdqRemoveNextIo(FLT_CALLBACK_DATA_QUEUE *cbdq, PVOID peekcontext);
FLT_PREOP_CALLBACK_STATUS NTAPI FltCheckOplock(PVOID *oplock, FLT_CALLBACK_DATA *callbackdata,
    PVOID context, PFLTOPLOCK_WAIT_COMPLETE_ROUTINE waitcompletionroutine,
    PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE prepostcallbackdataroutine);
FLT_PREOP_CALLBACK_STATUS NTAPI FltCheckOplockEx(PVOID *oplock, FLT_CALLBACK_DATA *callbackdata,
    ULONG flags, PVOID context, PFLTOPLOCK_WAIT_COMPLETE_ROUTINE waitcompletionroutine,
    PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE prepostcallbackdataroutine);
FLT_PREOP_CALLBACK_STATUS NTAPI FltOplockBreakH(PVOID *oplock, FLT_CALLBACK_DATA *callbackdata,
    ULONG flags, PVOID context, PFLTOPLOCK_WAIT_COMPLETE_ROUTINE waitcompletionroutine,
    PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE prepostcallbackdataroutine);
FLT_PREOP_CALLBACK_STATUS NTAPI FltOplockBreakToNone(PVOID *oplock, FLT_CALLBACK_DATA *callbackdata,
    PVOID context, PFLTOPLOCK_WAIT_COMPLETE_ROUTINE waitcompletionroutine,
    PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE prepostcallbackdataroutine);
FLT_PREOP_CALLBACK_STATUS NTAPI FltOplockBreakToNoneEx(PVOID *oplock,
    FLT_CALLBACK_DATA *callbackdata, ULONG flags, PVOID context,
    PFLTOPLOCK_WAIT_COMPLETE_ROUTINE waitcompletionroutine,
    PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE prepostcallbackdataroutine);
FLT_PREOP_CALLBACK_STATUS NTAPI FltOplockFsctrl(PVOID *oplock, FLT_CALLBACK_DATA *callbackdata,
    ULONG opencount);
FLT_PREOP_CALLBACK_STATUS NTAPI FltOplockFsctrlEx(PVOID *oplock, FLT_CALLBACK_DATA *callbackdata,
    ULONG opencount, ULONG flags);
FLT_PREOP_CALLBACK_STATUS NTAPI FltProcessFileLock(FILE_LOCK *filelock,
    FLT_CALLBACK_DATA *callbackdata, PVOID context);
HANDLE NTAPI FltGetRequestorProcessIdEx(FLT_CALLBACK_DATA *callbackdata);
IO_PRIORITY_HINT NTAPI FltGetIoPriorityHint(FLT_CALLBACK_DATA *data);
IO_PRIORITY_HINT NTAPI FltGetIoPriorityHintFromCallbackData(FLT_CALLBACK_DATA *data);
IO_PRIORITY_HINT NTAPI FltGetIoPriorityHintFromFileObject(FILE_OBJECT *fileobject);
IO_PRIORITY_HINT NTAPI FltGetIoPriorityHintFromThread(PETHREAD thread);
LONG NTAPI FltCompareInstanceAltitudes(PFLT_INSTANCE instance1, PFLT_INSTANCE instance2);
MDL * NTAPI FltGetSwappedBufferMdlAddress(FLT_CALLBACK_DATA *callbackdata);
NTSTATUS NTAPI FltAddOpenReparseEntry(PFLT_FILTER filter, FLT_CALLBACK_DATA *data,
    OPEN_REPARSE_LIST_ENTRY *openreparseentry);
NTSTATUS NTAPI FltAdjustDeviceStackSizeForIoRedirection(PFLT_INSTANCE sourceinstance,
    PFLT_INSTANCE targetinstance, BOOLEAN *sourcedevicestacksizemodified);
NTSTATUS NTAPI FltAllocateCallbackData(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    FLT_CALLBACK_DATA **retnewcallbackdata);
NTSTATUS NTAPI FltAllocateCallbackDataEx(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    ULONG flags, FLT_CALLBACK_DATA **retnewcallbackdata);
NTSTATUS NTAPI FltAllocateContext(PFLT_FILTER filter, USHORT contexttype, SIZE_T contextsize,
    POOL_TYPE pooltype, PFLT_CONTEXT *returnedcontext);
NTSTATUS NTAPI FltAllocateExtraCreateParameter(PFLT_FILTER filter, const GUID *ecptype,
    ULONG sizeofcontext, ULONG flags,
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK cleanupcallback, ULONG pooltag,
    PVOID *ecpcontext);
NTSTATUS NTAPI FltAllocateExtraCreateParameterFromLookasideList(PFLT_FILTER filter,
    const GUID *ecptype, ULONG sizeofcontext, ULONG flags,
    PFSRTL_EXTRA_CREATE_PARAMETER_CLEANUP_CALLBACK cleanupcallback, PVOID lookasidelist,
    PVOID *ecpcontext);
NTSTATUS NTAPI FltAllocateExtraCreateParameterList(PFLT_FILTER filter, ULONG flags,
    ECP_LIST **ecplist);
NTSTATUS NTAPI FltApplyPriorityInfoThread(IO_PRIORITY_INFO *inputpriorityinfo,
    IO_PRIORITY_INFO *outputpriorityinfo, PETHREAD thread);
NTSTATUS NTAPI FltAttachVolume(PFLT_FILTER filter, PFLT_VOLUME volume,
    const UNICODE_STRING *instancename, PFLT_INSTANCE *retinstance);
NTSTATUS NTAPI FltAttachVolumeAtAltitude(PFLT_FILTER filter, PFLT_VOLUME volume,
    const UNICODE_STRING *altitude, const UNICODE_STRING *instancename, PFLT_INSTANCE *retinstance);
NTSTATUS NTAPI FltBuildDefaultSecurityDescriptor(PSECURITY_DESCRIPTOR *securitydescriptor,
    ULONG desiredaccess);
NTSTATUS NTAPI FltCancellableWaitForMultipleObjects(ULONG count, PVOID *objectarray,
    WAIT_TYPE waittype, LARGE_INTEGER *timeout, KWAIT_BLOCK *waitblockarray,
    FLT_CALLBACK_DATA *callbackdata);
NTSTATUS NTAPI FltCancellableWaitForSingleObject(PVOID object, LARGE_INTEGER *timeout,
    FLT_CALLBACK_DATA *callbackdata);
NTSTATUS NTAPI FltCbdqInitialize(PFLT_INSTANCE instance, FLT_CALLBACK_DATA_QUEUE *cbdq,
    PFLT_CALLBACK_DATA_QUEUE_INSERT_IO cbdqinsertio,
    PFLT_CALLBACK_DATA_QUEUE_REMOVE_IO cbdqremoveio,
    PFLT_CALLBACK_DATA_QUEUE_PEEK_NEXT_IO cbdqpeeknextio,
    PFLT_CALLBACK_DATA_QUEUE_ACQUIRE cbdqacquire, PFLT_CALLBACK_DATA_QUEUE_RELEASE cbdqrelease,
    PFLT_CALLBACK_DATA_QUEUE_COMPLETE_CANCELED_IO cbdqcompletecanceledio);
NTSTATUS NTAPI FltCbdqInsertIo(FLT_CALLBACK_DATA_QUEUE *cbdq, FLT_CALLBACK_DATA *cbd,
    IO_CSQ_IRP_CONTEXT *context, PVOID insertcontext);
NTSTATUS NTAPI FltCheckAndGrowNameControl(FLT_NAME_CONTROL *namectrl, USHORT newsize);
NTSTATUS NTAPI FltClearCancelCompletion(FLT_CALLBACK_DATA *callbackdata);
NTSTATUS NTAPI FltClose(HANDLE filehandle);
NTSTATUS NTAPI FltCloseSectionForDataScan(PFLT_CONTEXT sectioncontext);
NTSTATUS NTAPI FltCommitComplete(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    PFLT_CONTEXT transactioncontext);
NTSTATUS NTAPI FltCommitFinalizeComplete(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    PFLT_CONTEXT transactioncontext);
NTSTATUS NTAPI FltCopyOpenReparseList(PFLT_FILTER filter, FLT_CALLBACK_DATA *data,
    ECP_LIST *ecplist);
NTSTATUS NTAPI FltCreateCommunicationPort(PFLT_FILTER filter, PFLT_PORT *serverport,
    OBJECT_ATTRIBUTES *objectattributes, PVOID serverportcookie,
    PFLT_CONNECT_NOTIFY connectnotifycallback, PFLT_DISCONNECT_NOTIFY disconnectnotifycallback,
    PFLT_MESSAGE_NOTIFY messagenotifycallback, LONG maxconnections);
NTSTATUS NTAPI FltCreateFile(PFLT_FILTER filter, PFLT_INSTANCE instance, HANDLE *filehandle,
    ULONG desiredaccess, OBJECT_ATTRIBUTES *objectattributes, IO_STATUS_BLOCK *iostatusblock,
    LARGE_INTEGER *allocationsize, ULONG fileattributes, ULONG shareaccess, ULONG createdisposition,
    ULONG createoptions, PVOID eabuffer, ULONG ealength, ULONG flags);
NTSTATUS NTAPI FltCreateFileEx(PFLT_FILTER filter, PFLT_INSTANCE instance, HANDLE *filehandle,
    FILE_OBJECT **fileobject, ULONG desiredaccess, OBJECT_ATTRIBUTES *objectattributes,
    IO_STATUS_BLOCK *iostatusblock, LARGE_INTEGER *allocationsize, ULONG fileattributes,
    ULONG shareaccess, ULONG createdisposition, ULONG createoptions, PVOID eabuffer, ULONG ealength,
    ULONG flags);
NTSTATUS NTAPI FltCreateFileEx2(PFLT_FILTER filter, PFLT_INSTANCE instance, HANDLE *filehandle,
    FILE_OBJECT **fileobject, ULONG desiredaccess, OBJECT_ATTRIBUTES *objectattributes,
    IO_STATUS_BLOCK *iostatusblock, LARGE_INTEGER *allocationsize, ULONG fileattributes,
    ULONG shareaccess, ULONG createdisposition, ULONG createoptions, PVOID eabuffer, ULONG ealength,
    ULONG flags, IO_DRIVER_CREATE_CONTEXT *drivercontext);
NTSTATUS NTAPI FltCreateMailslotFile(PFLT_FILTER filter, PFLT_INSTANCE instance, HANDLE *filehandle,
    FILE_OBJECT **fileobject, ULONG desiredaccess, OBJECT_ATTRIBUTES *objectattributes,
    IO_STATUS_BLOCK *iostatusblock, ULONG createoptions, ULONG mailslotquota,
    ULONG maximummessagesize, LARGE_INTEGER *readtimeout, IO_DRIVER_CREATE_CONTEXT *drivercontext);
NTSTATUS NTAPI FltCreateNamedPipeFile(PFLT_FILTER filter, PFLT_INSTANCE instance,
    HANDLE *filehandle, FILE_OBJECT **fileobject, ULONG desiredaccess,
    OBJECT_ATTRIBUTES *objectattributes, IO_STATUS_BLOCK *iostatusblock, ULONG shareaccess,
    ULONG createdisposition, ULONG createoptions, ULONG namedpipetype, ULONG readmode,
    ULONG completionmode, ULONG maximuminstances, ULONG inboundquota, ULONG outboundquota,
    LARGE_INTEGER *defaulttimeout, IO_DRIVER_CREATE_CONTEXT *drivercontext);
NTSTATUS NTAPI FltCreateSectionForDataScan(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PFLT_CONTEXT sectioncontext, ULONG desiredaccess, OBJECT_ATTRIBUTES *objectattributes,
    LARGE_INTEGER *maximumsize, ULONG sectionpageprotection, ULONG allocationattributes,
    ULONG flags, HANDLE *sectionhandle, PVOID *sectionobject, LARGE_INTEGER *sectionfilesize);
NTSTATUS NTAPI FltCreateSystemVolumeInformationFolder(PFLT_INSTANCE instance);
NTSTATUS NTAPI FltDecodeParameters(FLT_CALLBACK_DATA *callbackdata, MDL ***mdladdresspointer,
    PVOID **buffer, ULONG **length, LOCK_OPERATION *desiredaccess);
NTSTATUS NTAPI FltDeleteFileContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltDeleteInstanceContext(PFLT_INSTANCE instance, PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltDeleteStreamContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltDeleteStreamHandleContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltDeleteTransactionContext(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltDeleteVolumeContext(PFLT_FILTER filter, PFLT_VOLUME volume,
    PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltDetachVolume(PFLT_FILTER filter, PFLT_VOLUME volume,
    const UNICODE_STRING *instancename);
NTSTATUS NTAPI FltDeviceIoControlFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    ULONG iocontrolcode, PVOID inputbuffer, ULONG inputbufferlength, PVOID outputbuffer,
    ULONG outputbufferlength, ULONG *lengthreturned);
NTSTATUS NTAPI FltEnlistInTransaction(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    PFLT_CONTEXT transactioncontext, ULONG notificationmask);
NTSTATUS NTAPI FltEnumerateFilterInformation(ULONG index, FILTER_INFORMATION_CLASS informationclass,
    PVOID buffer, ULONG buffersize, ULONG *bytesreturned);
NTSTATUS NTAPI FltEnumerateFilters(PFLT_FILTER *filterlist, ULONG filterlistsize,
    ULONG *numberfiltersreturned);
NTSTATUS NTAPI FltEnumerateInstanceInformationByDeviceObject(DEVICE_OBJECT *deviceobject,
    ULONG index, INSTANCE_INFORMATION_CLASS informationclass, PVOID buffer, ULONG buffersize,
    ULONG *bytesreturned);
NTSTATUS NTAPI FltEnumerateInstanceInformationByFilter(PFLT_FILTER filter, ULONG index,
    INSTANCE_INFORMATION_CLASS informationclass, PVOID buffer, ULONG buffersize,
    ULONG *bytesreturned);
NTSTATUS NTAPI FltEnumerateInstanceInformationByVolume(PFLT_VOLUME volume, ULONG index,
    INSTANCE_INFORMATION_CLASS informationclass, PVOID buffer, ULONG buffersize,
    ULONG *bytesreturned);
NTSTATUS NTAPI FltEnumerateInstanceInformationByVolumeName(const UNICODE_STRING *volumename,
    ULONG index, INSTANCE_INFORMATION_CLASS informationclass, PVOID buffer, ULONG buffersize,
    ULONG *bytesreturned);
NTSTATUS NTAPI FltEnumerateInstances(PFLT_VOLUME volume, PFLT_FILTER filter,
    PFLT_INSTANCE *instancelist, ULONG instancelistsize, ULONG *numberinstancesreturned);
NTSTATUS NTAPI FltEnumerateVolumeInformation(PFLT_FILTER filter, ULONG index,
    FILTER_VOLUME_INFORMATION_CLASS informationclass, PVOID buffer, ULONG buffersize,
    ULONG *bytesreturned);
NTSTATUS NTAPI FltEnumerateVolumes(PFLT_FILTER filter, PFLT_VOLUME *volumelist,
    ULONG volumelistsize, ULONG *numbervolumesreturned);
NTSTATUS NTAPI FltFindExtraCreateParameter(PFLT_FILTER filter, ECP_LIST *ecplist,
    const GUID *ecptype, PVOID *ecpcontext, ULONG *ecpcontextsize);
NTSTATUS NTAPI FltFlushBuffers(PFLT_INSTANCE instance, FILE_OBJECT *fileobject);
NTSTATUS NTAPI FltFlushBuffers2(PFLT_INSTANCE instance, FILE_OBJECT *fileobject, ULONG flushtype,
    FLT_CALLBACK_DATA *callbackdata);
NTSTATUS NTAPI FltFsControlFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    ULONG fscontrolcode, PVOID inputbuffer, ULONG inputbufferlength, PVOID outputbuffer,
    ULONG outputbufferlength, ULONG *lengthreturned);
NTSTATUS NTAPI FltGetActivityIdCallbackData(FLT_CALLBACK_DATA *callbackdata, GUID *guid);
NTSTATUS NTAPI FltGetBottomInstance(PFLT_VOLUME volume, PFLT_INSTANCE *instance);
NTSTATUS NTAPI FltGetContextsEx(const FLT_RELATED_OBJECTS *fltobjects, USHORT desiredcontexts,
    SIZE_T contextssize, FLT_RELATED_CONTEXTS_EX *contexts);
NTSTATUS NTAPI FltGetDestinationFileNameInformation(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    HANDLE rootdirectory, PCWSTR filename, ULONG filenamelength, ULONG nameoptions,
    FLT_FILE_NAME_INFORMATION **retfilenameinformation);
NTSTATUS NTAPI FltGetDeviceObject(PFLT_VOLUME volume, DEVICE_OBJECT **deviceobject);
NTSTATUS NTAPI FltGetDiskDeviceObject(PFLT_VOLUME volume, DEVICE_OBJECT **diskdeviceobject);
NTSTATUS NTAPI FltGetEcpListFromCallbackData(PFLT_FILTER filter, FLT_CALLBACK_DATA *callbackdata,
    ECP_LIST **ecplist);
NTSTATUS NTAPI FltGetFileContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PFLT_CONTEXT *context);
NTSTATUS NTAPI FltGetFileNameInformation(FLT_CALLBACK_DATA *callbackdata, ULONG nameoptions,
    FLT_FILE_NAME_INFORMATION **filenameinformation);
NTSTATUS NTAPI FltGetFileNameInformationUnsafe(FILE_OBJECT *fileobject, PFLT_INSTANCE instance,
    ULONG nameoptions, FLT_FILE_NAME_INFORMATION **filenameinformation);
NTSTATUS NTAPI FltGetFileSystemType(PVOID fltobject, FLT_FILESYSTEM_TYPE *filesystemtype);
NTSTATUS NTAPI FltGetFilterFromInstance(PFLT_INSTANCE instance, PFLT_FILTER *retfilter);
NTSTATUS NTAPI FltGetFilterFromName(const UNICODE_STRING *filtername, PFLT_FILTER *retfilter);
NTSTATUS NTAPI FltGetFilterInformation(PFLT_FILTER filter,
    FILTER_INFORMATION_CLASS informationclass, PVOID buffer, ULONG buffersize,
    ULONG *bytesreturned);
NTSTATUS NTAPI FltGetFsZeroingOffset(FLT_CALLBACK_DATA *data, ULONG *zeroingoffset);
NTSTATUS NTAPI FltGetInstanceContext(PFLT_INSTANCE instance, PFLT_CONTEXT *context);
NTSTATUS NTAPI FltGetInstanceInformation(PFLT_INSTANCE instance,
    INSTANCE_INFORMATION_CLASS informationclass, PVOID buffer, ULONG buffersize,
    ULONG *bytesreturned);
NTSTATUS NTAPI FltGetLowerInstance(PFLT_INSTANCE currentinstance, PFLT_INSTANCE *lowerinstance);
NTSTATUS NTAPI FltGetNextExtraCreateParameter(PFLT_FILTER filter, ECP_LIST *ecplist,
    PVOID currentecpcontext, GUID *nextecptype, PVOID *nextecpcontext, ULONG *nextecpcontextsize);
NTSTATUS NTAPI FltGetRequestorSessionId(FLT_CALLBACK_DATA *callbackdata, ULONG *sessionid);
NTSTATUS NTAPI FltGetSectionContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PFLT_CONTEXT *context);
NTSTATUS NTAPI FltGetStreamContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PFLT_CONTEXT *context);
NTSTATUS NTAPI FltGetStreamHandleContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PFLT_CONTEXT *context);
NTSTATUS NTAPI FltGetTopInstance(PFLT_VOLUME volume, PFLT_INSTANCE *instance);
NTSTATUS NTAPI FltGetTransactionContext(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    PFLT_CONTEXT *context);
NTSTATUS NTAPI FltGetTunneledName(FLT_CALLBACK_DATA *callbackdata,
    FLT_FILE_NAME_INFORMATION *filenameinformation,
    FLT_FILE_NAME_INFORMATION **rettunneledfilenameinformation);
NTSTATUS NTAPI FltGetUpperInstance(PFLT_INSTANCE currentinstance, PFLT_INSTANCE *upperinstance);
NTSTATUS NTAPI FltGetVolumeContext(PFLT_FILTER filter, PFLT_VOLUME volume, PFLT_CONTEXT *context);
NTSTATUS NTAPI FltGetVolumeFromDeviceObject(PFLT_FILTER filter, DEVICE_OBJECT *deviceobject,
    PFLT_VOLUME *retvolume);
NTSTATUS NTAPI FltGetVolumeFromFileObject(PFLT_FILTER filter, FILE_OBJECT *fileobject,
    PFLT_VOLUME *retvolume);
NTSTATUS NTAPI FltGetVolumeFromInstance(PFLT_INSTANCE instance, PFLT_VOLUME *retvolume);
NTSTATUS NTAPI FltGetVolumeFromName(PFLT_FILTER filter, const UNICODE_STRING *volumename,
    PFLT_VOLUME *retvolume);
NTSTATUS NTAPI FltGetVolumeGuidName(PFLT_VOLUME volume, UNICODE_STRING *volumeguidname,
    ULONG *buffersizeneeded);
NTSTATUS NTAPI FltGetVolumeInformation(PFLT_VOLUME volume,
    FILTER_VOLUME_INFORMATION_CLASS informationclass, PVOID buffer, ULONG buffersize,
    ULONG *bytesreturned);
NTSTATUS NTAPI FltGetVolumeInstanceFromName(PFLT_FILTER filter, PFLT_VOLUME volume,
    const UNICODE_STRING *instancename, PFLT_INSTANCE *retinstance);
NTSTATUS NTAPI FltGetVolumeName(PFLT_VOLUME volume, UNICODE_STRING *volumename,
    ULONG *buffersizeneeded);
NTSTATUS NTAPI FltGetVolumeProperties(PFLT_VOLUME volume, FLT_VOLUME_PROPERTIES *volumeproperties,
    ULONG volumepropertieslength, ULONG *lengthreturned);
NTSTATUS NTAPI FltInsertExtraCreateParameter(PFLT_FILTER filter, ECP_LIST *ecplist,
    PVOID ecpcontext);
NTSTATUS NTAPI FltIsDirectory(FILE_OBJECT *fileobject, PFLT_INSTANCE instance,
    BOOLEAN *isdirectory);
NTSTATUS NTAPI FltIsIoRedirectionAllowed(PFLT_INSTANCE sourceinstance, PFLT_INSTANCE targetinstance,
    BOOLEAN *redirectionallowed);
NTSTATUS NTAPI FltIsIoRedirectionAllowedForOperation(FLT_CALLBACK_DATA *data,
    PFLT_INSTANCE targetinstance, BOOLEAN *redirectionallowedthisio,
    BOOLEAN *redirectionallowedallio);
NTSTATUS NTAPI FltIsVolumeSnapshot(PVOID fltobject, BOOLEAN *issnapshotvolume);
NTSTATUS NTAPI FltIsVolumeWritable(PVOID fltobject, BOOLEAN *iswritable);
NTSTATUS NTAPI FltLoadFilter(const UNICODE_STRING *filtername);
NTSTATUS NTAPI FltLockUserBuffer(FLT_CALLBACK_DATA *callbackdata);
NTSTATUS NTAPI FltObjectReference(PVOID fltobject);
NTSTATUS NTAPI FltOpenVolume(PFLT_INSTANCE instance, HANDLE *volumehandle,
    FILE_OBJECT **volumefileobject);
NTSTATUS NTAPI FltParseFileName(const UNICODE_STRING *filename, UNICODE_STRING *extension,
    UNICODE_STRING *stream, UNICODE_STRING *finalcomponent);
NTSTATUS NTAPI FltParseFileNameInformation(FLT_FILE_NAME_INFORMATION *filenameinformation);
NTSTATUS NTAPI FltPerformAsynchronousIo(FLT_CALLBACK_DATA *callbackdata,
    PFLT_COMPLETED_ASYNC_IO_CALLBACK callbackroutine, PVOID callbackcontext);
NTSTATUS NTAPI FltPrePrepareComplete(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    PFLT_CONTEXT transactioncontext);
NTSTATUS NTAPI FltPrepareComplete(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    PFLT_CONTEXT transactioncontext);
NTSTATUS NTAPI FltPropagateActivityIdToThread(FLT_CALLBACK_DATA *callbackdata, GUID *propagateid,
    GUID **originalid);
NTSTATUS NTAPI FltPropagateIrpExtension(FLT_CALLBACK_DATA *sourcedata,
    FLT_CALLBACK_DATA *targetdata, ULONG flags);
NTSTATUS NTAPI FltPurgeFileNameInformationCache(PFLT_INSTANCE instance, FILE_OBJECT *fileobject);
NTSTATUS NTAPI FltQueryDirectoryFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PVOID fileinformation, ULONG length, FILE_INFORMATION_CLASS fileinformationclass,
    BOOLEAN returnsingleentry, const UNICODE_STRING *filename, BOOLEAN restartscan,
    ULONG *lengthreturned);
NTSTATUS NTAPI FltQueryDirectoryFileEx(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PVOID fileinformation, ULONG length, FILE_INFORMATION_CLASS fileinformationclass,
    ULONG queryflags, const UNICODE_STRING *filename, ULONG *lengthreturned);
NTSTATUS NTAPI FltQueryEaFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject, PVOID returnedeadata,
    ULONG length, BOOLEAN returnsingleentry, PVOID ealist, ULONG ealistlength, ULONG *eaindex,
    BOOLEAN restartscan, ULONG *lengthreturned);
NTSTATUS NTAPI FltQueryInformationByName(PFLT_FILTER filter, PFLT_INSTANCE instance,
    OBJECT_ATTRIBUTES *objectattributes, IO_STATUS_BLOCK *iostatusblock, PVOID fileinformation,
    ULONG length, FILE_INFORMATION_CLASS fileinformationclass,
    IO_DRIVER_CREATE_CONTEXT *drivercontext);
NTSTATUS NTAPI FltQueryInformationFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PVOID fileinformation, ULONG length, FILE_INFORMATION_CLASS fileinformationclass,
    ULONG *lengthreturned);
NTSTATUS NTAPI FltQueryQuotaInformationFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    IO_STATUS_BLOCK *iostatusblock, PVOID buffer, ULONG length, BOOLEAN returnsingleentry,
    PVOID sidlist, ULONG sidlistlength, ULONG *startsid, BOOLEAN restartscan,
    ULONG *lengthreturned);
NTSTATUS NTAPI FltQuerySecurityObject(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    ULONG securityinformation, PSECURITY_DESCRIPTOR securitydescriptor, ULONG length,
    ULONG *lengthneeded);
NTSTATUS NTAPI FltQueryVolumeInformation(PFLT_INSTANCE instance, IO_STATUS_BLOCK *iosb,
    PVOID fsinformation, ULONG length, FS_INFORMATION_CLASS fsinformationclass);
NTSTATUS NTAPI FltQueryVolumeInformationFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PVOID fsinformation, ULONG length, FS_INFORMATION_CLASS fsinformationclass,
    ULONG *lengthreturned);
NTSTATUS NTAPI FltQueueDeferredIoWorkItem(PFLT_DEFERRED_IO_WORKITEM fltworkitem,
    FLT_CALLBACK_DATA *data, PFLT_DEFERRED_IO_WORKITEM_ROUTINE workerroutine,
    WORK_QUEUE_TYPE queuetype, PVOID context);
NTSTATUS NTAPI FltQueueGenericWorkItem(PFLT_GENERIC_WORKITEM fltworkitem, PVOID fltobject,
    PFLT_GENERIC_WORKITEM_ROUTINE workerroutine, WORK_QUEUE_TYPE queuetype, PVOID context);
NTSTATUS NTAPI FltReadFile(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    LARGE_INTEGER *byteoffset, ULONG length, PVOID buffer, ULONG flags, ULONG *bytesread,
    PFLT_COMPLETED_ASYNC_IO_CALLBACK callbackroutine, PVOID callbackcontext);
NTSTATUS NTAPI FltReadFileEx(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    LARGE_INTEGER *byteoffset, ULONG length, PVOID buffer, ULONG flags, ULONG *bytesread,
    PFLT_COMPLETED_ASYNC_IO_CALLBACK callbackroutine, PVOID callbackcontext, ULONG *key, MDL *mdl);
NTSTATUS NTAPI FltRegisterFilter(DRIVER_OBJECT *driver, const FLT_REGISTRATION *registration,
    PFLT_FILTER *retfilter);
NTSTATUS NTAPI FltRegisterForDataScan(PFLT_INSTANCE instance);
NTSTATUS NTAPI FltRemoveExtraCreateParameter(PFLT_FILTER filter, ECP_LIST *ecplist,
    const GUID *ecptype, PVOID *ecpcontext, ULONG *ecpcontextsize);
NTSTATUS NTAPI FltRequestFileInfoOnCreateCompletion(PFLT_FILTER filter, FLT_CALLBACK_DATA *data,
    ULONG infoclassflags);
NTSTATUS NTAPI FltRequestOperationStatusCallback(FLT_CALLBACK_DATA *data,
    PFLT_GET_OPERATION_STATUS_CALLBACK callbackroutine, PVOID requestercontext);
NTSTATUS NTAPI FltRetrieveFileInfoOnCreateCompletionEx(PFLT_FILTER filter, FLT_CALLBACK_DATA *data,
    ULONG infoclass, ULONG *retinfosize, PVOID *retinfobuffer);
NTSTATUS NTAPI FltRetrieveIoPriorityInfo(FLT_CALLBACK_DATA *data, FILE_OBJECT *fileobject,
    PETHREAD thread, IO_PRIORITY_INFO *priorityinfo);
NTSTATUS NTAPI FltRollbackComplete(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    PFLT_CONTEXT transactioncontext);
NTSTATUS NTAPI FltRollbackEnlistment(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    PFLT_CONTEXT transactioncontext);
NTSTATUS NTAPI FltSendMessage(PFLT_FILTER filter, PFLT_PORT *clientport, PVOID senderbuffer,
    ULONG senderbufferlength, PVOID replybuffer, ULONG *replylength, LARGE_INTEGER *timeout);
NTSTATUS NTAPI FltSetActivityIdCallbackData(FLT_CALLBACK_DATA *callbackdata, const GUID *guid);
NTSTATUS NTAPI FltSetCancelCompletion(FLT_CALLBACK_DATA *callbackdata,
    PFLT_COMPLETE_CANCELED_CALLBACK canceledcallback);
NTSTATUS NTAPI FltSetEaFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject, PVOID eabuffer,
    ULONG length);
NTSTATUS NTAPI FltSetEcpListIntoCallbackData(PFLT_FILTER filter, FLT_CALLBACK_DATA *callbackdata,
    ECP_LIST *ecplist);
NTSTATUS NTAPI FltSetFileContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    FLT_SET_CONTEXT_OPERATION operation, PFLT_CONTEXT newcontext, PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltSetFsZeroingOffset(FLT_CALLBACK_DATA *data, ULONG zeroingoffset);
NTSTATUS NTAPI FltSetFsZeroingOffsetRequired(FLT_CALLBACK_DATA *data);
NTSTATUS NTAPI FltSetInformationFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PVOID fileinformation, ULONG length, FILE_INFORMATION_CLASS fileinformationclass);
NTSTATUS NTAPI FltSetInstanceContext(PFLT_INSTANCE instance, FLT_SET_CONTEXT_OPERATION operation,
    PFLT_CONTEXT newcontext, PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltSetIoPriorityHintIntoCallbackData(FLT_CALLBACK_DATA *data,
    IO_PRIORITY_HINT priorityhint);
NTSTATUS NTAPI FltSetIoPriorityHintIntoFileObject(FILE_OBJECT *fileobject,
    IO_PRIORITY_HINT priorityhint);
NTSTATUS NTAPI FltSetIoPriorityHintIntoThread(PETHREAD thread, IO_PRIORITY_HINT priorityhint);
NTSTATUS NTAPI FltSetQuotaInformationFile(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    PVOID buffer, ULONG length);
NTSTATUS NTAPI FltSetSecurityObject(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    ULONG securityinformation, PSECURITY_DESCRIPTOR securitydescriptor);
NTSTATUS NTAPI FltSetStreamContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    FLT_SET_CONTEXT_OPERATION operation, PFLT_CONTEXT newcontext, PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltSetStreamHandleContext(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    FLT_SET_CONTEXT_OPERATION operation, PFLT_CONTEXT newcontext, PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltSetTransactionContext(PFLT_INSTANCE instance, KTRANSACTION *transaction,
    FLT_SET_CONTEXT_OPERATION operation, PFLT_CONTEXT newcontext, PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltSetVolumeContext(PFLT_VOLUME volume, FLT_SET_CONTEXT_OPERATION operation,
    PFLT_CONTEXT newcontext, PFLT_CONTEXT *oldcontext);
NTSTATUS NTAPI FltSetVolumeInformation(PFLT_INSTANCE instance, IO_STATUS_BLOCK *iosb,
    PVOID fsinformation, ULONG length, FS_INFORMATION_CLASS fsinformationclass);
NTSTATUS NTAPI FltStartFiltering(PFLT_FILTER filter);
NTSTATUS NTAPI FltTagFile(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject, ULONG filetag,
    const GUID *guid, PVOID databuffer, USHORT databufferlength);
NTSTATUS NTAPI FltTagFileEx(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    ULONG filetag, const GUID *guid, PVOID databuffer, USHORT databufferlength,
    ULONG existingfiletag, const GUID *existingguid, ULONG flags);
NTSTATUS NTAPI FltUnloadFilter(const UNICODE_STRING *filtername);
NTSTATUS NTAPI FltUntagFile(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    ULONG filetag, const GUID *guid);
NTSTATUS NTAPI FltVetoBypassIo(FLT_CALLBACK_DATA *callbackdata,
    const FLT_RELATED_OBJECTS *fltobjects, NTSTATUS operationstatus,
    const UNICODE_STRING *failurereason);
NTSTATUS NTAPI FltWriteFile(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    LARGE_INTEGER *byteoffset, ULONG length, PVOID buffer, ULONG flags, ULONG *byteswritten,
    PFLT_COMPLETED_ASYNC_IO_CALLBACK callbackroutine, PVOID callbackcontext);
NTSTATUS NTAPI FltWriteFileEx(PFLT_INSTANCE initiatinginstance, FILE_OBJECT *fileobject,
    LARGE_INTEGER *byteoffset, ULONG length, PVOID buffer, ULONG flags, ULONG *byteswritten,
    PFLT_COMPLETED_ASYNC_IO_CALLBACK callbackroutine, PVOID callbackcontext, ULONG *key, MDL *mdl);
NTSTATUS NTAPI FltpTraceRedirectedFileIo(FILE_OBJECT *originatingfileobject,
    FLT_CALLBACK_DATA *childcallbackdata);
PEPROCESS NTAPI FltGetRequestorProcess(FLT_CALLBACK_DATA *callbackdata);
PFLT_DEFERRED_IO_WORKITEM NTAPI FltAllocateDeferredIoWorkItem(VOID);
PFLT_GENERIC_WORKITEM NTAPI FltAllocateGenericWorkItem(VOID);
PSTR NTAPI FltGetIrpName(UCHAR irpmajorcode);
PVOID NTAPI FltAllocatePoolAlignedWithTag(PFLT_INSTANCE instance, POOL_TYPE pooltype,
    SIZE_T numberofbytes, ULONG tag);
PVOID NTAPI FltGetIoAttributionHandleFromCallbackData(FLT_CALLBACK_DATA *data);
PVOID NTAPI FltGetNewSystemBufferAddress(FLT_CALLBACK_DATA *callbackdata);
PVOID NTAPI FltGetRoutineAddress(PCSTR fltmgrroutinename);
PVOID NTAPI FltRetrieveFileInfoOnCreateCompletion(PFLT_FILTER filter, FLT_CALLBACK_DATA *data,
    ULONG infoclass, ULONG *size);
ULONG NTAPI FltGetRequestorProcessId(FLT_CALLBACK_DATA *callbackdata);
VOID NTAPI FltAcknowledgeEcp(PFLT_FILTER filter, PVOID ecpcontext);
VOID NTAPI FltAcquirePushLockExclusive(SIZE_T *pushlock);
VOID NTAPI FltAcquirePushLockExclusiveEx(SIZE_T *pushlock, ULONG flags);
VOID NTAPI FltAcquirePushLockShared(SIZE_T *pushlock);
VOID NTAPI FltAcquirePushLockSharedEx(SIZE_T *pushlock, ULONG flags);
VOID NTAPI FltAcquireResourceExclusive(ERESOURCE *resource);
VOID NTAPI FltAcquireResourceShared(ERESOURCE *resource);
VOID NTAPI FltCancelFileOpen(PFLT_INSTANCE instance, FILE_OBJECT *fileobject);
VOID NTAPI FltCbdqDisable(FLT_CALLBACK_DATA_QUEUE *cbdq);
VOID NTAPI FltCbdqEnable(FLT_CALLBACK_DATA_QUEUE *cbdq);
VOID NTAPI FltClearCallbackDataDirty(FLT_CALLBACK_DATA *data);
VOID NTAPI FltCloseClientPort(PFLT_FILTER filter, PFLT_PORT *clientport);
VOID NTAPI FltCloseCommunicationPort(PFLT_PORT serverport);
VOID NTAPI FltCompletePendedPostOperation(FLT_CALLBACK_DATA *callbackdata);
VOID NTAPI FltCompletePendedPreOperation(FLT_CALLBACK_DATA *callbackdata,
    FLT_PREOP_CALLBACK_STATUS callbackstatus, PVOID context);
VOID NTAPI FltDeleteContext(PFLT_CONTEXT context);
VOID NTAPI FltDeleteExtraCreateParameterLookasideList(PFLT_FILTER filter, PVOID lookaside,
    ULONG flags);
VOID NTAPI FltDeletePushLock(SIZE_T *pushlock);
VOID NTAPI FltFreeCallbackData(FLT_CALLBACK_DATA *callbackdata);
VOID NTAPI FltFreeDeferredIoWorkItem(PFLT_DEFERRED_IO_WORKITEM fltworkitem);
VOID NTAPI FltFreeExtraCreateParameter(PFLT_FILTER filter, PVOID ecpcontext);
VOID NTAPI FltFreeExtraCreateParameterList(PFLT_FILTER filter, ECP_LIST *ecplist);
VOID NTAPI FltFreeFileLock(FILE_LOCK *filelock);
VOID NTAPI FltFreeGenericWorkItem(PFLT_GENERIC_WORKITEM fltworkitem);
VOID NTAPI FltFreeOpenReparseList(PFLT_FILTER filter, ECP_LIST *ecplist);
VOID NTAPI FltFreePoolAlignedWithTag(PFLT_INSTANCE instance, PVOID buffer, ULONG tag);
VOID NTAPI FltFreeSecurityDescriptor(PSECURITY_DESCRIPTOR securitydescriptor);
VOID NTAPI FltGetContexts(const FLT_RELATED_OBJECTS *fltobjects, USHORT desiredcontexts,
    FLT_RELATED_CONTEXTS *contexts);
VOID NTAPI FltInitExtraCreateParameterLookasideList(PFLT_FILTER filter, PVOID lookaside,
    ULONG flags, SIZE_T size, ULONG tag);
VOID NTAPI FltInitializeFileLock(FILE_LOCK *filelock);
VOID NTAPI FltInitializeOplock(PVOID *oplock);
VOID NTAPI FltInitializePushLock(SIZE_T *pushlock);
VOID NTAPI FltNotifyFilterChangeDirectory(PNOTIFY_SYNC notifysync, LIST_ENTRY *notifylist,
    PVOID fscontext, STRING *fulldirectoryname, BOOLEAN watchtree, BOOLEAN ignorebuffer,
    ULONG completionfilter, FLT_CALLBACK_DATA *notifycallbackdata,
    PCHECK_FOR_TRAVERSE_ACCESS traversecallback, SECURITY_SUBJECT_CONTEXT *subjectcontext,
    PFILTER_REPORT_CHANGE filtercallback);
VOID NTAPI FltObjectDereference(PVOID fltobject);
VOID NTAPI FltPerformSynchronousIo(FLT_CALLBACK_DATA *callbackdata);
VOID NTAPI FltPrepareToReuseEcp(PFLT_FILTER filter, PVOID ecpcontext);
VOID NTAPI FltReferenceContext(PFLT_CONTEXT context);
VOID NTAPI FltReferenceFileNameInformation(FLT_FILE_NAME_INFORMATION *filenameinformation);
VOID NTAPI FltReissueSynchronousIo(PFLT_INSTANCE initiatinginstance,
    FLT_CALLBACK_DATA *callbackdata);
VOID NTAPI FltReleaseContext(PFLT_CONTEXT context);
VOID NTAPI FltReleaseContexts(FLT_RELATED_CONTEXTS *contexts);
VOID NTAPI FltReleaseContextsEx(SIZE_T contextssize, FLT_RELATED_CONTEXTS_EX *contexts);
VOID NTAPI FltReleaseFileNameInformation(FLT_FILE_NAME_INFORMATION *filenameinformation);
VOID NTAPI FltReleasePushLock(SIZE_T *pushlock);
VOID NTAPI FltReleasePushLockEx(SIZE_T *pushlock, ULONG flags);
VOID NTAPI FltReleaseResource(ERESOURCE *resource);
VOID NTAPI FltRemoveOpenReparseEntry(PFLT_FILTER filter, FLT_CALLBACK_DATA *data,
    OPEN_REPARSE_LIST_ENTRY *openreparseentry);
VOID NTAPI FltRetainSwappedBufferMdlAddress(FLT_CALLBACK_DATA *callbackdata);
VOID NTAPI FltReuseCallbackData(FLT_CALLBACK_DATA *callbackdata);
VOID NTAPI FltSetCallbackDataDirty(FLT_CALLBACK_DATA *data);
VOID NTAPI FltUninitializeFileLock(FILE_LOCK *filelock);
VOID NTAPI FltUninitializeOplock(PVOID *oplock);
VOID NTAPI FltUnregisterFilter(PFLT_FILTER filter);

EMU_EXTERN_C_END

#endif
