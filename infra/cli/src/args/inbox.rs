//! `tributary inbox`, as it is typed.

use clap::{Args, Subcommand};

/// Agents' inboxes.
#[derive(Debug, Subcommand)]
pub enum Inboxes {
    /// Moves an agent to an inbox with another number of partitions, while tasks flow: shows what it would do;
    /// --yes does it. It may be interrupted, and said again, at any point.
    ///
    /// The new inbox is the next generation beside the old one. Works that live in the old one end there; new
    /// ones begin in the new one. All nodes must run a version that knows this command.
    Migrate(Migrate),
}

/// A move.
#[derive(Debug, Args)]
pub struct Migrate {
    /// Whose inbox.
    #[arg(value_name = "AGENT")]
    pub agent: String,
    /// How many partitions it is to have.
    #[arg(long, value_name = "N")]
    pub partitions: i32,
    /// Does it. Without it, only shows what would be done next.
    #[arg(long)]
    pub yes: bool,
    /// Removes the old generation's topic, once nothing in it can matter any more. A node that was started before
    /// the move may still send there: it stops then, and knows the new one when it starts again.
    #[arg(long)]
    pub remove_old: bool,
    /// Removes it before: what is open there is lost, and a duplicate of a task that ended there begins anew.
    #[arg(long, requires = "remove_old")]
    pub allow_loss: bool,
}
