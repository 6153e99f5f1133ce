//! `tributary acls`: for whom ACLs are printed, and in which form.

use clap::Subcommand;

/// ACLs.
#[derive(Debug, Subcommand)]
pub enum Acls {
    /// Prints the ACLs that a node of this team needs, and those who work with it. Nothing is granted and no
    /// broker is asked.
    ///
    /// The node's are those of the roles it is told to run: with --set roles=planner,intake only theirs, so that
    /// each kind of node can have a principal of its own.
    Print {
        /// The principal of the node.
        #[arg(long, value_name = "PRINCIPAL", default_value = "User:tributary")]
        node: String,
        /// Also what a producer of tasks needs, under this principal.
        #[arg(long, value_name = "PRINCIPAL")]
        producer: Option<String>,
        /// Also what a reader of results needs.
        #[arg(long, value_name = "PRINCIPAL")]
        reader: Option<String>,
        /// Also what the program needs that serves this tool, of kind external. May be repeated.
        #[arg(long, value_name = "TOOL=PRINCIPAL")]
        tool: Vec<String>,
        /// Also what an operator needs, who makes topics, looks into tasks and asks for the status. (A node that is
        /// asked by `tributary trace` reads under its own principal: name the node's here too, if it may.)
        #[arg(long, value_name = "PRINCIPAL")]
        operator: Option<String>,
        /// As lines of kafka-acls.sh, Kafka's own command.
        #[arg(long)]
        commands: bool,
    },
}
