//! The real weights at work. Without them these tests say loudly that they did not run, and pass: they
//! show what this model does, not that every machine can fetch it.

mod answers;
mod words;

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::fetch::Source;
use crate::load::Loaded;
use crate::weights::{self, SMOLLM2};

/// The folder of the weights, fetched if they are not there; `None` if they cannot be had.
pub(super) fn folder() -> Option<PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let cache = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache"));
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(cache);
        let below = || Some(cache?.join("tributary/models"));
        let folder = std::env::var_os("TRIBUTARY_MODELS").map(PathBuf::from).or_else(below)?;
        let (at, fetch) =
            (folder.clone(), tokio::runtime::Builder::new_current_thread().enable_all().build());
        // On a thread of its own: whoever asks may be on a runtime's already.
        let fetch = std::thread::spawn(move || fetch.unwrap().block_on(crate::fetch(&at, &Source::new())));
        match fetch.join().unwrap() {
            Ok(_) => Some(folder),
            Err(error) => {
                eprintln!("\n*** NOT RUN: no test with the offline model's real weights: {error} ***\n");
                None
            }
        }
    });
    folder.clone()
}

/// The network, read once for all tests; `None` if the weights cannot be had.
fn loaded() -> Option<&'static Loaded> {
    static LOADED: OnceLock<Option<Loaded>> = OnceLock::new();
    let read = || Some(Loaded::read(&weights::path(&folder()?, &SMOLLM2)).unwrap());
    LOADED.get_or_init(read).as_ref()
}
