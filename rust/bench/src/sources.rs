//! The contenders: what gives entries and takes them back.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};

use ntoskrnl_emu::{ExAllocatePoolWithTag, ExFreePoolWithTag, host};
use win_lookaside::{
    AllocateFunctionEx, FreeFunctionEx, LocalLookasideAlloc, LookasideAlloc, LookasideList,
    PoolType, Stats,
};

/// How many entries a list keeps, unless a case says otherwise.
pub const DEPTH: u16 = 256;
const POOL: PoolType = PoolType::NON_PAGED_POOL_NX;
const TAG: u32 = u32::from_ne_bytes(*b"Bnch");

/// Gives entries and takes them back. Each contender is called through this trait's table, so that
/// none is inlined: the call is the same for all.
pub trait Source {
    /// An entry of the size that the source was made for.
    fn alloc(&self) -> *mut u8;

    /// # Safety
    ///
    /// `entry` came from `alloc` of this source and is not freed yet.
    unsafe fn free(&self, entry: *mut u8);

    /// What the source has counted since it was made, if it counts.
    fn counts(&self) -> Option<Counts> {
        None
    }
}

/// A contender that several threads may use at once.
pub type SharedContender = (&'static str, fn(usize) -> Box<dyn Source + Sync>);

/// Calls, and those of them that missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Allocations.
    pub allocates: u32,
    /// Allocations that missed.
    pub misses: u32,
    /// Frees.
    pub frees: u32,
}

impl From<Stats> for Counts {
    fn from(stats: Stats) -> Self {
        Self {
            allocates: stats.total_allocates,
            misses: stats.allocate_misses,
            frees: stats.total_frees,
        }
    }
}

/// A shared list that keeps at most so many entries.
pub fn shared_list(bytes: usize, depth: u16) -> LookasideAlloc {
    let list = LookasideAlloc::try_new(bytes, POOL, Some(TAG), None, None, None);
    let list = list.expect("a list can be made").into_raw();
    let list = list.expect("it has one");
    // SAFETY: initialised, and nothing else knows it.
    unsafe { host::set_depth(list.as_ptr(), depth) };
    // SAFETY: from `into_raw` of the same kind of handle.
    unsafe { LookasideAlloc::from_raw(list) }
}

/// A confined list that keeps at most so many entries.
pub fn confined_list(bytes: usize, depth: u16) -> LocalLookasideAlloc {
    let list = LocalLookasideAlloc::try_new(bytes, POOL, Some(TAG), None, None, None);
    deepened(list.expect("a list can be made"), depth)
}

fn deepened(list: LocalLookasideAlloc, depth: u16) -> LocalLookasideAlloc {
    let list = list.into_raw().expect("it has one");
    // SAFETY: initialised, and nothing else knows it.
    unsafe { host::set_depth(list.as_ptr(), depth) };
    // SAFETY: from `into_raw` of the same kind of handle.
    unsafe { LocalLookasideAlloc::from_raw(list) }
}

unsafe extern "system" fn allocate_from_pool(
    pool_type: PoolType,
    bytes: usize,
    tag: u32,
    _list: *mut LookasideList,
) -> *mut c_void {
    // SAFETY: size and tag are not 0.
    unsafe { ExAllocatePoolWithTag(pool_type, bytes, tag) }
}

unsafe extern "system" fn free_to_pool(entry: *mut c_void, _list: *mut LookasideList) {
    // SAFETY: the list's entries are pool blocks of this tag.
    unsafe { ExFreePoolWithTag(entry, TAG) }
}

/// A confined list whose callbacks take pool, as those of most drivers do.
pub fn callback_list(bytes: usize, depth: u16) -> LocalLookasideAlloc {
    // SAFETY: entries are pool blocks of the size asked for; the routine leaves the level alone and has
    // no context.
    let allocate = unsafe { AllocateFunctionEx::new(allocate_from_pool) };
    // SAFETY: it takes what the routine above made.
    let free = unsafe { FreeFunctionEx::new(free_to_pool) };
    let list =
        LocalLookasideAlloc::try_new(bytes, POOL, Some(TAG), None, Some(allocate), Some(free));
    deepened(list.expect("a list can be made"), depth)
}

macro_rules! source_of_list {
    ($list:ty) => {
        impl Source for $list {
            fn alloc(&self) -> *mut u8 {
                <$list>::alloc(self)
            }

            unsafe fn free(&self, entry: *mut u8) {
                // SAFETY: the caller's word.
                unsafe { <$list>::free(self, entry) };
            }

            fn counts(&self) -> Option<Counts> {
                self.stats().map(Counts::from)
            }
        }
    };
}
source_of_list!(LookasideAlloc);
source_of_list!(LocalLookasideAlloc);

/// Pool blocks without a list.
pub struct Pool {
    bytes: usize,
}

impl Pool {
    /// Blocks of so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { bytes }
    }
}

