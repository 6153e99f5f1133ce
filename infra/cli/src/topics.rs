//! `tributary topics`: what is needed, what is there, making it and taking it away.

use infra_node::{Config, Node};

use crate::args::Topics;

/// Does what the command says.
pub(crate) async fn run(node: &Node, config: &Config, command: &Topics) -> anyhow::Result<()> {
    anyhow::ensure!(config.brokers.is_some(), "topics live on a broker: name one with --brokers HOST:PORT");
    let plan = node.plan(config.topics).await?;
    match command {
        Topics::Plan => println!("{plan}"),
        Topics::Apply => {
            println!("{plan}");
            plan.apply(&*node.doors().log).await?;
            println!("done");
        }
        Topics::Remove { yes } => {
            let names: Vec<String> = plan.keep.iter().map(|topic| topic.name.clone()).collect();
            for name in &names {
                println!("- {name}");
            }
            if let Some(data) = &config.data {
                println!("- {data} (the state of this namespace)");
            }
            if !yes {
                println!("nothing is removed yet; say --yes to remove these with all that is in them");
                return Ok(());
            }
            if !names.is_empty() {
                node.doors().log.remove(&names).await?;
            }
            if let Some(data) = config.data.as_ref().filter(|data| std::path::Path::new(data).exists()) {
                std::fs::remove_dir_all(data)?;
            }
            println!("removed");
        }
    }
    Ok(())
}
