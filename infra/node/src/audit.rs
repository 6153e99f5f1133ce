//! The audit: a stretch of a log is run again with the answers that were recorded, and what the steps say now is
//! compared, byte for byte, with what stands in the log.
//!
//! Both ways: every output that a step says must be in the log, once; and every record that names a step must be
//! what that step says. Nothing is written, and nothing outside is asked: answers, timers and inputs are taken from
//! the inboxes as they stand. The log alone is what it starts from, so a work is audited if its first record is in
//! the stretch; what is not is counted, with the reason.
//!
//! ```text
//! inboxes ──reel──► worker and agent, as in a node ──made──► comparison ◄──found── every topic that steps write to
//! ```
//!
//! It does not judge what intake, timers and gateways write (those are functions of clocks and of the world), nor
//! how records stand to each other in time. What the topics must hold beyond this is the verifier's to say.

pub mod rerun;

mod compare;
mod difference;
mod makers;
mod reach;
mod reel;
mod report;
mod rows;
mod search;
mod table;
mod track;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use schemas_records::Timestamp;
use tokio::task::JoinSet;
use topics_catalog::Inboxes;
use topics_log::{Log, Record, TopicDescription, TopicPartition};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use self::compare::Comparison;
use self::makers::{Makers, place};
use self::reel::Reel;
use self::rows::{Bounds, Rows};
use self::table::Table;
use crate::roles::Node;
use crate::run::Error;

pub use reach::stepped;
pub use report::{Difference, Field, NotAudited, OtherVersion, Report, What};

/// For each partition of the team's inboxes, the offset up to which its records were stepped.
pub type Stepped = BTreeMap<TopicPartition, i64>;

/// What is audited.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stretch {
    /// Records appended from then on; without it all that are left.
    pub from: Option<Timestamp>,
    /// Records appended until then; without it all there are.
    pub to: Option<Timestamp>,
    /// Whether steps are compared too that were made by another version than runs here.
    pub any_version: bool,
}

/// How much is held in memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Most bytes of open works' states, of one agent; `None` for 256 MiB.
    pub open_bytes: Option<usize>,
}

/// Everything that one audit works with.
struct Audit<'a> {
    node: &'a Node,
    stretch: Stretch,
    log: Arc<dyn Log>,
    topics: Vec<TopicDescription>,
    table: Arc<Table>,
    reels: Vec<Arc<Reel>>,
}

/// Runs a stretch again and says what it found. Up to where records were stepped is for [`stepped`] to say.
///
/// # Errors
/// What kept it from its end: the log's own, or a node that cannot be put together. What differs is no error.
pub async fn audit(
    node: &Node,
    stepped: &Stepped,
    stretch: Stretch,
    limits: Limits,
) -> Result<Report, Error> {
    let audit = Audit::open(node, stepped, stretch, limits).await?;
    let stop = audit.run().await?;
    audit.finish(stepped, stop).await
}

/// An agent whose step found what cannot be.
struct Stop {
    agent: Arc<str>,
    record: Option<Record>,
    cause: String,
}

impl<'a> Audit<'a> {
    async fn open(
        node: &'a Node,
        stepped: &Stepped,
        stretch: Stretch,
        limits: Limits,
    ) -> Result<Self, Error> {
        let log = Arc::clone(&node.doors().log);
        let topics = log.topics(&format!("{}.", node.names().namespace())).await?;
        refuse_moves(node, &topics)?;
        let partitions = topics.iter().map(|topic| (topic.name.clone(), topic.partitions)).collect();
        let versions: BTreeMap<Arc<str>, Arc<str>> = node.versions();
        let comparison = Comparison::new(Makers::new(node.names()), stretch, partitions, versions);
        let agents: Vec<Arc<str>> = node.agents().iter().map(|agent| agent.as_str().into()).collect();
        let table = Arc::new(Table::new(comparison, agents.iter().cloned()));
        let deadly = Arc::new(search::deadly(node, &*log, &topics).await?);
        let mut bounds = Bounds::default();
        bounds.open_bytes_max = limits.open_bytes.unwrap_or(bounds.open_bytes_max);
        let stepped = Arc::new(stepped.clone());
        let reel = |agent: Arc<str>| {
            let (rows, table) = (Arc::new(Rows::new(bounds)), Arc::clone(&table));
            let (log, stepped, deadly) = (Arc::clone(&log), Arc::clone(&stepped), Arc::clone(&deadly));
            Arc::new(Reel::new(agent, log, rows, table, stretch, stepped, deadly))
        };
        let reels = agents.into_iter().map(reel).collect();
        Ok(Self { node, stretch, log: Arc::clone(&log), topics, table, reels })
    }

    /// Makes and finds, side by side, until both are at their ends.
    async fn run(&self) -> Result<Option<Stop>, Error> {
        let mut making = JoinSet::new();
        for reel in &self.reels {
            let (node, reel, topics) = (self.node.clone(), Arc::clone(reel), self.topics.clone());
            // What the steps log, and what they are measured by, was told when they were made.
            making.spawn(make(node, reel, topics).with_subscriber(NoSubscriber::new()));
        }
        let all = async {
            let mut stop = None;
            while let Some(made) = making.join_next().await {
                let made = made.map_err(|error| Error::Panicked { role: error.to_string() })?;
                stop = made?.or(stop);
            }
            Ok::<_, Error>(stop)
        };
        let find = async {
            Ok(search::find(self.node, &*self.log, &self.topics, &self.table, self.stretch.to).await?)
        };
        let (stop, ()) = futures::future::try_join(all, find).await?;
        Ok(stop)
    }