impl Source for Pool {
    fn alloc(&self) -> *mut u8 {
        // SAFETY: size and tag are not 0.
        unsafe { ExAllocatePoolWithTag(POOL, self.bytes, TAG) }.cast()
    }

    unsafe fn free(&self, entry: *mut u8) {
        // SAFETY: a block of this tag, by the caller's word.
        unsafe { ExFreePoolWithTag(entry.cast(), TAG) };
    }
}

/// A linked list with a limit and the counters of a lookaside list, and no check of anything.
#[derive(Default)]
struct Plain {
    first: Option<NonNull<Link>>,
    current: u16,
    depth: u16,
    total_allocates: u32,
    allocate_misses: u32,
    total_frees: u32,
    free_misses: u32,
}

struct Link {
    next: Option<NonNull<Link>>,
}

impl Plain {
    #[inline(always)]
    fn pop(&mut self) -> *mut u8 {
        self.total_allocates = self.total_allocates.wrapping_add(1);
        let Some(first) = self.first else {
            self.allocate_misses = self.allocate_misses.wrapping_add(1);
            return null_mut();
        };
        // SAFETY: an entry that the list keeps begins with its link.
        self.first = unsafe { first.as_ref() }.next;
        self.current = self.current.wrapping_sub(1);
        first.as_ptr().cast()
    }

    /// Returns whether the list keeps the entry.
    ///
    /// # Safety
    ///
    /// `entry` is not null, nothing uses it any more, and a link fits it.
    #[inline(always)]
    unsafe fn push(&mut self, entry: *mut u8) -> bool {
        self.total_frees = self.total_frees.wrapping_add(1);
        if self.current >= self.depth {
            self.free_misses = self.free_misses.wrapping_add(1);
            return false;
        }
        let link = entry.cast::<Link>();
        // SAFETY: the list's from here on, and large enough, by the caller's word.
        unsafe { link.write(Link { next: self.first }) };
        self.first = NonNull::new(link);
        self.current = self.current.wrapping_add(1);
        true
    }

    fn counts(&self) -> Counts {
        Counts {
            allocates: self.total_allocates,
            misses: self.allocate_misses,
            frees: self.total_frees,
        }
    }
}

// SAFETY: the list owns its entries, and no thread has a claim on another's.
unsafe impl Send for Plain {}

fn layout(bytes: usize) -> Layout {
    Layout::from_size_align(bytes, 16).expect("a small size and 16 are a layout")
}

/// The floor: such a list without a lock.
pub struct Floor {
    list: Cell<Plain>,
    layout: Layout,
}

impl Floor {
    /// Entries of so many bytes.
    pub fn new(bytes: usize, depth: u16) -> Self {
        let list = Plain {
            depth,
            ..Plain::default()
        };
        Self {
            list: Cell::new(list),
            layout: layout(bytes),
        }
    }

    /// The list, as one thread has it.
    #[expect(clippy::mut_from_ref, reason = "each call ends before the next begins")]
    #[inline(always)]
    fn list(&self) -> &mut Plain {
        // SAFETY: the source is not `Sync`, and no call is made while another is under way.
        unsafe { &mut *self.list.as_ptr() }
    }
}

impl Source for Floor {
    fn alloc(&self) -> *mut u8 {
        let entry = self.list().pop();
        if !entry.is_null() {
            return entry;
        }
        // SAFETY: the size is not zero.
        unsafe { std::alloc::System.alloc(self.layout) }
    }

    unsafe fn free(&self, entry: *mut u8) {
        // SAFETY: by the caller's word; sizes are at least 8.
        if !unsafe { self.list().push(entry) } {
            // SAFETY: made by `alloc`, with this layout.
            unsafe { std::alloc::System.dealloc(entry, self.layout) };
        }
    }

    fn counts(&self) -> Option<Counts> {
        Some(self.list().counts())
    }
}

/// The locking of win-lookaside 0.1: a `spin::Mutex` around every call, here over the floor's list.
pub struct Locked {
    list: spin::Mutex<Plain>,
    layout: Layout,
}

impl Locked {
    /// Entries of so many bytes.
    pub fn new(bytes: usize, depth: u16) -> Self {
        Self {
            list: spin::Mutex::new(Plain {
                depth,
                ..Plain::default()
            }),
            layout: layout(bytes),
        }
    }
}

impl Source for Locked {
    fn alloc(&self) -> *mut u8 {
        let entry = self.list.lock().pop();
        if !entry.is_null() {
            return entry;
        }
        // SAFETY: the size is not zero.
        unsafe { std::alloc::System.alloc(self.layout) }
    }

    unsafe fn free(&self, entry: *mut u8) {
        // SAFETY: by the caller's word; sizes are at least 8.
        let is_kept = unsafe { self.list.lock().push(entry) };
        if !is_kept {
            // SAFETY: made by `alloc`, with this layout.
            unsafe { std::alloc::System.dealloc(entry, self.layout) };
        }
    }

    fn counts(&self) -> Option<Counts> {
        Some(self.list.lock().counts())
    }
}

