//! What agents say to the tool and knowledge gateways, and hear from them.

use bytes::Bytes;
use schemas_records::tool::{Cell, KnowledgeQuery, Passage, Passages, SqlQuery, Table, ToolRequest};

fn cells() -> Vec<Cell> {
    vec![
        Cell::Null,
        Cell::Long(i64::MIN),
        Cell::Double(0.5),
        Cell::Double(2.0),
        Cell::Text("früh".into()),
        Cell::Text(String::new()),
        Cell::Boolean(true),
        Cell::Boolean(false),
    ]
}

pub fn tool_requests() -> Vec<ToolRequest> {
    vec![
        ToolRequest { tool: "employment".into(), arguments: Bytes::from_static(&[0, 0, 0, 0, 9, 255]) },
        ToolRequest { tool: String::new(), arguments: Bytes::new() },
    ]
}

pub fn sql_queries() -> Vec<SqlQuery> {
    vec![
        SqlQuery { statement: "select ?".into(), parameters: cells(), rows_max: 20 },
        SqlQuery { statement: String::new(), parameters: Vec::new(), rows_max: i32::MIN },
    ]
}

pub fn tables() -> Vec<Table> {
    let columns = (0..cells().len()).map(|index| format!("c{index}")).collect();
    vec![
        Table { columns, rows: vec![cells(), cells()], is_cut: true },
        Table { columns: Vec::new(), rows: Vec::new(), is_cut: false },
    ]
}

pub fn knowledge_queries() -> Vec<KnowledgeQuery> {
    vec![
        KnowledgeQuery { base: "rules".into(), text: "working time".into(), top: 5 },
        KnowledgeQuery { base: String::new(), text: String::new(), top: i32::MAX },
    ]
}

pub fn passages() -> Vec<Passages> {
    let passage = Passage {
        id: "hours-2".into(),
        source: "hours.md".into(),
        title: "Hours".into(),
        text: "Forty hours a week.".into(),
        score: 7.25,
    };
    vec![Passages { passages: vec![passage.clone(), passage] }, Passages { passages: Vec::new() }]
}
