//! The structures of the C headers have the layouts that `windows-sys` has from Microsoft's metadata.
//!
//! What a C compiler has to judge is written here as C: `tests/c/sys_layouts.h`. A difference fails;
//! `BLESS=1 cargo test -p ntoskrnl-emu-c` writes the file anew.
//!
//! Left out are what `windows-sys` has for another processor (`CONTEXT` and what belongs to it,
//! `SLIST_HEADER`), `ERESOURCE`, whose `Reserved2` of 64-bit Windows it lacks, and `DMA_OPERATIONS`
//! and `DEVOBJ_EXTENSION`, of which C has the first members only.

use std::fmt::Write;
use std::mem::{align_of, offset_of, size_of};
use std::path::Path;

use windows_sys::Wdk::Foundation as wdk;
use windows_sys::Wdk::Storage::FileSystem as fs;
use windows_sys::Wdk::System::SystemServices as services;
use windows_sys::Win32::Foundation as foundation;
use windows_sys::Win32::Security as security;
use windows_sys::Win32::Storage::FileSystem as files;
use windows_sys::Win32::Storage::IscsiDisc as iscsi;
use windows_sys::Win32::System::Diagnostics::Debug as debug;
use windows_sys::Win32::System::IO as io;
use windows_sys::Win32::System::Ioctl as ioctl;
use windows_sys::Win32::System::Kernel as kernel;
use windows_sys::Win32::System::SystemInformation as information;
use windows_sys::Win32::System::Threading as threading;
use windows_sys::Win32::System::WindowsProgramming as programming;

