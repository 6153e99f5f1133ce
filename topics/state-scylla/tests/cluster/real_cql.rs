//! What needs a CQL server; the name of this module is how `scripts/test --quick` knows.

mod conformance;
mod epochs;
mod ground;
mod hasty;
mod hung;
mod large;
mod many;
mod migrating;
mod outage;
mod refused;
mod secure;
mod server;
mod twice;
