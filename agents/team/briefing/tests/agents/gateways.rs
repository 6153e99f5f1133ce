//! What the gateways answer, from the real tool and the real texts, for agents that are driven.

use agents_agent::{Driver, Said};
use agents_knowledge::Base;
use agents_team_briefing::queries::TOOL;
use agents_team_briefing::{Data, law, tables};
use agents_tools::{Database, SqlTool};
use schemas_records::tool::{Cell, KnowledgeQuery, Passages, SqlQuery, Table};
use schemas_records::{Failure, FailureCode};

/// The tool and the knowledge base of the team.
pub struct Gateways {
    tool: SqlTool,
    base: Base,
}

impl Gateways {
    /// Over the tables of these data.
    pub fn over(data: &Data) -> Self {
        let texts = tables::of(data);
        let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let codec = schemas_codec::Codec::new(schemas_codec::Registry::new().unwrap());
        let tool = SqlTool::new(TOOL, Database::of_csv(&texts).unwrap(), codec);
        Self { tool, base: Base::of_texts(law::BASE, &law::TEXTS).unwrap() }
    }

    /// What the tables say, or why they say nothing.
    pub async fn tables(&self, query: &SqlQuery) -> Result<Table, Failure> {
        let asked = self.tool.ask(query.clone()).await;
        asked.map_err(|error| Failure::new(FailureCode::ToolFailed, error.to_string(), "ask otherwise"))
    }

    /// What the texts say.
    pub fn passages(&self, query: &KnowledgeQuery) -> Passages {
        self.base.ask(query).unwrap()
    }

    /// Answers every fixed query that the analyst asked; what it said to the last answer.
    pub async fn answer_fixed(&self, driver: &mut Driver, said: &Said) -> Said {
        let queries: Vec<SqlQuery> = said.tool_calls(TOOL);
        let mut last = None;
        for query in queries {
            let name = match &query.statement {
                it if it.contains("FROM about") => "coverage",
                it if it.contains("FROM unemployment") => "unemployment",
                _ => "employment",
            };
            assert!(query.parameters.iter().all(|it| matches!(it, Cell::Text(_))));
            last = Some(driver.answer(name, &self.tables(&query).await.unwrap()).unwrap());
        }
        last.unwrap()
    }
}
