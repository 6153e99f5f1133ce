//! Which rule applies: a record's kind against where the work stands.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::work::{Status, WorkRow};
use schemas_records::{
    Address, Envelope, Failure, FailureCode, Key, Kind, Outcome, ReplyKind, ReplyTo, Timestamp, WorkId,
};
use topics_catalog::Directory;
use topics_guard::{Guard, stands};
use topics_log::{NewRecord, Record, partition_of};
use topics_runtime::{DeadReason, Handler, Input, NewState, Step, Stopped};
use topics_state::Version;

use crate::bounds::{Bounds, ROW_BYTES_MAX};
use crate::external::ExternalTool;
use crate::logic::Logic;
use crate::reply::reply_record;
use crate::turn::Turn;

/// What the works of one agent type share with their team.
#[derive(Clone)]
pub struct Team {
    /// Bytes and records.
    pub codec: Codec,
    /// Whom agents can reach.
    pub directory: Directory,
    /// Bounds in time.
    pub bounds: Bounds,
}

/// The works of one agent type: the worker's handler.
pub struct Works {
    pub(crate) me: String,
    pub(crate) codec: Codec,
    pub(crate) directory: Directory,
    pub(crate) bounds: Bounds,
    pub(crate) logic: Arc<dyn Logic>,
    pub(crate) version: String,
    /// The tools that this agent may use and another process serves.
    pub(crate) external: Vec<ExternalTool>,
    /// Partitions of this agent's own inbox, in the generation that it serves.
    pub(crate) partitions: i32,
}

impl Works {
    /// The works of the agent type `name`.
    ///
    /// # Errors
    /// A sentence, if the directory does not know the agent.
    pub fn new(name: &str, team: Team, logic: Arc<dyn Logic>) -> Result<Self, String> {
        let (_, partitions, _) = team
            .directory
            .find(name)
            .ok_or_else(|| format!("agent {name:?} has no inbox in the directory"))?;
        let version = version_of(name, &*logic);
        Ok(Self {
            me: name.to_owned(),
            codec: team.codec,
            directory: team.directory,
            bounds: team.bounds,
            logic,
            version,
            external: Vec::new(),
            partitions,
        })
    }

    /// The same works, in a generation of the inbox with so many partitions.
    #[must_use]
    pub fn with_partitions(self, partitions: i32) -> Self {
        Self { partitions, ..self }
    }

    fn handle(&self, input: &Input<'_>) -> Result<Step, Stopped> {
        let row = self.read_row(input)?;
        let envelope = match Envelope::read(&input.record.headers) {
            Ok(envelope) => envelope,
            Err(message) => {
                let remedy = "only agents, gateways and intake write to an inbox; submit to the task topic";
                return self.pass_over(
                    input,
                    row,
                    Some(DeadReason::new("bad-headers", message, remedy)),
                    None,
                );
            }
        };
        let Some(work) = WorkId::parse(input.record.key.as_bytes()) else {
            let reason = DeadReason::new(
                "bad-key",
                format!("key {:?} is not a work id", input.record.key),
                "submit to the task topic; inboxes are the runtime's",
            );
            return self.pass_over(input, row, Some(reason), None);
        };
        self.check_echo(input, &envelope, row.as_ref())?;
        if let Some(reason) = self.unreachable(&envelope) {
            return self.pass_over(input, row, Some(reason), None);
        }
        let Some(row) = row else {
            if let Some(step) = self.elsewhere(input, envelope.kind)? {
                return Ok(step);
            }
            return match envelope.kind {
                Kind::Input => self.begin(input, &envelope, work),
                Kind::Answer | Kind::Part | Kind::Timer if !stands(Guard::OnlyInputsBegin) => {
                    self.begin(input, &envelope, work)
                }
                Kind::Expectation => self.begin_join(input, &envelope, work),
                Kind::Result | Kind::Refused | Kind::Closing | Kind::Draining => {
                    self.wrong_kind(input, None, envelope.kind)
                }
                _ => self.pass_over(input, None, None, Some("late-no-state")),
            };
        };
        match (envelope.kind, row.status) {
            (Kind::Input, _) if !stands(Guard::TaskBeginsOnce) => self.begin(input, &envelope, work),
            (Kind::Input, _) => self.again(input, row, &envelope),
            (Kind::Expectation, _) => self.pass_over(input, Some(row), None, Some("repeat")),
            (Kind::Answer, Status::Open) => self.answer(input, row, &envelope, work),
            (Kind::Part, Status::Open) => self.part(input, row, &envelope, work),
            (Kind::Timer, Status::Open) => self.timer(input, row, &envelope, work),
            (Kind::Cancellation, Status::Open | Status::Delegated) => {
                self.cancel(input, row, &envelope, work)
            }
            (Kind::Answer | Kind::Part | Kind::Timer | Kind::Cancellation, _) => {
                self.pass_over(input, Some(row), None, Some("late"))
            }
            (Kind::Result | Kind::Refused | Kind::Closing | Kind::Draining, _) => {
                self.wrong_kind(input, Some(row), envelope.kind)
            }
        }
    }

