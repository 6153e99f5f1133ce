//! Folders for tests: a small good team as a map of files, changed file by file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agents_manifest::{Loaded, Problems, load};

/// A team's folder in the making.
#[derive(Clone)]
pub struct Files(BTreeMap<String, Vec<u8>>);

/// The folder of a team under the house's tests.
pub fn house(team: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/teams").join(team)
}

impl Files {
    /// No files.
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// A good team: `asker` asks the model, then `helper`, and replies.
    pub fn good() -> Self {
        let mut files = Self::new();
        files.put("team.toml", "[team]\nname = \"small\"\nentry = \"asker\"\nresult = \"Answer\"\n");
        files.put(
            "agents/asker.toml",
            r#"[agent]
takes = "Question"
gives = "Answer"

[[step]]
name = "plan"
prompt = "agents/asker.md"
answer = "Plan"

[[step]]
name = "help"
agent = "helper"
send = { text = "plan.subject" }

[[step]]
name = "answer"
reply = { text = "help.text", score = 1 }
"#,
        );
        files.put("agents/asker.md", "Plan {{ input.question }}.\n");
        files.put(
            "agents/helper.toml",
            r#"[agent]
takes = "Text"
gives = "Text"

[[step]]
name = "word"
prompt = "agents/helper.md"

[[step]]
reply = "word"
"#,
        );
        files.put("agents/helper.md", "Say {{ input.text }}.\n");
        let text = r#"{"name":"text","type":"string"}"#;
        files.record("Question", r#"{"name":"question","type":"string"}"#);
        files.record("Answer", &format!(r#"{text},{{"name":"score","type":"int"}}"#));
        files.record(
            "Plan",
            r#"{"name":"subject","type":"string"},
               {"name":"kind","type":{"type":"enum","name":"Kind","symbols":["short","long"]}},
               {"name":"people","type":{"type":"array","items":{"type":"record","name":"Person","fields":[
                   {"name":"name","type":"string"},{"name":"age","type":"int"}]}},"default":[]}"#,
        );
        files
    }

    /// Writes a file.
    pub fn put(&mut self, name: &str, text: impl AsRef<[u8]>) -> &mut Self {
        self.0.insert(name.to_owned(), text.as_ref().to_vec());
        self
    }

    /// Takes a file away.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.0.remove(name);
        self
    }

    /// Replaces words of a file, which must be there.
    pub fn edit(&mut self, name: &str, from: &str, to: &str) -> &mut Self {
        let text = String::from_utf8(self.0[name].clone()).unwrap();
        assert!(text.contains(from), "{name} does not hold {from:?}");
        self.put(name, text.replacen(from, to, 1))
    }

    /// Writes at a file's end.
    pub fn append(&mut self, name: &str, more: &str) -> &mut Self {
        let mut text = self.0[name].clone();
        text.extend_from_slice(more.as_bytes());
        self.put(name, text)
    }

    /// Writes bytes over a file's own from a place on.
    pub fn splice(&mut self, name: &str, at: usize, bytes: &[u8]) {
        let mut text = self.0[name].clone();
        let at = at % (text.len() + 1);
        let end = text.len().min(at + bytes.len());
        text.splice(at..end, bytes.iter().copied());
        self.put(name, text);
    }

    /// Writes a schema of a record with these fields.
    pub fn record(&mut self, name: &str, fields: &str) -> &mut Self {
        let text = format!(r#"{{"type":"record","name":"{name}","namespace":"small","fields":[{fields}]}}"#);
        self.put(&format!("schemas/{name}.avsc"), text)
    }

    /// The files on disk.
    pub fn write(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &self.0 {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    /// Loads them.
    pub fn load(&self) -> Result<Loaded, Problems> {
        load(self.write().path())
    }

    /// Loads them; they must be good.
    pub fn team(&self) -> Loaded {
        self.load().unwrap_or_else(|problems| panic!("{problems}"))
    }
}
