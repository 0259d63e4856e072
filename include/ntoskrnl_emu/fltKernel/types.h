/* Types of fltKernel.h: names first, then enumerations, routines by type, and structures. */
#ifndef NTOSKRNL_EMU_FLTKERNEL_TYPES_H
#define NTOSKRNL_EMU_FLTKERNEL_TYPES_H

EMU_EXTERN_C_BEGIN

typedef enum _FILTER_INFORMATION_CLASS EMU_ENUM_BASE {
    FilterFullInformation,
    FilterAggregateBasicInformation,
    FilterAggregateStandardInformation
} FILTER_INFORMATION_CLASS, *PFILTER_INFORMATION_CLASS;

typedef enum _FILTER_VOLUME_INFORMATION_CLASS EMU_ENUM_BASE {
    FilterVolumeBasicInformation,
    FilterVolumeStandardInformation
} FILTER_VOLUME_INFORMATION_CLASS, *PFILTER_VOLUME_INFORMATION_CLASS;

typedef enum _FLT_FILESYSTEM_TYPE EMU_ENUM_BASE {
    FLT_FSTYPE_UNKNOWN,
    FLT_FSTYPE_RAW,
    FLT_FSTYPE_NTFS,
    FLT_FSTYPE_FAT,
    FLT_FSTYPE_CDFS,
    FLT_FSTYPE_UDFS,
    FLT_FSTYPE_LANMAN,
    FLT_FSTYPE_WEBDAV,
    FLT_FSTYPE_RDPDR,
    FLT_FSTYPE_NFS,
    FLT_FSTYPE_MS_NETWARE,
    FLT_FSTYPE_NETWARE,
    FLT_FSTYPE_BSUDF,
    FLT_FSTYPE_MUP,
    FLT_FSTYPE_RSFX,
    FLT_FSTYPE_ROXIO_UDF1,
    FLT_FSTYPE_ROXIO_UDF2,
    FLT_FSTYPE_ROXIO_UDF3,
    FLT_FSTYPE_TACIT,
    FLT_FSTYPE_FS_REC,
    FLT_FSTYPE_INCD,
    FLT_FSTYPE_INCD_FAT,
    FLT_FSTYPE_EXFAT,
    FLT_FSTYPE_PSFS,
    FLT_FSTYPE_GPFS,
    FLT_FSTYPE_NPFS,
    FLT_FSTYPE_MSFS,
    FLT_FSTYPE_CSVFS,
    FLT_FSTYPE_REFS,
    FLT_FSTYPE_OPENAFS,
    FLT_FSTYPE_CIMFS
} FLT_FILESYSTEM_TYPE, *PFLT_FILESYSTEM_TYPE;

typedef enum _INSTANCE_INFORMATION_CLASS EMU_ENUM_BASE {
    InstanceBasicInformation,
    InstancePartialInformation,
    InstanceFullInformation,
    InstanceAggregateStandardInformation
} INSTANCE_INFORMATION_CLASS, *PINSTANCE_INFORMATION_CLASS;

typedef struct _FS_FILTER_SECTION_SYNC_OUTPUT FS_FILTER_SECTION_SYNC_OUTPUT,
    *PFS_FILTER_SECTION_SYNC_OUTPUT;
