//! The commands that ask a running node, or the log itself, and what can be said with them.

use clap::Subcommand;

/// What to ask.
#[derive(Debug, Subcommand)]
pub enum Ask {
    /// Shows what happened to a task: who worked on it, whom they asked, and where the time went.
    Trace {
        /// The task's id.
        task: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Columns of the drawing; the terminal's, or 80.
        #[arg(long, value_name = "COLUMNS")]
        width: Option<usize>,
    },
    /// Lists tasks, the newest first, and how they stand.
    Tasks {
        /// Only those that have not ended.
        #[arg(long, conflicts_with = "ended")]
        open: bool,
        /// Only those that have.
        #[arg(long)]
        ended: bool,
        /// Most that are shown.
        #[arg(long, value_name = "NUMBER", default_value_t = 50)]
        most: usize,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Asks for a task's end. Its producer is told that it was cancelled.
    Cancel {
        /// The task's id.
        task: String,
        /// Why; its producer is told.
        #[arg(long, value_name = "TEXT", default_value = "cancelled by an operator")]
        reason: String,
    },
    /// Shows records that could not be handled, and puts one back.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
}

/// Dead letters.
#[derive(Debug, Subcommand)]
pub enum DeadLetters {
    /// Lists them, the newest first.
    List {
        /// Only those with this code.
        #[arg(long, value_name = "CODE")]
        code: Option<String>,
        /// Most that are shown.
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        most: usize,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows one whole: why, what one can do, and the record's key, headers and value.
    Show {
        /// As the list names it.
        #[arg(value_name = "PARTITION/OFFSET")]
        letter: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Puts its record back, once what was wrong is mended. A task's record becomes a new task; any other
    /// goes back to where it stood, while its task is open.
    PutBack {
        /// As the list names it.
        #[arg(value_name = "PARTITION/OFFSET")]
        letter: String,
    },
}
