//! Every statement, prepared once: values written into the text cost half of the rate, statements that
//! are not prepared four fifths.

use scylla::client::execution_profile::ExecutionProfileHandle;
use scylla::client::session::Session;
use scylla::statement::Consistency;
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use topics_state::Error;

use crate::connection;
use crate::errors;
use crate::settings::Settings;

/// What can be asked.
pub(crate) struct Statements {
    /// The newest version below a position.
    pub newest_below: PreparedStatement,
    /// One version, under an epoch.
    pub write: PreparedStatement,
    /// All versions and chunks of a key below a position, under an epoch; one partition key, so one
    /// change on each replica.
    pub prune: Batch,
    pub state_chunk: PreparedStatement,
    pub write_state_chunk: PreparedStatement,
    pub owner: PreparedStatement,
    pub register_first: PreparedStatement,
    pub register_next: PreparedStatement,
    pub note: PreparedStatement,
    /// What time it is where it is asked.
    pub now: PreparedStatement,
    pub kept: PreparedStatement,
    pub keep: PreparedStatement,
    pub kept_at: PreparedStatement,
    pub drop_kept: PreparedStatement,
    pub inserted: PreparedStatement,
    pub insert: PreparedStatement,
    pub drop_inserted: PreparedStatement,
    pub value_chunk: PreparedStatement,
    pub write_value_chunk: PreparedStatement,
    pub drop_value_chunks: PreparedStatement,
    pub schedule: PreparedStatement,
    pub due: PreparedStatement,
    pub due_behind: PreparedStatement,
    pub due_at: PreparedStatement,
    pub unschedule: PreparedStatement,
}

/// Which column of a state, or of an owner, a condition is about.
const STATE: &str = "agent = ? AND key = ? AND generation = ?";
const SLOT: &str = "agent = ? AND generation = ? AND inbox_partition = ?";
const VALUE: &str = "space = ? AND key = ?";
const MINUTE: &str = "space = ? AND bucket = ? AND minute = ?";

impl Statements {
    /// Prepares all of them.
    ///
    /// # Errors
    /// `Stop` where a table is not there or may not be used; `Retry` if no node answers.
    #[rustfmt::skip] // one statement a line, to be read side by side
    pub async fn prepare(session: &Session, settings: &Settings) -> Result<Self, Error> {
        let of = Preparing::new(session, settings);
        let mut prune = Batch::new(BatchType::Unlogged);
        prune.append_statement(of.plain("DELETE FROM states USING TIMESTAMP ? WHERE {STATE} AND position < ?").await?);
        prune.append_statement(of.plain("DELETE FROM state_chunks USING TIMESTAMP ? WHERE {STATE} AND position < ?").await?);
        prune.set_is_idempotent(true);
        Ok(Self {
            newest_below: of.plain("SELECT position, value FROM states WHERE {STATE} AND position < ? LIMIT 1").await?,
            // An UPDATE makes no cell beside the payload's: a row is as old as its value, and ends with it.
            write: of.plain("UPDATE states USING TIMESTAMP ? AND TTL ? SET value = ? WHERE {STATE} AND position = ?").await?,
            prune,
            state_chunk: of.plain("SELECT value FROM state_chunks WHERE {STATE} AND position = ? AND id = ? AND chunk = ?").await?,
            write_state_chunk: of.plain("UPDATE state_chunks USING TIMESTAMP ? AND TTL ? SET value = ? WHERE {STATE} AND position = ? AND id = ? AND chunk = ?").await?,
            owner: of.serial("SELECT epoch, topic_id, committed, stepping, deaths, closed, nonce FROM owners WHERE {SLOT}").await?,
            register_first: of.conditional("INSERT INTO owners (agent, generation, inbox_partition, epoch, topic_id, deaths, closed, nonce) VALUES (?, ?, ?, ?, ?, 0, false, ?) IF NOT EXISTS").await?,
            register_next: of.conditional("UPDATE owners SET epoch = ?, closed = false, nonce = ? WHERE {SLOT} IF epoch = ? AND nonce = ?").await?,
            note: of.conditional("UPDATE owners SET topic_id = ?, committed = ?, stepping = ?, deaths = ?, closed = ?, nonce = ? WHERE {SLOT} IF epoch = ?").await?,
            now: of.plain("SELECT now() FROM system.local").await?,
            kept: of.plain("SELECT value FROM kept WHERE {VALUE}").await?,
            keep: of.plain("UPDATE kept USING TIMESTAMP ? AND TTL ? SET value = ? WHERE {VALUE}").await?,
            kept_at: of.plain("SELECT value, WRITETIME(value) FROM kept WHERE {VALUE}").await?,
            drop_kept: of.plain("DELETE FROM kept USING TIMESTAMP ? WHERE {VALUE}").await?,
            inserted: of.plain("SELECT value FROM inserted WHERE {VALUE}").await?,
            insert: of.conditional("INSERT INTO inserted (space, key, value, nonce) VALUES (?, ?, ?, ?) IF NOT EXISTS USING TTL ?").await?,
            drop_inserted: of.conditional("DELETE FROM inserted WHERE {VALUE} IF EXISTS").await?,
            value_chunk: of.plain("SELECT value FROM value_chunks WHERE {VALUE} AND id = ? AND chunk = ?").await?,
            write_value_chunk: of.plain("UPDATE value_chunks USING TIMESTAMP ? AND TTL ? SET value = ? WHERE {VALUE} AND id = ? AND chunk = ?").await?,
            drop_value_chunks: of.plain("DELETE FROM value_chunks USING TIMESTAMP ? WHERE {VALUE} AND id = ?").await?,
            schedule: of.plain("UPDATE due USING TIMESTAMP ? SET value = ? WHERE {MINUTE} AND due = ? AND key = ?").await?,
            due: of.plain("SELECT due, key, value FROM due WHERE {MINUTE} LIMIT ?").await?,
            due_behind: of.plain("SELECT due, key, value FROM due WHERE {MINUTE} AND (due, key) > (?, ?) LIMIT ?").await?,
            due_at: of.plain("SELECT WRITETIME(value) FROM due WHERE {MINUTE} AND due = ? AND key = ?").await?,
            unschedule: of.plain("DELETE FROM due USING TIMESTAMP ? WHERE {MINUTE} AND due = ? AND key = ?").await?,
        })
    }
}