/// A structure: its name, its size, its alignment, and the offsets of the fields that C and Rust
/// have by the same names.
type Layout = (&'static str, usize, usize, &'static [(&'static str, usize)]);

macro_rules! layouts {
    ($from:ident, $($name:ident { $($field:ident)* })*) => {
        &[$((
            stringify!($name),
            size_of::<$from::$name>(),
            align_of::<$from::$name>(),
            &[$((stringify!($field), offset_of!($from::$name, $field))),*],
        )),*]
    };
}

/// The structures, by the module of `windows-sys` that has them.
const LAYOUTS: &[&[Layout]] = &[
    layouts!(wdk,
        ACCESS_STATE { OperationID SecurityEvaluated GenerateAudit GenerateOnClose
            PrivilegesAllocated Flags RemainingDesiredAccess PreviouslyGrantedAccess
            OriginalDesiredAccess SubjectSecurityContext SecurityDescriptor AuxData Privileges
            AuditPrivileges ObjectName ObjectTypeName }
        DEVICE_OBJECT { Type Size ReferenceCount DriverObject NextDevice AttachedDevice CurrentIrp
            Timer Flags Characteristics Vpb DeviceExtension DeviceType StackSize Queue
            AlignmentRequirement DeviceQueue Dpc ActiveThreadCount SecurityDescriptor DeviceLock
            SectorSize Spare1 DeviceObjectExtension Reserved }
        DISPATCHER_HEADER { SignalState WaitListHead }
        DRIVER_EXTENSION { DriverObject AddDevice Count ServiceKeyName }
        DRIVER_OBJECT { Type Size DeviceObject Flags DriverStart DriverSize DriverSection
            DriverExtension DriverName HardwareDatabase FastIoDispatch DriverInit DriverStartIo
            DriverUnload MajorFunction }
        FAST_IO_DISPATCH { SizeOfFastIoDispatch FastIoCheckIfPossible FastIoRead FastIoWrite
            FastIoQueryBasicInfo FastIoQueryStandardInfo FastIoLock FastIoUnlockSingle
            FastIoUnlockAll FastIoUnlockAllByKey FastIoDeviceControl AcquireFileForNtCreateSection
            ReleaseFileForNtCreateSection FastIoDetachDevice FastIoQueryNetworkOpenInfo
            AcquireForModWrite MdlRead MdlReadComplete PrepareMdlWrite MdlWriteComplete
            FastIoReadCompressed FastIoWriteCompressed MdlReadCompleteCompressed
            MdlWriteCompleteCompressed FastIoQueryOpen ReleaseForModWrite AcquireForCcFlush
            ReleaseForCcFlush }
        FAST_MUTEX { Count Owner Contention Event OldIrql }
        FILE_OBJECT { Type Size DeviceObject Vpb FsContext FsContext2 SectionObjectPointer
            PrivateCacheMap FinalStatus RelatedFileObject LockOperation DeletePending ReadAccess
            WriteAccess DeleteAccess SharedRead SharedWrite SharedDelete Flags FileName
            CurrentByteOffset Waiters Busy LastLock Lock Event CompletionContext IrpListLock
            IrpList FileObjectExtension }
        IO_COMPLETION_CONTEXT { Port Key UsageCount }
        IO_SECURITY_CONTEXT { SecurityQos AccessState DesiredAccess FullCreateOptions }
        IO_STACK_LOCATION { MajorFunction MinorFunction Flags Control Parameters DeviceObject
            FileObject CompletionRoutine Context }
        IRP { Type Size MdlAddress Flags AssociatedIrp ThreadListEntry IoStatus RequestorMode
            PendingReturned StackCount CurrentLocation Cancel CancelIrql ApcEnvironment
            AllocationFlags UserEvent Overlay CancelRoutine UserBuffer Tail }
        KDEVICE_QUEUE { Type Size DeviceListHead Lock Busy }
        KDPC { DpcListEntry ProcessorHistory DeferredRoutine DeferredContext SystemArgument1
            SystemArgument2 DpcData }
        KEVENT { Header }
        KMUTANT { Header MutantListEntry OwnerThread ApcDisable }
        KQUEUE { Header EntryListHead CurrentCount MaximumCount ThreadListHead }
        KWAIT_BLOCK { WaitListEntry WaitType BlockState WaitKey Object SparePtr }
        MDL { Next Size MdlFlags Process MappedSystemVa StartVa ByteCount ByteOffset }
        OBJECT_ATTRIBUTES { Length RootDirectory ObjectName Attributes SecurityDescriptor
            SecurityQualityOfService }
        OBJECT_NAME_INFORMATION { Name }
        OWNER_ENTRY { OwnerThread }
        RTL_SPLAY_LINKS { Parent LeftChild RightChild }
        SECTION_OBJECT_POINTERS { DataSectionObject SharedCacheMap ImageSectionObject }
        SECURITY_SUBJECT_CONTEXT { ClientToken ImpersonationLevel PrimaryToken ProcessAuditId }
        TARGET_DEVICE_CUSTOM_NOTIFICATION { Version Size Event FileObject NameBufferOffset
            CustomDataBuffer }
        VPB { Type Size Flags VolumeLabelLength DeviceObject RealDevice SerialNumber ReferenceCount
            VolumeLabel }
        WORK_QUEUE_ITEM { List WorkerRoutine Parameter }
    ),
    layouts!(fs,
        ACE_HEADER { AceType AceFlags AceSize }
        BASE_MCB { MaximumPairCount PairCount PoolType Flags Mapping }
        CACHE_MANAGER_CALLBACKS { AcquireForLazyWrite ReleaseFromLazyWrite AcquireForReadAhead
            ReleaseFromReadAhead }
        CACHE_UNINITIALIZE_EVENT { Next Event }
        CC_FILE_SIZES { AllocationSize FileSize ValidDataLength }
        COMPRESSED_DATA_INFO { CompressionFormatAndEngine CompressionUnitShift ChunkShift
            ClusterShift Reserved NumberOfChunks CompressedChunkSizes }
        EOF_WAIT_BLOCK { EofWaitLinks Event }
        FILE_ACCESS_INFORMATION { AccessFlags }
        FILE_ALIGNMENT_INFORMATION { AlignmentRequirement }
        FILE_ALLOCATION_INFORMATION { AllocationSize }
        FILE_ALL_INFORMATION { BasicInformation StandardInformation InternalInformation
            EaInformation AccessInformation PositionInformation ModeInformation
            AlignmentInformation NameInformation }
        FILE_BASIC_INFORMATION { CreationTime LastAccessTime LastWriteTime ChangeTime
            FileAttributes }
        FILE_BOTH_DIR_INFORMATION { NextEntryOffset FileIndex CreationTime LastAccessTime
            LastWriteTime ChangeTime EndOfFile AllocationSize FileAttributes FileNameLength EaSize
            ShortNameLength ShortName FileName }
        FILE_CASE_SENSITIVE_INFORMATION { Flags }
        FILE_COMPRESSION_INFORMATION { CompressedFileSize CompressionFormat CompressionUnitShift
            ChunkShift ClusterShift Reserved }
        FILE_DIRECTORY_INFORMATION { NextEntryOffset FileIndex CreationTime LastAccessTime
            LastWriteTime ChangeTime EndOfFile AllocationSize FileAttributes FileNameLength
            FileName }
        FILE_DISPOSITION_INFORMATION { DeleteFile }
        FILE_DISPOSITION_INFORMATION_EX { Flags }
        FILE_EA_INFORMATION { EaSize }
        FILE_FS_ATTRIBUTE_INFORMATION { FileSystemAttributes MaximumComponentNameLength
            FileSystemNameLength FileSystemName }
        FILE_FS_SECTOR_SIZE_INFORMATION { LogicalBytesPerSector PhysicalBytesPerSectorForAtomicity
            PhysicalBytesPerSectorForPerformance
            FileSystemEffectivePhysicalBytesPerSectorForAtomicity Flags
            ByteOffsetForSectorAlignment ByteOffsetForPartitionAlignment }
        FILE_FULL_DIR_INFORMATION { NextEntryOffset FileIndex CreationTime LastAccessTime
            LastWriteTime ChangeTime EndOfFile AllocationSize FileAttributes FileNameLength EaSize
            FileName }
        FILE_FULL_EA_INFORMATION { NextEntryOffset Flags EaNameLength EaValueLength EaName }
        FILE_GET_EA_INFORMATION { NextEntryOffset EaNameLength EaName }
        FILE_GET_QUOTA_INFORMATION { NextEntryOffset SidLength Sid }
        FILE_ID_BOTH_DIR_INFORMATION { NextEntryOffset FileIndex CreationTime LastAccessTime
            LastWriteTime ChangeTime EndOfFile AllocationSize FileAttributes FileNameLength EaSize
            ShortNameLength ShortName FileId FileName }
        FILE_ID_EXTD_BOTH_DIR_INFORMATION { NextEntryOffset FileIndex CreationTime LastAccessTime
            LastWriteTime ChangeTime EndOfFile AllocationSize FileAttributes FileNameLength EaSize
            ReparsePointTag FileId ShortNameLength ShortName FileName }
        FILE_ID_EXTD_DIR_INFORMATION { NextEntryOffset FileIndex CreationTime LastAccessTime
            LastWriteTime ChangeTime EndOfFile AllocationSize FileAttributes FileNameLength EaSize
            ReparsePointTag FileId FileName }
        FILE_ID_FULL_DIR_INFORMATION { NextEntryOffset FileIndex CreationTime LastAccessTime
            LastWriteTime ChangeTime EndOfFile AllocationSize FileAttributes FileNameLength EaSize
            FileId FileName }
        FILE_ID_INFORMATION { VolumeSerialNumber FileId }
        FILE_INTERNAL_INFORMATION { IndexNumber }
        FILE_LINKS_INFORMATION { BytesNeeded EntriesReturned Entry }
        FILE_LINK_ENTRY_INFORMATION { NextEntryOffset ParentFileId FileNameLength FileName }
        FILE_LINK_INFORMATION { RootDirectory FileNameLength FileName }
        FILE_LOCK { CompleteLockIrpRoutine UnlockRoutine FastIoIsQuestionable SpareC
            LockInformation LastReturnedLockInfo LastReturnedLock LockRequestsInProgress }
        FILE_LOCK_INFO { StartingByte Length ExclusiveLock Key FileObject ProcessId EndingByte }
        FILE_MODE_INFORMATION { Mode }
        FILE_NAMES_INFORMATION { NextEntryOffset FileIndex FileNameLength FileName }
        FILE_NAME_INFORMATION { FileNameLength FileName }
        FILE_NETWORK_OPEN_INFORMATION { CreationTime LastAccessTime LastWriteTime ChangeTime
            AllocationSize EndOfFile FileAttributes }
        FILE_POSITION_INFORMATION { CurrentByteOffset }
        FILE_RENAME_INFORMATION { RootDirectory FileNameLength FileName }
        FILE_STANDARD_INFORMATION { AllocationSize EndOfFile NumberOfLinks DeletePending Directory }
        FILE_STANDARD_LINK_INFORMATION { NumberOfAccessibleLinks TotalNumberOfLinks DeletePending
            Directory }
        FILE_STAT_INFORMATION { FileId CreationTime LastAccessTime LastWriteTime ChangeTime
            AllocationSize EndOfFile FileAttributes ReparseTag NumberOfLinks EffectiveAccess }
        FILE_STAT_LX_INFORMATION { FileId CreationTime LastAccessTime LastWriteTime ChangeTime
            AllocationSize EndOfFile FileAttributes ReparseTag NumberOfLinks EffectiveAccess
            LxFlags LxUid LxGid LxMode LxDeviceIdMajor LxDeviceIdMinor }
        FILE_STREAM_INFORMATION { NextEntryOffset StreamNameLength StreamSize StreamAllocationSize
            StreamName }
        FSRTL_ADVANCED_FCB_HEADER { FastMutex FilterContexts PushLock FileContextSupportPointer
            AePushLock BypassIoOpenCount }
        FSRTL_COMMON_FCB_HEADER { NodeTypeCode NodeByteSize Flags IsFastIoPossible Flags2 Resource
            PagingIoResource AllocationSize FileSize ValidDataLength }
        FSRTL_PER_STREAM_CONTEXT { Links OwnerId InstanceId FreeCallback }
        FS_FILTER_CALLBACKS { SizeOfFsFilterCallbacks Reserved PreAcquireForSectionSynchronization
            PostAcquireForSectionSynchronization PreReleaseForSectionSynchronization
            PostReleaseForSectionSynchronization PreAcquireForCcFlush PostAcquireForCcFlush
            PreReleaseForCcFlush PostReleaseForCcFlush PreAcquireForModifiedPageWriter
            PostAcquireForModifiedPageWriter PreReleaseForModifiedPageWriter
            PostReleaseForModifiedPageWriter PreQueryOpen PostQueryOpen }
        FS_FILTER_CALLBACK_DATA { SizeOfFsFilterCallbackData Operation Reserved DeviceObject
            FileObject Parameters }
        FS_FILTER_PARAMETERS { AcquireForModifiedPageWriter ReleaseForModifiedPageWriter
            AcquireForSectionSynchronization Others }
        GENERATE_NAME_CONTEXT { Checksum ChecksumInserted NameLength NameBuffer ExtensionLength
            ExtensionBuffer LastIndexValue }
        KAPC_STATE { ApcListHead Process KernelApcPending }
        LARGE_MCB { GuardedMutex BaseMcb }
        MCB { DummyFieldThatSizesThisStructureCorrectly }
        PUBLIC_BCB { NodeTypeCode NodeByteSize MappedLength MappedFileOffset }
        REPARSE_DATA_BUFFER { ReparseTag ReparseDataLength Reserved }
        SECURITY_CLIENT_CONTEXT { SecurityQos ClientToken DirectlyAccessClientToken
            DirectAccessEffectiveOnly ServerIsRemote ClientTokenControl }
        TUNNEL { Mutex Cache TimerQueue NumEntries }
    ),
    layouts!(services,
        CM_FULL_RESOURCE_DESCRIPTOR { InterfaceType BusNumber PartialResourceList }
        CM_PARTIAL_RESOURCE_DESCRIPTOR { Type ShareDisposition Flags u }
        CM_PARTIAL_RESOURCE_LIST { Version Revision Count PartialDescriptors }
        CM_RESOURCE_LIST { Count List }
        CONFIGURATION_INFORMATION { DiskCount FloppyCount CdRomCount TapeCount ScsiPortCount
            SerialCount ParallelCount AtDiskPrimaryAddressClaimed AtDiskSecondaryAddressClaimed
            Version MediumChangerCount }
        DEVICE_CAPABILITIES { Size Version Address UINumber DeviceState SystemWake DeviceWake
            D1Latency D2Latency D3Latency }
        DEVICE_DESCRIPTION { Version Master ScatterGather DemandMode AutoInitialize
            Dma32BitAddresses IgnoreCount Reserved1 Dma64BitAddresses BusNumber DmaChannel
            InterfaceType DmaWidth DmaSpeed MaximumLength DmaPort DmaAddressWidth
            DmaControllerInstance DmaRequestLine DeviceAddress }
        DEVICE_RELATIONS { Count Objects }
        DMA_ADAPTER { Version Size DmaOperations }
        EX_RUNDOWN_REF {}
        FILE_ATTRIBUTE_TAG_INFORMATION { FileAttributes ReparseTag }
        FILE_END_OF_FILE_INFORMATION { EndOfFile }
        FILE_FS_DEVICE_INFORMATION { DeviceType Characteristics }
        FILE_FS_FULL_SIZE_INFORMATION { TotalAllocationUnits CallerAvailableAllocationUnits
            ActualAvailableAllocationUnits SectorsPerAllocationUnit BytesPerSector }
        FILE_FS_LABEL_INFORMATION { VolumeLabelLength VolumeLabel }
        FILE_FS_OBJECTID_INFORMATION { ObjectId ExtendedInfo }
        FILE_FS_SIZE_INFORMATION { TotalAllocationUnits AvailableAllocationUnits
            SectorsPerAllocationUnit BytesPerSector }
        FILE_FS_VOLUME_INFORMATION { VolumeCreationTime VolumeSerialNumber VolumeLabelLength
            SupportsObjects VolumeLabel }
        FILE_VALID_DATA_LENGTH_INFORMATION { ValidDataLength }
        IMAGE_INFO { ImageBase ImageSelector ImageSize ImageSectionNumber }
        INITIAL_PRIVILEGE_SET { PrivilegeCount Control Privilege }
        INTERFACE { Size Version Context InterfaceReference InterfaceDereference }
        IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS { PhysicalDeviceObject InterruptObject
            ServiceRoutine ServiceContext SpinLock SynchronizeIrql FloatingSave ShareVector Vector
            Irql InterruptMode ProcessorEnableMask Group }
        IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS { PhysicalDeviceObject InterruptObject
            ServiceRoutine ServiceContext SpinLock SynchronizeIrql FloatingSave }
        IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS { PhysicalDeviceObject ConnectionContext
            MessageServiceRoutine ServiceContext SpinLock SynchronizeIrql FloatingSave
            FallBackServiceRoutine }
        IO_CONNECT_INTERRUPT_PARAMETERS { Version }
        IO_DISCONNECT_INTERRUPT_PARAMETERS { Version ConnectionContext }
        IO_DRIVER_CREATE_CONTEXT { Size ExtraCreateParameter DeviceObjectHint TxnParameters
            SiloContext }
        IO_ERROR_LOG_PACKET { MajorFunctionCode RetryCount DumpDataSize NumberOfStrings
            StringOffset EventCategory ErrorCode UniqueErrorValue FinalStatus SequenceNumber
            IoControlCode DeviceOffset DumpData }
        IO_INTERRUPT_MESSAGE_INFO { UnifiedIrql MessageCount MessageInfo }
        IO_INTERRUPT_MESSAGE_INFO_ENTRY { MessageAddress TargetProcessorSet InterruptObject
            MessageData Vector Irql Mode Polarity }
        IO_REMOVE_LOCK { Common }
        IO_REMOVE_LOCK_COMMON_BLOCK { Removed Reserved IoCount RemoveEvent }
        IO_RESOURCE_DESCRIPTOR { Option Type ShareDisposition Spare1 Flags Spare2 u }
        IO_RESOURCE_LIST { Version Revision Count Descriptors }
        IO_RESOURCE_REQUIREMENTS_LIST { ListSize InterfaceType BusNumber SlotNumber Reserved
            AlternativeLists List }
        KAPC { Type Size SpareByte1 SpareLong0 Thread ApcListEntry NormalContext SystemArgument1
            SystemArgument2 ApcStateIndex ApcMode Inserted }
        KBUGCHECK_CALLBACK_RECORD { Entry CallbackRoutine Buffer Length Component Checksum State }
        KDEVICE_QUEUE_ENTRY { DeviceListEntry SortKey Inserted }
        KEY_BASIC_INFORMATION { LastWriteTime TitleIndex NameLength Name }
        KEY_FULL_INFORMATION { LastWriteTime TitleIndex ClassOffset ClassLength SubKeys MaxNameLen
            MaxClassLen Values MaxValueNameLen MaxValueDataLen Class }
        KEY_NODE_INFORMATION { LastWriteTime TitleIndex ClassOffset ClassLength NameLength Name }
        KEY_VALUE_BASIC_INFORMATION { TitleIndex Type NameLength Name }
        KEY_VALUE_FULL_INFORMATION { TitleIndex Type DataOffset DataLength NameLength Name }
        KEY_VALUE_PARTIAL_INFORMATION { TitleIndex Type DataLength Data }
        KGATE { Header }
        KLOCK_QUEUE_HANDLE { LockQueue OldIrql }
        KSEMAPHORE { Header Limit }
        KSPIN_LOCK_QUEUE { Next Lock }
        KTIMER { Header DueTime TimerListEntry Dpc Period }
        MAILSLOT_CREATE_PARAMETERS { MailslotQuota MaximumMessageSize ReadTimeout TimeoutSpecified }
        MM_COPY_ADDRESS {}
        NAMED_PIPE_CREATE_PARAMETERS { NamedPipeType ReadMode CompletionMode MaximumInstances
            InboundQuota OutboundQuota DefaultTimeout TimeoutSpecified }
        OBJECT_HANDLE_INFORMATION { HandleAttributes GrantedAccess }
        OB_CALLBACK_REGISTRATION { Version OperationRegistrationCount Altitude RegistrationContext
            OperationRegistration }
        OB_OPERATION_REGISTRATION { ObjectType Operations PreOperation PostOperation }
        OB_POST_CREATE_HANDLE_INFORMATION { GrantedAccess }
        OB_POST_DUPLICATE_HANDLE_INFORMATION { GrantedAccess }
        OB_POST_OPERATION_INFORMATION { Operation Object ObjectType CallContext ReturnStatus
            Parameters }
        OB_POST_OPERATION_PARAMETERS { CreateHandleInformation DuplicateHandleInformation }
        OB_PRE_CREATE_HANDLE_INFORMATION { DesiredAccess OriginalDesiredAccess }
        OB_PRE_DUPLICATE_HANDLE_INFORMATION { DesiredAccess OriginalDesiredAccess SourceProcess
            TargetProcess }
        OB_PRE_OPERATION_INFORMATION { Operation Object ObjectType CallContext Parameters }
        OB_PRE_OPERATION_PARAMETERS { CreateHandleInformation DuplicateHandleInformation }
        PCI_COMMON_HEADER { VendorID DeviceID Command Status RevisionID ProgIf SubClass BaseClass
            CacheLineSize LatencyTimer HeaderType BIST u }
        PHYSICAL_MEMORY_RANGE { BaseAddress NumberOfBytes }
        PNP_BUS_INFORMATION { BusTypeGuid LegacyBusType BusNumber }
        POOL_EXTENDED_PARAMETER {}
        POOL_EXTENDED_PARAMS_SECURE_POOL { SecurePoolHandle Buffer Cookie SecurePoolFlags }
        POWER_SEQUENCE { SequenceD1 SequenceD2 SequenceD3 }
        POWER_STATE { SystemState DeviceState }
        PS_CREATE_NOTIFY_INFO { Size ParentProcessId CreatingThreadId FileObject ImageFileName
            CommandLine CreationStatus }
        REG_CREATE_KEY_INFORMATION { CompleteName RootObject ObjectType CreateOptions Class
            SecurityDescriptor SecurityQualityOfService DesiredAccess GrantedAccess Disposition
            ResultObject CallContext RootObjectContext Transaction Reserved }
        REG_DELETE_KEY_INFORMATION { Object CallContext ObjectContext Reserved }
        REG_DELETE_VALUE_KEY_INFORMATION { Object ValueName CallContext ObjectContext Reserved }
        REG_POST_OPERATION_INFORMATION { Object Status PreInformation ReturnStatus CallContext
            ObjectContext Reserved }
        REG_PRE_CREATE_KEY_INFORMATION { CompleteName }
        REG_SET_VALUE_KEY_INFORMATION { Object ValueName TitleIndex Type Data DataSize CallContext
            ObjectContext Reserved }
        RTL_AVL_TABLE { BalancedRoot OrderedPointer WhichOrderedElement NumberGenericTableElements
            DepthOfTree RestartKey DeleteCount CompareRoutine AllocateRoutine FreeRoutine
            TableContext }
        RTL_BALANCED_LINKS { Parent LeftChild RightChild Balance Reserved }
        RTL_BITMAP { SizeOfBitMap Buffer }
        RTL_BITMAP_RUN { StartingIndex NumberOfBits }
        RTL_GENERIC_TABLE { TableRoot InsertOrderList OrderedPointer WhichOrderedElement
            NumberGenericTableElements CompareRoutine AllocateRoutine FreeRoutine TableContext }
        RTL_QUERY_REGISTRY_TABLE { QueryRoutine Flags Name EntryContext DefaultType DefaultData
            DefaultLength }
        SCATTER_GATHER_ELEMENT { Address Length Reserved }
        SCATTER_GATHER_LIST { NumberOfElements Reserved Elements }
        SHARE_ACCESS { OpenCount Readers Writers Deleters SharedRead SharedWrite SharedDelete }
        SYSTEM_POWER_STATE_CONTEXT {}
        TIME_FIELDS { Year Month Day Hour Minute Second Milliseconds Weekday }
        TXN_PARAMETER_BLOCK { Length TxFsContext TransactionObject }
        WAIT_CONTEXT_BLOCK { DeviceRoutine DeviceContext NumberOfMapRegisters DeviceObject
            CurrentIrp BufferChainingDpc }
    ),
    layouts!(foundation,
        FILETIME { dwLowDateTime dwHighDateTime }
        LUID { LowPart HighPart }
        UNICODE_STRING { Length MaximumLength Buffer }
    ),
    layouts!(security,
        ACCESS_ALLOWED_ACE { Header Mask SidStart }
        ACL { AclRevision Sbz1 AclSize AceCount Sbz2 }
        GENERIC_MAPPING { GenericRead GenericWrite GenericExecute GenericAll }
        LUID_AND_ATTRIBUTES { Luid Attributes }
        PRIVILEGE_SET { PrivilegeCount Control Privilege }
        SECURITY_DESCRIPTOR { Revision Sbz1 Control Owner Group Sacl Dacl }
        SECURITY_QUALITY_OF_SERVICE { Length ImpersonationLevel ContextTrackingMode EffectiveOnly }
        SID { Revision SubAuthorityCount IdentifierAuthority SubAuthority }
        SID_AND_ATTRIBUTES { Sid Attributes }
        SID_IDENTIFIER_AUTHORITY { Value }
        TOKEN_CONTROL { TokenId AuthenticationId ModifiedId TokenSource }
        TOKEN_DEFAULT_DACL { DefaultDacl }
        TOKEN_GROUPS { GroupCount Groups }
        TOKEN_OWNER { Owner }
        TOKEN_PRIMARY_GROUP { PrimaryGroup }
        TOKEN_PRIVILEGES { PrivilegeCount Privileges }
        TOKEN_SOURCE { SourceName SourceIdentifier }
        TOKEN_STATISTICS { TokenId AuthenticationId ExpirationTime TokenType ImpersonationLevel
            DynamicCharged DynamicAvailable GroupCount PrivilegeCount ModifiedId }
        TOKEN_USER { User }
    ),
    layouts!(files,
        FILE_ID_128 { Identifier }
        FILE_NOTIFY_INFORMATION { NextEntryOffset Action FileNameLength FileName }
    ),
    layouts!(iscsi,
        SCSI_ADDRESS { Length PortNumber PathId TargetId Lun }
    ),
    layouts!(debug,
        EXCEPTION_POINTERS { ExceptionRecord ContextRecord }
        EXCEPTION_RECORD { ExceptionCode ExceptionFlags ExceptionRecord ExceptionAddress
            NumberParameters ExceptionInformation }
    ),
    layouts!(io, IO_STATUS_BLOCK { Information }),
    layouts!(ioctl,
        DEVICE_DATA_SET_RANGE { StartingOffset LengthInBytes }
        DEVICE_MANAGE_DATA_SET_ATTRIBUTES { Size Action Flags ParameterBlockOffset
            ParameterBlockLength DataSetRangesOffset DataSetRangesLength }
        DEVICE_SEEK_PENALTY_DESCRIPTOR { Version Size IncursSeekPenalty }
        DEVICE_TRIM_DESCRIPTOR { Version Size TrimEnabled }
        DISK_EXTENT { DiskNumber StartingOffset ExtentLength }
        DISK_GEOMETRY { Cylinders MediaType TracksPerCylinder SectorsPerTrack BytesPerSector }
        DISK_GEOMETRY_EX { Geometry DiskSize Data }
        DISK_PERFORMANCE { BytesRead BytesWritten ReadTime WriteTime IdleTime ReadCount WriteCount
            QueueDepth SplitCount QueryTime StorageDeviceNumber StorageManagerName }
        DRIVE_LAYOUT_INFORMATION { PartitionCount Signature PartitionEntry }
        DRIVE_LAYOUT_INFORMATION_EX { PartitionStyle PartitionCount PartitionEntry }
        DRIVE_LAYOUT_INFORMATION_GPT { DiskId StartingUsableOffset UsableLength MaxPartitionCount }
        DRIVE_LAYOUT_INFORMATION_MBR { Signature }
        DUPLICATE_EXTENTS_DATA { FileHandle SourceFileOffset TargetFileOffset ByteCount }
        FILESYSTEM_STATISTICS { FileSystemType Version SizeOfCompleteStructure UserFileReads
            UserFileReadBytes UserDiskReads UserFileWrites UserFileWriteBytes UserDiskWrites
            MetaDataReads MetaDataReadBytes MetaDataDiskReads MetaDataWrites MetaDataWriteBytes
            MetaDataDiskWrites }
        FILE_ALLOCATED_RANGE_BUFFER { FileOffset Length }
        FILE_OBJECTID_BUFFER { ObjectId }
        FILE_SET_SPARSE_BUFFER { SetSparse }
        FILE_ZERO_DATA_INFORMATION { FileOffset BeyondFinalZero }
        FORMAT_PARAMETERS { MediaType StartCylinderNumber EndCylinderNumber StartHeadNumber
            EndHeadNumber }
        FSCTL_GET_INTEGRITY_INFORMATION_BUFFER { ChecksumAlgorithm Reserved Flags
            ChecksumChunkSizeInBytes ClusterSizeInBytes }
        FSCTL_SET_INTEGRITY_INFORMATION_BUFFER { ChecksumAlgorithm Reserved Flags }
        GET_LENGTH_INFORMATION { Length }
        PARTITION_INFORMATION { StartingOffset PartitionLength HiddenSectors PartitionNumber
            PartitionType BootIndicator RecognizedPartition RewritePartition }
        PARTITION_INFORMATION_EX { PartitionStyle StartingOffset PartitionLength PartitionNumber
            RewritePartition }
        PARTITION_INFORMATION_GPT { PartitionType PartitionId Attributes Name }
        PARTITION_INFORMATION_MBR { PartitionType BootIndicator RecognizedPartition HiddenSectors
            PartitionId }
        PREVENT_MEDIA_REMOVAL { PreventMediaRemoval }
        REASSIGN_BLOCKS { Reserved Count BlockNumber }
        REQUEST_OPLOCK_INPUT_BUFFER { StructureVersion StructureLength RequestedOplockLevel Flags }
        REQUEST_OPLOCK_OUTPUT_BUFFER { StructureVersion StructureLength OriginalOplockLevel
            NewOplockLevel Flags AccessMode ShareMode }
        RETRIEVAL_POINTERS_BUFFER { ExtentCount StartingVcn Extents }
        SET_PARTITION_INFORMATION { PartitionType }
        STARTING_VCN_INPUT_BUFFER { StartingVcn }
        STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR { Version Size BytesPerCacheLine
            BytesOffsetForCacheAlignment BytesPerLogicalSector BytesPerPhysicalSector
            BytesOffsetForSectorAlignment }
        STORAGE_ADAPTER_DESCRIPTOR { Version Size MaximumTransferLength MaximumPhysicalPages
            AlignmentMask AdapterUsesPio AdapterScansDown CommandQueueing AcceleratedTransfer
            BusType BusMajorVersion BusMinorVersion SrbType AddressType }
        STORAGE_DESCRIPTOR_HEADER { Version Size }
        STORAGE_DEVICE_DESCRIPTOR { Version Size DeviceType DeviceTypeModifier RemovableMedia
            CommandQueueing VendorIdOffset ProductIdOffset ProductRevisionOffset SerialNumberOffset
            BusType RawPropertiesLength RawDeviceProperties }
        STORAGE_DEVICE_NUMBER { DeviceType DeviceNumber PartitionNumber }
        STORAGE_HOTPLUG_INFO { Size MediaRemovable MediaHotplug DeviceHotplug
            WriteCacheEnableOverride }
        STORAGE_PROPERTY_QUERY { PropertyId QueryType AdditionalParameters }
        VERIFY_INFORMATION { StartingOffset Length }
        VOLUME_DISK_EXTENTS { NumberOfDiskExtents Extents }
        VOLUME_GET_GPT_ATTRIBUTES_INFORMATION { GptAttributes }
    ),
    layouts!(kernel,
        LIST_ENTRY { Flink Blink }
        LIST_ENTRY32 { Flink Blink }
        LIST_ENTRY64 { Flink Blink }
        PROCESSOR_NUMBER { Group Number Reserved }
        QUAD {}
        RTL_BALANCED_NODE {}
        SINGLE_LIST_ENTRY { Next }
        STRING { Length MaximumLength Buffer }
        STRING32 { Length MaximumLength Buffer }
        STRING64 { Length MaximumLength Buffer }
    ),
    layouts!(information,
        GROUP_AFFINITY { Mask Group Reserved }
        OSVERSIONINFOEXW { dwOSVersionInfoSize dwMajorVersion dwMinorVersion dwBuildNumber
            dwPlatformId szCSDVersion wServicePackMajor wServicePackMinor wSuiteMask wProductType
            wReserved }
        OSVERSIONINFOW { dwOSVersionInfoSize dwMajorVersion dwMinorVersion dwBuildNumber
            dwPlatformId szCSDVersion }
    ),
    layouts!(threading,
        PROCESS_BASIC_INFORMATION { ExitStatus PebBaseAddress AffinityMask BasePriority
            UniqueProcessId InheritedFromUniqueProcessId }
    ),
    layouts!(programming,
        CLIENT_ID { UniqueProcess UniqueThread }
    ),
];

fn layouts() -> String {
    let mut out = String::from(
        "/* Written by rust/ntoskrnl-emu-c/tests/windows_sys.rs from windows-sys: do not edit. */

",
    );
    for (name, size, alignment, fields) in LAYOUTS.iter().copied().flatten() {
        writeln!(out, "C_ASSERT(sizeof({name}) == {size:#x});").unwrap();
        writeln!(out, "C_ASSERT(TYPE_ALIGNMENT({name}) == {alignment});").unwrap();
        for (field, offset) in *fields {
            let field = field.trim_start_matches("r#");
            writeln!(out, "C_ASSERT(offsetof({name}, {field}) == {offset:#x});").unwrap();
        }
    }
    out
}

#[test]
fn structures_have_the_layouts_of_windows_sys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/c/sys_layouts.h");
    let wanted = layouts();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == wanted,
        "tests/c/sys_layouts.h is stale: BLESS=1 cargo test -p ntoskrnl-emu-c writes it anew"
    );
}
