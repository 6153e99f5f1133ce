//! What agents, the tool gateway and the knowledge gateway say to each other.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::message::Message;

/// A tool that an agent asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolRequest {
    /// The tool's name in its team.
    pub tool: String,
    /// Its arguments: a framed message of the schema that the tool declares.
    pub arguments: Bytes,
}

impl Message for ToolRequest {
    const NAME: &'static str = "tributary.ToolRequest";
    const SCHEMA: &'static str = include_str!("../../avro/ToolRequest.avsc");
}

/// One value of a table or of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// No value.
    Null,
    /// A whole number.
    Long(i64),
    /// Any other number.
    Double(f64),
    /// Text.
    Text(String),
    /// A truth value.
    Boolean(bool),
}

/// A question to a database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlQuery {
    /// One statement that reads, with `?` for each parameter.
    pub statement: String,
    /// The parameters, in order.
    pub parameters: Vec<Cell>,
    /// Most rows of the answer.
    pub rows_max: i32,
}

impl Message for SqlQuery {
    const NAME: &'static str = "tributary.SqlQuery";
    const SCHEMA: &'static str = include_str!("../../avro/SqlQuery.avsc");
}

/// What a database answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows, each as long as the columns.
    pub rows: Vec<Vec<Cell>>,
    /// Whether there were more rows than were asked for.
    pub is_cut: bool,
}

impl Message for Table {
    const NAME: &'static str = "tributary.Table";
    const SCHEMA: &'static str = include_str!("../../avro/Table.avsc");
}

/// A question to a knowledge base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnowledgeQuery {
    /// The base's name in its team.
    pub base: String,
    /// What is looked for, in words.
    pub text: String,
    /// Most passages of the answer.
    pub top: i32,
}

impl Message for KnowledgeQuery {
    const NAME: &'static str = "tributary.KnowledgeQuery";
    const SCHEMA: &'static str = include_str!("../../avro/KnowledgeQuery.avsc");
}

/// One passage of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// Names the passage, to be cited.
    pub id: String,
    /// The document it is from.
    pub source: String,
    /// Its heading.
    pub title: String,
    /// Its words.
    pub text: String,
    /// How well it fits; comparable within one answer only.
    pub score: f64,
}

/// What a knowledge base answers, the best first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passages {
    /// The passages.
    pub passages: Vec<Passage>,
}

impl Message for Passages {
    const NAME: &'static str = "tributary.Passages";
    const SCHEMA: &'static str = include_str!("../../avro/Passages.avsc");
}
