//! The `tributary` binary under a name that cargo builds for these tests: the same two lines.

fn main() -> std::process::ExitCode {
    tributary::briefing::app().main()
}
