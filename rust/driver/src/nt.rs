//! What a driver needs of `wdm.h` and `ntifs.h` besides lookaside lists, for 64-bit targets.
//!
//! Declared by hand from public facts, like the crate `wdm`: names from the pages named, offsets of
//! the fields used asserted below. What the kernel may write while the driver looks on is reached by
//! raw pointers only.

use core::ffi::c_void;
use core::mem::offset_of;

use wdm::NtStatus;

/// `UNICODE_STRING` (ns-ntdef-_unicode_string): lengths in bytes.
#[repr(C)]
pub struct UnicodeString {
    /// Bytes in use.
    pub length: u16,
    /// Bytes there are.
    pub maximum_length: u16,
    /// The characters.
    pub buffer: *const u16,
}

// SAFETY: the strings of this driver are constants.
unsafe impl Sync for UnicodeString {}

/// A routine of a driver object's table (nc-wdm-driver_dispatch).
pub type Dispatch = unsafe extern "system" fn(*mut DeviceObject, *mut Irp) -> NtStatus;
/// A driver's last routine (nc-wdm-driver_unload).
pub type Unload = unsafe extern "system" fn(*mut DriverObject);

/// `DRIVER_OBJECT` (ns-wdm-_driver_object), 336 bytes.
#[repr(C)]
pub struct DriverObject {
    head: [u64; 13],
    /// Called before the driver is unloaded.
    pub driver_unload: Option<Unload>,
    /// By major function.
    pub major_function: [Option<Dispatch>; 28],
}

/// `DEVICE_OBJECT`: only its address is of use here.
#[repr(C)]
pub struct DeviceObject {
    head: [u64; 2],
}

/// `FILE_OBJECT` (ns-wdm-_file_object), its beginning.
#[repr(C)]
pub struct FileObject {
    head: [u64; 3],
    /// For the driver's own use.
    pub fs_context: *mut c_void,
}

/// `IO_STATUS_BLOCK` (ns-wdm-_io_status_block).
#[repr(C)]
pub struct IoStatusBlock {
    /// How the request ended.
    pub status: NtStatus,
    /// How many bytes go back.
    pub information: usize,
}

/// `IRP` (ns-wdm-_irp), up to what is used.
#[repr(C)]
pub struct Irp {
    head: [u64; 3],
    /// With `METHOD_BUFFERED`: the input, and then the output.
    pub system_buffer: *mut c_void,
    thread_list: [u64; 2],
    /// How it ended.
    pub io_status: IoStatusBlock,
    middle: [u64; 15],
    /// The parameters for this driver (IoGetCurrentIrpStackLocation).
    pub current_stack_location: *mut IoStackLocation,
}

/// `IO_STACK_LOCATION` (ns-wdm-_io_stack_location) with the parameters of `DeviceIoControl`: each
/// stands at a multiple of 8, for `POINTER_ALIGNMENT`.
#[repr(C)]
pub struct IoStackLocation {
    /// Which request.
    pub major_function: u8,
    head: [u8; 7],
    /// Bytes of output that the caller has room for.
    pub output_buffer_length: u32,
    padding_1: u32,
    /// Bytes of input.
    pub input_buffer_length: u32,
    padding_2: u32,
    /// Which request of ours.
    pub io_control_code: u32,
    padding_3: u32,
    type_3_input_buffer: u64,
    device_object: *mut DeviceObject,
    /// The open handle.
    pub file_object: *mut FileObject,
    completion: [u64; 2],
}

const _: () = {
    assert!(size_of::<UnicodeString>() == 16);
    assert!(offset_of!(DriverObject, driver_unload) == 0x68);
    assert!(offset_of!(DriverObject, major_function) == 0x70);
    assert!(size_of::<DriverObject>() == 336);
    assert!(offset_of!(FileObject, fs_context) == 0x18);
    assert!(offset_of!(Irp, system_buffer) == 0x18);
    assert!(offset_of!(Irp, io_status) == 0x30);
    assert!(offset_of!(Irp, current_stack_location) == 0xB8);
    assert!(offset_of!(IoStackLocation, output_buffer_length) == 0x08);
    assert!(offset_of!(IoStackLocation, input_buffer_length) == 0x10);
    assert!(offset_of!(IoStackLocation, io_control_code) == 0x18);
    assert!(offset_of!(IoStackLocation, file_object) == 0x30);
    assert!(size_of::<IoStackLocation>() == 72);
};

