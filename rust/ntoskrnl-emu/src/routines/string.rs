//! Counted strings: compared, copied, converted.
//!
//! Upper case is Unicode's, unit by unit. Bytes are the first 256 characters of Unicode, where Windows has
//! a code page. Strings that a routine allocates lie in paged pool and count among what a driver leaves.

use std::cmp::Ordering;
use std::ffi::c_void;

use wdm::{
    AnsiString, NtStatus, PoolType, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL,
    STATUS_INVALID_PARAMETER, STATUS_NO_MEMORY, STATUS_SUCCESS, UnicodeString,
};

use super::pool::{ExAllocatePoolWithTag, ExFreePoolWithTag};

/// The tag of strings that a routine allocates.
const TAG: u32 = u32::from_le_bytes(*b"RtlS");

/// A unit in upper case: of what is more than one unit then, the unit itself.
pub(super) fn upcase(unit: u16) -> u16 {
    let upper = char::from_u32(u32::from(unit)).map(char::to_uppercase);
    match upper.map(|mut upper| (upper.next(), upper.next())) {
        Some((Some(one), None)) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

fn folded(unit: u16, ignores_case: u8) -> u16 {
    if ignores_case == 0 {
        unit
    } else {
        upcase(unit)
    }
}

/// The text of a string.
///
/// # Safety
///
/// A string with as much text as it says, which lives for `'a`.
unsafe fn text<'a>(string: *const UnicodeString) -> &'a [u16] {
    // SAFETY: by the caller's word.
    let string = unsafe { string.read() };
    if string.buffer.is_null() {
        return &[];
    }
    // SAFETY: by the caller's word.
    unsafe { std::slice::from_raw_parts(string.buffer, usize::from(string.length) / 2) }
}

/// The bytes of a string.
///
/// # Safety
///
/// As of [`text`].
unsafe fn bytes<'a>(string: *const AnsiString) -> &'a [u8] {
    // SAFETY: by the caller's word.
    let string = unsafe { string.read() };
    if string.buffer.is_null() {
        return &[];
    }
    // SAFETY: by the caller's word.
    unsafe { std::slice::from_raw_parts(string.buffer, usize::from(string.length)) }
}

fn compare(one: &[u16], other: &[u16], ignores_case: u8) -> i32 {
    let fold = |&unit: &u16| folded(unit, ignores_case);
    let differing = one.iter().map(fold).zip(other.iter().map(fold));
    let found = differing
        .filter(|(a, b)| a != b)
        .map(|(a, b)| i32::from(a) - i32::from(b))
        .next();
    found.unwrap_or_else(|| match one.len().cmp(&other.len()) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

/// `RtlCompareUnicodeString`: below zero where the first string comes first, zero where they are equal.
///
/// # Safety
///
/// Two strings.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-rtlcompareunicodestring`); not refused above.
pub unsafe extern "system-unwind" fn RtlCompareUnicodeString(
    one: *const UnicodeString,
    other: *const UnicodeString,
    ignores_case: u8,
) -> i32 {
    // SAFETY: by the caller's word.
    let (one, other) = (unsafe { text(one) }, unsafe { text(other) });
    compare(one, other, ignores_case)
}

/// `RtlCompareUnicodeStrings`: as [`RtlCompareUnicodeString`], of so many units each.
///
/// # Safety
///
/// So many units can be read.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-rtlcompareunicodestrings`); not refused above.
pub unsafe extern "system-unwind" fn RtlCompareUnicodeStrings(
    one: *const u16,
    one_length: usize,
    other: *const u16,
    other_length: usize,
    ignores_case: u8,
) -> i32 {
    // SAFETY: by the caller's word.
    let one = unsafe { std::slice::from_raw_parts(one, one_length) };
    // SAFETY: by the caller's word.
    let other = unsafe { std::slice::from_raw_parts(other, other_length) };
    compare(one, other, ignores_case)
}

/// `RtlEqualUnicodeString`: 1 where two strings are equal, else 0.
///
/// # Safety
///
/// Two strings.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-rtlequalunicodestring`); not refused above.
pub unsafe extern "system-unwind" fn RtlEqualUnicodeString(
    one: *const UnicodeString,
    other: *const UnicodeString,
    ignores_case: u8,
) -> u8 {
    // SAFETY: by the caller's word.
    u8::from(unsafe { RtlCompareUnicodeString(one, other, ignores_case) } == 0)
}

/// `RtlPrefixUnicodeString`: 1 where the second string begins with the first, else 0.
///
/// # Safety
///
/// Two strings.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-ntddk-rtlprefixunicodestring`); not refused above.
pub unsafe extern "system-unwind" fn RtlPrefixUnicodeString(
    prefix: *const UnicodeString,
    string: *const UnicodeString,
    ignores_case: u8,
) -> u8 {
    // SAFETY: by the caller's word.
    let (prefix, string) = (unsafe { text(prefix) }, unsafe { text(string) });
    let begin = string.get(..prefix.len());
    u8::from(begin.is_some_and(|begin| compare(prefix, begin, ignores_case) == 0))
}

/// Writes text into a string's buffer, from an offset on, and a zero behind it where there is room.
///
/// # Safety
///
/// The string's buffer can be written, and it holds the text.
unsafe fn write(into: *mut UnicodeString, offset: usize, units: impl Iterator<Item = u16>) {
    // SAFETY: by the caller's word.
    let string = unsafe { &mut *into };
    let mut at = offset;
    for unit in units {
        // SAFETY: by the caller's word.
        unsafe { string.buffer.wrapping_add(at).write(unit) };
        at += 1;
    }
    string.length = (at * 2) as u16;
    if at * 2 + 2 <= usize::from(string.maximum_length) {
        // SAFETY: by the caller's word.
        unsafe { string.buffer.wrapping_add(at).write(0) };
    }
}

/// `RtlCopyUnicodeString`: copies as much of a string as the buffer holds; of none, nothing.
///
/// # Safety
///
/// A string whose buffer can be written, and null or a string.
///
/// # IRQL
///
/// Any level, with resident strings (`nf-wdm-rtlcopyunicodestring`).
pub unsafe extern "system-unwind" fn RtlCopyUnicodeString(
    into: *mut UnicodeString,
    from: *const UnicodeString,
) {
    let from = match from.is_null() {
        true => &[],
        // SAFETY: by the caller's word.
        false => unsafe { text(from) },
    };
    // SAFETY: by the caller's word.
    let room = usize::from(unsafe { (*into).maximum_length }) / 2;
    if from.is_empty() {
        // SAFETY: by the caller's word.
        unsafe { (*into).length = 0 };
        return;
    }
    // SAFETY: by the caller's word.
    unsafe { write(into, 0, from.iter().copied().take(room)) };
}

/// Appends text to a string, or changes nothing.
///
/// # Safety
///
/// A string whose buffer can be written.
unsafe fn append(into: *mut UnicodeString, units: &[u16]) -> NtStatus {
    // SAFETY: by the caller's word.
    let length = unsafe { (*into).length };
    // SAFETY: as above.
    let maximum = unsafe { (*into).maximum_length };
    if units.is_empty() {
        return STATUS_SUCCESS;
    }
    if usize::from(length) + units.len() * 2 > usize::from(maximum) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    // SAFETY: by the caller's word.
    unsafe { write(into, usize::from(length) / 2, units.iter().copied()) };
    STATUS_SUCCESS
}

/// `RtlAppendUnicodeStringToString`: appends a string to a string.
///
/// # Errors
///
/// STATUS_BUFFER_TOO_SMALL where the buffer does not hold both.
///
/// # Safety
///
/// A string whose buffer can be written, and another string.
///
/// # IRQL
///
/// Any level, with resident strings (`nf-wdm-rtlappendunicodestringtostring`).
pub unsafe extern "system-unwind" fn RtlAppendUnicodeStringToString(
    into: *mut UnicodeString,
    from: *const UnicodeString,
) -> NtStatus {
    // SAFETY: by the caller's word.
    let from = unsafe { text(from) };
    // SAFETY: by the caller's word.
    unsafe { append(into, from) }
}

/// `RtlAppendUnicodeToString`: appends text that ends with a zero to a string.
///
/// # Errors
///
/// STATUS_BUFFER_TOO_SMALL where the buffer does not hold both.
///
/// # Safety
///
/// A string whose buffer can be written; null, or text that ends with a zero.
///
/// # IRQL
///
/// Any level, with resident strings (`nf-wdm-rtlappendunicodetostring`).
pub unsafe extern "system-unwind" fn RtlAppendUnicodeToString(
    into: *mut UnicodeString,
    from: *const u16,
) -> NtStatus {
    let mut units = Vec::new();
    let mut at = from;
    while !at.is_null() {
        // SAFETY: by the caller's word, up to the zero.
        let unit = unsafe { at.read() };
        if unit == 0 {
            break;
        }
        units.push(unit);
        at = at.wrapping_add(1);
    }
    // SAFETY: by the caller's word.
    unsafe { append(into, &units) }
}

/// `RtlUpcaseUnicodeChar`: a unit in upper case.
///
/// # Safety
///
/// None: the routine has no obligations.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-rtlupcaseunicodechar`); not refused above.
pub unsafe extern "system-unwind" fn RtlUpcaseUnicodeChar(unit: u16) -> u16 {
    upcase(unit)
}

/// Gives a string a buffer of so many bytes, or looks whether the one that it has is large enough.
///
/// # Safety
///
/// The string can be written.
unsafe fn make_room(into: *mut UnicodeString, bytes: usize, allocates: u8) -> NtStatus {
    let Ok(size) = u16::try_from(bytes) else {
        return STATUS_INVALID_PARAMETER;
    };
    if allocates == 0 {
        // SAFETY: by the caller's word.
        let room = unsafe { (*into).maximum_length };
        let is_enough = room >= size;
        return if is_enough {
            STATUS_SUCCESS
        } else {
            STATUS_BUFFER_OVERFLOW
        };
    }
    // SAFETY: freed by `RtlFreeUnicodeString`.
    let block = unsafe { ExAllocatePoolWithTag(PoolType::PAGED_POOL, bytes.max(2), TAG) };
    if block.is_null() {
        return STATUS_NO_MEMORY;
    }
    let made = UnicodeString {
        length: 0,
        maximum_length: size.max(2),
        buffer: block.cast(),
    };
    // SAFETY: by the caller's word.
    unsafe { into.write(made) };
    STATUS_SUCCESS
}

/// `RtlUpcaseUnicodeString`: a string in upper case, in a buffer that is allocated where `allocates` is not
/// zero.
///
/// # Errors
///
/// STATUS_BUFFER_OVERFLOW where the buffer is too small, STATUS_NO_MEMORY where there is none.
///
/// # Safety
///
/// A string that can be written, with its buffer, and another string.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-ntddk-rtlupcaseunicodestring`); above APC_LEVEL pool refuses to allocate.
pub unsafe extern "system-unwind" fn RtlUpcaseUnicodeString(
    into: *mut UnicodeString,
    from: *const UnicodeString,
    allocates: u8,
) -> NtStatus {
    // SAFETY: by the caller's word.
    let from = unsafe { text(from) };
    // SAFETY: by the caller's word.
    let status = unsafe { make_room(into, from.len() * 2, allocates) };
    if status == STATUS_SUCCESS {
        // SAFETY: there is room.
        unsafe { write(into, 0, from.iter().map(|&unit| upcase(unit))) };
    }
    status
}

/// `RtlAnsiStringToUnicodeString`: bytes as a string, in a buffer that is allocated where `allocates` is
/// not zero, with a zero behind it.
///
/// # Errors
///
/// STATUS_BUFFER_OVERFLOW where the buffer is too small, STATUS_NO_MEMORY where there is none.
///
/// # Safety
///
/// As of [`RtlUpcaseUnicodeString`].
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-rtlansistringtounicodestring`); above APC_LEVEL pool refuses to allocate.
pub unsafe extern "system-unwind" fn RtlAnsiStringToUnicodeString(
    into: *mut UnicodeString,
    from: *const AnsiString,
    allocates: u8,
) -> NtStatus {
    // SAFETY: by the caller's word.
    let from = unsafe { bytes(from) };
    // SAFETY: by the caller's word.
    let status = unsafe { make_room(into, (from.len() + 1) * 2, allocates) };
    if status == STATUS_SUCCESS {
        // SAFETY: there is room.
        unsafe { write(into, 0, from.iter().map(|&byte| u16::from(byte))) };
    }
    status
}

/// `RtlUnicodeStringToAnsiString`: a string as bytes, with a zero behind them; a question mark for what is
/// no byte. The buffer is allocated where `allocates` is not zero.
///
/// # Errors
///
/// STATUS_BUFFER_OVERFLOW where the buffer is too small, STATUS_NO_MEMORY where there is none.
///
/// # Safety
///
/// As of [`RtlUpcaseUnicodeString`].
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-rtlunicodestringtoansistring`); above APC_LEVEL pool refuses to allocate.
pub unsafe extern "system-unwind" fn RtlUnicodeStringToAnsiString(
    into: *mut AnsiString,
    from: *const UnicodeString,
    allocates: u8,
) -> NtStatus {
    // SAFETY: by the caller's word.
    let from = unsafe { text(from) };
    // SAFETY: by the caller's word; both kinds of strings have one layout.
    let status = unsafe { make_room(into.cast(), from.len() + 1, allocates) };
    if status != STATUS_SUCCESS {
        return status;
    }
    // SAFETY: by the caller's word.
    let string = unsafe { &mut *into };
    string.length = from.len() as u16;
    let units = from.iter().map(|&unit| u8::try_from(unit).unwrap_or(b'?'));
    for (at, byte) in units.chain([0]).enumerate() {
        // SAFETY: there is room.
        unsafe { string.buffer.wrapping_add(at).write(byte) };
    }
    STATUS_SUCCESS
}

/// Frees the buffer of a string and empties it.
///
/// # Safety
///
/// A string whose buffer a routine of this file allocated, or that has none.
unsafe fn free(string: *mut UnicodeString) {
    // SAFETY: by the caller's word.
    let fields = unsafe { &mut *string };
    if !fields.buffer.is_null() {
        // SAFETY: by the caller's word; where it is no block, the emulation stops.
        unsafe { ExFreePoolWithTag(fields.buffer.cast::<c_void>(), 0) };
    }
    fields.length = 0;
    fields.maximum_length = 0;
    fields.buffer = std::ptr::null_mut();
}

/// `RtlFreeUnicodeString`: frees the buffer of a string that a routine allocated.
///
/// # Safety
///
/// As of the routine that allocated it: once, and nothing uses the buffer any more.
///
/// # IRQL
///
/// PASSIVE_LEVEL (`nf-wdm-rtlfreeunicodestring`); above APC_LEVEL pool refuses to free.
pub unsafe extern "system-unwind" fn RtlFreeUnicodeString(string: *mut UnicodeString) {
    // SAFETY: by the caller's word.
    unsafe { free(string) };
}

/// `RtlFreeAnsiString`: as [`RtlFreeUnicodeString`].
///
/// # Safety
///
/// As of [`RtlFreeUnicodeString`].
///
/// # IRQL
///
/// As of [`RtlFreeUnicodeString`] (`nf-wdm-rtlfreeansistring`).
pub unsafe extern "system-unwind" fn RtlFreeAnsiString(string: *mut AnsiString) {
    // SAFETY: by the caller's word; both kinds of strings have one layout.
    unsafe { free(string.cast()) };
}

/// `RtlInitAnsiString`: a string of text that ends with a zero.
///
/// # Safety
///
/// The string can be written; null, or text that ends with a zero.
///
/// # IRQL
///
/// Any level, with resident text (`nf-wdm-rtlinitansistring`).
pub unsafe extern "system-unwind" fn RtlInitAnsiString(into: *mut AnsiString, from: *const i8) {
    let length = if from.is_null() {
        0
    } else {
        // SAFETY: by the caller's word.
        unsafe { std::ffi::CStr::from_ptr(from.cast()) }.count_bytes()
    };
    let length = u16::try_from(length)
        .unwrap_or(u16::MAX - 1)
        .min(u16::MAX - 1);
    let made = AnsiString {
        length,
        maximum_length: if from.is_null() { 0 } else { length + 1 },
        buffer: from.cast_mut().cast(),
    };
    // SAFETY: by the caller's word.
    unsafe { into.write(made) };
}

/// `RtlInitString`: as [`RtlInitAnsiString`].
///
/// # Safety
///
/// As of [`RtlInitAnsiString`].
///
/// # IRQL
///
/// As of [`RtlInitAnsiString`] (`nf-wdm-rtlinitstring`).
pub unsafe extern "system-unwind" fn RtlInitString(into: *mut AnsiString, from: *const i8) {
    // SAFETY: by the caller's word.
    unsafe { RtlInitAnsiString(into, from) };
}
