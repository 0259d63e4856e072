//! Resources (`ERESOURCE`): locks that one thread holds exclusively, or several share.
//!
//! Which threads hold a resource and how often stands beside it, by its address; the structure has the
//! counts for code that looks at them. A resource is known by a list link that leads to itself, so
//! memory that was written over is none any more.
//!
//! Threads are served as the documentation of each routine says, but among those that wait, in no order.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::atomic::{AtomicI16, AtomicU16, AtomicU32, AtomicUsize, Ordering};

use wdm::{EResource, NtStatus, STATUS_SUCCESS};

use super::event::refuse_address;
use super::region;
use crate::bug_check::BugCheck;
use crate::dispatcher;
use crate::irql::{self, Limit};
use crate::sanitizer;
use crate::scope;
use crate::stops;
use crate::sync::{Guard, Lock};
use crate::threads;

/// A resource, as this file reads and writes it.
#[repr(C)]
struct Fields {
    flink: AtomicUsize,
    blink: AtomicUsize,
    owner_table: AtomicUsize,
    active_count: AtomicI16,
    flag: AtomicU16,
    shared_waiters: AtomicUsize,
    exclusive_waiters: AtomicUsize,
    owner_thread: AtomicUsize,
    owner_count: AtomicU32,
    padding: AtomicU32,
    active_entries: AtomicU32,
    contention_count: AtomicU32,
    shared_waiter_count: AtomicU32,
    exclusive_waiter_count: AtomicU32,
    reserved: AtomicUsize,
    address: AtomicUsize,
    spin_lock: AtomicUsize,
}

const _: () = {
    assert!(size_of::<Fields>() == size_of::<EResource>());
    assert!(offset_of!(Fields, active_count) == offset_of!(EResource, active_count));
    assert!(offset_of!(Fields, owner_thread) == offset_of!(EResource, owner_thread));
    assert!(offset_of!(Fields, active_entries) == offset_of!(EResource, active_entries));
    assert!(offset_of!(Fields, spin_lock) == offset_of!(EResource, spin_lock));
};

/// What is known of a resource beside it.
#[derive(Default)]
struct Holders {
    /// The threads that hold it, and how often each; one where it is held exclusively.
    threads: Vec<(usize, u32)>,
    is_exclusive: bool,
    waiting_to_share: u32,
    waiting_for_all: u32,
}

impl Holders {
    fn count_of(&self, thread: usize) -> u32 {
        let found = self.threads.iter().find(|one| one.0 == thread);
        found.map_or(0, |one| one.1)
    }

    fn add(&mut self, thread: usize) {
        match self.threads.iter_mut().find(|one| one.0 == thread) {
            Some(one) => one.1 += 1,
            None => self.threads.push((thread, 1)),
        }
    }

    /// Acquires it for a thread alone; whether it did.
    fn take_all(&mut self, thread: usize) -> bool {
        let is_own = self.is_exclusive && self.count_of(thread) > 0;
        if !is_own && !self.threads.is_empty() {
            return false;
        }
        self.is_exclusive = true;
        self.add(thread);
        true
    }

    /// Acquires it shared; whether it did.
    fn share(&mut self, thread: usize, way: Sharing) -> bool {
        let is_own = self.count_of(thread) > 0;
        let waits_behind = self.waiting_for_all > 0
            && match way {
                Sharing::Usual => !is_own,
                Sharing::StarveExclusive => false,
                Sharing::WaitForExclusive => !(is_own && self.is_exclusive),
            };
        if waits_behind || (self.is_exclusive && !is_own) {
            return false;
        }
        self.add(thread);
        true
    }

    /// Releases it once for a thread; whether the thread held it.
    fn release(&mut self, thread: usize) -> bool {
        let Some(place) = self.threads.iter().position(|one| one.0 == thread) else {
            return false;
        };
        self.threads[place].1 -= 1;
        if self.threads[place].1 == 0 {
            self.threads.swap_remove(place);
        }
        self.is_exclusive &= !self.threads.is_empty();
        true
    }
}

