//! The headers in `include/ntoskrnl_emu` agree with `wdm`, with `windows-sys`, and with the exports.
//!
//! What a C compiler has to judge is written here as C: `layout_asserts.h`, which every user of the
//! headers compiles, and `tests/c/prototypes.h`, which declares every export once more from its Rust
//! signature. A difference fails; `BLESS=1 cargo test -p ntoskrnl-emu-c` writes the files anew.

use std::fmt::Write;
use std::mem::{align_of, offset_of, size_of};
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation as nt;

#[path = "../src/catch.rs"]
mod catch;
#[path = "../src/exhaust.rs"]
mod exhaust;
#[path = "../src/exports.rs"]
mod exports;
#[path = "../src/not_emulated.rs"]
mod not_emulated;
#[path = "../src/seh.rs"]
mod seh;
#[path = "../src/verify.rs"]
mod verify;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

fn assert_is_current(path: &str, wanted: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(root().join(path), wanted).unwrap();
    }
    assert!(
        read(path) == wanted,
        "{path} is stale: BLESS=1 cargo test -p ntoskrnl-emu-c writes it anew"
    );
}

const GENERATED: &str = "/* Written by rust/ntoskrnl-emu-c/tests/headers.rs from the Rust declarations: do not edit. */\n";

macro_rules! layout {
    ($out:ident, $rust:ty, $c:literal, { $($field:ident: $($name:literal),+;)* }) => {
        assert_that(&mut $out, &format!("sizeof({}) == {:#x}", $c, size_of::<$rust>()));
        assert_that(&mut $out, &format!("EMU_ALIGN_OF({}) == {}", $c, align_of::<$rust>()));
        $($(
            let offset = offset_of!($rust, $field);
            assert_that(&mut $out, &format!("offsetof({}, {}) == {offset:#x}", $c, $name));
        )+)*
    };
}

/// The constants of a crate that C has by the same name and value.
macro_rules! constants {
    ($out:ident, $from:ident, $($name:ident)*) => {
        $(
            let value = $from::$name;
            assert_that(&mut $out, &format!("{} == {value:#x}", stringify!($name)));
        )*
    };
}

fn assert_that(out: &mut String, condition: &str) {
    writeln!(out, "C_ASSERT({condition});").unwrap();
}

