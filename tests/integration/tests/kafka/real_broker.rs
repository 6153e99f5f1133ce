//! What needs a broker; the name of this module is how `scripts/test --quick` knows.

mod cancellation;
mod conformance;
mod connecting;
mod members;
mod outage;
mod transactions;
