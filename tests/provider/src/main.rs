//! The scripted provider as a program: `tests-provider --port 0 --latency-ms 200`. It prints its base URL
//! on the first line and serves until it is killed.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use tests_provider::Settings;

/// An OpenAI-compatible server with scripted answers, faults by POST /script and counts at GET /paid.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Milliseconds that each answer takes.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// A key that requests must carry.
    #[arg(long)]
    key: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let settings = Settings {
        port: arguments.port,
        latency: Duration::from_millis(arguments.latency_ms),
        key: arguments.key,
    };
    let say = |address| {
        let mut out = std::io::stdout();
        // Whoever does not read it can still be served.
        let _ = writeln!(out, "http://{address}/v1").and_then(|()| out.flush());
    };
    let port = arguments.port;
    tests_provider::serve(settings, say)
        .await
        .with_context(|| format!("serve on 127.0.0.1:{port}; is the port taken?"))
}
