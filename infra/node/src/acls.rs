//! Which ACLs each principal needs: a node by its roles, and those around it. Derived from the same names and
//! topics that the roles use. It asks no broker and grants nothing.
//!
//! Kafka lets a principal describe what it may read, write or alter, and lets whoever may write to any topic be
//! idempotent (since 2.8): so neither is listed apart, and no ACL on the cluster is needed.

use std::collections::BTreeMap;
use std::fmt;

use schemas_codec::nearest::hint;
use topics_catalog::{Kind, Topics};

use crate::gateways::{KNOWLEDGE, MODEL, TIMERS, TOOLS};
use crate::roles::{INTAKE, Node};
use crate::run::Error;

/// What an ACL is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// A topic.
    Topic,
    /// A consumer group.
    Group,
    /// The name of a transactional producer.
    TransactionalId,
}

/// What is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// To know that it is there.
    Describe,
    /// To read a topic; to be a member of a group and commit its offsets.
    Read,
    /// To append to a topic; to take a transactional name.
    Write,
    /// To make topics.
    Create,
    /// To remove them.
    Delete,
    /// To give them more partitions.
    Alter,
    /// To see their configuration.
    DescribeConfigs,
    /// To change it.
    AlterConfigs,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Kafka's own words are these.
        fmt::Debug::fmt(self, f)
    }
}

/// One row: what a principal may do with a resource, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acl {
    /// For example `User:tributary`.
    pub principal: String,
    /// What it is about.
    pub resource: Resource,
    /// Its name, or what the names begin with.
    pub name: String,
    /// Whether `name` is only a beginning.
    pub is_prefix: bool,
    /// What is allowed.
    pub operations: Vec<Operation>,
    /// What it is needed for.
    pub purpose: String,
}

/// Who is to be granted something. Kafka's form of a principal: `User:NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principals {
    /// A node with the roles of the settings.
    pub node: String,
    /// Who submits tasks.
    pub producer: Option<String>,
    /// Who reads results.
    pub reader: Option<String>,
    /// Who serves a tool that is not a node's: the tool, and the principal.
    pub tools: Vec<(String, String)>,
    /// Who makes topics, and asks with `tributary trace`, `tasks`, `cancel`, `dead-letters`.
    pub operator: Option<String>,
}

/// A resource, its name, and whether that is only a beginning.
type Which = (Resource, String, bool);

/// What is allowed, and what for.
type Allowed = (Vec<Operation>, Vec<String>);

/// The rows of one principal, each resource once.
struct Rows {
    principal: String,
    rows: BTreeMap<Which, Allowed>,
}

impl Rows {
    fn of(principal: &str) -> Self {
        Self { principal: principal.to_owned(), rows: BTreeMap::new() }
    }

    fn allow(&mut self, operation: Operation, resource: Resource, name: impl Into<String>, purpose: &str) {
        self.add(operation, (resource, name.into(), false), purpose);
    }

    fn allow_prefix(&mut self, operation: Operation, resource: Resource, name: String, purpose: &str) {
        self.add(operation, (resource, name, true), purpose);
    }

    fn add(&mut self, operation: Operation, key: Which, purpose: &str) {
        let (operations, purposes) = self.rows.entry(key).or_default();
        if !operations.contains(&operation) {
            operations.push(operation);
        }
        if !purposes.iter().any(|known| known == purpose) {
            purposes.push(purpose.to_owned());
        }
    }

    /// The rows in the order of their resources. Whoever may read or write may describe.
    fn finish(self) -> impl Iterator<Item = Acl> {
        let principal = self.principal;
        self.rows.into_iter().map(move |((resource, name, is_prefix), (mut operations, purposes))| {
            let implies = |one: &Operation| matches!(one, Operation::Read | Operation::Write);
            if operations.iter().any(implies) {
                operations.retain(|operation| *operation != Operation::Describe);
            }
            operations.sort_unstable();
            let purpose = purposes.join(", ");
            Acl { principal: principal.clone(), resource, name, is_prefix, operations, purpose }
        })
    }
}