/// The floor of whatever takes a lock: a compare-and-swap and a releasing store around next to nothing,
/// twice a pair. Its entries are places in a row, taken from the end.
pub struct TwoSections {
    lock: AtomicU64,
    held: Cell<usize>,
    memory: Vec<u64>,
    words: usize,
}

impl TwoSections {
    /// Entries of so many bytes.
    pub fn new(bytes: usize) -> Self {
        let words = bytes.div_ceil(8);
        Self {
            lock: AtomicU64::new(0),
            held: Cell::new(0),
            memory: vec![0; words * usize::from(DEPTH)],
            words,
        }
    }

    #[inline(always)]
    fn section<R>(&self, work: impl FnOnce() -> R) -> R {
        while self
            .lock
            .compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {}
        let result = work();
        self.lock.store(0, Ordering::Release);
        result
    }
}

impl Source for TwoSections {
    fn alloc(&self) -> *mut u8 {
        let place = self.section(|| self.held.replace(self.held.get().wrapping_add(1)));
        let place = place % usize::from(DEPTH) * self.words;
        self.memory.as_ptr().wrapping_add(place).cast_mut().cast()
    }

    unsafe fn free(&self, _entry: *mut u8) {
        self.section(|| self.held.set(self.held.get().wrapping_sub(1)));
    }
}

/// An allocator of the whole process.
pub struct Malloc<A> {
    allocator: A,
    layout: Layout,
}

impl<A: GlobalAlloc> Malloc<A> {
    /// Blocks of so many bytes.
    pub fn new(allocator: A, bytes: usize) -> Self {
        let layout = layout(bytes);
        Self { allocator, layout }
    }
}

impl<A: GlobalAlloc> Source for Malloc<A> {
    fn alloc(&self) -> *mut u8 {
        // SAFETY: the size is not zero.
        unsafe { self.allocator.alloc(self.layout) }
    }

    unsafe fn free(&self, entry: *mut u8) {
        // SAFETY: by the caller's word; one layout only.
        unsafe { self.allocator.dealloc(entry, self.layout) };
    }
}

/// `slab`: values of 64 bytes in a vector, by index. An entry is an index, as an address.
#[derive(Default)]
pub struct Slab(Cell<slab::Slab<[u64; 8]>>);

impl Slab {
    /// The slab, as one thread has it.
    #[expect(clippy::mut_from_ref, reason = "each call ends before the next begins")]
    fn slab(&self) -> &mut slab::Slab<[u64; 8]> {
        // SAFETY: the source is not `Sync`, and no call is made while another is under way.
        unsafe { &mut *self.0.as_ptr() }
    }

    /// As the patterns use an entry: a value comes, is read, and goes. Returns what was read.
    pub fn insert(&self, value: u8) -> (usize, u8) {
        let slab = self.slab();
        let key = slab.insert([u64::from(value); 8]);
        let read = slab.get(key).map_or(0, |value| value[0] as u8);
        (key, read)
    }

    /// Takes a value out.
    pub fn remove(&self, key: usize) {
        self.slab().remove(key);
    }
}

/// The allocators that are peers, the system's first.
pub fn mallocs() -> Vec<SharedContender> {
    vec![
        ("glibc", |bytes| {
            Box::new(Malloc::new(std::alloc::System, bytes))
        }),
        #[cfg(feature = "peers")]
        ("mimalloc", |bytes| {
            Box::new(Malloc::new(mimalloc::MiMalloc, bytes))
        }),
        #[cfg(feature = "peers")]
        ("jemalloc", |bytes| {
            Box::new(Malloc::new(tikv_jemallocator::Jemalloc, bytes))
        }),
        #[cfg(feature = "peers")]
        ("snmalloc", |bytes| {
            Box::new(Malloc::new(snmalloc_rs::SnMalloc, bytes))
        }),
    ]
}

/// The lists that any thread may use: ours and that of win-lookaside 0.1.
pub const SHARED_LISTS: [SharedContender; 2] = [
    ("LookasideAlloc", |bytes| {
        Box::new(shared_list(bytes, DEPTH))
    }),
    ("locking of 0.1", |bytes| {
        Box::new(Locked::new(bytes, DEPTH))
    }),
];

/// The contenders for one thread, for so many bytes.
pub fn alone(bytes: usize) -> Vec<(&'static str, Box<dyn Source>)> {
    let mut sources: Vec<(_, Box<dyn Source>)> = vec![
        ("LocalLookasideAlloc", Box::new(confined_list(bytes, DEPTH))),
        ("LookasideAlloc", Box::new(shared_list(bytes, DEPTH))),
        ("locking of 0.1", Box::new(Locked::new(bytes, DEPTH))),
        ("two CAS sections", Box::new(TwoSections::new(bytes))),
        ("floor", Box::new(Floor::new(bytes, DEPTH))),
    ];
    for (name, make) in mallocs() {
        sources.push((name, make(bytes)));
    }
    sources
}
