//! The `tributary` binary: the command line with the bundled team.

fn main() -> std::process::ExitCode {
    tributary::briefing::app().main()
}
