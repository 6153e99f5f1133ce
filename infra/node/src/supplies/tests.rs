//! What is said of tools and knowledge that cannot be had.

use std::path::Path;
use std::sync::Arc;

use agents_agent::{Agent, Effects, Event, Fault};
use agents_tools::{Database, SqlTool, Tool};
use schemas_records::{Stateless, Text};
use topics_catalog::Names;

use crate::team::Team;

struct Mute;

impl Agent for Mute {
    type Input = Text;
    type State = Stateless;

    fn step(&self, _: Event<Text>, _: &mut Stateless, _: &mut Effects) -> Result<(), Fault> {
        Ok(())
    }
}

fn names() -> Names {
    Names::new("test", "team").unwrap()
}

/// A team of one agent, with a tool called `tables` over a folder without tables, and a base called `law`.
fn team(folder: &Path) -> Team {
    std::fs::write(folder.join("law.md"), "# Law\n\nBe fair.").unwrap();
    let tables = folder.to_owned();
    Team::new("team")
        .agent("asker", Mute)
        .tool(move |codec| {
            let database = Database::load(&tables).map_err(|error| error.to_string())?;
            Ok(Arc::new(SqlTool::new("tables", database, codec)) as Arc<dyn Tool>)
        })
        .knowledge("law", folder)
}

/// What is declared is opened; a name that there is not is an error with the nearest.
#[test]
fn names_are_checked() {
    let check = |change: fn(Team) -> Team, says: Option<&str>| {
        let folder = tempfile::tempdir().unwrap();
        let team = change(team(folder.path()));
        let codec = team.codec().unwrap();
        let supplies = &team.supplies;
        let opened = supplies
            .check(&["asker".to_owned()])
            .and_then(|()| supplies.toolbox(&names(), &codec).map(drop))
            .and_then(|()| supplies.library(&names()).map(drop));
        match (opened.map_err(|error| error.to_string()), says) {
            (Ok(()), None) => {}
            (Err(error), Some(says)) => assert!(error.contains(says), "{error:?} does not say {says:?}"),
            (opened, says) => panic!("{opened:?}, not {says:?}"),
        }
    };
    check(|team| team, None);
    check(|team| team.may_use("asker", "tables").may_read("asker", "law"), None);
    check(|team| team.external_tool::<Text, Text>("carrier").may_use("asker", "carrier"), None);
    check(|team| team.external_tool::<Text, Text>("tables"), Some("tool \"tables\" is there twice"));
    check(|team| team.external_tool::<Text, Text>("The Carrier"), Some("is not a name"));
    check(
        |team| team.external_tool::<Text, Text>("carrier").external_tool::<Text, Text>("carrier"),
        Some("tool \"carrier\" is there twice"),
    );
    check(|team| team.may_use("asker", "table"), Some("did you mean tables?"));
    check(|team| team.may_read("asker", "laws"), Some("did you mean law?"));
    check(|team| team.may_use("nobody", "tables"), Some("there is no such agent; there are: asker"));
    check(|team| team.may_read("nobody", "law"), Some("there is no such agent"));
    check(|team| team.knowledge("law", "elsewhere"), Some("could not read elsewhere"));
    check(|team| team.tool(|_| Err("the service is away".into())), Some("the service is away"));
}
