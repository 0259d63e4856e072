//! What the client needs of Windows, declared by hand: kernel32 only.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;
use core::ptr::{null, null_mut};

pub type Handle = *mut c_void;

/// `INVALID_HANDLE_VALUE`.
pub const INVALID_HANDLE: Handle = core::ptr::without_provenance_mut(usize::MAX);
pub const GENERIC_READ_WRITE: u32 = 0xC000_0000;
const GENERIC_READ: u32 = 0x8000_0000;
const FILE_SHARE_READ: u32 = 1;
pub const OPEN_EXISTING: u32 = 3;
const STD_OUTPUT_HANDLE: u32 = 0xFFFF_FFF5;
const STD_ERROR_HANDLE: u32 = 0xFFFF_FFF4;

#[link(name = "kernel32.dll", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    pub fn CreateFileW(
        name: *const u16,
        access: u32,
        share: u32,
        security: *const c_void,
        disposition: u32,
        flags: u32,
        template: Handle,
    ) -> Handle;
    pub fn CloseHandle(handle: Handle) -> i32;
    pub fn DeviceIoControl(
        device: Handle,
        code: u32,
        input: *const c_void,
        input_bytes: u32,
        output: *mut c_void,
        output_bytes: u32,
        returned: *mut u32,
        overlapped: *mut c_void,
    ) -> i32;
    pub fn GetLastError() -> u32;
    fn ReadFile(
        file: Handle,
        into: *mut c_void,
        bytes: u32,
        read: *mut u32,
        overlapped: *mut c_void,
    ) -> i32;
    fn WriteFile(
        file: Handle,
        from: *const c_void,
        bytes: u32,
        written: *mut u32,
        overlapped: *mut c_void,
    ) -> i32;
    fn GetStdHandle(which: u32) -> Handle;
    fn GetCommandLineW() -> *const u16;
    fn GetProcessHeap() -> Handle;
    fn HeapAlloc(heap: Handle, flags: u32, bytes: usize) -> *mut c_void;
    fn HeapReAlloc(heap: Handle, flags: u32, block: *mut c_void, bytes: usize) -> *mut c_void;
    fn HeapFree(heap: Handle, flags: u32, block: *mut c_void) -> i32;
    fn Sleep(milliseconds: u32);
    fn ExitProcess(code: u32) -> !;
}

/// The process heap. Its blocks are aligned to 16; nothing here asks for more.
struct ProcessHeap;

#[global_allocator]
static GLOBAL: ProcessHeap = ProcessHeap;

// SAFETY: blocks come from the process heap, and a layout that it does not serve gets null.
unsafe impl GlobalAlloc for ProcessHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 16 {
            return null_mut();
        }
        // SAFETY: the routine has no requirements.
        let heap = unsafe { GetProcessHeap() };
        // SAFETY: the heap is the process's.
        unsafe { HeapAlloc(heap, 0, layout.size()) }.cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        // SAFETY: the routine has no requirements.
        let heap = unsafe { GetProcessHeap() };
        // SAFETY: the block came from `alloc`.
        unsafe { HeapFree(heap, 0, block.cast()) };
    }

    unsafe fn realloc(&self, block: *mut u8, _layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the routine has no requirements.
        let heap = unsafe { GetProcessHeap() };
        // SAFETY: the block came from `alloc`.
        unsafe { HeapReAlloc(heap, 0, block.cast(), bytes) }.cast()
    }
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    let (line, column) = info
        .location()
        .map_or((0, 0), |at| (at.line(), at.column()));
    write_error(&alloc::format!(
        "A fault in the client: line {line}, column {column}"
    ));
    exit(101)
}

/// The linker wants it as soon as a memory routine is needed.
#[unsafe(no_mangle)]
static _fltused: i32 = 0;

/// Ends the process.
pub fn exit(code: u32) -> ! {
    // SAFETY: always allowed.
    unsafe { ExitProcess(code) }
}

/// Waits, practically for ever.
pub fn wait() {
    // SAFETY: always allowed.
    unsafe { Sleep(0x7FFF_FFFF) };
}

/// A text as Windows takes it.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn write(which: u32, text: &str) {
    // SAFETY: the routine has no requirements.
    let file = unsafe { GetStdHandle(which) };
    for part in text.as_bytes().chunks(1 << 16) {
        let mut rest = part;
        while !rest.is_empty() {
            let mut written = 0;
            // SAFETY: the bytes are there, fewer than 2^32.
            let done = unsafe {
                WriteFile(
                    file,
                    rest.as_ptr().cast(),
                    rest.len() as u32,
                    &raw mut written,
                    null_mut(),
                )
            };
            if done == 0 || written == 0 {
                return;
            }
            rest = rest.get(written as usize..).unwrap_or(&[]);
        }
    }
}

/// Writes to standard output.
pub fn write_output(text: &str) {
    write(STD_OUTPUT_HANDLE, text);
}

/// Writes a line to standard error.
pub fn write_error(line: &str) {
    write(STD_ERROR_HANDLE, line);
    write(STD_ERROR_HANDLE, "\n");
}

/// The words of the command line: in quotation marks, or without blanks.
pub fn arguments() -> Vec<String> {
    // SAFETY: the routine has no requirements.
    let line = unsafe { GetCommandLineW() };
    let mut units = Vec::new();
    let mut at = line;
    loop {
        // SAFETY: the line ends with a zero, before which this stops.
        let unit = unsafe { at.read() };
        if unit == 0 {
            break;
        }
        units.push(unit);
        at = at.wrapping_add(1);
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for character in String::from_utf16_lossy(&units).chars() {
        match character {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

/// The contents of a file; an error is Windows'.
pub fn read_file(name: &str) -> Result<Vec<u8>, u32> {
    let wide = wide(name);
    // SAFETY: the name ends with a zero.
    let file = unsafe {
        CreateFileW(
            wide.as_ptr(),
            GENERIC_READ,
            FILE_SHARE_READ,
            null(),
            OPEN_EXISTING,
            0,
            null_mut(),
        )
    };
    if file == INVALID_HANDLE {
        // SAFETY: the routine has no requirements.
        return Err(unsafe { GetLastError() });
    }
    let mut contents = Vec::new();
    let mut part = vec![0_u8; 1 << 16];
    let result = loop {
        let mut read = 0;
        // SAFETY: the buffer is ours, and as long as is said.
        let done = unsafe {
            ReadFile(
                file,
                part.as_mut_ptr().cast(),
                1 << 16,
                &raw mut read,
                null_mut(),
            )
        };
        if done == 0 {
            // SAFETY: the routine has no requirements.
            break Err(unsafe { GetLastError() });
        }
        if read == 0 {
            break Ok(contents);
        }
        contents.extend(part.iter().take(read as usize));
    };
    // SAFETY: the handle is ours.
    unsafe { CloseHandle(file) };
    result
}
