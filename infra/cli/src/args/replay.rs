//! `tributary replay`: which stretch of the log, and how it is compared.

use clap::Args;

/// Runs a stretch of the log again with the answers that were recorded, and proves the outputs byte for byte.
///
/// Every record that agents stepped, joins among them, is stepped again by the code and the team that this command
/// has, on states that follow from the log alone. Every output must then stand in the log, once; and every record
/// in the log that names a step must be what that step says. The first one that is not is shown, with how it differs.
///
/// Nothing is written to any topic, and no model, tool or gateway is asked: answers, timers and inputs are taken as
/// they were recorded. So what intake, the timers and the gateways themselves wrote is not proven; what agents made
/// of it is.
///
/// A work is audited if its first record is in the stretch and still in the log; what is not is counted and said.
/// Tasks still open are audited as far as they went. Steps that another version made (other prompts, manifests,
/// schemas or configuration) are counted and not compared. Of a topic that has got more partitions since, what went
/// by the old count differs; while an inbox moves to another generation, nothing of its team can be proven.
///
/// On brokers nodes may go on meanwhile (what an operator may read is enough); a data folder must be nobody's.
///
/// Exit codes: 0 all equal, 1 something differs, 2 it could not be done.
#[derive(Clone, Debug, Args)]
pub struct Replay {
    /// Compares what the steps say with what stands in the log. There is no other replay yet.
    #[arg(long)]
    pub audit: bool,
    /// Only records appended from then on: a time (2026-03-01T09:15:00Z) or so long ago (90s, 30m, 2h, 7d).
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only records appended until then, and what their steps made.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Compares steps by other versions too, but for the version that their records name: what a new prompt or a
    /// new program would have said otherwise.
    #[arg(long)]
    pub any_version: bool,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}
