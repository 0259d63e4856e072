//! Framework objects (KMDF) as far as memory and lists need them: contexts, parents, references, and
//! the order of deletion.
//!
//! A handle is a number that is never given twice, so one of an object that is gone is known. Each
//! object takes a block of nonpaged pool, as big as its context, so that a creation can be made to
//! fail, and an object that is left shows. An object without a parent of its own belongs to the
//! framework driver object of the driver that is current, or, before there is one, to the driver.
//!
//! Source of the rules, where none is named: `framework-object-life-cycle`,
//! `framework-object-creation-errors` and the pages of the routines, under
//! `learn.microsoft.com/windows-hardware/drivers`.

pub(crate) mod lock;
pub(crate) mod lookaside;
pub(crate) mod memory;
pub(crate) mod object;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

use wdm::{
    NtStatus, PoolType, STATUS_DELETE_PENDING, STATUS_INFO_LENGTH_MISMATCH,
    STATUS_INSUFFICIENT_RESOURCES, STATUS_SUCCESS, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID,
};

use crate::bug_check::BugCheck;
use crate::routines::pool::{ExAllocatePoolWithTag, ExFreePoolWithTag};
use crate::scope;
use crate::stops;
use crate::sync::{Lock, global};

/// A handle of any object (`WDFOBJECT`).
pub type WdfObject = *mut c_void;

/// A function of a driver that is called with an object: of its cleanup, or of its end.
pub type WdfObjectCallback = unsafe extern "C-unwind" fn(WdfObject);

/// `WDF_OBJECT_CONTEXT_TYPE_INFO`.
#[repr(C)]
#[derive(Debug)]
pub struct WdfContextTypeInfo {
    size: u32,
    name: *const c_char,
    context_size: usize,
    unique: *const WdfContextTypeInfo,
    get_unique: *const c_void,
}

/// `WDF_OBJECT_ATTRIBUTES`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct WdfObjectAttributes {
    size: u32,
    cleanup: Option<WdfObjectCallback>,
    destroy: Option<WdfObjectCallback>,
    execution_level: u32,
    synchronization_scope: u32,
    parent: WdfObject,
    context_size: usize,
    context_type: *const WdfContextTypeInfo,
}

const ATTRIBUTES_BYTES: usize = size_of::<WdfObjectAttributes>();
const TYPE_INFO_BYTES: usize = size_of::<WdfContextTypeInfo>();
// What the headers assert, too.
const _: () = assert!(ATTRIBUTES_BYTES == 56 && TYPE_INFO_BYTES == 40);

/// The highest value of `WDF_EXECUTION_LEVEL`, and of `WDF_SYNCHRONIZATION_SCOPE`; 0 is none.
const MOST_EXECUTION_LEVEL: u32 = 3;
const MOST_SYNCHRONIZATION_SCOPE: u32 = 4;

/// The tag of what belongs to a driver that has too short a name for one: 'FxDr'.
const FRAMEWORK_TAG: u32 = u32::from_le_bytes(*b"FxDr");

/// What an object is. The numbers of the first few are `emu_wdf_create`'s.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    General,
    Device,
    FileObject,
    Queue,
    Request,
    Driver,
    Memory,
    Lookaside,
    SpinLock,
    WaitLock,
}

/// Where a buffer goes when its object does.
#[derive(Clone, Copy)]
enum Origin {
    /// To pool.
    Pool,
    /// To the list of a lookaside object, which has this handle.
    List(lookaside::List, usize),
    /// Nowhere: it is the driver's own.
    Driver,
}

/// The buffer of a memory object.
#[derive(Clone, Copy)]
struct Buffer {
    address: usize,
    bytes: usize,
    origin: Origin,
}

impl Buffer {
    /// Gives the buffer back; the handle of the object whose list it was of.
    fn give_back(self) -> Option<usize> {
        match self.origin {
            Origin::Pool => {
                let block = std::ptr::with_exposed_provenance_mut(self.address);
                // SAFETY: a block of `WdfMemoryCreate`, whose object is gone. Tag 0 is any.
                unsafe { ExFreePoolWithTag(block, 0) };
                None
            }
            Origin::List(list, lookaside) => {
                list.free(self.address);
                Some(lookaside)
            }
            Origin::Driver => None,
        }
    }
}