fn layout_asserts() -> String {
    let mut out = String::from(GENERATED);
    out.push_str(
        "#ifndef NTOSKRNL_EMU_LAYOUT_ASSERTS_H\n#define NTOSKRNL_EMU_LAYOUT_ASSERTS_H\n\n",
    );
    out.push_str("#ifdef __cplusplus\n#define EMU_ALIGN_OF(type) alignof(type)\n#else\n");
    out.push_str("#define EMU_ALIGN_OF(type) _Alignof(type)\n#endif\n\n");
    layout!(out, wdm::SListEntry, "SLIST_ENTRY", { next: "Next"; });
    layout!(out, wdm::SListHeader, "SLIST_HEADER", { alignment: "Alignment"; region: "Region"; });
    layout!(out, wdm::ListEntry, "LIST_ENTRY", { flink: "Flink"; blink: "Blink"; });
    layout!(out, wdm::GeneralLookasidePool, "GENERAL_LOOKASIDE_POOL", {
        list_head: "ListHead", "SingleListHead";
        depth: "Depth";
        maximum_depth: "MaximumDepth";
        total_allocates: "TotalAllocates";
        allocate_misses: "AllocateMisses", "AllocateHits";
        total_frees: "TotalFrees";
        free_misses: "FreeMisses", "FreeHits";
        pool_type: "Type";
        tag: "Tag";
        size: "Size";
        allocate: "AllocateEx", "Allocate";
        free: "FreeEx", "Free";
        list_entry: "ListEntry";
        last_total_allocates: "LastTotalAllocates";
        last_allocate_misses: "LastAllocateMisses", "LastAllocateHits";
        future: "Future";
    });
    layout!(out, wdm::GeneralLookaside, "GENERAL_LOOKASIDE", {});
    // The same fields at the same places, for all that code may read.
    for field in ["Depth", "TotalFrees", "Tag", "ListEntry", "Future"] {
        let equal = format!(
            "offsetof(GENERAL_LOOKASIDE, {field}) == offsetof(GENERAL_LOOKASIDE_POOL, {field})"
        );
        assert_that(&mut out, &equal);
    }
    layout!(out, wdm::LookasideListEx, "LOOKASIDE_LIST_EX", { l: "L"; });
    layout!(out, wdm::NPagedLookasideList, "NPAGED_LOOKASIDE_LIST", { l: "L"; });
    layout!(out, wdm::PagedLookasideList, "PAGED_LOOKASIDE_LIST", { l: "L"; });
    layout!(out, wdm::DispatcherHeader, "DISPATCHER_HEADER", {
        kind: "Type";
        size: "Size";
        signal_state: "SignalState";
        wait_list_head: "WaitListHead";
    });
    layout!(out, wdm::KEvent, "KEVENT", { header: "Header"; });
    layout!(out, wdm::KSemaphore, "KSEMAPHORE", { header: "Header"; limit: "Limit"; });
    layout!(out, wdm::KMutex, "KMUTEX", {
        header: "Header";
        list_entry: "MutantListEntry";
        owner: "OwnerThread";
    });
    layout!(out, wdm::FastMutex, "FAST_MUTEX", {
        count: "Count";
        owner: "Owner";
        contention: "Contention";
        event: "Event";
        old_irql: "OldIrql";
    });
    layout!(out, wdm::KGuardedMutex, "KGUARDED_MUTEX", {
        count: "Count";
        owner: "Owner";
        contention: "Contention";
        gate: "Gate";
        apc_disable: "CombinedApcDisable";
    });
    layout!(out, wdm::KLockQueueHandle, "KLOCK_QUEUE_HANDLE", {
        next: "LockQueue.Next";
        lock: "LockQueue.Lock";
        old_irql: "OldIrql";
    });
    layout!(out, wdm::UnicodeString, "UNICODE_STRING", {
        length: "Length"; maximum_length: "MaximumLength"; buffer: "Buffer";
    });
    layout!(out, wdm::RtlBitMap, "RTL_BITMAP", { size: "SizeOfBitMap"; buffer: "Buffer"; });
    layout!(out, wdm::DriverExtension, "DRIVER_EXTENSION", {
        driver_object: "DriverObject";
        add_device: "AddDevice";
        service_key_name: "ServiceKeyName";
    });
    layout!(out, wdm::DriverObject, "DRIVER_OBJECT", {
        kind: "Type";
        size: "Size";
        device_object: "DeviceObject";
        driver_extension: "DriverExtension";
        driver_name: "DriverName";
        driver_init: "DriverInit";
        driver_unload: "DriverUnload";
        major_function: "MajorFunction";
    });
    layout!(out, wdm::DeviceObject, "DEVICE_OBJECT", {
        kind: "Type";
        driver_object: "DriverObject";
        next_device: "NextDevice";
        flags: "Flags";
        characteristics: "Characteristics";
        device_extension: "DeviceExtension";
        device_type: "DeviceType";
        stack_size: "StackSize";
        alignment_requirement: "AlignmentRequirement";
        active_thread_count: "ActiveThreadCount";
        device_lock: "DeviceLock";
        sector_size: "SectorSize";
    });
    layout!(out, wdm::Irp, "IRP", {
        kind: "Type";
        size: "Size";
        mdl_address: "MdlAddress";
        thread_list_entry: "ThreadListEntry";
        status: "IoStatus";
        stack_count: "StackCount";
        current_location: "CurrentLocation";
        allocation_flags: "AllocationFlags";
        user: "UserIosb";
        current_stack_location: "Tail.Overlay.CurrentStackLocation";
    });
    layout!(out, wdm::Mdl, "MDL", {
        next: "Next";
        size: "Size";
        flags: "MdlFlags";
        mapped_system_va: "MappedSystemVa";
        start_va: "StartVa";
        byte_count: "ByteCount";
        byte_offset: "ByteOffset";
    });
    assert_that(
        &mut out,
        &format!(
            "sizeof(IO_STACK_LOCATION) == {}",
            wdm::IO_STACK_LOCATION_BYTES
        ),
    );
    layout!(out, wdm::SingleListEntry, "SINGLE_LIST_ENTRY", { next: "Next"; });
    layout!(out, wdm::EResource, "ERESOURCE", {
        system_resources_list: "SystemResourcesList";
        owner_table: "OwnerTable";
        active_count: "ActiveCount";
        flag: "Flag";
        shared_waiters: "SharedWaiters";
        exclusive_waiters: "ExclusiveWaiters";
        owner_thread: "OwnerEntry.OwnerThread";
        owner_count: "OwnerEntry.TableSize";
        active_entries: "ActiveEntries";
        contention_count: "ContentionCount";
        shared_waiter_count: "NumberOfSharedWaiters";
        exclusive_waiter_count: "NumberOfExclusiveWaiters";
        reserved: "Reserved2";
        address: "Address";
        spin_lock: "SpinLock";
    });
    for (c, bytes) in [
        ("WCHAR", 2),
        ("SHORT", 2),
        ("LONG", 4),
        ("ULONG", 4),
        ("POOL_TYPE", size_of::<wdm::PoolType>()),
        ("NTSTATUS", size_of::<wdm::NtStatus>()),
        ("KIRQL", size_of::<wdm::Kirql>()),
        ("LONGLONG", 8),
        ("SIZE_T", size_of::<usize>()),
        ("KSPIN_LOCK", size_of::<usize>()),
        ("LARGE_INTEGER", 8),
        ("UNICODE_STRING", 16),
    ] {
        assert_that(&mut out, &format!("sizeof({c}) == {bytes}"));
    }
    use wdm::PoolType;
    for (c, value) in [
        ("NonPagedPoolExecute", PoolType::NON_PAGED_POOL),
        ("PagedPool", PoolType::PAGED_POOL),
        (
            "NonPagedPoolBaseCacheAligned",
            PoolType::NON_PAGED_POOL_CACHE_ALIGNED,
        ),
        ("PagedPoolCacheAligned", PoolType::PAGED_POOL_CACHE_ALIGNED),
        ("NonPagedPoolNx", PoolType::NON_PAGED_POOL_NX),
        (
            "NonPagedPoolNxCacheAligned",
            PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
        ),
    ] {
        assert_that(&mut out, &format!("(int){c} == {}", value.0));
    }
    constants!(out, wdm, PASSIVE_LEVEL APC_LEVEL DISPATCH_LEVEL PAGE_SIZE
        MEMORY_ALLOCATION_ALIGNMENT SYSTEM_CACHE_ALIGNMENT_SIZE LOOKASIDE_MINIMUM_BLOCK_SIZE
        EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE
        EX_MAXIMUM_LOOKASIDE_DEPTH_BASE EX_MAXIMUM_LOOKASIDE_DEPTH_LIMIT
        POOL_QUOTA_FAIL_INSTEAD_OF_RAISE POOL_RAISE_IF_ALLOCATION_FAILURE POOL_COLD_ALLOCATION
        POOL_NX_ALLOCATION POOL_ZERO_ALLOCATION POOL_FLAG_USE_QUOTA POOL_FLAG_UNINITIALIZED
        POOL_FLAG_SESSION POOL_FLAG_CACHE_ALIGNED POOL_FLAG_RAISE_ON_FAILURE POOL_FLAG_NON_PAGED
        POOL_FLAG_NON_PAGED_EXECUTE POOL_FLAG_PAGED POOL_FLAG_SPECIAL_POOL
        BAD_POOL_HEADER BAD_POOL_CALLER DRIVER_VERIFIER_DETECTED_VIOLATION IRQL_UNEXPECTED_VALUE
        DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS KERNEL_SECURITY_CHECK_FAILURE);
    for (name, value) in statuses() {
        assert_that(&mut out, &format!("{name} == (NTSTATUS){value:#010X}"));
    }
    out.push_str("\n#undef EMU_ALIGN_OF\n#endif\n");
    out
}

