//! The provider as a program. It prints its base URL on the first line and serves until it is killed.

mod arguments;

use std::io::Write;

use anyhow::Context;
use clap::Parser;

use crate::arguments::Arguments;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let settings = Arguments::parse().settings()?;
    let say = |address| {
        let mut out = std::io::stdout();
        // Whoever does not read it can still be served.
        let _ = writeln!(out, "http://{address}/v1").and_then(|()| out.flush());
    };
    let port = settings.port;
    tests_provider::serve(settings, say)
        .await
        .with_context(|| format!("serve on 127.0.0.1:{port}; is the port taken?"))
}