/// What an object of a kind has beside its contexts.
#[derive(Clone)]
enum Body {
    Nothing,
    Driver(object::DriverBody),
    Memory(Buffer),
    Lookaside(lookaside::List),
    SpinLock(Arc<lock::SpinLock>),
    WaitLock(Arc<lock::WaitLock>),
}

/// How far the end of an object is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    Alive,
    /// It is marked, and its cleanup callbacks run or have run.
    Ending,
    /// The last reference is gone; its destroy callbacks run.
    Gone,
}

/// One context of an object, with the callbacks that came with it.
struct Context {
    /// The address of its type's description; 0 for callbacks without a context.
    unique: usize,
    /// Its memory, a block of pool; 0 for none.
    memory: usize,
    cleanup: Option<WdfObjectCallback>,
    destroy: Option<WdfObjectCallback>,
}

/// An object.
struct Object {
    kind: Kind,
    driver: u32,
    /// The handle of its parent; 0 for none.
    parent: usize,
    children: BTreeSet<usize>,
    references: u32,
    life: Life,
    /// In the order in which they came.
    contexts: Vec<Context>,
    tag: u32,
    body: Body,
}

/// All objects, by handle: later ones have greater handles.
struct Table {
    last: usize,
    objects: BTreeMap<usize, Object>,
    /// The framework driver object of each driver that has one.
    drivers: BTreeMap<u32, usize>,
    /// The object of each context, by its memory.
    contexts: BTreeMap<usize, usize>,
}

impl Table {
    const EMPTY: Self = Self {
        last: 0x5744_4600,
        objects: BTreeMap::new(),
        drivers: BTreeMap::new(),
        contexts: BTreeMap::new(),
    };

    /// Takes an object in, below its parent.
    fn insert(&mut self, mut object: Object) -> usize {
        if object.parent == 0 && object.kind != Kind::Driver {
            object.parent = self.drivers.get(&object.driver).copied().unwrap_or(0);
        }
        self.last = self.last.wrapping_add(8);
        let handle = self.last;
        if let Some(parent) = self.objects.get_mut(&object.parent) {
            parent.children.insert(handle);
        }
        if object.kind == Kind::Driver {
            self.drivers.insert(object.driver, handle);
        }
        for context in &object.contexts {
            self.contexts.insert(context.memory, handle);
        }
        self.objects.insert(handle, object);
        handle
    }

    /// Takes an object out.
    fn remove(&mut self, handle: usize) -> Option<Object> {
        let object = self.objects.remove(&handle)?;
        if let Some(parent) = self.objects.get_mut(&object.parent) {
            parent.children.remove(&handle);
        }
        if object.kind == Kind::Driver {
            self.drivers.remove(&object.driver);
        }
        for context in &object.contexts {
            self.contexts.remove(&context.memory);
        }
        Some(object)
    }
}

global! {
    static TABLE: Lock<Table> = Lock::new(Table::EMPTY);
}

/// Stops for a handle that is no object of the kind that the routine takes.
#[cold]
fn not_an_object(routine: &'static str, object: usize) -> ! {
    scope::calling(routine);
    stops::wdf_wrong_handle(object).raise()
}

/// Stops for a pointer that must not be null.
#[cold]
fn null_argument(routine: &'static str) -> ! {
    scope::calling(routine);
    stops::wdf_null().raise()
}

/// The body of an object, for a routine that takes objects of one kind.
fn body_of(routine: &'static str, object: WdfObject, wanted: Kind) -> Body {
    let handle = object.addr();
    let found = match TABLE.lock().objects.get(&handle) {
        Some(found) if found.kind == wanted && found.life != Life::Gone => Some(found.body.clone()),
        _ => None,
    };
    found.unwrap_or_else(|| not_an_object(routine, handle))
}

/// The tag for what a driver gives none: of its framework driver object, else of its name.
fn default_tag(driver: u32) -> u32 {
    let chosen = {
        let table = TABLE.lock();
        let own = table
            .drivers
            .get(&driver)
            .and_then(|handle| table.objects.get(handle));
        own.and_then(|object| match object.body {
            Body::Driver(body) => Some(body.tag),
            _ => None,
        })
    };
    if let Some(tag) = chosen.filter(|&tag| tag != 0) {
        return tag;
    }
    let name = scope::driver_name(driver);
    let service = name.strip_suffix(".sys").unwrap_or(&name).as_bytes();
    let rest = match service {
        [b'w' | b'W', b'd' | b'D', b'f' | b'F', rest @ ..] => rest,
        whole => whole,
    };
    match rest {
        [first, second, third, fourth, ..] => {
            u32::from_le_bytes([*first, *second, *third, *fourth])
        }
        _ => FRAMEWORK_TAG,
    }
}

