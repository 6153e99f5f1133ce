//! What producers may ask for, what they get if they do not, and what they are told if they may not.

use schemas_records::{Budget, Headers, Limits, Origin, Timestamp};

use super::{Rules, trace};

const APPENDED: i64 = 1_700_000_000_000;

fn headers(of: &[(&'static str, &str)]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in of {
        headers.push(name, value);
    }
    headers
}

fn read(of: &Headers) -> Result<Limits, (&'static str, String)> {
    Rules::new("acme").read(of, Timestamp(APPENDED))
}

/// Without headers a task has the defaults, and always all four limits.
#[test]
fn gives_defaults() {
    let limits = Limits {
        deadline: Timestamp(APPENDED + 15 * 60_000),
        budget: Budget { calls: 64 },
        priority: 4,
        tenant: "acme".to_owned(),
    };
    assert_eq!(read(&headers(&[])), Ok(limits.clone()));
    assert_eq!(
        read(&headers(&[("tenant", "rich"), ("kind", "result"), ("hops", "9")])),
        Ok(limits),
        "others are not read"
    );
}

/// Deadlines come as milliseconds since 1970 or as durations; they end after the append and not too late.
#[test]
fn reads_deadlines() {
    let good = |text: &str, after: i64| {
        let limits = read(&headers(&[("deadline", text)])).unwrap();
        assert_eq!(limits.deadline, Timestamp(APPENDED + after), "{text}");
    };
    good(&(APPENDED + 1).to_string(), 1);
    good(&(APPENDED + 518_400_000).to_string(), 518_400_000);
    good("1ms", 1);
    good("30s", 30_000);
    good("5m", 300_000);
    good("2h", 7_200_000);
    good("6d", 518_400_000);
    let bad = |text: &str, says: &str| {
        let (header, message) = read(&headers(&[("deadline", text)])).unwrap_err();
        assert_eq!(header, "deadline");
        assert!(message.contains(says) && message.contains(&format!("{text:?}")), "{message}");
    };
    bad(&APPENDED.to_string(), "is not after the task's append time");
    bad("0", "is not after");
    bad("0s", "is not after");
    bad(&(APPENDED + 518_400_001).to_string(), "more than 518400 s");
    bad("7d", "more than 518400 s");
    bad("18446744073709551615d", "more than 518400 s");
    bad("18446744073709551616s", "neither milliseconds");
    bad("18446744073709551615", "neither milliseconds");
    for text in ["", "s", "-5s", "+30s", "1.5h", "30 s", "tomorrow", "30w", "1700000000000x", "٣s"] {
        bad(text, "neither milliseconds since 1970 nor a duration like 30s");
    }
}

/// Budgets and priorities within their limits; what cannot be read is refused, not taken for none.
#[test]
fn reads_budgets_and_priorities() {
    let good = |name: &'static str, text: &str, budget: u32, priority: u8| {
        let limits = read(&headers(&[(name, text)])).unwrap();
        assert_eq!((limits.budget.calls, limits.priority), (budget, priority), "{text}");
    };
    good("budget", "calls=0", 0, 4);
    good("budget", "calls=1000", 1_000, 4);
    good("priority", "0", 64, 0);
    good("priority", "9", 64, 9);
    let bad = |name: &'static str, text: &str, says: &str| {
        let (header, message) = read(&headers(&[(name, text)])).unwrap_err();
        assert_eq!(header, name);
        assert!(message.contains(says), "{message}");
    };
    bad("budget", "calls=1001", "at most calls=1000 is allowed");
    bad("budget", "calls=100001", "from 0 to 100000");
    bad("budget", "12", "not of the form calls=NUMBER");
    bad("budget", "", "not of the form");
    bad("budget", "calls=-1", "from 0 to");
    bad("priority", "10", "is not a number from 0 to 9");
    bad("priority", "high", "is not a number");
    bad("priority", "", "is not a number");
}

/// Headers that are not text are refused by name.
#[test]
fn refuses_what_is_not_text() {
    for name in ["deadline", "budget", "priority"] {
        let mut of = Headers::new();
        of.push(name, vec![0xff]);
        assert_eq!(read(&of), Err((name, format!("header {name} is not UTF-8"))));
    }
}

/// A well-formed trace goes on at a span of intake's own; any other begins anew, the same for the same record.
#[test]
fn carries_traces_on() {
    let of = |fields: &[(&'static str, &str)], offset| {
        let origin = Origin { topic: "t".to_owned(), partition: 0, offset };
        trace(&headers(fields), &origin).unwrap()
    };
    let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let (gone_on, made) = (of(&[("traceparent", given)], 0), of(&[], 0));
    assert_eq!((gone_on.id().as_str(), gone_on.is_sampled()), (&given[3..35], false));
    assert_eq!((gone_on.span, made.is_sampled()), (made.span, true));
    assert!(made.id() != of(&[], 1).id() && made.span != of(&[], 1).span);
    for wrong in ["", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"] {
        assert_eq!(of(&[("traceparent", wrong)], 0), made, "{wrong}");
    }
}

/// A default deadline beyond the longest is the longest.
#[test]
fn bounds_the_default_too() {
    let mut rules = Rules::new("acme");
    rules.deadline_default = rules.deadline_longest * 2;
    let limits = rules.read(&Headers::new(), Timestamp(APPENDED)).unwrap();
    assert_eq!(limits.deadline, Timestamp(APPENDED).plus(rules.deadline_longest));
}
