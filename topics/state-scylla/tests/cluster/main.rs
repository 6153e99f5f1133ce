//! Both stores on a real CQL server.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test what fails must fail the test"
)]

mod real_cql;
