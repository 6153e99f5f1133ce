//! Only the right bytes are weights; what is wrong with others is told apart.

use super::*;

/// Missing, too short, too long, other bytes and the right ones each get their own answer.
#[test]
fn only_the_right_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let pinned = Pinned {
        file: "tiny.gguf".into(),
        bytes: 5,
        sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824".into(),
    };
    let path = path(folder.path(), &pinned);
    let check_bytes = |bytes: Option<&str>, expected: &str| {
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let found = check(&path, &pinned).map_or_else(|error| error.to_string(), |()| "right".to_owned());
        assert!(found.contains(expected), "{bytes:?}: {found}");
    };
    check_bytes(None, "there is no");
    check_bytes(None, "`tributary model fetch` brings them");
    check_bytes(Some("hell"), "they have 4 bytes and not 5");
    check_bytes(Some("hello!"), "they have 6 bytes and not 5");
    check_bytes(
        Some("hallo"),
        "their sha256 is d3751d33f9cd5049c4af2b462735457e4d3baf130bcbb87f389e349fbaeb20b9",
    );
    check_bytes(Some("hello"), "right");
}
