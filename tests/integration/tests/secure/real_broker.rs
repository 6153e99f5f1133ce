//! What needs a broker; the name of this module is how `scripts/test --quick` knows.

// What the tests stand on.
mod account;
mod grants;

// The tests.
mod denied;
mod passwords;
#[cfg(feature = "tls")]
mod profile;
#[cfg(feature = "tls")]
mod tls;
mod whole_way;