/// How a thread that wants to share goes about those that wait to have it exclusively.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// Behind them, unless it holds the resource.
    Usual,
    /// Before them.
    StarveExclusive,
    /// Behind them, also where it shares the resource.
    WaitForExclusive,
}

/// The resources that are initialised, by their addresses.
static RESOURCES: Lock<BTreeMap<usize, Holders>> = Lock::new(BTreeMap::new());
/// How many there are, for code that need not look.
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn resources() -> Guard<BTreeMap<usize, Holders>> {
    RESOURCES.lock()
}

impl Fields {
    /// The fields of a resource; stops where none was initialised.
    ///
    /// # Safety
    ///
    /// Null, or memory of a resource that lives for `'a` and that only these routines write to.
    unsafe fn at<'a>(resource: *mut EResource, routine: &'static str) -> &'a Self {
        refuse_address(resource.addr(), routine);
        // SAFETY: not null and aligned, else by the caller's word; any bytes are good for its fields.
        let fields: &Self = unsafe { &*resource.cast() };
        if !fields.is_known() {
            stops::object_not_initialised(fields.number()).raise();
        }
        fields
    }

    fn number(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether its memory says that it is a resource, and the table says so.
    fn is_known(&self) -> bool {
        // Relaxed: other threads are given a resource by its maker.
        let is_whole = self.flink.load(Ordering::Relaxed) == self.number();
        is_whole && resources().contains_key(&self.number())
    }

    /// Looks at what is known beside it, and shows it in the structure.
    fn with<T>(&self, work: impl FnOnce(&mut Holders) -> T) -> Option<T> {
        let mut resources = resources();
        let holders = resources.get_mut(&self.number())?;
        let value = work(holders);
        // Relaxed, here and below: fields that code may look at, and nothing follows from.
        let active = i16::try_from(holders.threads.len()).unwrap_or(i16::MAX);
        self.active_count.store(active, Ordering::Relaxed);
        let entries = u32::try_from(holders.threads.len()).unwrap_or(u32::MAX);
        self.active_entries.store(entries, Ordering::Relaxed);
        let owner = holders.threads.first().filter(|_| holders.is_exclusive);
        let (thread, count) = owner.copied().unwrap_or((0, 0));
        self.owner_thread.store(thread, Ordering::Relaxed);
        self.owner_count.store(count << 2, Ordering::Relaxed);
        let (shared, all) = (holders.waiting_to_share, holders.waiting_for_all);
        self.shared_waiter_count.store(shared, Ordering::Relaxed);
        self.exclusive_waiter_count.store(all, Ordering::Relaxed);
        Some(value)
    }

    /// Acquires it, or waits, or does not; whether it did.
    fn acquire(
        &self,
        waits: bool,
        is_exclusive: bool,
        take: impl Fn(&mut Holders, usize) -> bool,
    ) -> u8 {
        region::refuse_apcs(stops::resource_with_apcs, self.number(), true);
        let thread = threads::current().addr();
        let attempt = || self.with(|holders| take(holders, thread)).unwrap_or(false);
        if dispatcher::attempt(attempt) {
            sanitizer::acquire(self.number());
            return 1;
        }
        if !waits {
            return 0;
        }
        // It would wait for itself.
        if self.count_of(thread) > 0 {
            stops::acquired_again(self.number()).raise();
        }
        let begin = |step: i32| {
            self.with(|holders| {
                let waiting = match is_exclusive {
                    true => &mut holders.waiting_for_all,
                    false => &mut holders.waiting_to_share,
                };
                *waiting = waiting.saturating_add_signed(step);
            })
        };
        self.contention_count.fetch_add(1, Ordering::Relaxed);
        dispatcher::attempt(|| begin(1));
        dispatcher::wait_until(attempt, || ());
        dispatcher::change(|| begin(-1));
        sanitizer::acquire(self.number());
        1
    }

    fn count_of(&self, thread: usize) -> u32 {
        self.with(|holders| holders.count_of(thread)).unwrap_or(0)
    }

    /// Releases it once; stops where the thread does not hold it.
    fn release(&self, thread: usize) {
        region::refuse_apcs(stops::resource_with_apcs, self.number(), false);
        sanitizer::release(self.number());
        let release = || self.with(|holders| holders.release(thread));
        if dispatcher::change(release) != Some(true) {
            stops::resource_not_owned(self.number(), thread).raise();
        }
    }
}

