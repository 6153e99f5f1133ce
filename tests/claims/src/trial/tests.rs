//! What a trial's process shows, and what it is taken for.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

use super::*;

/// Only a test that ran to its end and said so has failed; a crash, a signal, an exit, a time-out or nothing to run are
/// no proof that a guard was missed.
#[test]
fn outcomes() {
    let exit = |code: i32| ExitStatus::from_raw(code << 8);
    let (aborted, killed) = (ExitStatus::from_raw(6), ExitStatus::from_raw(9));
    let passed =
        "\nrunning 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured\n";
    let failed =
        "\nrunning 1 test\ntest a ... FAILED\n\nfailures:\n\ntest result: FAILED. 0 passed; 1 failed; 0 \n";
    let nothing =
        "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out\n";
    let ignored = "\nrunning 1 test\ntest a ... ignored\n\ntest result: ok. 0 passed; 0 failed; 1 ignored; 0 measured\n";
    let begun = "\nrunning 1 test\n";
    let quoted = "\nrunning 1 test\nit says: test result: FAILED. 0 passed; 1 failed;\n";
    let cases = [
        (Some((exit(0), passed)), Outcome::Passed),
        (Some((exit(101), failed)), Outcome::Failed),
        (Some((exit(0), nothing)), Outcome::Missing),
        (None, Outcome::Endless),
        (Some((exit(0), ignored)), Outcome::Crashed),
        (Some((exit(0), begun)), Outcome::Crashed),
        (Some((exit(101), begun)), Outcome::Crashed),
        (Some((exit(101), passed)), Outcome::Crashed),
        (Some((exit(101), quoted)), Outcome::Crashed),
        (Some((exit(101), "")), Outcome::Crashed),
        (Some((exit(2), failed)), Outcome::Crashed),
        (Some((exit(0), failed)), Outcome::Crashed),
        (Some((aborted, begun)), Outcome::Crashed),
        (Some((aborted, failed)), Outcome::Crashed),
        (Some((killed, begun)), Outcome::Crashed),
    ];
    for (ended, expected) in cases {
        assert_eq!(Outcome::of(ended), expected, "{ended:?}");
    }
}

/// A guard is held by nothing but a pass with it and a failure without.
#[test]
fn held() {
    use Outcome::{Crashed, Endless, Failed, Missing, Passed};
    for with in [Passed, Failed, Crashed, Endless, Missing] {
        for without in [Passed, Failed, Crashed, Endless, Missing] {
            assert_eq!(is_held(with, without), with == Passed && without == Failed, "{with:?} {without:?}");
        }
    }
}

/// A real process is seen as it is: this one's own tests, one that is there and one that is not, and a program that
/// is none.
#[tokio::test]
async fn runs() {
    let program = std::env::current_exe().unwrap();
    let own = Binary { program, folder: PathBuf::from(env!("CARGO_MANIFEST_DIR")) };
    let test = |path: &str| Test { package: "tests-claims".into(), target: "lib".into(), path: path.into() };
    for without in [None, Some("epoch-decides")] {
        assert_eq!(run(&own, &test("trial::tests::held"), without).await.unwrap(), Outcome::Passed);
        assert_eq!(run(&own, &test("trial::tests::gone"), without).await.unwrap(), Outcome::Missing);
    }
    let exits = Binary { program: PathBuf::from("false"), ..own.clone() };
    assert_eq!(run(&exits, &test("trial::tests::held"), None).await.unwrap(), Outcome::Crashed);
    let nowhere = Binary { program: PathBuf::from("./no-such-program"), ..own };
    let error = run(&nowhere, &test("trial::tests::held"), None).await.unwrap_err();
    assert!(error.to_string().contains("no-such-program"), "{error}");
}