typedef struct _KTRANSACTION KTRANSACTION, *PKTRANSACTION;
typedef struct _OPEN_REPARSE_LIST_ENTRY OPEN_REPARSE_LIST_ENTRY, *POPEN_REPARSE_LIST_ENTRY;
typedef PVOID PFLT_CONTEXT;
typedef struct _FLT_DEFERRED_IO_WORKITEM *PFLT_DEFERRED_IO_WORKITEM;
typedef struct _FLT_FILTER *PFLT_FILTER;
typedef struct _FLT_GENERIC_WORKITEM *PFLT_GENERIC_WORKITEM;
typedef struct _FLT_INSTANCE *PFLT_INSTANCE;
typedef struct _FLT_PORT *PFLT_PORT;
typedef struct _FLT_VOLUME *PFLT_VOLUME;
typedef ULONG FLT_FILTER_UNLOAD_FLAGS;
typedef ULONG FLT_INSTANCE_SETUP_FLAGS;
typedef ULONG FLT_INSTANCE_QUERY_TEARDOWN_FLAGS;
typedef ULONG FLT_INSTANCE_TEARDOWN_FLAGS;
typedef ULONG FLT_POST_OPERATION_FLAGS;
typedef ULONG FLT_CALLBACK_DATA_FLAGS;
typedef ULONG FLT_FILE_NAME_OPTIONS;
typedef USHORT FLT_CONTEXT_TYPE;
typedef USHORT FLT_CONTEXT_REGISTRATION_FLAGS;
typedef ULONG FLT_REGISTRATION_FLAGS;
typedef ULONG FLT_OPERATION_REGISTRATION_FLAGS;
typedef ULONG FLT_NORMALIZE_NAME_FLAGS;
typedef ULONG FLT_IO_OPERATION_FLAGS;
typedef ULONG FLT_ALLOCATE_CALLBACK_DATA_FLAGS;
typedef USHORT FLT_FILE_NAME_PARSED_FLAGS;
typedef struct _FLT_CALLBACK_DATA FLT_CALLBACK_DATA, *PFLT_CALLBACK_DATA;
typedef struct _FLT_CALLBACK_DATA_QUEUE FLT_CALLBACK_DATA_QUEUE, *PFLT_CALLBACK_DATA_QUEUE;
typedef struct _FLT_CONTEXT_REGISTRATION FLT_CONTEXT_REGISTRATION, *PFLT_CONTEXT_REGISTRATION;
typedef struct _FLT_CREATEFILE_TARGET_ECP_CONTEXT FLT_CREATEFILE_TARGET_ECP_CONTEXT, *PFLT_CREATEFILE_TARGET_ECP_CONTEXT;
typedef struct _FLT_FILE_NAME_INFORMATION FLT_FILE_NAME_INFORMATION, *PFLT_FILE_NAME_INFORMATION;
typedef struct _FLT_IO_PARAMETER_BLOCK FLT_IO_PARAMETER_BLOCK, *PFLT_IO_PARAMETER_BLOCK;
typedef struct _FLT_NAME_CONTROL FLT_NAME_CONTROL, *PFLT_NAME_CONTROL;
typedef struct _FLT_OPERATION_REGISTRATION FLT_OPERATION_REGISTRATION, *PFLT_OPERATION_REGISTRATION;
typedef union _FLT_PARAMETERS FLT_PARAMETERS, *PFLT_PARAMETERS;
typedef struct _FLT_REGISTRATION FLT_REGISTRATION, *PFLT_REGISTRATION;
typedef struct _FLT_RELATED_CONTEXTS FLT_RELATED_CONTEXTS, *PFLT_RELATED_CONTEXTS;
typedef struct _FLT_RELATED_CONTEXTS_EX FLT_RELATED_CONTEXTS_EX, *PFLT_RELATED_CONTEXTS_EX;
typedef struct _FLT_RELATED_OBJECTS FLT_RELATED_OBJECTS, *PFLT_RELATED_OBJECTS;
typedef const FLT_RELATED_OBJECTS *PCFLT_RELATED_OBJECTS;
typedef struct _FLT_TAG_DATA_BUFFER FLT_TAG_DATA_BUFFER, *PFLT_TAG_DATA_BUFFER;
typedef struct _FLT_VOLUME_PROPERTIES FLT_VOLUME_PROPERTIES, *PFLT_VOLUME_PROPERTIES;

typedef LONG FLT_CALLBACK_DATA_QUEUE_FLAGS;
typedef enum _FLT_POSTOP_CALLBACK_STATUS EMU_ENUM_BASE {
    FLT_POSTOP_FINISHED_PROCESSING,
    FLT_POSTOP_MORE_PROCESSING_REQUIRED,
    FLT_POSTOP_DISALLOW_FSFILTER_IO
} FLT_POSTOP_CALLBACK_STATUS, *PFLT_POSTOP_CALLBACK_STATUS;

