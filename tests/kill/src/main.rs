//! The split screen of `scripts/demo --kill`.

fn main() {}
