//! The bundled team, put together: five agents, its messages, its tasks, and how a brief is shown.

use std::sync::Arc;

use agents_team_briefing::messages::{Compliance, Figures, Trend};
use agents_team_briefing::{
    Brief, Data, DataAnalyst, LegalCompliance, MarketTrends, Planner, Question, Synthesizer, render, tasks,
};
use infra_node::Team;

use crate::app::{App, Presentation};

/// The team, over these tables.
#[must_use]
pub fn team(data: &Data) -> Team {
    Team::new("briefing")
        .agent("planner", Planner)
        .agent("data-analyst", DataAnalyst::new(data.clone()))
        .agent("market-trends", MarketTrends::new(data.clone()))
        .agent("legal-compliance", LegalCompliance)
        .agent("synthesizer", Synthesizer)
        .message::<Figures>()
        .message::<Trend>()
        .message::<Compliance>()
        .message::<Brief>()
        .check_task(|question: &Question| question.check().map_err(|invalid| invalid.to_string()))
}

/// The command line with this team.
#[must_use]
pub fn app() -> App {
    // The bundled tables are part of the binary and a test reads them; if they could not be read there
    // would be nothing to say but that.
    let team = Data::bundled().map(|data| team(&data)).map_err(|error| error.to_string());
    App::of_team(team).present(Presentation {
        tasks: Some(tasks::TASKS.into()),
        whole: Arc::new(|codec, value| codec.decode::<Brief>(value).map(|brief| render(&brief)).ok()),
        line: Arc::new(|codec, value| codec.decode::<Brief>(value).map(|brief| brief.headline).ok()),
    })
}
