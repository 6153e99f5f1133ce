//! The driver with an agent that asks every gateway: what it asked is read, what it is answered it uses.

use agents_work::{Effects, Fault};
use schemas_records::tool::{Cell, KnowledgeQuery, Passage, Passages, SqlQuery, Table};
use schemas_records::{Failure, FailureCode, Stateless, Text};

use crate::{Agent, Driver, Event, What};

/// Asks the tables, then the law, and says what both said.
struct Clerk;

impl Agent for Clerk {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(sector) => {
                let statement = "SELECT jobs FROM jobs WHERE sector = ?".to_owned();
                let query = SqlQuery { statement, parameters: vec![Cell::Text(sector.text)], rows_max: 1 };
                effects.call_tool_with("jobs", "tables", &query);
            }
            What::Answer(answer) if answer.name == "jobs" => {
                let text = format!("notice for {:?}", answer.decode::<Table>()?.rows);
                let query = KnowledgeQuery { base: "law".into(), text, top: 1 };
                effects.call_knowledge("rule", query);
            }
            What::Answer(answer) => {
                let found = answer.decode::<Passages>()?;
                effects.reply(&Text::new(&found.passages[0].source));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Tools and knowledge are asked and answered as the model is; a tool's refusal fails a work that does not
/// bear it.
#[test]
fn tools_and_knowledge_answer() -> Result<(), String> {
    let mut clerk = Driver::new("clerk", Clerk)?;
    let said = clerk.input(&Text::new("mining"))?;
    let asked: Vec<SqlQuery> = said.tool_calls("tables");
    assert_eq!(asked[0].parameters, [Cell::Text("mining".into())]);
    assert!(said.tool_calls::<SqlQuery>("other").is_empty() && said.tool_calls::<Text>("tables").is_empty());
    let table = Table { columns: vec!["jobs".into()], rows: vec![vec![Cell::Long(656)]], is_cut: false };
    let said = clerk.answer("jobs", &table)?;
    assert_eq!(said.knowledge_queries()[0].text, "notice for [[Long(656)]]");
    let passage = |source: &str| Passage {
        id: "notice.md#0001".into(),
        source: source.into(),
        title: "Notice".into(),
        text: "Four weeks.".into(),
        score: 1.0,
    };
    let said = clerk.answer("rule", &Passages { passages: vec![passage("Notice Act 4")] })?;
    assert_eq!(said.reply::<Text>(), Some(Text::new("Notice Act 4")));

    let mut clerk = Driver::new("clerk", Clerk)?;
    clerk.input(&Text::new("mining"))?;
    let refused = Failure::new(FailureCode::ToolFailed, "only SELECT is allowed", "write one");
    let failure = clerk.fail("jobs", &refused)?.failure();
    assert_eq!(failure.map(|failure| failure.code), Some(FailureCode::ToolFailed));
    Ok(())
}
