//! Counted strings.

use core::mem::{offset_of, size_of};

/// `UNICODE_STRING`: text in units of 16 bits, counted in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct UnicodeString {
    /// Bytes of text.
    pub length: u16,
    /// Bytes of the buffer.
    pub maximum_length: u16,
    /// The text; no zero need follow.
    pub buffer: *mut u16,
}

/// `STRING`, also by the names `ANSI_STRING` and `OEM_STRING`: text in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct AnsiString {
    /// Bytes of text.
    pub length: u16,
    /// Bytes of the buffer.
    pub maximum_length: u16,
    /// The text; no zero need follow.
    pub buffer: *mut u8,
}

/// `RTL_BITMAP`: bits in words of 32.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RtlBitMap {
    /// How many bits.
    pub size: u32,
    /// The words.
    pub buffer: *mut u32,
}

const _: () = {
    assert!(size_of::<RtlBitMap>() == 16 && offset_of!(RtlBitMap, buffer) == 8);
    assert!(size_of::<UnicodeString>() == 16 && offset_of!(UnicodeString, buffer) == 8);
    assert!(size_of::<AnsiString>() == 16 && offset_of!(AnsiString, buffer) == 8);
};