typedef enum _FLT_PREOP_CALLBACK_STATUS EMU_ENUM_BASE {
    FLT_PREOP_SUCCESS_WITH_CALLBACK,
    FLT_PREOP_SUCCESS_NO_CALLBACK,
    FLT_PREOP_PENDING,
    FLT_PREOP_DISALLOW_FASTIO,
    FLT_PREOP_COMPLETE,
    FLT_PREOP_SYNCHRONIZE,
    FLT_PREOP_DISALLOW_FSFILTER_IO
} FLT_PREOP_CALLBACK_STATUS, *PFLT_PREOP_CALLBACK_STATUS;

typedef enum _FLT_SET_CONTEXT_OPERATION EMU_ENUM_BASE {
    FLT_SET_CONTEXT_REPLACE_IF_EXISTS,
    FLT_SET_CONTEXT_KEEP_IF_EXISTS
} FLT_SET_CONTEXT_OPERATION, *PFLT_SET_CONTEXT_OPERATION;

typedef VOID (*PFLTOPLOCK_PREPOST_CALLBACKDATA_ROUTINE)(FLT_CALLBACK_DATA *callbackdata,
    PVOID context);
typedef VOID (*PFLTOPLOCK_WAIT_COMPLETE_ROUTINE)(FLT_CALLBACK_DATA *callbackdata, PVOID context);
typedef VOID (*PFLT_CALLBACK_DATA_QUEUE_ACQUIRE)(FLT_CALLBACK_DATA_QUEUE *cbdq, UCHAR *irql);
typedef VOID (*PFLT_CALLBACK_DATA_QUEUE_COMPLETE_CANCELED_IO)(FLT_CALLBACK_DATA_QUEUE *cbdq,
    FLT_CALLBACK_DATA *cbd);
typedef NTSTATUS (*PFLT_CALLBACK_DATA_QUEUE_INSERT_IO)(FLT_CALLBACK_DATA_QUEUE *cbdq,
    FLT_CALLBACK_DATA *cbd, PVOID insertcontext);
typedef FLT_CALLBACK_DATA * (*PFLT_CALLBACK_DATA_QUEUE_PEEK_NEXT_IO)(FLT_CALLBACK_DATA_QUEUE *cbdq,
    FLT_CALLBACK_DATA *cbd, PVOID peekcontext);
typedef VOID (*PFLT_CALLBACK_DATA_QUEUE_RELEASE)(FLT_CALLBACK_DATA_QUEUE *cbdq, UCHAR irql);
typedef VOID (*PFLT_CALLBACK_DATA_QUEUE_REMOVE_IO)(FLT_CALLBACK_DATA_QUEUE *cbdq,
    FLT_CALLBACK_DATA *cbd);
typedef VOID (*PFLT_COMPLETED_ASYNC_IO_CALLBACK)(FLT_CALLBACK_DATA *callbackdata,
    PFLT_CONTEXT context);
typedef VOID (*PFLT_COMPLETE_CANCELED_CALLBACK)(FLT_CALLBACK_DATA *callbackdata);
typedef NTSTATUS (*PFLT_COMPLETE_LOCK_CALLBACK_DATA_ROUTINE)(PVOID context,
    FLT_CALLBACK_DATA *callbackdata);
typedef NTSTATUS (*PFLT_CONNECT_NOTIFY)(PFLT_PORT clientport, PVOID serverportcookie,
    PVOID connectioncontext, ULONG sizeofcontext, PVOID *connectionportcookie);
typedef PVOID (*PFLT_CONTEXT_ALLOCATE_CALLBACK)(POOL_TYPE pooltype, SIZE_T size,
    USHORT contexttype);
typedef VOID (*PFLT_CONTEXT_CLEANUP_CALLBACK)(PFLT_CONTEXT context, USHORT contexttype);
typedef VOID (*PFLT_CONTEXT_FREE_CALLBACK)(PVOID pool, USHORT contexttype);
typedef VOID (*PFLT_DEFERRED_IO_WORKITEM_ROUTINE)(PFLT_DEFERRED_IO_WORKITEM fltworkitem,
    FLT_CALLBACK_DATA *callbackdata, PVOID context);