/// Whether there are any resources.
#[inline]
pub(super) fn are_any() -> bool {
    // Relaxed: a thread that frees a resource's memory knows of the resource.
    COUNT.load(Ordering::Relaxed) != 0
}

/// The bug check for a free of memory that an initialised resource lies in, if there is reason for one.
pub(super) fn in_block(start: usize, bytes: usize) -> Option<BugCheck> {
    if !are_any() {
        return None;
    }
    let resources = resources();
    let (&resource, _) = resources.range(start..start.saturating_add(bytes)).next()?;
    Some(stops::resource_in_block(resource, start, bytes))
}

/// `ExInitializeResourceLite`: makes memory a resource that no thread holds. One that is there already
/// begins anew.
///
/// # Safety
///
/// The memory is a resource's until it is deleted, and no thread uses one that was there.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exinitializeresourcelite`).
pub unsafe extern "system-unwind" fn ExInitializeResourceLite(
    resource: *mut EResource,
) -> NtStatus {
    let limit = &irql::INITIALIZE_RESOURCE;
    limit.check();
    let routine = limit.routine;
    refuse_address(resource.addr(), routine);
    // SAFETY: by the caller's word.
    unsafe { resource.write_bytes(0, 1) };
    // SAFETY: not null and aligned, and by the caller's word.
    let fields: &Fields = unsafe { &*resource.cast() };
    fields.flink.store(fields.number(), Ordering::Relaxed);
    fields.blink.store(fields.number(), Ordering::Relaxed);
    let mut resources = resources();
    resources.insert(fields.number(), Holders::default());
    COUNT.store(resources.len(), Ordering::Relaxed);
    STATUS_SUCCESS
}

/// `ExReinitializeResourceLite`: makes a resource one that no thread holds.
///
/// # Safety
///
/// The resource is initialised, and no thread uses it.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exreinitializeresourcelite`).
pub unsafe extern "system-unwind" fn ExReinitializeResourceLite(
    resource: *mut EResource,
) -> NtStatus {
    let limit = &irql::REINITIALIZE_RESOURCE;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, routine) };
    fields.with(|holders| *holders = Holders::default());
    STATUS_SUCCESS
}

/// `ExDeleteResourceLite`: makes a resource memory again.
///
/// What is no resource is bug check 0xC4 (0xD1, address, 0, 0), and one that a thread holds 0xC4 (0x100B,
/// resource, thread, 0), as under Driver Verifier.
///
/// # Safety
///
/// No thread uses the resource.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exdeleteresourcelite`).
pub unsafe extern "system-unwind" fn ExDeleteResourceLite(resource: *mut EResource) -> NtStatus {
    let limit = &irql::DELETE_RESOURCE;
    limit.check();
    let routine = limit.routine;
    refuse_address(resource.addr(), routine);
    // SAFETY: not null and aligned, else by the caller's word; any bytes are good for its fields.
    let fields: &Fields = unsafe { &*resource.cast() };
    if !fields.is_known() {
        stops::resource_not_initialised(fields.number()).raise();
    }
    let holder = fields.with(|holders| holders.threads.first().map(|one| one.0));
    if let Some(thread) = holder.flatten() {
        stops::deleted_while_held(fields.number(), thread).raise();
    }
    fields.flink.store(0, Ordering::Relaxed);
    let mut resources = resources();
    resources.remove(&fields.number());
    COUNT.store(resources.len(), Ordering::Relaxed);
    STATUS_SUCCESS
}

/// `ExAcquireResourceExclusiveLite`: acquires a resource for the calling thread alone: 1. Where another
/// thread holds it, waits with `wait`, else 0. A thread that has it exclusively gets it once more.
///
/// For a verified driver in no critical region it is 0xC4 (0x37, level, 0, resource); a release is 0x38.
/// One that shares it would wait for itself: bug check 0xC4 (0x1000, resource, 0, 0). What is no resource
/// is 0xC4 (0x1002, address, 0, 0).
///
/// # Safety
///
/// The resource is initialised.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exacquireresourceexclusivelite`).
pub unsafe extern "system-unwind" fn ExAcquireResourceExclusiveLite(
    resource: *mut EResource,
    wait: u8,
) -> u8 {
    let limit = &irql::ACQUIRE_RESOURCE_EXCLUSIVE;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, routine) };
    fields.acquire(wait != 0, true, Holders::take_all)
}

