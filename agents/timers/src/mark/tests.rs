//! The mark names its store and its minute, and refuses everything else.

use super::{read, write};

/// What was written is read, also with a note that looks like a mark itself.
#[test]
fn reads_what_it_wrote() {
    let check = |note: &str, minute: i64| {
        let metadata = write(note, minute);
        assert!(metadata.is_ascii());
        assert_eq!(read(note, &metadata), Ok(minute));
    };
    check("store-7f3a", 28_333_333);
    check("store-7f3a", -1);
    check("a;fired-through=3", 4);
    check("", 0);
}

/// Another store's mark, or none at all, is refused with what was found.
#[test]
fn refuses_another() {
    let check = |metadata: &str, says: &str| {
        let error = read("mine", metadata).unwrap_err();
        assert!(error.contains(says), "{error}");
    };
    check("other;fired-through=5", "\"other\", this one is \"mine\"");
    check("mine", "which no timer gateway wrote");
    check("", "which no timer gateway wrote");
    check("mine;fired-through=soon", "which no timer gateway wrote");
    check("mine;fired-through=", "which no timer gateway wrote");
}