typedef VOID (*PFLT_DISCONNECT_NOTIFY)(PVOID connectioncookie);
typedef NTSTATUS (*PFLT_FILTER_UNLOAD_CALLBACK)(ULONG flags);
typedef NTSTATUS (*PFLT_GENERATE_FILE_NAME)(PFLT_INSTANCE instance, FILE_OBJECT *fileobject,
    FLT_CALLBACK_DATA *callbackdata, ULONG nameoptions, BOOLEAN *cachefilenameinformation,
    FLT_NAME_CONTROL *filename);
typedef VOID (*PFLT_GENERIC_WORKITEM_ROUTINE)(PFLT_GENERIC_WORKITEM fltworkitem, PVOID fltobject,
    PVOID context);
typedef VOID (*PFLT_GET_OPERATION_STATUS_CALLBACK)(const FLT_RELATED_OBJECTS *fltobjects,
    FLT_IO_PARAMETER_BLOCK *iopbsnapshot, NTSTATUS operationstatus, PVOID requestercontext);
typedef NTSTATUS (*PFLT_INSTANCE_QUERY_TEARDOWN_CALLBACK)(const FLT_RELATED_OBJECTS *fltobjects,
    ULONG flags);
typedef NTSTATUS (*PFLT_INSTANCE_SETUP_CALLBACK)(const FLT_RELATED_OBJECTS *fltobjects, ULONG flags,
    ULONG volumedevicetype, FLT_FILESYSTEM_TYPE volumefilesystemtype);
typedef VOID (*PFLT_INSTANCE_TEARDOWN_CALLBACK)(const FLT_RELATED_OBJECTS *fltobjects,
    ULONG reason);
typedef NTSTATUS (*PFLT_MESSAGE_NOTIFY)(PVOID portcookie, PVOID inputbuffer,
    ULONG inputbufferlength, PVOID outputbuffer, ULONG outputbufferlength,
    ULONG *returnoutputbufferlength);
typedef VOID (*PFLT_NORMALIZE_CONTEXT_CLEANUP)(PVOID *normalizationcontext);
typedef NTSTATUS (*PFLT_NORMALIZE_NAME_COMPONENT)(PFLT_INSTANCE instance,
    const UNICODE_STRING *parentdirectory, USHORT volumenamelength, const UNICODE_STRING *component,
    FILE_NAMES_INFORMATION *expandcomponentname, ULONG expandcomponentnamelength, ULONG flags,
    PVOID *normalizationcontext);
typedef NTSTATUS (*PFLT_NORMALIZE_NAME_COMPONENT_EX)(PFLT_INSTANCE instance,
    FILE_OBJECT *fileobject, const UNICODE_STRING *parentdirectory, USHORT volumenamelength,
    const UNICODE_STRING *component, FILE_NAMES_INFORMATION *expandcomponentname,
    ULONG expandcomponentnamelength, ULONG flags, PVOID *normalizationcontext);
typedef FLT_POSTOP_CALLBACK_STATUS (*PFLT_POST_OPERATION_CALLBACK)(FLT_CALLBACK_DATA *data,
    const FLT_RELATED_OBJECTS *fltobjects, PVOID completioncontext, ULONG flags);
typedef FLT_PREOP_CALLBACK_STATUS (*PFLT_PRE_OPERATION_CALLBACK)(FLT_CALLBACK_DATA *data,
    const FLT_RELATED_OBJECTS *fltobjects, PVOID *completioncontext);
typedef NTSTATUS (*PFLT_SECTION_CONFLICT_NOTIFICATION_CALLBACK)(PFLT_INSTANCE instance,
    PFLT_CONTEXT sectioncontext, FLT_CALLBACK_DATA *data);
typedef NTSTATUS (*PFLT_TRANSACTION_NOTIFICATION_CALLBACK)(const FLT_RELATED_OBJECTS *fltobjects,
    PFLT_CONTEXT transactioncontext, ULONG notificationmask);

