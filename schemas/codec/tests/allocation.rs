//! A few hostile bytes take a few bytes of memory, whatever lengths they claim.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use schemas_codec::{Codec, Error, Registry, frame};
use schemas_records::Message;
use schemas_records::protocol::{DeadLetter, Expectation};
use schemas_records::work::WorkRow;

/// Counts the largest single allocation since it was last set to zero.
struct Counting;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it came; counting touches no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Lengths and counts up to the largest number, at every place of a body, own version and older ones: each
/// is an error (or a shorter record) and no allocation exceeds some kilobytes.
#[test]
fn lying_lengths_allocate_nothing() {
    let codec = Codec::new(Registry::new().unwrap());
    let numbers: [&[u8]; 5] = [
        &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        &[0xfe, 0xff, 0xff, 0xff, 0x0f],
        &[0x80, 0x80, 0x80, 0x20],
        &[0xff, 0xff, 0xff, 0x1f],
    ];
    let mut refused = 0;
    for name in [WorkRow::NAME, DeadLetter::NAME, Expectation::NAME] {
        for schema in codec.registry().versions(name) {
            for at in 0..24 {
                for number in numbers {
                    let mut bytes = Vec::new();
                    frame::begin(&mut bytes, schema.id());
                    bytes.extend_from_slice(&vec![0; at]);
                    bytes.extend_from_slice(number);
                    bytes.extend_from_slice(&[0; 16]);
                    LARGEST.store(0, Ordering::Relaxed);
                    let outcomes: [Result<(), Error>; 4] = [
                        codec.decode::<WorkRow>(&bytes).map(drop),
                        codec.decode::<DeadLetter>(&bytes).map(drop),
                        codec.decode::<Expectation>(&bytes).map(drop),
                        codec.to_json(&bytes).map(drop),
                    ];
                    refused += outcomes.iter().filter(|outcome| outcome.is_err()).count();
                    let largest = LARGEST.load(Ordering::Relaxed);
                    assert!(largest < 16 * 1024, "{name} {at} {number:?}: {largest} bytes at once");
                }
            }
        }
    }
    assert!(refused > 1_500, "{refused}");
}
