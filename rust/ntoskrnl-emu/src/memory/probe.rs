//! Whether memory that is not the emulation's is there still.

/// Whether so many bytes at an address can be read. Where the system does not tell, they are taken to be
/// there.
#[cfg(all(target_os = "linux", not(any(miri, loom))))]
pub(crate) fn is_readable(address: usize, bytes: usize) -> bool {
    use std::ffi::{c_int, c_ulong, c_void};

    #[repr(C)]
    struct IoVec {
        base: *mut c_void,
        length: usize,
    }

    // process_vm_readv(2).
    unsafe extern "C" {
        fn process_vm_readv(
            process: c_int,
            local: *const IoVec,
            locals: c_ulong,
            remote: *const IoVec,
            remotes: c_ulong,
            flags: c_ulong,
        ) -> isize;
    }

    const EFAULT: i32 = 14;
    let mut buffer = [0_u8; 128];
    let length = bytes.min(buffer.len());
    let local = IoVec {
        base: buffer.as_mut_ptr().cast(),
        length,
    };
    let remote = IoVec {
        base: std::ptr::without_provenance_mut(address),
        length,
    };
    let process = std::process::id().cast_signed();
    // SAFETY: the buffer is this function's, and the system looks for itself at what lies elsewhere.
    let read = unsafe { process_vm_readv(process, &raw const local, 1, &raw const remote, 1, 0) };
    // Short: the end of it is not there. Any error but EFAULT is a system that does not tell.
    match usize::try_from(read) {
        Ok(read) => read == length,
        Err(_) => std::io::Error::last_os_error().raw_os_error() != Some(EFAULT),
    }
}

#[cfg(not(all(target_os = "linux", not(any(miri, loom)))))]
pub(crate) fn is_readable(_address: usize, _bytes: usize) -> bool {
    true
}
