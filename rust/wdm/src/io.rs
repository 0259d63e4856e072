//! Drivers, devices, requests and memory descriptor lists, as far as an allocation's surroundings go:
//! what the emulation writes is named, the rest lies between.

use core::ffi::c_void;
use core::mem::{align_of, offset_of, size_of};

use crate::{KEvent, ListEntry, UnicodeString};

/// How many kinds of requests there are (`IRP_MJ_MAXIMUM_FUNCTION`, and one).
pub const MAJOR_FUNCTIONS: usize = 28;

/// `DRIVER_EXTENSION`.
#[repr(C)]
#[derive(Debug)]
pub struct DriverExtension {
    /// The driver.
    pub driver_object: *mut DriverObject,
    /// What is called for each device of the bus.
    pub add_device: *mut c_void,
    /// How often that was.
    pub count: u32,
    /// The name of the driver's key.
    pub service_key_name: UnicodeString,
}

/// `DRIVER_OBJECT`.
#[repr(C)]
#[derive(Debug)]
pub struct DriverObject {
    /// Which object it is: 4.
    pub kind: i16,
    /// Its bytes.
    pub size: i16,
    /// The device that was made last.
    pub device_object: *mut DeviceObject,
    /// Flags.
    pub flags: u32,
    /// Where the driver's image begins.
    pub driver_start: *mut c_void,
    /// The image's bytes.
    pub driver_size: u32,
    /// What the loader knows of it.
    pub driver_section: *mut c_void,
    /// More of it.
    pub driver_extension: *mut DriverExtension,
    /// Its name.
    pub driver_name: UnicodeString,
    /// The name of the hardware's key.
    pub hardware_database: *mut UnicodeString,
    /// Requests that come by a shorter way.
    pub fast_io_dispatch: *mut c_void,
    /// Its first function.
    pub driver_init: *mut c_void,
    /// What begins a request.
    pub driver_start_io: *mut c_void,
    /// Its last function.
    pub driver_unload: *mut c_void,
    /// What answers each kind of request.
    pub major_function: [*mut c_void; MAJOR_FUNCTIONS],
}

/// `DEVICE_OBJECT`.
#[repr(C)]
#[derive(Debug)]
pub struct DeviceObject {
    /// Which object it is: 3.
    pub kind: i16,
    /// Its bytes, with the extension's.
    pub size: u16,
    /// How many open files it has.
    pub reference_count: i32,
    /// The driver.
    pub driver_object: *mut DriverObject,
    /// The driver's device that was made before.
    pub next_device: *mut DeviceObject,
    /// The device above it.
    pub attached_device: *mut DeviceObject,
    /// The request that it works on.
    pub current_irp: *mut Irp,
    /// Its timer.
    pub timer: *mut c_void,
    /// Flags (`DO_…`).
    pub flags: u32,
    /// Characteristics (`FILE_…`).
    pub characteristics: u32,
    /// Its volume.
    pub vpb: *mut c_void,
    /// What belongs to the driver.
    pub device_extension: *mut c_void,
    /// Its type (`FILE_DEVICE_…`).
    pub device_type: u32,
    /// Stack locations that a request to it needs.
    pub stack_size: i8,
    /// A queue.
    pub queue: [usize; 9],
    /// How buffers are aligned.
    pub alignment_requirement: u32,
    /// Queues and a deferred call.
    pub queues: [usize; 13],
    /// Threads of the file system.
    pub active_thread_count: u32,
    /// Which access it allows.
    pub security_descriptor: *mut c_void,
    /// A lock.
    pub device_lock: KEvent,
    /// Bytes of a sector.
    pub sector_size: u16,
    /// Nothing.
    pub spare: u16,
    /// More of it.
    pub device_object_extension: *mut c_void,
    /// Reserved.
    pub reserved: *mut c_void,
}

/// `IRP`.
#[repr(C)]
#[derive(Debug)]
pub struct Irp {
    /// Which object it is: 6.
    pub kind: i16,
    /// Its bytes, with the stack locations'.
    pub size: u16,
    /// The memory that it is about.
    pub mdl_address: *mut Mdl,
    /// Flags.
    pub flags: u32,
    /// A buffer, or another request.
    pub associated: *mut c_void,
    /// The requests of a thread.
    pub thread_list_entry: ListEntry,
    /// How it ended.
    pub status: usize,
    /// What came of it.
    pub information: usize,
    /// Whose request it is.
    pub requestor_mode: i8,
    /// Whether it was pending.
    pub pending_returned: u8,
    /// How many stack locations it has.
    pub stack_count: i8,
    /// The current one, counted from 1.
    pub current_location: i8,
    /// Whether it is cancelled.
    pub cancel: u8,
    /// The level of that.
    pub cancel_irql: u8,
    /// The environment of its call.
    pub apc_environment: i8,
    /// How it was allocated.
    pub allocation_flags: u8,
    /// What the one that asks gave with it.
    pub user: [usize; 6],
    /// What the system keeps of it.
    pub overlay: [usize; 8],
    /// The current stack location.
    pub current_stack_location: *mut c_void,
    /// The file.
    pub original_file_object: *mut c_void,
    /// Room.
    pub more: usize,
}

/// Bytes of an `IO_STACK_LOCATION`.
pub const IO_STACK_LOCATION_BYTES: usize = 72;

/// `MDL`: which memory a request is about. The numbers of its pages stand behind it.
#[repr(C)]
#[derive(Debug)]
pub struct Mdl {
    /// The next part.
    pub next: *mut Mdl,
    /// Its bytes, with the numbers'.
    pub size: i16,
    /// Flags (`MDL_…`).
    pub flags: i16,
    /// Whose memory it is.
    pub process: *mut c_void,
    /// Where the system sees the memory.
    pub mapped_system_va: *mut c_void,
    /// The page that the memory begins in.
    pub start_va: *mut c_void,
    /// The memory's bytes.
    pub byte_count: u32,
    /// Where it begins in its page.
    pub byte_offset: u32,
}

const _: () = {
    assert!(size_of::<DriverExtension>() == 40 && size_of::<DriverObject>() == 336);
    assert!(offset_of!(DriverObject, driver_unload) == 104);
    assert!(offset_of!(DriverObject, major_function) == 112);
    assert!(size_of::<DeviceObject>() == 328 && align_of::<DeviceObject>() == 8);
    assert!(offset_of!(DeviceObject, device_extension) == 64);
    assert!(offset_of!(DeviceObject, alignment_requirement) == 152);
    assert!(offset_of!(DeviceObject, device_lock) == 280);
    assert!(size_of::<Irp>() == 208 && offset_of!(Irp, stack_count) == 66);
    assert!(offset_of!(Irp, current_stack_location) == 184);
    assert!(size_of::<Mdl>() == 48 && offset_of!(Mdl, byte_count) == 40);
};