/// Each status value that the header has, as `windows-sys` has it.
fn statuses() -> Vec<(&'static str, i32)> {
    macro_rules! list {
        ($($name:ident)*) => { vec![$((stringify!($name), nt::$name)),*] };
    }
    list!(STATUS_SUCCESS STATUS_TIMEOUT STATUS_PENDING STATUS_DATATYPE_MISALIGNMENT
        STATUS_BUFFER_OVERFLOW STATUS_DEVICE_BUSY
        STATUS_NO_MORE_ENTRIES STATUS_UNSUCCESSFUL STATUS_NOT_IMPLEMENTED
        STATUS_INFO_LENGTH_MISMATCH STATUS_INVALID_HANDLE STATUS_INVALID_PARAMETER
        STATUS_INVALID_DEVICE_REQUEST STATUS_END_OF_FILE STATUS_NO_MEMORY STATUS_ACCESS_DENIED
        STATUS_BUFFER_TOO_SMALL STATUS_OBJECT_NAME_NOT_FOUND STATUS_OBJECT_NAME_COLLISION
        STATUS_QUOTA_EXCEEDED STATUS_DELETE_PENDING STATUS_INTEGER_OVERFLOW
        STATUS_INSUFFICIENT_RESOURCES STATUS_NOT_SUPPORTED STATUS_INTERNAL_ERROR
        STATUS_INVALID_PARAMETER_1 STATUS_INVALID_PARAMETER_2 STATUS_INVALID_PARAMETER_3
        STATUS_INVALID_PARAMETER_4 STATUS_INVALID_PARAMETER_5 STATUS_INVALID_PARAMETER_6
        STATUS_INVALID_PARAMETER_7 STATUS_INVALID_PARAMETER_8 STATUS_CANCELLED
        STATUS_COMMITMENT_LIMIT STATUS_INVALID_DEVICE_STATE STATUS_INVALID_BUFFER_SIZE
        STATUS_NOT_FOUND STATUS_ASSERTION_FAILURE)
}

