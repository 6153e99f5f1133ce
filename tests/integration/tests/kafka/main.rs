//! The door to Kafka on a real broker.

#![allow(clippy::expect_used, clippy::panic, reason = "in a test what fails must fail the test")]

mod real_broker;
