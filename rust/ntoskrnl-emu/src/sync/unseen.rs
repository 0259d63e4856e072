//! What locks guard is not for ThreadSanitizer to look at: it does not see the locks. Of what is not
//! instrumented it sees memory that is allocated, resized and freed.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::symbols::functions;

type At = unsafe extern "C" fn(*const c_char, c_int);

functions! {
    struct Annotations {
        ignore_reads: At = "AnnotateIgnoreReadsBegin",
        heed_reads: At = "AnnotateIgnoreReadsEnd",
        ignore_writes: At = "AnnotateIgnoreWritesBegin",
        heed_writes: At = "AnnotateIgnoreWritesEnd",
    }
}

/// Null where there is no ThreadSanitizer.
static KNOWN: AtomicPtr<Annotations> = AtomicPtr::new(ptr::null_mut());

/// Looks for ThreadSanitizer. It is called once, before the first lock is taken.
pub(super) fn look() {
    let known = Annotations::find();
    if known.ignore_reads.is_some() {
        // Relaxed: what follows releases the first lock, which all others that are taken see.
        KNOWN.store(Box::into_raw(Box::new(known)), Ordering::Relaxed);
    }
}

/// ThreadSanitizer looks at nothing that this thread does from now on.
#[inline]
pub(super) fn begin() {
    // Relaxed: this thread holds a lock that was released after `look`, and acquired that.
    let known = KNOWN.load(Ordering::Relaxed);
    if !known.is_null() {
        annotate(known, |known| [known.ignore_reads, known.ignore_writes]);
    }
}

/// Ends the last [`begin`].
#[inline]
pub(super) fn end() {
    // Relaxed: as above.
    let known = KNOWN.load(Ordering::Relaxed);
    if !known.is_null() {
        annotate(known, |known| [known.heed_writes, known.heed_reads]);
    }
}

#[cold]
#[inline(never)]
fn annotate(known: *mut Annotations, which: fn(&Annotations) -> [Option<At>; 2]) {
    // SAFETY: not null, so `look` made it; it lives for ever.
    for function in which(unsafe { &*known }).into_iter().flatten() {
        // SAFETY: it takes a text that ends with zero, and a number, as names.
        unsafe { function(c"ntoskrnl_emu".as_ptr(), 0) };
    }
}