/// How C spells a type of an export.
fn c_type(rust: &str) -> &'static str {
    match rust.replace(' ', "").as_str() {
        "u8" | "Kirql" | "Boolean" => "UCHAR",
        "u16" => "USHORT",
        "u32" => "ULONG",
        "u64" => "ULONG64",
        "usize" => "SIZE_T",
        "UlongPtr" => "ULONG_PTR",
        "PoolType" => "POOL_TYPE",
        "NtStatus" => "NTSTATUS",
        "*mutSehFrame" => "emu_seh_frame *",
        "*mutc_void" => "PVOID",
        "*mutSpinLock" => "PKSPIN_LOCK",
        "*mutLookasideListEx" => "PLOOKASIDE_LIST_EX",
        "*mutNPagedLookasideList" => "PNPAGED_LOOKASIDE_LIST",
        "*mutPagedLookasideList" => "PPAGED_LOOKASIDE_LIST",
        "*mutSListHeader" => "PSLIST_HEADER",
        "*mutSListEntry" => "PSLIST_ENTRY",
        "i32" => "LONG",
        "isize" => "LONG_PTR",
        "*mutu32" => "PULONG",
        "*mutExSpinLock" => "PEX_SPIN_LOCK",
        "*mutPushLock" => "PEX_PUSH_LOCK",
        "*mutRundownRef" => "PEX_RUNDOWN_REF",
        "*mutEResource" => "PERESOURCE",
        "ResourceThread" => "ERESOURCE_THREAD",
        "*mutKLockQueueHandle" => "PKLOCK_QUEUE_HANDLE",
        "*mutListEntry" => "PLIST_ENTRY",
        "*mutSingleListEntry" => "PSINGLE_LIST_ENTRY",
        "Affinity" => "KAFFINITY",
        "*mutAffinity" => "PKAFFINITY",
        "PoolPriority" => "EX_POOL_PRIORITY",
        "*constPoolExtendedParameter" => "PCPOOL_EXTENDED_PARAMETER",
        "*mutObjectAttributes" => "POBJECT_ATTRIBUTES",
        "*mutObjectType" => "POBJECT_TYPE",
        "*mutHandleInformation" => "POBJECT_HANDLE_INFORMATION",
        "KThread" => "PKTHREAD",
        "Thread" => "PETHREAD",
        "Process" => "PEPROCESS",
        "Handle" => "HANDLE",
        "*mutHandle" => "PHANDLE",
        "*mutClientId" => "PCLIENT_ID",
        "StartRoutine" => "PKSTART_ROUTINE",
        "*mutProcessorNumber" => "PPROCESSOR_NUMBER",
        "*mutDriverObject" => "PDRIVER_OBJECT",
        "*mutDeviceObject" => "PDEVICE_OBJECT",
        "*mut*mutDeviceObject" => "PDEVICE_OBJECT *",
        "*mutIrp" => "PIRP",
        "*mutMdl" => "PMDL",
        "StackSize" => "CCHAR",
        "CachingType" => "MEMORY_CACHING_TYPE",
        "Text" => "PCSZ",
        "*constUnicodeString" => "const UNICODE_STRING *",
        "*constu16" => "PCWCH",
        "*mutAnsiString" => "PANSI_STRING",
        "*mutRtlBitMap" => "PRTL_BITMAP",
        "DriverInitialize" => "PDRIVER_INITIALIZE",
        "*mutUnicodeString" => "PUNICODE_STRING",
        "LargeInteger" => "LARGE_INTEGER",
        "*mutEvent" => "PRKEVENT",
        "*mutFastMutex" => "PFAST_MUTEX",
        "*mutGuardedMutex" => "PKGUARDED_MUTEX",
        "EventType" => "EVENT_TYPE",
        "WaitType" => "WAIT_TYPE",
        "WaitReason" => "KWAIT_REASON",
        "ProcessorMode" => "KPROCESSOR_MODE",
        "*mutLargeInteger" => "PLARGE_INTEGER",
        "*mutWaitBlock" => "PKWAIT_BLOCK",
        "*mut*mutc_void" => "PVOID *",
        "*mutEmuDriver" => "emu_driver",
        "*constc_char" => "const char *",
        "*mutc_char" => "char *",
        "*mutEmuStop" => "emu_stop *",
        "*constEmuStop" => "const emu_stop *",
        "*mutEmuFrame" => "emu_frame *",
        "*mutEmuFailed" => "struct emu_failed *",
        "*mutEmuLeak" => "struct emu_leak *",
        "*mutEmuCounters" => "struct emu_counters *",
        "EmuLeap" => "emu_leap",
        "EmuRun" => "emu_run",
        "*muti64" => "PLONGLONG",
        "Size" => "size_t",
        "Wchar" => "WCHAR",
        "*mutSize" => "size_t *",
        "DriverObjectRef" => "PDRIVER_OBJECT",
        "RegistryPathRef" => "PCUNICODE_STRING",
        "WdfObject" => "WDFOBJECT",
        "*mutWdfObject" => "WDFOBJECT *",
        "WdfDriver" => "WDFDRIVER",
        "*mutWdfDriver" => "WDFDRIVER *",
        "WdfDevice" => "WDFDEVICE",
        "WdfFileObject" => "WDFFILEOBJECT",
        "WdfMemory" => "WDFMEMORY",
        "*mutWdfMemory" => "WDFMEMORY *",
        "WdfLookaside" => "WDFLOOKASIDE",
        "*mutWdfLookaside" => "WDFLOOKASIDE *",
        "WdfSpinLock" => "WDFSPINLOCK",
        "*mutWdfSpinLock" => "WDFSPINLOCK *",
        "WdfWaitLock" => "WDFWAITLOCK",
        "*mutWdfWaitLock" => "WDFWAITLOCK *",
        "*mutWdfObjectAttributes" => "PWDF_OBJECT_ATTRIBUTES",
        "*constWdfContextTypeInfo" => "PCWDF_OBJECT_CONTEXT_TYPE_INFO",
        "*mutWdfDriverConfig" => "PWDF_DRIVER_CONFIG",
        "Option<AllocateFunctionExRaw>" => "PALLOCATE_FUNCTION_EX",
        "Option<AllocateFunctionRaw>" => "PALLOCATE_FUNCTION",
        "Option<FreeFunctionExRaw>" => "PFREE_FUNCTION_EX",
        "Option<FreeFunctionRaw>" => "PFREE_FUNCTION",
        "" | "!" => "void",
        other => panic!("No C type for an export's type: {other}"),
    }
}

