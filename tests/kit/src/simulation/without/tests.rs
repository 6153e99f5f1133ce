//! Lines that say what is left out of a seed.

use super::*;

/// What is written reads as what it was, ranges and all, whatever the order it was put together in.
#[test]
fn what_is_written_reads_as_it_was() {
    let check = |parts: &[Part], line: &str| {
        let without = Without::default().and(parts);
        assert_eq!(without.to_string(), line);
        assert_eq!(line.parse(), Ok(without));
    };
    check(&[], "");
    check(&[Part::Sent(7)], "s7");
    check(&[Part::Sent(2), Part::Sent(0), Part::Sent(1), Part::Sent(4)], "s0-2.s4");
    check(&[Part::Event(0), Part::Death(0), Part::Instance(1), Part::Instance(2)], "d0.e0.i1-2");
    check(
        &[Part::Model, Part::Store, Part::Log, Part::Sent(9_998), Part::Sent(9_999)],
        "s9998-9999.log.store.model",
    );
}

/// A line that is none is refused with what it would have to be, and costs nothing.
#[test]
fn what_is_no_line_is_refused() {
    for line in [
        "s",
        "s-",
        "s1-",
        "s-1",
        "s3-1",
        "s+1",
        "s10000",
        "s0-99999999999",
        "x1",
        "logs",
        "s1..s2",
        ".",
        "s1 s2",
    ] {
        let error = line.parse::<Without>().unwrap_err();
        assert!(error.contains("is none of s, d, e or i"), "{line}: {error}");
    }
}
