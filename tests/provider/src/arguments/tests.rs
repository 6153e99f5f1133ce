//! Command lines, good and bad.

use super::*;

/// What a line says, where FILE stands for a file with these words.
fn settings(line: &str, file: &str) -> Result<Settings, String> {
    static FILES: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = FILES.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("tests-provider-{}-{number}.json", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let line = line.replace("FILE", path.to_str().unwrap());
    let words = std::iter::once("tests-provider").chain(line.split_whitespace());
    let arguments = Arguments::try_parse_from(words).map_err(|error| error.to_string());
    let settings = arguments.and_then(|said| said.settings().map_err(|error| format!("{error:#}")));
    std::fs::remove_file(&path).unwrap();
    settings
}

/// What is said is what is set; the line outdoes the file; without --simulate all is as it was.
#[test]
fn what_is_said_is_set() {
    let scripted = settings("--port 0 --latency-ms 200 --key a=b", "").unwrap();
    assert_eq!(scripted.key.as_deref(), Some("a=b"));
    assert!(scripted.simulation.is_none() && scripted.latency == Duration::from_millis(200));
    let simulated = |line: &str, file: &str| settings(line, file).unwrap().simulation.unwrap();
    assert_eq!(simulated("--simulate FILE", "{}"), Simulation::default());
    let file = r#"{"seed": 3, "scale": 4, "limits": {"money_per_day": 9}, "cancelled": "goes_on"}"#;
    let both = simulated("--simulate FILE --seed 7", file);
    assert_eq!((both.seed, both.scale, both.limits.money_per_day), (7, 4.0, Some(9)));
    let written = serde_json::to_string(&both).unwrap();
    assert_eq!(simulated("--simulate FILE", &written), both);
}

/// The help's example of a file is one.
#[test]
fn the_example_is_a_file() {
    let begin = AFTER_HELP.find("  {\"limits\": {\"requests_per_minute\": 600}").unwrap();
    let end = AFTER_HELP.find("\n\nA prompt").unwrap();
    let simulation = settings("--simulate FILE", &AFTER_HELP[begin..end]).unwrap().simulation.unwrap();
    assert_eq!((simulation.accounts.len(), simulation.models.len()), (1, 1));
}

/// What is wrong is said with how it is written.
#[test]
fn what_is_wrong_is_said() {
    let check = |line: &str, file: &str, problem: &str| {
        let error = settings(line, file).unwrap_err();
        assert!(error.contains(problem), "{line}: {error}");
    };
    check("--scale 2", "", "--simulate");
    check("--simulate FILE --latency-ms 5", "{}", "cannot be used with");
    check("--simulate FILE --key secret", "{}", "cannot be used with");
    check("--simulate FILE --scale 0", "{}", "over 0");
    check("--simulate FILE", r#"{"sacle": 1}"#, "unknown field `sacle`");
    check("--simulate FILE", r#"{"faults": [{"rate": 2, "fault": {"kind": "hang"}}]}"#, "at most 1");
    check("--simulate no-such-file.json", "", "read the settings in no-such-file.json");
}