fn prototypes() -> String {
    let mut out = String::from(GENERATED);
    out.push_str("/* A declaration that contradicts the header's does not compile. */\n\n");
    out.push_str("EXTERN_C_START\n");
    for &(name, arguments, result) in exports::SIGNATURES {
        let mut list: Vec<_> = arguments.iter().map(|argument| c_type(argument)).collect();
        if list.is_empty() {
            list.push("void");
        }
        writeln!(out, "{} {name}({});", c_type(result), list.join(", ")).unwrap();
    }
    out.push_str("EXTERN_C_END\n");
    out.push_str("\n/* So that a compiler sees each, and a linker finds it. */\n");
    writeln!(out, "typedef void (*EmuExport)(void);").unwrap();
    writeln!(out, "static const EmuExport EmuExports[] = {{").unwrap();
    for (name, ..) in exports::SIGNATURES {
        writeln!(out, "    (EmuExport){name},").unwrap();
    }
    for name in not_emulated::NOT_EMULATED {
        writeln!(out, "    (EmuExport){name},").unwrap();
    }
    out.push_str("};\n");
    out.push_str("static POBJECT_TYPE *const *const EmuObjectTypes[] = {\n");
    for name in not_emulated::OBJECT_TYPES {
        writeln!(out, "    &{name},").unwrap();
    }
    out.push_str("};\n");
    out
}

/// Every header but those that a tool writes.
fn headers(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            headers(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn layout_asserts_are_those_of_wdm() {
    assert_is_current("include/ntoskrnl_emu/layout_asserts.h", &layout_asserts());
}

#[test]
fn prototypes_are_those_of_the_exports() {
    assert_is_current("tests/c/prototypes.h", &prototypes());
}

#[test]
fn every_routine_that_the_headers_declare_is_exported() {
    let mut paths = Vec::new();
    headers(&root().join("include/ntoskrnl_emu"), &mut paths);
    let text: Vec<_> = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let mut declared: Vec<_> = text
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| match line.split_once(" NTAPI ") {
            Some((_, rest)) => rest.split_once('('),
            None => line
                .strip_prefix("void ")
                .filter(|rest| rest.starts_with("emu_"))?
                .split_once('('),
        })
        .map(|(name, _)| name)
        .collect();
    let mut exported: Vec<_> = exports::SIGNATURES
        .iter()
        .map(|&(name, ..)| name)
        .chain(not_emulated::NOT_EMULATED.iter().copied())
        .collect();
    declared.sort_unstable();
    exported.sort_unstable();
    assert_eq!(declared, exported);
}
