//! What a node is told beside its team and its doors.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use infra_http::Limits;
use infra_http::public::Tokens;
use topics_catalog::Topics;

/// Names and bounds of one node.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Prefix of every topic, group, transactional id and row.
    pub namespace: String,
    /// This instance's name, unique in the namespace and stable over restarts: a node that comes back
    /// under its name gets its partitions without a rebalance and ends its own old transactions.
    pub instance: String,
    /// Which roles to run: agents' names, `intake`, `timers`, `model-gateway`, and of a team that has tools
    /// or knowledge `tool-gateway`, `knowledge-gateway`. Empty for all.
    pub roles: Vec<String>,
    /// Most tasks open at once, over all partitions of the task topic.
    pub open_tasks_max: u32,
    /// The deadline of a task that names none, after its append.
    pub deadline: Duration,
    /// Calls of a task that names no budget.
    pub budget_calls: u32,
    /// Most model calls in flight in this node.
    pub calls_in_flight_max: usize,
    /// Longest a step may take before the node ends itself.
    pub step_time_max: Duration,
    /// Where metrics are served; `None` for nowhere.
    pub metrics: Option<SocketAddr>,
    /// The doors through which others can ask.
    pub outside: Outside,
}

/// The doors of a node that speak HTTP.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// The data folder: of state, without brokers of the log too, and of the note that says where the admin door
    /// is. Without one all lies in memory, and there is no admin door.
    pub folder: Option<PathBuf>,
    /// The admin door's port on the loopback address; 0 for one that the system chooses.
    pub admin_port: u16,
    /// The public door's address; `None` for no such door.
    pub http: Option<SocketAddr>,
    /// The tokens that open it.
    pub tokens: Tokens,
    /// A file of tokens, read when the door is opened.
    pub token_file: Option<PathBuf>,
    /// Whether it may be open to everybody on this machine.
    pub is_open: bool,
    /// Its bounds.
    pub limits: Limits,
    /// How topics that are missing would be made: told, not done.
    pub topics: Topics,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespace: "tributary".into(),
            instance: "node-1".into(),
            roles: Vec::new(),
            // Enough to keep a few hundred model calls in flight, few enough that what was accepted
            // first ends first.
            open_tasks_max: 1_000,
            deadline: Duration::from_secs(3_600),
            budget_calls: 32,
            calls_in_flight_max: 64,
            step_time_max: Duration::from_secs(30),
            metrics: None,
            outside: Outside::default(),
        }
    }
}
