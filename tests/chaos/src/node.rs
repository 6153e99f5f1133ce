//! A node of the fleet: as `tributary node` runs it, but for a probe that ends it at a moment it is told. It is told
//! on its standard input, a line each; when that ends, so does the node: whoever attended it is no more.

use std::io::BufRead as _;
use std::sync::Arc;
use std::thread;

use tests_bench::children;
use tests_kit::deadly::Deadly;

use crate::team;

/// Runs until it is asked to stop, or dies.
///
/// # Errors
/// The node's own.
pub async fn run(version: &str, sets: &[String]) -> anyhow::Result<()> {
    let deadly = Arc::new(Deadly::from_environment().map_err(anyhow::Error::msg)?);
    let told = Arc::clone(&deadly);
    thread::Builder::new().name("attended".into()).spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if let Err(error) = told.arm(&line) {
                eprintln!("told to die: {error}");
            }
        }
        std::process::exit(1);
    })?;
    children::probed_node(team::team(version), sets, deadly).await
}
