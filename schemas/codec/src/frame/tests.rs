//! Both framings.

use super::*;

/// A frame is five bytes, a state's ten, and both are read back.
#[test]
fn frames_are_read_back() {
    let mut message = Vec::new();
    begin(&mut message, SchemaId(0x0102_0304));
    message.push(9);
    assert_eq!(message, [0, 1, 2, 3, 4, 9]);
    assert_eq!(split(&message).unwrap(), (SchemaId(0x0102_0304), &[9][..]));

    let mut state = Vec::new();
    begin_state(&mut state, 0x0102_0304_0506_0708);
    state.push(9);
    assert_eq!(state, [0xC3, 1, 8, 7, 6, 5, 4, 3, 2, 1, 9]);
    assert_eq!(split_state(&state).unwrap(), (0x0102_0304_0506_0708, &[9][..]));
}

/// What is no frame is refused, each with its reason.
#[test]
fn wrong_frames_are_refused() {
    let check = |bytes: &[u8], expected: &str| {
        assert!(split(bytes).unwrap_err().to_string().contains(expected), "{bytes:?}");
    };
    check(&[], "0 bytes, at least 5");
    check(&[0, 0, 0, 1], "4 bytes, at least 5");
    check(&[1], "first byte is 0x01");
    check(b"{}", "first byte is 0x7b");

    let check = |bytes: &[u8], expected: &str| {
        assert!(split_state(bytes).unwrap_err().to_string().contains(expected), "{bytes:?}");
    };
    check(&[], "0 bytes, at least 10");
    check(&[0xC3, 1, 0, 0, 0, 0, 0, 0, 0], "9 bytes, at least 10");
    check(&[0xC3, 2, 0, 0, 0, 0, 0, 0, 0, 0], "begins with [c3, 02]");
}