struct _FLT_CALLBACK_DATA {
    ULONG Flags;
    PETHREAD Thread;
    FLT_IO_PARAMETER_BLOCK *Iopb;
    IO_STATUS_BLOCK IoStatus;
    FLT_TAG_DATA_BUFFER *TagData;
    __extension__ union {
        __extension__ struct {
            LIST_ENTRY QueueLinks;
            PVOID QueueContext[2];
        };
        PVOID FilterContext[4];
    };
    CHAR RequestorMode;
};

struct _FLT_CALLBACK_DATA_QUEUE {
    IO_CSQ Csq;
    FLT_CALLBACK_DATA_QUEUE_FLAGS Flags;
    PFLT_INSTANCE Instance;
    PFLT_CALLBACK_DATA_QUEUE_INSERT_IO InsertIo;
    PFLT_CALLBACK_DATA_QUEUE_REMOVE_IO RemoveIo;
    PFLT_CALLBACK_DATA_QUEUE_PEEK_NEXT_IO PeekNextIo;
    PFLT_CALLBACK_DATA_QUEUE_ACQUIRE Acquire;
    PFLT_CALLBACK_DATA_QUEUE_RELEASE Release;
    PFLT_CALLBACK_DATA_QUEUE_COMPLETE_CANCELED_IO CompleteCanceledIo;
};

struct _FLT_CONTEXT_REGISTRATION {
    USHORT ContextType;
    USHORT Flags;
    PFLT_CONTEXT_CLEANUP_CALLBACK ContextCleanupCallback;
    SIZE_T Size;
    ULONG PoolTag;
    PFLT_CONTEXT_ALLOCATE_CALLBACK ContextAllocateCallback;
    PFLT_CONTEXT_FREE_CALLBACK ContextFreeCallback;
    PVOID Reserved1;
};

struct _FLT_CREATEFILE_TARGET_ECP_CONTEXT {
    PFLT_INSTANCE Instance;
    PFLT_VOLUME Volume;
    FLT_FILE_NAME_INFORMATION *FileNameInformation;
    USHORT Flags;
};

struct _FLT_FILE_NAME_INFORMATION {
    USHORT Size;
    USHORT NamesParsed;
    ULONG Format;
    UNICODE_STRING Name;
    UNICODE_STRING Volume;
    UNICODE_STRING Share;
    UNICODE_STRING Extension;
    UNICODE_STRING Stream;
    UNICODE_STRING FinalComponent;
    UNICODE_STRING ParentDir;
};