    fn wrong_kind(&self, input: &Input<'_>, row: Option<WorkRow>, kind: Kind) -> Result<Step, Stopped> {
        let reason = DeadReason::new(
            "wrong-kind",
            format!("an inbox takes no records of kind {}", kind.as_str()),
            "submit to the task topic; inboxes are the runtime's",
        );
        self.pass_over(input, row, Some(reason), None)
    }

    /// A record whose answer could not be delivered is not begun with: only declared topics are answered,
    /// and a producer that is told of a missing topic cannot go on.
    fn unreachable(&self, envelope: &Envelope) -> Option<DeadReason> {
        let to = envelope.reply_to.as_ref()?;
        let closings = self.directory.find("closings").map_or(0, |(_, partitions, _)| partitions);
        let has_closings = to.kind != ReplyKind::Result || (0..closings).contains(&envelope.origin.partition);
        if self.directory.holds(&to.address) && has_closings {
            return None;
        }
        Some(DeadReason::new(
            "unreachable-reply",
            format!("the answer would go to {}, which this team does not declare", to.address),
            "submit to the task topic; reply-to is the runtime's own",
        ))
    }

    /// An answer, part or timer echoes the step that asked. A state older than that step means that rows
    /// which were acknowledged are gone (a restored backup, a lost disk): going on would decide on
    /// nothing.
    fn check_echo(
        &self,
        input: &Input<'_>,
        envelope: &Envelope,
        row: Option<&WorkRow>,
    ) -> Result<(), Stopped> {
        if !matches!(envelope.kind, Kind::Answer | Kind::Timer) {
            return Ok(());
        }
        let Some(echo) = envelope.asked_at else {
            return Ok(());
        };
        if echo.position.generation != input.position.generation {
            return Ok(());
        }
        let lost = match (row, input.state) {
            (Some(_), Some(version)) => version.position < echo.position,
            // A work's row stands until its deadline, and its tombstone so much longer.
            _ => input.record.timestamp < envelope.limits.deadline.plus(self.bounds.late),
        };
        if !lost || !stands(Guard::LostRowsNoticed) {
            return Ok(());
        }
        let found = input.state.map_or_else(|| "none".to_owned(), |version| version.position.to_string());
        Err(Stopped {
            reason: format!(
                "work {} of {} asked at {} and its state is older ({found}): rows of the state store are lost; restore \
                 them, or remove this agent's state and offsets to begin anew",
                input.record.key, self.me, echo.position
            ),
        })
    }

    /// The newest row, unless it reads as no state.
    fn read_row(&self, input: &Input<'_>) -> Result<Option<WorkRow>, Stopped> {
        self.row_of(input, input.state)
    }

    /// The row in one of the record's versions, unless it reads as no state.
    pub(crate) fn row_of(
        &self,
        input: &Input<'_>,
        version: Option<&Version>,
    ) -> Result<Option<WorkRow>, Stopped> {
        let Some(version) = version else {
            return Ok(None);
        };
        match self.codec.decode_state::<WorkRow>(&version.value) {
            Ok(row) if row.status == Status::Absent => Ok(None),
            Ok(row) => Ok(Some(row)),
            Err(error) => Err(Stopped {
                reason: format!(
                    "read the row of work {} at {}: {error}; this node is older than the one that wrote it, or the \
                     store is damaged",
                    input.record.key, version.position
                ),
            }),
        }
    }

    pub(crate) fn encode_row(&self, row: &WorkRow) -> Result<Bytes, Stopped> {
        self.codec.encode_state(row).map_err(|error| Stopped { reason: format!("write a row: {error}") })
    }

    /// Whether the row, as it is, can be kept.
    pub(crate) fn row_fits(&self, row: &WorkRow) -> Result<bool, Stopped> {
        Ok(self.encode_row(row)?.len() <= ROW_BYTES_MAX)
    }

