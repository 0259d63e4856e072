//! The device of the driver.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::ptr::{null, null_mut};

use lookaside_protocol::wire::{INFO, INFO_BYTES, Info, MAGIC, VERSION, read_words};

use crate::client::Failure;
use crate::windows::{
    CloseHandle, CreateFileW, DeviceIoControl, GENERIC_READ_WRITE, GetLastError, Handle,
    INVALID_HANDLE, OPEN_EXISTING, wide,
};

const ERROR_FILE_NOT_FOUND: u32 = 2;
const ERROR_PATH_NOT_FOUND: u32 = 3;
const ERROR_ACCESS_DENIED: u32 = 5;

/// An open handle.
pub struct Device(Handle);

impl Device {
    /// Opens the device.
    pub fn open() -> Result<Self, Failure> {
        let name = wide(r"\\.\WinLookaside");
        // SAFETY: the name ends with a zero.
        let handle = unsafe {
            CreateFileW(
                name.as_ptr(),
                GENERIC_READ_WRITE,
                0,
                null(),
                OPEN_EXISTING,
                0,
                null_mut(),
            )
        };
        if handle != INVALID_HANDLE {
            return Ok(Self(handle));
        }
        // SAFETY: the routine has no requirements.
        Err(match unsafe { GetLastError() } {
            ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND => Failure::new(
                3,
                r"Cannot open \\.\WinLookaside: the driver is not running (net start win_lookaside)",
            ),
            ERROR_ACCESS_DENIED => Failure::new(
                4,
                r"Cannot open \\.\WinLookaside: only administrators and the system may",
            ),
            error => Failure::new(4, format!(r"Cannot open \\.\WinLookaside: error {error}")),
        })
    }

    /// Sends a request; how many bytes came back, or Windows' error.
    pub fn request(&self, code: u32, input: &[u8], output: &mut [u8]) -> Result<usize, u32> {
        let mut returned = 0;
        // SAFETY: both buffers are there, and as long as is said.
        let done = unsafe {
            DeviceIoControl(
                self.0,
                code,
                input.as_ptr().cast(),
                input.len() as u32,
                output.as_mut_ptr().cast(),
                output.len() as u32,
                &raw mut returned,
                null_mut(),
            )
        };
        if done == 0 {
            // SAFETY: the routine has no requirements.
            return Err(unsafe { GetLastError() });
        }
        Ok(returned as usize)
    }

    /// What the driver says of itself.
    pub fn info(&self) -> Result<Info, Failure> {
        let mut output: Vec<u8> = vec![0; INFO_BYTES];
        match self.request(INFO, &[], &mut output) {
            Ok(INFO_BYTES) => {}
            Ok(bytes) => {
                return Err(Failure::new(
                    5,
                    format!("The driver is of another version: its answer has {bytes} bytes"),
                ));
            }
            Err(error) => {
                return Err(Failure::new(
                    5,
                    format!("The driver refused to tell about itself: error {error}"),
                ));
            }
        }
        let info = read_words(&output).map(Info::of).unwrap_or_default();
        if info.magic != MAGIC || info.version != VERSION {
            let version = info.version;
            return Err(Failure::new(
                5,
                format!("The driver is of another version: {version}, not {VERSION}"),
            ));
        }
        Ok(info)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: the handle is ours.
        unsafe { CloseHandle(self.0) };
    }
}
