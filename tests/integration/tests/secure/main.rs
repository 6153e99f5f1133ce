//! A broker that asks who one is and allows little: each way in, and each refusal as its user meets it. Those
//! that need TLS run with the feature `tls`; the others in any build.

#![allow(clippy::expect_used, clippy::panic, reason = "in a test what fails must fail the test")]

mod real_broker;
