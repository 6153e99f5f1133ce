//! The bundled tasks are questions, and a wrong line is named.

use super::*;

#[test]
fn every_bundled_task_is_read_strictly() {
    // Shows: at least twenty-four questions, all different, and no blank or unknown field among them.
    let tasks = bundled().unwrap();
    assert!(tasks.len() >= 24, "{}", tasks.len());
    assert_eq!(tasks.len(), TASKS.lines().count());
    for (at, task) in tasks.iter().enumerate() {
        assert!(tasks[..at].iter().all(|other| other.question != task.question), "{}", task.question);
    }
}

#[test]
fn a_wrong_line_is_named() {
    // Shows: broken JSON, an unknown field and an unworkable question are errors with their line.
    let good = r#"{"question":"a","sector":"b","month":"2014-03"}"#;
    assert_eq!(read(&format!("{good}\n\n{good}\n")).unwrap().len(), 2);
    let check = |line: &str| {
        let error = read(&format!("{good}\n{line}\n")).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
    };
    check("{");
    check("[]");
    check(r#"{"task_id":"t","question":"a","sector":"b","month":"2014-03"}"#);
    check(r#"{"question":" ","sector":"b","month":"2014-03"}"#);
}