impl Node {
    /// The ACLs that these principals need.
    ///
    /// # Errors
    /// A role that there is not.
    pub fn acls(&self, principals: &Principals) -> Result<Vec<Acl>, Error> {
        let mut acls: Vec<Acl> = self.of_node(&principals.node)?.finish().collect();
        if let Some(producer) = &principals.producer {
            let mut rows = Rows::of(producer);
            rows.allow(Operation::Write, Resource::Topic, self.names.topic(Kind::Tasks), "submits tasks");
            acls.extend(rows.finish());
        }
        if let Some(reader) = &principals.reader {
            acls.extend(self.of_reader(reader).finish());
        }
        for (tool, principal) in &principals.tools {
            acls.extend(self.of_tool(tool, principal)?.finish());
        }
        if let Some(operator) = &principals.operator {
            acls.extend(self.of_operator(operator).finish());
        }
        Ok(acls)
    }

    fn of_node(&self, principal: &str) -> Result<Rows, Error> {
        let mut rows = Rows::of(principal);
        // A node looks up every topic of its team at its start, whatever it runs.
        for topic in self.catalog(Topics::default()).names() {
            match self.names.agent_of(topic) {
                // In whatever generation: a move to the next needs no new ACLs.
                Some(agent) => {
                    let inboxes = self.names.inboxes(agent);
                    rows.allow_prefix(Operation::Describe, Resource::Topic, inboxes, "known by name");
                }
                None => rows.allow(Operation::Describe, Resource::Topic, topic, "known by name"),
            }
        }
        for role in self.role_names()? {
            let dead_letters = self.names.topic(Kind::DeadLetters);
            rows.allow(Operation::Write, Resource::Topic, dead_letters, &role);
            match role.as_str() {
                INTAKE => self.for_intake(&mut rows),
                TIMERS => {
                    self.for_gateway(&mut rows, TIMERS, self.names.gateway_group(TIMERS), Kind::Timers);
                    // It learns the broker's time from a record to itself.
                    rows.allow(Operation::Write, Resource::Topic, self.names.topic(Kind::Timers), TIMERS);
                }
                MODEL => {
                    self.for_gateway(&mut rows, MODEL, self.names.gateway_group(MODEL), Kind::ModelRequests)
                }
                TOOLS => self.for_gateway(&mut rows, TOOLS, self.names.group(TOOLS), Kind::ToolRequests),
                KNOWLEDGE => {
                    let group = self.names.group(KNOWLEDGE);
                    self.for_gateway(&mut rows, KNOWLEDGE, group, Kind::KnowledgeRequests);
                }
                agent => self.for_agent(&mut rows, agent),
            }
        }
        Ok(rows)
    }

    /// Reads its inbox, and may write to all that it can name.
    fn for_agent(&self, rows: &mut Rows, agent: &str) {
        let group = self.names.group(agent);
        rows.allow_prefix(Operation::Read, Resource::Topic, self.names.inboxes(agent), agent);
        // Later generations of its inbox have groups of their own.
        rows.allow_prefix(Operation::Read, Resource::Group, format!("{group}.g"), agent);
        self.in_transactions(rows, agent, group);
        let reached = [Kind::Results, Kind::Closings, Kind::ModelRequests, Kind::Timers];
        let supplied = self.supplying().into_iter().map(|(.., kind)| kind);
        for kind in reached.into_iter().chain(supplied) {
            rows.allow(Operation::Write, Resource::Topic, self.names.topic(kind), agent);
        }
        for tool in self.team.supplies.external_of(agent) {
            rows.allow(Operation::Write, Resource::Topic, self.names.external(&tool.name), agent);
        }
        self.to_inboxes(rows, agent);
    }

