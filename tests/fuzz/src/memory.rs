//! An allocator that refuses what no decoder of bounded bytes may ask for: a length that is believed before
//! the bytes are there.

use std::alloc::{GlobalAlloc, Layout, System};

/// More than any bound of a decoder allows at once: the codec's own is 64 MiB, the log's journals of the
/// disk have as much.
pub const ALLOCATION_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The system's allocator, which ends the process when too much is asked for at once.
pub struct Bounded;

// SAFETY: every call goes to the system's allocator unchanged; what it does not get is refused before.
unsafe impl GlobalAlloc for Bounded {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's layout, as it is.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: it came from `System` with this layout.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if is_refused(size) {
            return std::ptr::null_mut();
        }
        // SAFETY: it came from `System` with this layout.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// A null pointer makes the standard library end the process, saying how many bytes were asked for.
fn is_refused(size: usize) -> bool {
    size > ALLOCATION_BYTES_MAX
}
