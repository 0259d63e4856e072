//! Objects that threads wait for, and the locks that are made of them.
//!
//! The documentation calls these structures opaque, and `wdm.h` declares them, since drivers lay them
//! into memory of their own. Their sizes and offsets are facts of that header; what the emulation
//! writes into them is its own affair, but for the fields that a comment names.

use core::ffi::c_void;
use core::mem::{align_of, offset_of, size_of};

use crate::ListEntry;

/// `DISPATCHER_HEADER`: what begins each object that threads wait for.
#[repr(C)]
#[derive(Debug)]
pub struct DispatcherHeader {
    /// Which object it is. An event has its `EVENT_TYPE` here.
    pub kind: u8,
    /// Flags of some objects.
    pub flags: u8,
    /// Bytes of the object, divided by four.
    pub size: u8,
    /// Flags of some objects.
    pub more_flags: u8,
    /// Above zero where the object is signalled.
    pub signal_state: i32,
    /// The threads that wait.
    pub wait_list_head: ListEntry,
}

/// `KEVENT`: an event.
#[repr(C)]
#[derive(Debug)]
pub struct KEvent {
    /// What begins each object that threads wait for.
    pub header: DispatcherHeader,
}

/// `KSEMAPHORE`: a counter that threads wait for.
#[repr(C)]
#[derive(Debug)]
pub struct KSemaphore {
    /// What begins each object that threads wait for.
    pub header: DispatcherHeader,
    /// The greatest count.
    pub limit: i32,
}

/// `KMUTEX`: a mutex that its owner can acquire again.
#[repr(C)]
#[derive(Debug)]
pub struct KMutex {
    /// What begins each object that threads wait for.
    pub header: DispatcherHeader,
    /// The mutexes of one owner.
    pub list_entry: ListEntry,
    /// The thread that holds it.
    pub owner: *mut c_void,
    /// Whether its owner ended.
    pub abandoned: u8,
    /// How far it holds APCs off.
    pub apc_disable: u8,
}

/// `FAST_MUTEX`: a mutex that its owner cannot acquire again. `ExInitializeFastMutex` is inline in
/// `wdm.h` and writes `count` (1), `owner`, `contention` and `event`.
#[repr(C)]
#[derive(Debug)]
pub struct FastMutex {
    /// 1 where it is free.
    pub count: i32,
    /// The thread that holds it.
    pub owner: *mut c_void,
    /// How often a thread had to wait.
    pub contention: u32,
    /// What threads wait for.
    pub event: KEvent,
    /// The level before the owner acquired it.
    pub old_irql: u32,
}

/// `KGUARDED_MUTEX`: a mutex whose owner is in a guarded region.
#[repr(C)]
#[derive(Debug)]
pub struct KGuardedMutex {
    /// 1 where it is free.
    pub count: i32,
    /// The thread that holds it.
    pub owner: *mut c_void,
    /// How often a thread had to wait.
    pub contention: u32,
    /// What threads wait for.
    pub gate: KEvent,
    /// Counts of the owner.
    pub apc_disable: u32,
}

/// `KLOCK_QUEUE_HANDLE`: one holding of an in-stack queued spin lock.
#[repr(C)]
#[derive(Debug)]
pub struct KLockQueueHandle {
    /// The next holder.
    pub next: *mut c_void,
    /// The lock.
    pub lock: *mut usize,
    /// The level before.
    pub old_irql: u8,
}

/// `SINGLE_LIST_ENTRY`: a link of a singly linked list.
#[repr(C)]
#[derive(Debug)]
pub struct SingleListEntry {
    /// The next link, or null.
    pub next: *mut SingleListEntry,
}

/// `ERESOURCE`: a lock that is held exclusively, or shared.
#[repr(C)]
#[derive(Debug)]
pub struct EResource {
    /// All resources of the system.
    pub system_resources_list: ListEntry,
    /// The threads that hold it, besides `owner_entry`.
    pub owner_table: *mut c_void,
    /// How many threads hold it.
    pub active_count: i16,
    /// Flags.
    pub flag: u16,
    /// What threads that want to share it wait for.
    pub shared_waiters: *mut c_void,
    /// What threads that want to have it exclusively wait for.
    pub exclusive_waiters: *mut c_void,
    /// The thread that holds it exclusively.
    pub owner_thread: usize,
    /// How often that thread holds it, above two flags.
    pub owner_count: u32,
    /// Nothing.
    pub padding: u32,
    /// How many threads hold it.
    pub active_entries: u32,
    /// How often a thread had to wait.
    pub contention_count: u32,
    /// How many threads wait to share it.
    pub shared_waiter_count: u32,
    /// How many threads wait to have it exclusively.
    pub exclusive_waiter_count: u32,
    /// Reserved.
    pub reserved: *mut c_void,
    /// Where it was made.
    pub address: *mut c_void,
    /// What guards it.
    pub spin_lock: usize,
}

const _: () = {
    assert!(size_of::<DispatcherHeader>() == 24 && align_of::<DispatcherHeader>() == 8);
    assert!(offset_of!(DispatcherHeader, signal_state) == 4);
    assert!(offset_of!(DispatcherHeader, wait_list_head) == 8);
    assert!(size_of::<KEvent>() == 24 && size_of::<KSemaphore>() == 32);
    assert!(size_of::<KMutex>() == 56 && offset_of!(KMutex, owner) == 40);
    assert!(size_of::<FastMutex>() == 56 && offset_of!(FastMutex, event) == 24);
    assert!(offset_of!(FastMutex, old_irql) == 48);
    assert!(size_of::<KGuardedMutex>() == 56 && offset_of!(KGuardedMutex, gate) == 24);
    assert!(size_of::<KLockQueueHandle>() == 24 && offset_of!(KLockQueueHandle, old_irql) == 16);
    assert!(size_of::<SingleListEntry>() == 8);
    assert!(size_of::<EResource>() == 0x68 && offset_of!(EResource, owner_thread) == 0x30);
    assert!(offset_of!(EResource, active_entries) == 0x40);
    assert!(offset_of!(EResource, spin_lock) == 0x60);
};
