//! Bit maps (`RTL_BITMAP`): bits of the caller's, counted from the lowest of the first word.

use wdm::RtlBitMap;

/// What a search that found nothing returns.
const NONE: u32 = u32::MAX;

/// Whether a bit is set.
///
/// # Safety
///
/// A bit map that has the bit.
unsafe fn is_set(map: *const RtlBitMap, bit: u32) -> bool {
    // SAFETY: by the caller's word.
    let buffer = unsafe { (*map).buffer };
    // SAFETY: by the caller's word.
    let word = unsafe { buffer.wrapping_add(bit as usize / 32).read() };
    word >> (bit % 32) & 1 != 0
}

/// Sets a bit, or clears it.
///
/// # Safety
///
/// A bit map that has the bit.
unsafe fn put(map: *const RtlBitMap, bit: u32, sets: bool) {
    // SAFETY: by the caller's word.
    let buffer = unsafe { (*map).buffer };
    let place = buffer.wrapping_add(bit as usize / 32);
    // SAFETY: by the caller's word.
    let word = unsafe { place.read() };
    let mask = 1 << (bit % 32);
    let word = if sets { word | mask } else { word & !mask };
    // SAFETY: by the caller's word.
    unsafe { place.write(word) };
}

/// Sets or clears so many bits from one on; those beyond the map are none.
///
/// # Safety
///
/// A bit map.
unsafe fn put_all(map: *const RtlBitMap, from: u32, count: u32, sets: bool) {
    // SAFETY: by the caller's word.
    let size = unsafe { (*map).size };
    for bit in from..size.min(from.saturating_add(count)) {
        // SAFETY: below the size.
        unsafe { put(map, bit, sets) };
    }
}

/// Whether so many bits from one on are there, and all set or all clear.
///
/// # Safety
///
/// A bit map.
unsafe fn are_all(map: *const RtlBitMap, from: u32, count: u32, set: bool) -> bool {
    // SAFETY: by the caller's word.
    let size = unsafe { (*map).size };
    let end = from.checked_add(count).filter(|&end| end <= size);
    // SAFETY: below the size.
    end.is_some_and(|end| (from..end).all(|bit| unsafe { is_set(map, bit) } == set))
}

/// The first of so many bits in a row that are all set or all clear, looked for from a bit on, then from
/// the beginning.
///
/// # Safety
///
/// A bit map.
unsafe fn find(map: *const RtlBitMap, count: u32, hint: u32, set: bool) -> u32 {
    // SAFETY: by the caller's word.
    let size = unsafe { (*map).size };
    let hint = if hint < size { hint } else { 0 };
    if count == 0 {
        return hint & !7;
    }
    let mut starts = (hint..size).chain(0..hint);
    // SAFETY: by the caller's word.
    let found = starts.find(|&start| unsafe { are_all(map, start, count, set) });
    found.unwrap_or(NONE)
}

