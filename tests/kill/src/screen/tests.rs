//! What is drawn is as wide as it should be, whatever the numbers.

use super::{bar, without_colour};

/// A bar fills its width, in proportion, without and with tasks.
#[test]
fn bars_fill_their_width() {
    let cases = [
        (0, 0, 0, "··········"),
        (0, 0, 20, "··········"),
        (5, 5, 20, "██▒▒▒·····"),
        (20, 0, 20, "██████████"),
        (19, 1, 20, "█████████▒"),
        (30, 0, 20, "██████████"),
    ];
    for (done, missing, all, drawn) in cases {
        assert_eq!(
            without_colour(&bar(done, missing, all, 10)),
            drawn,
            "{done} done, {missing} missing of {all}"
        );
    }
}