/// The attributes that a driver gave, judged.
#[derive(Clone, Copy)]
struct Judged {
    parent: usize,
    context_bytes: usize,
    unique: usize,
    cleanup: Option<WdfObjectCallback>,
    destroy: Option<WdfObjectCallback>,
}

impl Judged {
    const NONE: Self = Self {
        parent: 0,
        context_bytes: 0,
        unique: 0,
        cleanup: None,
        destroy: None,
    };

    /// Judges attributes; a null pointer stands for none.
    ///
    /// # Errors
    ///
    /// As `framework-object-creation-errors` lists them.
    ///
    /// # Safety
    ///
    /// The attributes are null or readable, and so is the type's description in them.
    unsafe fn of(attributes: *const WdfObjectAttributes) -> Result<Self, NtStatus> {
        // SAFETY: null or readable, by the caller's word.
        let Some(attributes) = (unsafe { attributes.as_ref() }) else {
            return Ok(Self::NONE);
        };
        if attributes.size as usize != ATTRIBUTES_BYTES {
            return Err(STATUS_INFO_LENGTH_MISMATCH);
        }
        if !(1..=MOST_EXECUTION_LEVEL).contains(&attributes.execution_level)
            || !(1..=MOST_SYNCHRONIZATION_SCOPE).contains(&attributes.synchronization_scope)
        {
            return Err(STATUS_WDF_OBJECT_ATTRIBUTES_INVALID);
        }
        let mut judged = Self {
            parent: attributes.parent.addr(),
            cleanup: attributes.cleanup,
            destroy: attributes.destroy,
            ..Self::NONE
        };
        // SAFETY: null or readable, by the caller's word.
        match unsafe { attributes.context_type.as_ref() } {
            None if attributes.context_size == 0 => {}
            Some(info) if info.size as usize != TYPE_INFO_BYTES => {
                return Err(STATUS_INFO_LENGTH_MISMATCH);
            }
            Some(info)
                if info.context_size != 0
                    && !info.name.is_null()
                    && (attributes.context_size == 0
                        || attributes.context_size >= info.context_size) =>
            {
                judged.context_bytes = attributes.context_size.max(info.context_size);
                judged.unique = if info.unique.is_null() {
                    std::ptr::from_ref(info).addr()
                } else {
                    info.unique.addr()
                };
            }
            _ => return Err(STATUS_WDF_OBJECT_ATTRIBUTES_INVALID),
        }
        Ok(judged)
    }
}

/// A zeroed block of pool for a context, or for an object without one.
fn context_block(bytes: usize, tag: u32) -> Result<usize, NtStatus> {
    let bytes = bytes.max(1);
    // SAFETY: no obligations but to free the block.
    let block = unsafe { ExAllocatePoolWithTag(PoolType::NON_PAGED_POOL_NX, bytes, tag) };
    if block.is_null() {
        return Err(STATUS_INSUFFICIENT_RESOURCES);
    }
    // SAFETY: a new block of so many bytes.
    unsafe { block.cast::<u8>().write_bytes(0, bytes) };
    Ok(block.expose_provenance())
}

/// Makes an object.
///
/// # Errors
///
/// As the attributes were judged; STATUS_DELETE_PENDING for a parent that is being deleted;
/// STATUS_INSUFFICIENT_RESOURCES where pool fails. Then there is no object, and the body is the
/// caller's.
fn create(
    routine: &'static str,
    kind: Kind,
    judged: &Judged,
    body: impl FnOnce() -> Result<Body, NtStatus>,
) -> Result<WdfObject, NtStatus> {
    let driver = scope::driver();
    {
        let table = TABLE.lock();
        let parent = table.objects.get(&judged.parent);
        let is_known = judged.parent == 0 || parent.is_some_and(|it| it.driver == driver);
        let is_alive = parent.is_none_or(|it| it.life == Life::Alive);
        drop(table);
        if !is_known {
            not_an_object(routine, judged.parent);
        }
        if !is_alive {
            return Err(STATUS_DELETE_PENDING);
        }
    }
    let tag = default_tag(driver);
    let memory = context_block(judged.context_bytes, tag)?;
    let body = match body() {
        Ok(body) => body,
        Err(status) => {
            free_block(memory, tag);
            return Err(status);
        }
    };
    let context = Context {
        unique: judged.unique,
        memory,
        cleanup: judged.cleanup,
        destroy: judged.destroy,
    };
    let handle = TABLE.lock().insert(Object {
        kind,
        driver,
        parent: judged.parent,
        children: BTreeSet::new(),
        references: 1,
        life: Life::Alive,
        contexts: vec![context],
        tag,
        body,
    });
    Ok(std::ptr::without_provenance_mut(handle))
}