/// What preparing takes.
struct Preparing<'a> {
    session: &'a Session,
    keyspace: &'a str,
    plain: ExecutionProfileHandle,
    conditional: ExecutionProfileHandle,
}

impl<'a> Preparing<'a> {
    fn new(session: &'a Session, settings: &'a Settings) -> Self {
        Self {
            session,
            keyspace: &settings.keyspace,
            plain: connection::plain(settings).into_handle(),
            conditional: connection::conditional(settings).into_handle(),
        }
    }

    /// One that may be made again, and on several nodes at once.
    async fn plain(&self, text: &str) -> Result<PreparedStatement, Error> {
        let mut prepared = self.prepare(text).await?;
        prepared.set_is_idempotent(true);
        prepared.set_execution_profile_handle(Some(self.plain.clone()));
        Ok(prepared)
    }

    /// A read that sees every conditional write, and ends those that are under way.
    async fn serial(&self, text: &str) -> Result<PreparedStatement, Error> {
        let mut prepared = self.conditional(text).await?;
        prepared.set_consistency(Consistency::Serial);
        Ok(prepared)
    }

    /// A conditional write.
    async fn conditional(&self, text: &str) -> Result<PreparedStatement, Error> {
        let mut prepared = self.prepare(text).await?;
        prepared.set_is_idempotent(false);
        prepared.set_execution_profile_handle(Some(self.conditional.clone()));
        Ok(prepared)
    }

    async fn prepare(&self, text: &str) -> Result<PreparedStatement, Error> {
        let mut text = text.to_owned();
        for (name, written) in
            [("{STATE}", STATE), ("{SLOT}", SLOT), ("{VALUE}", VALUE), ("{MINUTE}", MINUTE)]
        {
            text = text.replace(name, written);
        }
        for before in ["FROM ", "UPDATE ", "INTO "] {
            text = text.replace(before, &format!("{before}{}.", self.keyspace));
        }
        text = text.replace(&format!("{}.system.", self.keyspace), "system.");
        let prepared = self.session.prepare(text.as_str()).await;
        prepared.map_err(|error| errors::of_preparing(format!("prepare `{text}`"), &error))
    }
}