/// Acquires a resource shared.
///
/// # Safety
///
/// The resource is initialised.
unsafe fn share(resource: *mut EResource, wait: u8, way: Sharing, limit: &Limit) -> u8 {
    limit.check();
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, limit.routine) };
    fields.acquire(wait != 0, false, |holders, thread| {
        holders.share(thread, way)
    })
}

/// `ExAcquireResourceSharedLite`: acquires a resource that other threads may share: 1. Where another
/// thread has it exclusively, or waits for that, waits with `wait`, else 0. A thread that holds it gets
/// it once more, as it holds it.
///
/// # Safety
///
/// The resource is initialised.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exacquireresourcesharedlite`).
pub unsafe extern "system-unwind" fn ExAcquireResourceSharedLite(
    resource: *mut EResource,
    wait: u8,
) -> u8 {
    // SAFETY: by the caller's word.
    unsafe {
        share(
            resource,
            wait,
            Sharing::Usual,
            &irql::ACQUIRE_RESOURCE_SHARED,
        )
    }
}

/// `ExAcquireSharedStarveExclusive`: as [`ExAcquireResourceSharedLite`], before threads that wait to have
/// it exclusively.
///
/// # Safety
///
/// The resource is initialised.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exacquiresharedstarveexclusive`).
pub unsafe extern "system-unwind" fn ExAcquireSharedStarveExclusive(
    resource: *mut EResource,
    wait: u8,
) -> u8 {
    let limit = &irql::ACQUIRE_SHARED_STARVE_EXCLUSIVE;
    // SAFETY: by the caller's word.
    unsafe { share(resource, wait, Sharing::StarveExclusive, limit) }
}

/// `ExAcquireSharedWaitForExclusive`: as [`ExAcquireResourceSharedLite`], behind threads that wait to have
/// it exclusively, also where the calling thread shares it: then it would wait for itself, bug check 0xC4
/// (0x1000, resource, 0, 0).
///
/// # Safety
///
/// The resource is initialised.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exacquiresharedwaitforexclusive`).
pub unsafe extern "system-unwind" fn ExAcquireSharedWaitForExclusive(
    resource: *mut EResource,
    wait: u8,
) -> u8 {
    let limit = &irql::ACQUIRE_SHARED_WAIT_FOR_EXCLUSIVE;
    // SAFETY: by the caller's word.
    unsafe { share(resource, wait, Sharing::WaitForExclusive, limit) }
}

/// `ExReleaseResourceLite`: releases a resource once.
///
/// One that the thread does not hold is RESOURCE_NOT_OWNED (0xE3), with the resource and the thread.
///
/// # Safety
///
/// The calling thread holds the resource.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exreleaseresourcelite`).
pub unsafe extern "system-unwind" fn ExReleaseResourceLite(resource: *mut EResource) {
    let limit = &irql::RELEASE_RESOURCE;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, routine) };
    fields.release(threads::current().addr());
}

/// `ExReleaseResourceForThreadLite`: releases a resource once, for the thread that holds it
/// (`ERESOURCE_THREAD`).
///
/// # Safety
///
/// That thread holds the resource.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exreleaseresourceforthreadlite`).
pub unsafe extern "system-unwind" fn ExReleaseResourceForThreadLite(
    resource: *mut EResource,
    thread: usize,
) {
    let limit = &irql::RELEASE_RESOURCE_FOR_THREAD;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    unsafe { Fields::at(resource, routine) }.release(thread);
}