union _FLT_PARAMETERS {
    struct {
        IO_SECURITY_CONTEXT *SecurityContext;
        ULONG Options;
        USHORT FileAttributes;
        USHORT ShareAccess;
        ULONG EaLength;
        PVOID EaBuffer;
        LARGE_INTEGER AllocationSize;
    } Create;
    struct {
        IO_SECURITY_CONTEXT *SecurityContext;
        ULONG Options;
        USHORT Reserved;
        USHORT ShareAccess;
        PVOID Parameters;
    } CreatePipe;
    struct {
        IO_SECURITY_CONTEXT *SecurityContext;
        ULONG Options;
        USHORT Reserved;
        USHORT ShareAccess;
        PVOID Parameters;
    } CreateMailslot;
    struct {
        ULONG Length;
        ULONG Key;
        LARGE_INTEGER ByteOffset;
        PVOID ReadBuffer;
        MDL *MdlAddress;
    } Read;
    struct {
        ULONG Length;
        ULONG Key;
        LARGE_INTEGER ByteOffset;
        PVOID WriteBuffer;
        MDL *MdlAddress;
    } Write;
    struct {
        ULONG Length;
        FILE_INFORMATION_CLASS FileInformationClass;
        PVOID InfoBuffer;
    } QueryFileInformation;
    struct {
        ULONG Length;
        FILE_INFORMATION_CLASS FileInformationClass;
        FILE_OBJECT *ParentOfTarget;
        __extension__ union {
            __extension__ struct {
                BOOLEAN ReplaceIfExists;
                BOOLEAN AdvanceOnly;
            };
            ULONG ClusterCount;
            HANDLE DeleteHandle;
        };
        PVOID InfoBuffer;
    } SetFileInformation;
    struct {
        ULONG Length;
        PVOID EaList;
        ULONG EaListLength;
        ULONG EaIndex;
        PVOID EaBuffer;
        MDL *MdlAddress;
    } QueryEa;
    struct {
        ULONG Length;
        PVOID EaBuffer;
        MDL *MdlAddress;
    } SetEa;
    struct {
        ULONG Length;
        FS_INFORMATION_CLASS FsInformationClass;
        PVOID VolumeBuffer;
    } QueryVolumeInformation;
    struct {
        ULONG Length;
        FS_INFORMATION_CLASS FsInformationClass;
        PVOID VolumeBuffer;
    } SetVolumeInformation;
    union {
        struct {
            ULONG Length;
            UNICODE_STRING *FileName;
            FILE_INFORMATION_CLASS FileInformationClass;
            ULONG FileIndex;
            PVOID DirectoryBuffer;
            MDL *MdlAddress;
        } QueryDirectory;
        struct {
            ULONG Length;
            ULONG CompletionFilter;
            ULONG Spare1;
            ULONG Spare2;
            PVOID DirectoryBuffer;
            MDL *MdlAddress;
        } NotifyDirectory;
        struct {
            ULONG Length;
            ULONG CompletionFilter;
            DIRECTORY_NOTIFY_INFORMATION_CLASS DirectoryNotifyInformationClass;
            ULONG Spare2;
            PVOID DirectoryBuffer;
            MDL *MdlAddress;
        } NotifyDirectoryEx;
    } DirectoryControl;
    union {
        struct {
            VPB *Vpb;
            DEVICE_OBJECT *DeviceObject;
        } VerifyVolume;
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG FsControlCode;
        } Common;
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG FsControlCode;
            PVOID InputBuffer;
            PVOID OutputBuffer;
            MDL *OutputMdlAddress;
        } Neither;
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG FsControlCode;
            PVOID SystemBuffer;
        } Buffered;
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG FsControlCode;
            PVOID InputSystemBuffer;
            PVOID OutputBuffer;
            MDL *OutputMdlAddress;
        } Direct;
    } FileSystemControl;
    union {
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG IoControlCode;
        } Common;
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG IoControlCode;
            PVOID InputBuffer;
            PVOID OutputBuffer;
            MDL *OutputMdlAddress;
        } Neither;
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG IoControlCode;
            PVOID SystemBuffer;
        } Buffered;
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG IoControlCode;
            PVOID InputSystemBuffer;
            PVOID OutputBuffer;
            MDL *OutputMdlAddress;
        } Direct;
        struct {
            ULONG OutputBufferLength;
            ULONG InputBufferLength;
            ULONG IoControlCode;
            PVOID InputBuffer;
            PVOID OutputBuffer;
        } FastIo;
    } DeviceIoControl;
    struct {
        LARGE_INTEGER *Length;
        ULONG Key;
        LARGE_INTEGER ByteOffset;
        PEPROCESS ProcessId;
        BOOLEAN FailImmediately;
        BOOLEAN ExclusiveLock;
    } LockControl;
    struct {
        ULONG SecurityInformation;
        ULONG Length;
        PVOID SecurityBuffer;
        MDL *MdlAddress;
    } QuerySecurity;
    struct {
        ULONG SecurityInformation;
        PSECURITY_DESCRIPTOR SecurityDescriptor;
    } SetSecurity;
    struct {
        SIZE_T ProviderId;
        PVOID DataPath;
        ULONG BufferSize;
        PVOID Buffer;
    } WMI;
    struct {
        ULONG Length;
        PSID StartSid;
        FILE_GET_QUOTA_INFORMATION *SidList;
        ULONG SidListLength;
        PVOID QuotaBuffer;
        MDL *MdlAddress;
    } QueryQuota;
    struct {
        ULONG Length;
        PVOID QuotaBuffer;
        MDL *MdlAddress;
    } SetQuota;
    union {
        struct {
            CM_RESOURCE_LIST *AllocatedResources;
            CM_RESOURCE_LIST *AllocatedResourcesTranslated;
        } StartDevice;
        struct {
            DEVICE_RELATION_TYPE Type;
        } QueryDeviceRelations;
        struct {
            const GUID *InterfaceType;
            USHORT Size;
            USHORT Version;
            INTERFACE *Interface;
            PVOID InterfaceSpecificData;
        } QueryInterface;
        struct {
            DEVICE_CAPABILITIES *Capabilities;
        } DeviceCapabilities;
        struct {
            IO_RESOURCE_REQUIREMENTS_LIST *IoResourceRequirementList;
        } FilterResourceRequirements;
        struct {
            ULONG WhichSpace;
            PVOID Buffer;
            ULONG Offset;
            ULONG Length;
        } ReadWriteConfig;
        struct {
            BOOLEAN Lock;
        } SetLock;
        struct {
            BUS_QUERY_ID_TYPE IdType;
        } QueryId;
        struct {
            DEVICE_TEXT_TYPE DeviceTextType;
            ULONG LocaleId;
        } QueryDeviceText;
        struct {
            BOOLEAN InPath;
            BOOLEAN Reserved[3];
            DEVICE_USAGE_NOTIFICATION_TYPE Type;
        } UsageNotification;
    } Pnp;
    struct {
        FS_FILTER_SECTION_SYNC_TYPE SyncType;
        ULONG PageProtection;
        FS_FILTER_SECTION_SYNC_OUTPUT *OutputInformation;
        ULONG Flags;
        ULONG AllocationAttributes;
    } AcquireForSectionSynchronization;
    struct {
        LARGE_INTEGER *EndingOffset;
        ERESOURCE **ResourceToRelease;
    } AcquireForModifiedPageWriter;
    struct {
        ERESOURCE *ResourceToRelease;
    } ReleaseForModifiedPageWriter;
    struct {
        IRP *Irp;
        PVOID FileInformation;
        ULONG *Length;
        FILE_INFORMATION_CLASS FileInformationClass;
    } QueryOpen;
    struct {
        LARGE_INTEGER FileOffset;
        ULONG Length;
        ULONG LockKey;
        BOOLEAN CheckForReadOperation;
    } FastIoCheckIfPossible;
    struct {
        IRP *Irp;
        FILE_NETWORK_OPEN_INFORMATION *NetworkInformation;
    } NetworkQueryOpen;
    struct {
        LARGE_INTEGER FileOffset;
        ULONG Length;
        ULONG Key;
        MDL **MdlChain;
    } MdlRead;
    struct {
        MDL *MdlChain;
    } MdlReadComplete;
    struct {
        LARGE_INTEGER FileOffset;
        ULONG Length;
        ULONG Key;
        MDL **MdlChain;
    } PrepareMdlWrite;
    struct {
        LARGE_INTEGER FileOffset;
        MDL *MdlChain;
    } MdlWriteComplete;
    struct {
        ULONG DeviceType;
    } MountVolume;
    struct {
        PVOID Argument1;
        PVOID Argument2;
        PVOID Argument3;
        PVOID Argument4;
        PVOID Argument5;
        LARGE_INTEGER Argument6;
    } Others;
};