fn free_block(block: usize, tag: u32) {
    if block != 0 {
        let block = std::ptr::with_exposed_provenance_mut(block);
        // SAFETY: a block of `context_block`, which nothing uses any more.
        unsafe { ExFreePoolWithTag(block, tag) };
    }
}

/// Marks an object and all below it, and gives those that were alive: children before parents, and of
/// the children of one object the newest first, which is ours.
fn mark(handle: usize) -> Vec<usize> {
    let mut table = TABLE.lock();
    let mut marked = Vec::new();
    let mut waiting = vec![handle];
    while let Some(one) = waiting.pop() {
        let Some(object) = table.objects.get_mut(&one) else {
            continue;
        };
        if object.life == Life::Alive {
            object.life = Life::Ending;
            marked.push(one);
        }
        waiting.extend(object.children.iter().rev());
    }
    // Each object was marked before those below it, and before the newer ones beside it.
    marked.reverse();
    marked
}

/// What one of an object's contexts has to be told.
fn callbacks(
    handle: usize,
    which: impl Fn(&Context) -> Option<WdfObjectCallback>,
) -> Vec<WdfObjectCallback> {
    let table = TABLE.lock();
    let object = table.objects.get(&handle);
    object.map_or(Vec::new(), |object| {
        object.contexts.iter().rev().filter_map(which).collect()
    })
}

/// Ends an object and all below it: cleanup callbacks, then what has no reference left is destroyed.
fn end(handle: usize) {
    let order = mark(handle);
    for &one in &order {
        for callback in callbacks(one, |context| context.cleanup) {
            // SAFETY: the driver's function for this object, by the word of its attributes.
            unsafe { callback(std::ptr::without_provenance_mut(one)) };
        }
    }
    for one in order {
        release(one);
    }
}

/// Takes a reference from an object, and destroys it where that was the last.
fn release(handle: usize) {
    {
        let mut table = TABLE.lock();
        let Some(object) = table.objects.get_mut(&handle) else {
            return;
        };
        object.references = object.references.saturating_sub(1);
        if object.references > 0 {
            return;
        }
        object.life = Life::Gone;
    }
    for callback in callbacks(handle, |context| context.destroy) {
        // SAFETY: as in `end`.
        unsafe { callback(std::ptr::without_provenance_mut(handle)) };
    }
    let gone = TABLE.lock().remove(handle);
    let Some(object) = gone else {
        return;
    };
    let below = match object.body {
        Body::Memory(buffer) => buffer.give_back(),
        Body::Lookaside(list) => {
            list.delete();
            None
        }
        _ => None,
    };
    for context in object.contexts {
        free_block(context.memory, object.tag);
    }
    // A memory object holds a reference on the list that its buffer is of.
    if let Some(list) = below {
        release(list);
    }
}

/// As [`create`], with attributes that are judged first.
///
/// # Errors
///
/// As [`create`]'s.
///
/// # Safety
///
/// As of [`Judged::of`].
unsafe fn create_by(
    routine: &'static str,
    kind: Kind,
    attributes: *const WdfObjectAttributes,
    body: impl FnOnce() -> Result<Body, NtStatus>,
) -> Result<WdfObject, NtStatus> {
    // SAFETY: by the caller's word.
    let judged = unsafe { Judged::of(attributes) }?;
    create(routine, kind, &judged, body)
}

/// Writes a handle where the driver wants it, and gives the status.
///
/// # Safety
///
/// `into` can be written.
unsafe fn hand_out(created: Result<WdfObject, NtStatus>, into: *mut WdfObject) -> NtStatus {
    match created {
        Ok(object) => {
            // SAFETY: by the caller's word.
            unsafe { into.write(object) };
            STATUS_SUCCESS
        }
        Err(status) => status,
    }
}

/// Raises a stop of a routine.
#[cold]
fn stop(routine: &'static str, stop: BugCheck) -> ! {
    scope::calling(routine);
    stop.raise()
}