/// `ExConvertExclusiveToSharedLite`: shares a resource that the calling thread has exclusively.
///
/// One that it does not have so is RESOURCE_NOT_OWNED (0xE3).
///
/// # Safety
///
/// The calling thread has the resource exclusively.
///
/// # IRQL
///
/// APC_LEVEL and below (`nf-wdm-exconvertexclusivetosharedlite`).
pub unsafe extern "system-unwind" fn ExConvertExclusiveToSharedLite(resource: *mut EResource) {
    let limit = &irql::CONVERT_RESOURCE;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, routine) };
    let thread = threads::current().addr();
    let convert = || {
        fields.with(|holders| {
            let is_own = holders.is_exclusive && holders.count_of(thread) > 0;
            holders.is_exclusive &= !is_own;
            is_own
        })
    };
    if dispatcher::change(convert) != Some(true) {
        stops::resource_not_owned(fields.number(), thread).raise();
    }
}

/// `ExIsResourceAcquiredExclusiveLite`: 1 where the calling thread has a resource exclusively, else 0.
///
/// # Safety
///
/// The resource is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exisresourceacquiredexclusivelite`).
pub unsafe extern "system-unwind" fn ExIsResourceAcquiredExclusiveLite(
    resource: *mut EResource,
) -> u8 {
    let limit = &irql::IS_RESOURCE_EXCLUSIVE;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, routine) };
    let thread = threads::current().addr();
    let is_own = fields.with(|holders| holders.is_exclusive && holders.count_of(thread) > 0);
    u8::from(is_own == Some(true))
}

/// `ExIsResourceAcquiredSharedLite`: how often the calling thread holds a resource, either way.
///
/// # Safety
///
/// The resource is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exisresourceacquiredsharedlite`).
pub unsafe extern "system-unwind" fn ExIsResourceAcquiredSharedLite(
    resource: *mut EResource,
) -> u32 {
    let limit = &irql::IS_RESOURCE_SHARED;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, routine) };
    fields.count_of(threads::current().addr())
}

/// `ExGetExclusiveWaiterCount`: how many threads wait to have a resource exclusively.
///
/// # Safety
///
/// The resource is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exgetexclusivewaitercount`).
pub unsafe extern "system-unwind" fn ExGetExclusiveWaiterCount(resource: *mut EResource) -> u32 {
    let limit = &irql::EXCLUSIVE_WAITERS;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, routine) };
    fields.with(|holders| holders.waiting_for_all).unwrap_or(0)
}

/// `ExGetSharedWaiterCount`: how many threads wait to share a resource.
///
/// # Safety
///
/// The resource is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exgetsharedwaitercount`).
pub unsafe extern "system-unwind" fn ExGetSharedWaiterCount(resource: *mut EResource) -> u32 {
    let limit = &irql::SHARED_WAITERS;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, routine) };
    fields.with(|holders| holders.waiting_to_share).unwrap_or(0)
}

/// `ExSetResourceOwnerPointer`: what the calling thread holds is held by an owner that is no thread, which
/// `ExReleaseResourceForThreadLite` names.
///
/// # Safety
///
/// The calling thread holds the resource.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-wdm-exsetresourceownerpointer`).
pub unsafe extern "system-unwind" fn ExSetResourceOwnerPointer(
    resource: *mut EResource,
    owner: *mut c_void,
) {
    let limit = &irql::SET_RESOURCE_OWNER;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let fields = unsafe { Fields::at(resource, routine) };
    let thread = threads::current().addr();
    let renamed = fields.with(|holders| {
        let found = holders.threads.iter_mut().find(|one| one.0 == thread);
        found.map(|one| one.0 = owner.addr()).is_some()
    });
    if renamed != Some(true) {
        stops::resource_not_owned(fields.number(), thread).raise();
    }
}

/// `ExDisableResourceBoostLite`: nothing, for threads have no priorities here.
///
/// # Safety
///
/// The resource is initialised.
///
/// # IRQL
///
/// DISPATCH_LEVEL and below (`nf-ntddk-exdisableresourceboostlite`).
pub unsafe extern "system-unwind" fn ExDisableResourceBoostLite(resource: *mut EResource) {
    let limit = &irql::DISABLE_RESOURCE_BOOST;
    limit.check();
    let routine = limit.routine;
    // SAFETY: by the caller's word.
    let _ = unsafe { Fields::at(resource, routine) };
    scope::calling(routine);
}