    /// Consumes tasks and follows closings without a group; what it lets in goes to the entry agent.
    fn for_intake(&self, rows: &mut Rows) {
        let entry = self.agents().into_iter().next().unwrap_or_default();
        for kind in [Kind::Tasks, Kind::Closings] {
            rows.allow(Operation::Read, Resource::Topic, self.names.topic(kind), INTAKE);
        }
        for kind in [Kind::Closings, Kind::Results] {
            rows.allow(Operation::Write, Resource::Topic, self.names.topic(kind), INTAKE);
        }
        rows.allow_prefix(Operation::Write, Resource::Topic, self.names.inboxes(&entry), INTAKE);
        self.in_transactions(rows, INTAKE, self.names.group(INTAKE));
    }

    /// A member of a group whose transactions carry the group's name. Its reader, beside the group, names one too.
    fn in_transactions(&self, rows: &mut Rows, role: &str, group: String) {
        rows.allow_prefix(Operation::Write, Resource::TransactionalId, format!("{group}."), role);
        rows.allow(Operation::Describe, Resource::Group, self.reader_group(), role);
        rows.allow(Operation::Read, Resource::Group, group, role);
    }

    /// A gateway answers whoever asked: the agents of this team. (Of others once their ACLs are granted too.)
    fn for_gateway(&self, rows: &mut Rows, role: &str, group: String, requests: Kind) {
        rows.allow(Operation::Read, Resource::Topic, self.names.topic(requests), role);
        rows.allow(Operation::Read, Resource::Group, group, role);
        self.to_inboxes(rows, role);
    }

    fn to_inboxes(&self, rows: &mut Rows, role: &str) {
        for peer in self.agents() {
            rows.allow_prefix(Operation::Write, Resource::Topic, self.names.inboxes(&peer), role);
        }
    }

    fn of_reader(&self, principal: &str) -> Rows {
        let (mut rows, results) = (Rows::of(principal), self.names.topic(Kind::Results));
        rows.allow_prefix(Operation::Read, Resource::Group, results.clone(), "consumer groups of its own");
        rows.allow(Operation::Read, Resource::Topic, results, "reads results");
        rows.allow(Operation::Describe, Resource::Group, self.reader_group(), "tributary results");
        rows
    }

    /// Reads what the tool is asked, in groups whose names begin as the topic's, and answers those that may use it.
    fn of_tool(&self, tool: &str, principal: &str) -> Result<Rows, Error> {
        let known: Vec<&str> = self.team.external_tools().collect();
        if !known.contains(&tool) {
            let hint = hint(tool, known, ("there are", "there is none"));
            let message = format!("tool {tool:?} is none that another process serves; {hint}");
            return Err(Error::Config { message });
        }
        let (mut rows, requests, purpose) =
            (Rows::of(principal), self.names.external(tool), format!("tool {tool}"));
        rows.allow_prefix(Operation::Read, Resource::Group, requests.clone(), &purpose);
        rows.allow(Operation::Read, Resource::Topic, requests, &purpose);
        let asks = |agent: &String| self.team.supplies.external_of(agent).iter().any(|one| one.name == tool);
        for agent in self.agents().iter().filter(|agent| asks(agent)) {
            rows.allow_prefix(Operation::Write, Resource::Topic, self.names.inboxes(agent), &purpose);
        }
        Ok(rows)
    }

    /// Everything with topics: those of the namespace, since some are shared by its teams.
    fn of_operator(&self, principal: &str) -> Rows {
        let mut rows = Rows::of(principal);
        let prefix = format!("{}.", self.names.namespace());
        let all = [
            Operation::Read,
            Operation::Write,
            Operation::Create,
            Operation::Delete,
            Operation::Alter,
            Operation::DescribeConfigs,
            Operation::AlterConfigs,
        ];
        for operation in all {
            rows.allow_prefix(
                operation,
                Resource::Topic,
                prefix.clone(),
                "makes topics, traces and mends tasks",
            );
        }
        rows.allow_prefix(
            Operation::Describe,
            Resource::Group,
            prefix,
            "reads without a group, sees who is at work",
        );
        rows
    }

    fn reader_group(&self) -> String {
        reader_group(self.names.namespace())
    }
}

/// The group that readers of a namespace name; they join and commit nothing.
pub(crate) fn reader_group(namespace: &str) -> String {
    format!("{namespace}.reader")
}

#[cfg(test)]
mod tests;
