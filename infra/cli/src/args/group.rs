//! `tributary group`: what can be done for consumer groups.

use clap::Subcommand;

/// Groups.
#[derive(Clone, Debug, Subcommand)]
pub enum Group {
    /// Puts committed offsets back that groups have lost: deleted, or expired because no node ran for longer than
    /// the broker keeps offsets (offsets.retention.minutes, 7 days by default). It shows what it would put
    /// back; --yes does it.
    ///
    /// A node stops then, instead of reading from the beginning: agents must go on exactly where they stopped,
    /// and where that is stands beside their state. So this runs where the node runs, with its configuration
    /// (for its `roles`) and under its principal, while no node does. Gateways and intake need none of it: they
    /// read again, and their journals and the inboxes know what was done.
    ///
    /// It also lets a group go on whose next records retention has deleted. Of a partition that was idle for as
    /// long nothing is lost by it.
    Adopt {
        /// Does it. Without it, only shows what would be put back.
        #[arg(long)]
        yes: bool,
        /// Where a partition stopped whose last owner died, if you know it: for example planner/0=42. Below
        /// the right offset results may come twice or not at all, above it records are left out.
        #[arg(long, value_name = "AGENT/PARTITION=OFFSET")]
        at: Vec<String>,
    },
}