macro_rules! routines {
    ($($(#[$doc:meta])* $name:ident($page:literal; $map:ident $(, $argument:ident: $type:ty)*) $(-> $result:ty)? $body:block)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            ///
            /// A bit map, with as many bits as it says, and with those that are named.
            ///
            /// # IRQL
            ///
            #[doc = concat!("Any level, with a resident map (`", $page, "`).")]
            pub unsafe extern "system-unwind" fn $name($map: *mut RtlBitMap $(, $argument: $type)*) $(-> $result)? $body
        )*
    };
}

routines! {
    /// `RtlInitializeBitMap`: a bit map over words of the caller's, which it leaves as they are.
    RtlInitializeBitMap("nf-wdm-rtlinitializebitmap"; map, buffer: *mut u32, size: u32) {
        // SAFETY: by the caller's word.
        unsafe { map.write(RtlBitMap { size, buffer }) };
    }
    /// `RtlSetBit`: sets a bit.
    RtlSetBit("nf-wdm-rtlsetbit"; map, bit: u32) {
        // SAFETY: by the caller's word.
        unsafe { put(map, bit, true) };
    }
    /// `RtlClearBit`: clears a bit.
    RtlClearBit("nf-wdm-rtlclearbit"; map, bit: u32) {
        // SAFETY: by the caller's word.
        unsafe { put(map, bit, false) };
    }
    /// `RtlTestBit`: a bit.
    RtlTestBit("nf-wdm-rtltestbit"; map, bit: u32) -> u8 {
        // SAFETY: by the caller's word.
        u8::from(unsafe { is_set(map, bit) })
    }
    /// `RtlSetAllBits`: sets all bits.
    RtlSetAllBits("nf-wdm-rtlsetallbits"; map) {
        // SAFETY: by the caller's word.
        unsafe { put_all(map, 0, NONE, true) };
    }
    /// `RtlClearAllBits`: clears all bits.
    RtlClearAllBits("nf-wdm-rtlclearallbits"; map) {
        // SAFETY: by the caller's word.
        unsafe { put_all(map, 0, NONE, false) };
    }
    /// `RtlSetBits`: sets so many bits from one on.
    RtlSetBits("nf-wdm-rtlsetbits"; map, from: u32, count: u32) {
        // SAFETY: by the caller's word.
        unsafe { put_all(map, from, count, true) };
    }
    /// `RtlClearBits`: clears so many bits from one on.
    RtlClearBits("nf-wdm-rtlclearbits"; map, from: u32, count: u32) {
        // SAFETY: by the caller's word.
        unsafe { put_all(map, from, count, false) };
    }
    /// `RtlAreBitsSet`: 1 where so many bits from one on are there and set, else 0.
    RtlAreBitsSet("nf-wdm-rtlarebitsset"; map, from: u32, count: u32) -> u8 {
        // SAFETY: by the caller's word.
        u8::from(count > 0 && unsafe { are_all(map, from, count, true) })
    }
    /// `RtlAreBitsClear`: 1 where so many bits from one on are there and clear, else 0.
    RtlAreBitsClear("nf-wdm-rtlarebitsclear"; map, from: u32, count: u32) -> u8 {
        // SAFETY: by the caller's word.
        u8::from(count > 0 && unsafe { are_all(map, from, count, false) })
    }
    /// `RtlNumberOfSetBits`: how many bits are set.
    RtlNumberOfSetBits("nf-wdm-rtlnumberofsetbits"; map) -> u32 {
        // SAFETY: by the caller's word.
        let size = unsafe { (*map).size };
        // SAFETY: below the size.
        (0..size).map(|bit| u32::from(unsafe { is_set(map, bit) })).sum()
    }
    /// `RtlNumberOfClearBits`: how many bits are clear.
    RtlNumberOfClearBits("nf-wdm-rtlnumberofclearbits"; map) -> u32 {
        // SAFETY: by the caller's word.
        let size = unsafe { (*map).size };
        // SAFETY: as above.
        size - unsafe { RtlNumberOfSetBits(map) }
    }
    /// `RtlFindClearBits`: where so many clear bits in a row begin; 0xFFFFFFFF where there are none.
    RtlFindClearBits("nf-wdm-rtlfindclearbits"; map, count: u32, hint: u32) -> u32 {
        // SAFETY: by the caller's word.
        unsafe { find(map, count, hint, false) }
    }
    /// `RtlFindSetBits`: where so many set bits in a row begin; 0xFFFFFFFF where there are none.
    RtlFindSetBits("nf-wdm-rtlfindsetbits"; map, count: u32, hint: u32) -> u32 {
        // SAFETY: by the caller's word.
        unsafe { find(map, count, hint, true) }
    }
    /// `RtlFindClearBitsAndSet`: as `RtlFindClearBits`, and sets what it found.
    RtlFindClearBitsAndSet("nf-wdm-rtlfindclearbitsandset"; map, count: u32, hint: u32) -> u32 {
        // SAFETY: by the caller's word.
        let found = unsafe { find(map, count, hint, false) };
        if found != NONE {
            // SAFETY: as above.
            unsafe { put_all(map, found, count, true) };
        }
        found
    }
    /// `RtlFindSetBitsAndClear`: as `RtlFindSetBits`, and clears what it found.
    RtlFindSetBitsAndClear("nf-wdm-rtlfindsetbitsandclear"; map, count: u32, hint: u32) -> u32 {
        // SAFETY: by the caller's word.
        let found = unsafe { find(map, count, hint, true) };
        if found != NONE {
            // SAFETY: as above.
            unsafe { put_all(map, found, count, false) };
        }
        found
    }
}