struct _FLT_IO_PARAMETER_BLOCK {
    ULONG IrpFlags;
    UCHAR MajorFunction;
    UCHAR MinorFunction;
    UCHAR OperationFlags;
    UCHAR Reserved;
    FILE_OBJECT *TargetFileObject;
    PFLT_INSTANCE TargetInstance;
    FLT_PARAMETERS Parameters;
};

struct _FLT_NAME_CONTROL {
    UNICODE_STRING Name;
};

struct _FLT_OPERATION_REGISTRATION {
    UCHAR MajorFunction;
    ULONG Flags;
    PFLT_PRE_OPERATION_CALLBACK PreOperation;
    PFLT_POST_OPERATION_CALLBACK PostOperation;
    PVOID Reserved1;
};

struct _FLT_REGISTRATION {
    USHORT Size;
    USHORT Version;
    ULONG Flags;
    const FLT_CONTEXT_REGISTRATION *ContextRegistration;
    const FLT_OPERATION_REGISTRATION *OperationRegistration;
    PFLT_FILTER_UNLOAD_CALLBACK FilterUnloadCallback;
    PFLT_INSTANCE_SETUP_CALLBACK InstanceSetupCallback;
    PFLT_INSTANCE_QUERY_TEARDOWN_CALLBACK InstanceQueryTeardownCallback;
    PFLT_INSTANCE_TEARDOWN_CALLBACK InstanceTeardownStartCallback;
    PFLT_INSTANCE_TEARDOWN_CALLBACK InstanceTeardownCompleteCallback;
    PFLT_GENERATE_FILE_NAME GenerateFileNameCallback;
    PFLT_NORMALIZE_NAME_COMPONENT NormalizeNameComponentCallback;
    PFLT_NORMALIZE_CONTEXT_CLEANUP NormalizeContextCleanupCallback;
    PFLT_TRANSACTION_NOTIFICATION_CALLBACK TransactionNotificationCallback;
    PFLT_NORMALIZE_NAME_COMPONENT_EX NormalizeNameComponentExCallback;
    PFLT_SECTION_CONFLICT_NOTIFICATION_CALLBACK SectionNotificationCallback;
};