    async fn finish(self, stepped: &Stepped, stop: Option<Stop>) -> Result<Report, Error> {
        let mut report = Report { ended_early: self.table.ended(), ..Report::default() };
        for reel in &self.reels {
            (report.read, report.works) =
                reel.state(|state| (report.read + state.read, report.works + state.works));
            report.open += reel.rows.open() as u64;
        }
        let is_cut = self.stretch.from.is_some() || self.reels.iter().any(|reel| reel.is_cut());
        let unexplained = self.table.ask(Comparison::unexplained);
        let steps = if is_cut && !unexplained.is_empty() {
            Some(
                search::steps(&self.log, &self.topics_of_inboxes(), (stepped, self.stretch), &unexplained)
                    .await?,
            )
        } else {
            is_cut.then(HashSet::new)
        };
        let Self { node, stretch, log, table, reels, .. } = self;
        drop(reels);
        let Some(table) = Arc::into_inner(table) else {
            let message = "the audit's tasks did not end; please report this".to_owned();
            return Err(Error::Config { message });
        };
        let settled = table.into_comparison().finish(steps.as_ref());
        tell(&mut report, node, &settled);
        if let Some(first) = &settled.first {
            let recorded = match &first.found {
                Some(found) => track::one(&*log, &found.at, found.offset).await?,
                None => None,
            };
            report.first =
                Some(difference::told(node.codec(), first, recorded.as_ref(), stretch.any_version));
        }
        if let Some(stop) = stop {
            tell_stop(&mut report, stop);
        }
        Ok(report)
    }

    fn topics_of_inboxes(&self) -> Vec<TopicDescription> {
        let names = self.node.names();
        self.topics.iter().filter(|topic| names.agent_of(&topic.name).is_some()).cloned().collect()
    }
}

/// A move is no function of the log alone: which generation a step wrote to depended on when its node had started.
fn refuse_moves(node: &Node, topics: &[TopicDescription]) -> Result<(), Error> {
    let inboxes = Inboxes::among(node.names(), topics);
    let Some(agent) = node.agents().into_iter().find(|agent| inboxes.of(agent).len() > 1) else {
        return Ok(());
    };
    let message = format!(
        "the inbox of {agent} moves to another generation, and what was written meanwhile cannot be proven; end the \
         move (`tributary inbox migrate --remove-old`), and audit what came after it with --from"
    );
    Err(Error::Config { message })
}

/// Runs one agent over its tape.
async fn make(node: Node, reel: Arc<Reel>, topics: Vec<TopicDescription>) -> Result<Option<Stop>, Error> {
    let states = Arc::clone(&reel.rows);
    let ended = rerun::rerun(&node, &reel.agent, &topics, states, Arc::clone(&reel) as _).await;
    reel.table.has_made(&reel.agent);
    if let Some(error) = reel.state(|state| state.failed.take()) {
        return Err(error.into());
    }
    match ended {
        Ok(()) => Ok(None),
        Err(Error::Role { error, .. }) if error.remedy == topics_runtime::Remedy::Stop => {
            let record = reel.state(|state| state.last.take());
            Ok(Some(Stop { agent: Arc::clone(&reel.agent), record, cause: error.to_string() }))
        }
        Err(error) => Err(error),
    }
}

/// What was counted.
fn tell(report: &mut Report, node: &Node, settled: &compare::Settled) {
    let counts = &settled.counts;
    (report.steps, report.outputs, report.equal) = (counts.steps, counts.made, counts.equal);
    (report.taken, report.digest) = (counts.others, format!("{:032x}", counts.digest));
    report.differences.clone_from(&settled.differences);
    report.not_audited.clone_from(&counts.spared);
    let versions = node.versions();
    report.other_versions = settled
        .other_versions
        .iter()
        .map(|((agent, recorded), records)| OtherVersion {
            agent: agent.to_string(),
            recorded: recorded.to_string(),
            here: versions.get(agent).map(ToString::to_string),
            records: *records,
        })
        .collect();
}

/// A step that stops is the first thing to be mended: whatever else differs may follow from it.
fn tell_stop(report: &mut Report, stop: Stop) {
    let Stop { agent, record, cause } = stop;
    *report.differences.entry(What::Stops).or_default() += 1;
    let text = |name: &str| {
        record.as_ref().and_then(|record| record.headers.text(name)).unwrap_or_default().to_owned()
    };
    report.first = Some(Difference {
        what: What::Stops,
        step: record.as_ref().map(|record| place(&record.topic_partition, record.offset)),
        at: record.as_ref().map(|record| record.timestamp).unwrap_or_default(),
        agent: Some(agent.to_string()),
        task: text(schemas_records::headers::TASK_ID),
        work: record.as_ref().map(|record| record.key.to_string()).unwrap_or_default(),
        path: text(schemas_records::headers::WORK_PATH),
        record: String::new(),
        recorded_at: None,
        fields: vec![Field { name: "step".to_owned(), recorded: None, made: Some(cause) }],
        more: 0,
    });
    report.ended_early = Some(format!("the steps of {agent} stopped"));
}