    /// Leaves the state as it is: the record is late, a repeat, or a dead letter.
    pub(crate) fn pass_over(
        &self,
        input: &Input<'_>,
        row: Option<WorkRow>,
        dead: Option<DeadReason>,
        note: Option<&'static str>,
    ) -> Result<Step, Stopped> {
        let state = match (row, input.state) {
            (Some(row), Some(version)) if row.status == Status::Open => {
                NewState::Value(version.value.clone())
            }
            (Some(row), Some(version)) => NewState::Ended {
                value: version.value.clone(),
                lives: self.tombstone_lives(&row, input.record.timestamp),
            },
            _ => NewState::Absent { value: self.encode_row(&absent())?, lives: self.bounds.late },
        };
        Ok(Step { state, outputs: Vec::new(), dead, notes: note.into_iter().collect() })
    }

    /// How long an ended work's row is kept from `now`: a task's as long as the same task may be
    /// submitted again, any other's until nothing of the task can be on its way.
    pub(crate) fn tombstone_lives(&self, row: &WorkRow, now: Timestamp) -> Duration {
        let until_deadline = Timestamp(row.deadline).since(now) + self.bounds.late;
        let is_task = row.depth == 0;
        if is_task { until_deadline.max(self.bounds.duplicates) } else { until_deadline }
    }

    /// Where a record for one of the runtime's own topics goes; the directory always has them.
    pub(crate) fn runtime_address(&self, name: &str, key: &Key) -> Result<Address, Stopped> {
        self.directory
            .address(name, key)
            .ok_or_else(|| Stopped { reason: format!("topic {name:?} is not in the directory") })
    }
}

impl Handler for Works {
    fn step(&self, input: &Input<'_>) -> Result<Step, Stopped> {
        self.handle(input)
    }

    fn fail(&self, input: &Input<'_>, reason: &DeadReason) -> Result<Step, Stopped> {
        let failure = Failure::new(FailureCode::AgentPanicked, reason.message.clone(), reason.remedy.clone());
        let row = self.read_row(input)?;
        let envelope = Envelope::read(&input.record.headers).ok();
        let work = WorkId::parse(input.record.key.as_bytes());
        let (Some(envelope), Some(work)) = (envelope, work) else {
            return self.pass_over(input, row, Some(reason.clone()), None);
        };
        // Also what killed its owners: who began it here would begin what another generation may have begun.
        if row.is_none()
            && let Some(step) = self.elsewhere(input, envelope.kind)?
        {
            return Ok(step);
        }
        let row = match row {
            Some(row) if row.status == Status::Open => row,
            None if matches!(envelope.kind, Kind::Input | Kind::Expectation) => {
                crate::beginnings::new_row(&envelope, &input.record.value)
            }
            row => return self.pass_over(input, row, Some(reason.clone()), None),
        };
        let mut turn = Turn::new(self, input.record, input.position, work, row, envelope.hops);
        turn.dead = Some(reason.clone());
        turn.end_failed(failure)?;
        turn.finish()
    }

    fn misplaced(&self, record: &Record) -> Vec<NewRecord> {
        let Ok(envelope) = Envelope::read(&record.headers) else {
            return Vec::new();
        };
        let kind = match envelope.kind {
            Kind::Answer => ReplyKind::Answer,
            Kind::Part => ReplyKind::Part,
            _ => return Vec::new(),
        };
        let Some(call) = envelope.call else {
            return Vec::new();
        };
        let failure = Failure::new(
            FailureCode::BadAnswer,
            format!(
                "the answer came to partition {}, where its key does not belong",
                record.topic_partition.partition
            ),
            "set partitioner=murmur2_random in whatever answers",
        );
        let Ok(value) = self.codec.encode(&failure) else {
            return Vec::new();
        };
        let address = Address {
            topic: record.topic_partition.topic.to_string(),
            partition: partition_of(record.key.as_bytes(), self.partitions),
            key: record.key.clone(),
        };
        let to = ReplyTo { kind, address, call };
        let rest = envelope.limits.budget;
        vec![reply_record(&to, &envelope, Outcome::Failed, value, rest, &self.version)]
    }
}

/// What stands in an agent's records as the version that made them: 12 hexadecimal digits.
#[must_use]
pub fn version_of(agent: &str, logic: &dyn Logic) -> String {
    let hash = schemas_records::ids::content_hash(&[agent.as_bytes(), logic.version().as_bytes()]);
    hash[..12].to_owned()
}

/// The row that reads as no state.
fn absent() -> WorkRow {
    let text = String::new;
    WorkRow {
        status: Status::Absent,
        task: text(),
        path: text(),
        origin: text(),
        content: text(),
        accepted_at: 0,
        reply_to: text(),
        asked_at: text(),
        deadline: 0,
        budget_calls: 0,
        priority: 0,
        tenant: text(),
        depth: 0,
        hops: 0,
        traceparent: text(),
        last_at: 0,
        pending: Vec::new(),
        join: None,
        delegate: None,
        state: Bytes::new(),
        calls_spent: 0,
        steps: 0,
    }
}
