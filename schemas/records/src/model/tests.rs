//! Requests are the same question exactly if every field and the tenant are equal.

use super::{ModelRequest, PromptMessage, Role};
use crate::ids::CallId;

fn request() -> ModelRequest {
    ModelRequest::new("be brief", "how many?", 40)
}

fn call() -> CallId {
    CallId::parse(b"0123456789abcdef0123456789abcdef").unwrap()
}

/// Each field, and the tenant, has a part in the hash; -0 is 0.
#[test]
fn every_field_counts() {
    let check = |change: fn(&mut ModelRequest), tenant: &str, same: bool| {
        let mut other = request();
        change(&mut other);
        assert_eq!(other.hash(tenant) == request().hash("acme"), same, "{other:?} of {tenant}");
    };
    check(|_| {}, "acme", true);
    check(|r| r.temperature = -0.0, "acme", true);
    check(|_| {}, "other", false);
    check(|r| r.model = "large".into(), "acme", false);
    check(|r| r.temperature = 0.1, "acme", false);
    check(|r| r.max_tokens = 41, "acme", false);
    check(|r| r.shared = true, "acme", false);
    check(|r| r.messages[1].content = "how many ?".into(), "acme", false);
    check(|r| r.messages[1].role = Role::Assistant, "acme", false);
    check(|r| r.messages.swap(0, 1), "acme", false);
    check(|r| r.messages.push(PromptMessage { role: Role::User, content: String::new() }), "acme", false);
    check(|r| drop(r.messages.pop()), "acme", false);
}

/// Shared questions are keyed by their hash, others by the call that asks.
#[test]
fn keys_meet_only_where_answers_may_be_shared() {
    let check = |temperature: f64, shared: bool, by_hash: bool| {
        let request = ModelRequest { temperature, shared, ..request() };
        let hash = request.hash("acme");
        let expected = if by_hash { hash } else { call().to_string() };
        assert_eq!(request.routing_key("acme", call()).to_string(), expected, "{temperature} {shared}");
    };
    check(0.0, false, true);
    check(0.7, true, true);
    check(0.7, false, false);
}
