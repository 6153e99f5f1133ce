//! `tributary schemas`: what a schema registry would be told, what it has, and what it refuses and why.

use anyhow::Context;
use infra_node::{Config, Node, Team, open_to_look};
use schemas_registry::{HttpRegistry, Standing};

use crate::args::Schemas;

/// Does what the command says. It needs the team and the registry; no broker and no store.
pub(crate) async fn run(config: &Config, team: Team, command: &Schemas) -> anyhow::Result<()> {
    let settings = config.registry.as_ref().context(
        "there is no schema registry to ask: name one with --set registry=URL, or in TRIBUTARY_REGISTRY",
    )?;
    let mut alone = config.clone();
    (alone.brokers, alone.settings.outside.folder) = (None, None);
    let subjects = Node::new(team, open_to_look(&alone, None).await?, config.settings.clone())?.subjects()?;
    let registry = HttpRegistry::new(settings)?;
    let standings = match command {
        Schemas::Check => registry.check(&subjects).await?,
        Schemas::Register => registry.register(&subjects).await?,
    };
    let (mut there, mut new, mut refused) = (0, 0, 0);
    for (subject, standing) in subjects.iter().zip(&standings) {
        match standing {
            Standing::Registered(id) => {
                there += 1;
                println!("= {} (id {id})", subject.name);
            }
            Standing::New { there: versions } => {
                new += 1;
                println!("+ {} ({})", subject.name, words(*versions, subject.versions.len()));
            }
            Standing::Refused(refusal) => {
                refused += 1;
                println!("! {refusal}");
            }
        }
    }
    match command {
        Schemas::Check => println!("{new} to register, {there} there already, {refused} refused"),
        Schemas::Register => println!("{there} registered, {refused} refused"),
    }
    anyhow::ensure!(
        refused == 0,
        "{refused} of {} subjects are refused; see the lines with !",
        subjects.len()
    );
    Ok(())
}

/// What registering would do to a subject.
fn words(there: usize, versions: usize) -> String {
    match (there, versions) {
        (0, 1) => "new".to_owned(),
        (0, versions) => format!("new, with {versions} versions"),
        (1, _) => "a new version beside 1".to_owned(),
        (there, _) => format!("a new version beside {there}"),
    }
}