struct _FLT_RELATED_CONTEXTS {
    PFLT_CONTEXT VolumeContext;
    PFLT_CONTEXT InstanceContext;
    PFLT_CONTEXT FileContext;
    PFLT_CONTEXT StreamContext;
    PFLT_CONTEXT StreamHandleContext;
    PFLT_CONTEXT TransactionContext;
};

struct _FLT_RELATED_CONTEXTS_EX {
    PFLT_CONTEXT VolumeContext;
    PFLT_CONTEXT InstanceContext;
    PFLT_CONTEXT FileContext;
    PFLT_CONTEXT StreamContext;
    PFLT_CONTEXT StreamHandleContext;
    PFLT_CONTEXT TransactionContext;
    PFLT_CONTEXT SectionContext;
};

struct _FLT_RELATED_OBJECTS {
    USHORT Size;
    USHORT TransactionContext;
    PFLT_FILTER Filter;
    PFLT_VOLUME Volume;
    PFLT_INSTANCE Instance;
    FILE_OBJECT *FileObject;
    KTRANSACTION *Transaction;
};

struct _FLT_TAG_DATA_BUFFER {
    ULONG FileTag;
    USHORT TagDataLength;
    USHORT UnparsedNameLength;
    __extension__ union {
        struct {
            USHORT SubstituteNameOffset;
            USHORT SubstituteNameLength;
            USHORT PrintNameOffset;
            USHORT PrintNameLength;
            ULONG Flags;
            USHORT PathBuffer[1];
        } SymbolicLinkReparseBuffer;
        struct {
            USHORT SubstituteNameOffset;
            USHORT SubstituteNameLength;
            USHORT PrintNameOffset;
            USHORT PrintNameLength;
            USHORT PathBuffer[1];
        } MountPointReparseBuffer;
        struct {
            UCHAR DataBuffer[1];
        } GenericReparseBuffer;
        struct {
            GUID TagGuid;
            UCHAR DataBuffer[1];
        } GenericGUIDReparseBuffer;
    };
};

struct _FLT_VOLUME_PROPERTIES {
    ULONG DeviceType;
    ULONG DeviceCharacteristics;
    ULONG DeviceObjectFlags;
    ULONG AlignmentRequirement;
    USHORT SectorSize;
    USHORT Flags;
    UNICODE_STRING FileSystemDriverName;
    UNICODE_STRING FileSystemDeviceName;
    UNICODE_STRING RealDeviceName;
};

typedef IO_CSQ_IRP_CONTEXT FLT_CALLBACK_DATA_QUEUE_IO_CONTEXT, *PFLT_CALLBACK_DATA_QUEUE_IO_CONTEXT;

EMU_EXTERN_C_END

#endif