/// `IRP_MJ_CREATE`: a handle is opened.
pub const IRP_MJ_CREATE: usize = 0x00;
/// `IRP_MJ_CLOSE`: the last reference to the handle is gone.
pub const IRP_MJ_CLOSE: usize = 0x02;
/// `IRP_MJ_DEVICE_CONTROL`: `DeviceIoControl`.
pub const IRP_MJ_DEVICE_CONTROL: usize = 0x0E;
/// `FILE_DEVICE_UNKNOWN`: none of the known types of device.
pub const FILE_DEVICE_UNKNOWN: u32 = 0x22;
/// `FILE_DEVICE_SECURE_OPEN`: the device's security counts for names below it too.
pub const FILE_DEVICE_SECURE_OPEN: u32 = 0x100;
/// `OBJ_KERNEL_HANDLE`: no process can use the handle.
pub const OBJ_KERNEL_HANDLE: u32 = 0x200;
/// `READ_CONTROL | WRITE_DAC`: to read and write which accounts may use an object.
pub const READ_CONTROL_WRITE_DAC: u32 = 0x6_0000;
/// `DACL_SECURITY_INFORMATION`: the list of the accounts that may use an object.
pub const DACL_SECURITY_INFORMATION: u32 = 4;
/// `STATUS_DEVICE_BUSY` (ntstatus.h).
pub const STATUS_DEVICE_BUSY: u32 = 0x8000_0011;

#[link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    /// nf-wdm-iocreatedevice
    pub fn IoCreateDevice(
        driver: *mut DriverObject,
        extension_bytes: u32,
        name: *const UnicodeString,
        device_type: u32,
        characteristics: u32,
        exclusive: u8,
        device: *mut *mut DeviceObject,
    ) -> NtStatus;
    /// nf-wdm-iodeletedevice
    pub fn IoDeleteDevice(device: *mut DeviceObject);
    /// nf-wdm-iocreatesymboliclink
    pub fn IoCreateSymbolicLink(
        link: *const UnicodeString,
        device: *const UnicodeString,
    ) -> NtStatus;
    /// nf-wdm-iodeletesymboliclink
    pub fn IoDeleteSymbolicLink(link: *const UnicodeString) -> NtStatus;
    /// nf-wdm-iofcompleterequest
    pub fn IofCompleteRequest(irp: *mut Irp, priority_boost: i8);
    /// nf-ntifs-obopenobjectbypointer
    pub fn ObOpenObjectByPointer(
        object: *mut c_void,
        attributes: u32,
        access_state: *mut c_void,
        access: u32,
        object_type: *mut c_void,
        access_mode: i8,
        handle: *mut *mut c_void,
    ) -> NtStatus;
    /// nf-ntifs-zwsetsecurityobject
    pub fn ZwSetSecurityObject(
        handle: *mut c_void,
        information: u32,
        descriptor: *const c_void,
    ) -> NtStatus;
    /// nf-ntifs-zwquerysecurityobject
    pub fn ZwQuerySecurityObject(
        handle: *mut c_void,
        information: u32,
        descriptor: *mut c_void,
        length: u32,
        needed: *mut u32,
    ) -> NtStatus;
    /// nf-ntifs-ntclose
    pub fn ZwClose(handle: *mut c_void) -> NtStatus;
}

#[cfg(feature = "stand-in")]
#[link(name = "hal.dll", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    /// Of `tests/wine/c/exports.c`: how often it was called.
    pub fn LookasideExportCalls() -> u32;
}
