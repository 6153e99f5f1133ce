//! The bundled team, put together: five agents, what they may use, its messages, its tasks, and how a brief is shown.

use std::sync::{Arc, OnceLock};

use agents_knowledge::Base;
use agents_team_briefing::messages::{Compliance, Figures, Part, Trend};
use agents_team_briefing::planner::agent_of;
use agents_team_briefing::{
    Author, Brief, Data, DataAnalyst, LegalCompliance, MarketTrends, Planner, Question, Synthesizer, law,
    queries, render, tables, tasks,
};
use agents_tools::{Database, SqlTool, Tool};
use infra_node::{Config, Team};

use crate::app::{App, Presentation};

/// The team, over these tables, with the fixed plans and queries.
#[must_use]
pub fn team(data: &Data) -> Team {
    team_by(data, Author::Code)
}

/// The team, over these tables, with the plans and queries of this author.
#[must_use]
pub fn team_by(data: &Data, author: Author) -> Team {
    let database = database(data);
    agents(data, author).tool(move |codec| {
        let database = database.get().map_err(Clone::clone)?;
        Ok(Arc::new(SqlTool::new(queries::TOOL, database.clone(), codec)) as Arc<dyn Tool>)
    })
}

/// The tables of `data` as a database, made once, when the first tool needs it; gone with the last.
#[must_use]
pub fn database(data: &Data) -> Arc<Once<Database>> {
    let data = data.clone();
    Arc::new(Once::new(move || {
        let texts = tables::of(&data);
        let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        Database::of_csv(&texts).map_err(|error| error.to_string())
    }))
}

/// Something that is made when it is first needed, and then kept: a node that starts anew needs it again.
pub struct Once<T> {
    made: OnceLock<Result<T, String>>,
    make: Box<dyn Fn() -> Result<T, String> + Send + Sync>,
}

impl<T> Once<T> {
    fn new(make: impl Fn() -> Result<T, String> + Send + Sync + 'static) -> Self {
        Self { made: OnceLock::new(), make: Box::new(make) }
    }

    /// What was made.
    ///
    /// # Errors
    /// Why it could not be.
    pub fn get(&self) -> Result<&T, &String> {
        self.made.get_or_init(&self.make).as_ref()
    }
}

/// The team but for its tool, called [`queries::TOOL`], which the analyst may use: for those who bring another.
#[must_use]
pub fn agents(data: &Data, author: Author) -> Team {
    let base =
        Once::new(|| Base::of_texts(law::BASE, &law::TEXTS).map(Arc::new).map_err(|error| error.to_string()));
    Team::new("briefing")
        .agent("planner", Planner::new(author))
        .agent(agent_of(Part::Figures), DataAnalyst::new(author))
        .agent(agent_of(Part::Trend), MarketTrends::new(data.clone(), author))
        .agent(agent_of(Part::Compliance), LegalCompliance)
        .agent("synthesizer", Synthesizer)
        .may_use(agent_of(Part::Figures), queries::TOOL)
        .base(move || base.get().cloned().map_err(Clone::clone))
        .may_read(agent_of(Part::Compliance), law::BASE)
        .message::<Figures>()
        .message::<Trend>()
        .message::<Compliance>()
        .message::<Brief>()
        .check_task(|question: &Question| question.check().map_err(|invalid| invalid.to_string()))
}

/// The command line with this team.
#[must_use]
pub fn app() -> App {
    let make = |config: &Config| {
        let author = if config.model_writes { Author::Model } else { Author::Code };
        // The bundled tables are part of the binary and a test reads them; if they could not be read there
        // would be nothing to say but that.
        Data::bundled().map(|data| team_by(&data, author)).map_err(|error| error.to_string())
    };
    App::made_by(make).present(Presentation {
        tasks: Some(tasks::TASKS.into()),
        whole: Arc::new(|codec, value| codec.decode::<Brief>(value).map(|brief| render(&brief)).ok()),
        line: Arc::new(|codec, value| codec.decode::<Brief>(value).map(|brief| brief.headline).ok()),
    })
}
