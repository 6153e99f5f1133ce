//! The five agents, driven without a broker, with the team's own tool and texts behind the gateways.

#![allow(clippy::unwrap_used, reason = "in a test, a value that is not there is the failure")]

mod fixed;
mod gateways;
mod written;
