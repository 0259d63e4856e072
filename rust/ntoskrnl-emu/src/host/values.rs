//! The metadata, read as plain values.

use std::sync::atomic::Ordering;

use crate::memory::region::Region;

/// Declares the values of a structure of atomics, and how they are read.
macro_rules! values {
    ($(
        $(#[$attribute:meta])*
        $name:ident of $source:ident { $($field:ident: $type:ty),* $(,)? }
    )*) => {$(
        $(#[$attribute])*
        ///
        /// Each field is named as in [`layout`](super::layout), and was read by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the fields of the layout have the docs")]
        pub struct $name {
            $(pub $field: $type),*
        }

        impl $name {
            fn of(source: &crate::memory::layout::$source) -> Self {
                Self {
                    // Relaxed: each is a value by itself.
                    $($field: source.$field.load(Ordering::Relaxed)),*
                }
            }
        }
    )*};
}

values! {
    /// The values of the header page.
    HeaderValues of Header {
        checks: u32, ticks: u32, record_limit: u32, tag_limit: u32, newest: u32, refused: u32,
    }

    /// The values of a row of usage by tag.
    TagRowValues of TagRow { tag: u32, pool: u32, allocs: u64, frees: u64, bytes: u64 }

    /// The values of a list's record.
    RecordValues of Record {
        generation: u32, state: u32, list: u64, size: u32, pool_type: u32, tag: u32, owner: u32,
        allocate: u64, free: u64, failed: u32, driver: u32, control: u32, flags: u32, previous: u32,
        next: u32, allocated: u16, kept: u16, maximum_depth: u32, foreign: u8, no_memory: u8,
        trim_due: u8, quiet: u8, abandoned: u32, kind: u32, asked_size: u32, shown_allocate: u64,
        shown_free: u64, former_depth: u16, former_demand: u16, demand: u16, peak: u16,
        own_entries_only: u32,
    }

    /// The values of a page's descriptor.
    PageValues of Page {
        kind: u8, flags: u8, granules: u16, live: u16, arena: u16, previous: u32, next: u32,
        size: u32, driver: u32,
    }
}

/// The header page.
pub fn header(region: &Region) -> HeaderValues {
    HeaderValues::of(region.header())
}

/// A row of usage by tag; an index beyond the table is the last row.
pub fn tag_row(region: &Region, index: usize) -> TagRowValues {
    TagRowValues::of(region.tag_row(index))
}

/// Usage of a tag in nonpaged or paged pool: the sum of its rows.
pub fn usage(region: &Region, tag: u32, is_paged: bool) -> TagRowValues {
    let pool = 1 + u32::from(is_paged);
    let limit = header(region).tag_limit as usize;
    let rows = (0..limit).map(|index| tag_row(region, index));
    let mut sum = TagRowValues {
        tag,
        pool,
        allocs: 0,
        frees: 0,
        bytes: 0,
    };
    for row in rows.filter(|row| (row.tag, row.pool) == (tag, pool)) {
        sum.allocs += row.allocs;
        sum.frees += row.frees;
        sum.bytes += row.bytes;
    }
    sum
}

/// The record of a list, by index modulo their number.
pub fn record(region: &Region, index: u32) -> RecordValues {
    RecordValues::of(region.record(index))
}

/// The descriptor of a page; an index beyond the pool is page 0, which is never allocated.
pub fn page(region: &Region, index: u32) -> PageValues {
    PageValues::of(region.page(index))
}

/// The state word of the granule that holds an offset; an offset beyond the pool is granule 0.
pub fn state(region: &Region, offset: u32) -> u16 {
    region.state(offset).load(Ordering::Relaxed)
}
