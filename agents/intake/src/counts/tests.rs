//! Counts survive the metadata, and nothing else passes for them.

use super::Counts;

/// What was written is read, in ASCII and far below the 4,096 characters allowed.
#[test]
fn reads_what_it_wrote() {
    let check = |accepted, refused, closed, closings, text: &str| {
        let counts = Counts { accepted, refused, closed, closings };
        assert_eq!(counts.to_string(), text);
        assert_eq!(Counts::read(text), Ok(counts));
        assert!(text.is_ascii() && text.len() < 128);
    };
    check(0, 0, 0, 0, "accepted=0;refused=0;closed=0;c=0");
    check(12, 1, 7, 9, "accepted=12;refused=1;closed=7;c=9");
    let most = i64::MAX.cast_unsigned();
    let text = format!("accepted={most};refused={most};closed={most};c={most}");
    check(most, most, most, i64::MAX, &text);
}

/// Anything else is refused with what was found.
#[test]
fn refuses_the_rest() {
    let check = |text: &str| {
        let error = Counts::read(text).unwrap_err();
        assert!(error.starts_with(&format!("{text:?} stands beside its offset")), "{error}");
    };
    check("");
    check("store-7");
    check("accepted=1;refused=0;closed=0");
    check("accepted=1;refused=0;closed=0;c=0;d=1");
    check("accepted=1;closed=0;refused=0;c=0");
    check("accepted=-1;refused=0;closed=0;c=0");
    check("accepted=one;refused=0;closed=0;c=0");
    check("accepted=1;refused=0;closed=0;c=9223372036854775808");
}

/// Open is what was taken and not closed, never less than none.
#[test]
fn counts_open_tasks() {
    let check = |accepted, closed, open| {
        assert_eq!(Counts { accepted, closed, refused: 9, closings: 0 }.open(), open);
    };
    check(0, 0, 0);
    check(5, 2, 3);
    check(2, 5, 0);
}
