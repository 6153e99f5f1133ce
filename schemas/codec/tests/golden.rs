//! Bytes of every released version stay readable, and today's writer still writes today's version.
//!
//! `UPDATE_GOLDEN=1` writes the files that are missing; it never writes over one, since a file stands for
//! bytes that are out there. Until its version is released, delete a file to have it written again.

// Says to clippy that the functions beside the tests are tests too.
#![cfg(test)]

mod samples;

use std::path::PathBuf;

use apache_avro::writer::datum::GenericDatumWriter;
use schemas_codec::{Codec, KnownSchema, Registry, frame};
use schemas_records::model::ModelAnswer;
use schemas_records::work::WorkRow;
use schemas_records::{Message, Stateless};

/// Which framing a file has.
#[derive(Clone, Copy)]
enum Form {
    Message,
    State,
}

struct Golden {
    codec: Codec,
    update: bool,
    seen: Vec<String>,
}

/// Each version of each record has its file, and each file reads as the value it was made from;
/// fields that an older version did not have take their defaults.
#[test]
fn golden_files_are_read() {
    let mut golden = Golden {
        codec: Codec::new(Registry::new().unwrap()),
        update: std::env::var_os("UPDATE_GOLDEN").is_some(),
        seen: Vec::new(),
    };
    golden.check_only(&samples::cancellations()[0]);
    golden.check_only(&samples::closings()[0]);
    golden.check_only(&samples::dead_letters()[0]);
    golden.check_only(&samples::drainings()[0]);
    golden.check_only(&samples::expectations()[0]);
    for version in ["v1", "v2"] {
        golden.check(version, Form::Message, &samples::failures()[0], &samples::failures()[0]);
    }
    golden.check_only(&samples::model_requests()[0]);
    golden.check_only(&samples::texts()[0]);
    golden.check_only(&samples::timers()[0]);
    golden.check_only(&samples::tool::tool_requests()[0]);
    golden.check_only(&samples::tool::sql_queries()[0]);
    golden.check_only(&samples::tool::tables()[0]);
    golden.check_only(&samples::tool::knowledge_queries()[0]);
    golden.check_only(&samples::tool::passages()[0]);

    golden.check("v1", Form::State, &Stateless {}, &Stateless {});
    let entry = &samples::gateway::journal_entries()[0];
    golden.check("v1", Form::State, entry, entry);
    let attempt = &samples::gateway::model_attempts()[0];
    golden.check("v1", Form::State, attempt, attempt);

    let state = &samples::manifest::manifest_states()[0];
    golden.check("v1", Form::State, state, state);

    let answer = samples::model_answers().remove(0);
    let answer_of_v1 = ModelAnswer { unknown_attempts: 0, latency_ms: 0, ..answer.clone() };
    golden.check("v1", Form::Message, &answer, &answer_of_v1);
    golden.check("v2", Form::Message, &answer, &answer);

    let row = samples::work_rows().remove(0);
    let row_of_v1 = WorkRow { calls_spent: 0, steps: 0, ..row.clone() };
    for form in [Form::Message, Form::State] {
        golden.check("v1", form, &row, &row_of_v1);
        golden.check("v2", form, &row, &row);
    }
    golden.check_complete();
}

impl Golden {
    fn check_only<M: Message + PartialEq + std::fmt::Debug>(&mut self, message: &M) {
        self.check("v1", Form::Message, message, message);
    }

    /// Checks one file: written from `source` with its version's schema, it reads as `expected` today.
    fn check<M: Message + PartialEq + std::fmt::Debug>(
        &mut self,
        version: &str,
        form: Form,
        source: &M,
        expected: &M,
    ) {
        self.codec.registry().register::<M>().unwrap();
        let versions = self.codec.registry().versions(M::NAME);
        let number: usize = version[1..].parse().unwrap();
        let schema = &versions[number - 1];
        let is_current = number == versions.len();
        let short = M::NAME.rsplit('.').next().unwrap();
        let file = match form {
            Form::Message => format!("{short}.{version}.bin"),
            Form::State => format!("{short}.{version}.state.bin"),
        };
        let path = folder().join(&file);
        if self.update && !path.exists() {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, bytes_of(schema, form, source)).unwrap();
        }
        let bytes = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{file} is missing ({error}): UPDATE_GOLDEN=1 writes it"));
        let (read, written) = match form {
            Form::Message => (self.codec.decode::<M>(&bytes), self.codec.encode(source)),
            Form::State => (self.codec.decode_state::<M>(&bytes), self.codec.encode_state(source)),
        };
        assert_eq!(read.unwrap_or_else(|error| panic!("{file}: {error}")), *expected, "{file}");
        if is_current {
            assert_eq!(written.unwrap(), bytes, "{file}: today's writer writes other bytes");
        }
        self.seen.push(file);
    }

    /// No version is without a file, and no file was left unread.
    fn check_complete(mut self) {
        for name in self.codec.registry().names() {
            let short = name.rsplit('.').next().unwrap();
            for number in 1..=self.codec.registry().versions(&name).len() {
                let prefix = format!("{short}.v{number}.");
                assert!(
                    self.seen.iter().any(|file| file.starts_with(&prefix)),
                    "{name} v{number} has no golden file: check it above"
                );
            }
        }
        let mut found: Vec<String> = std::fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        self.seen.sort();
        assert_eq!(found, self.seen);
    }
}

/// Bytes as the program of that version wrote them: through apache-avro's values, since the Rust type is
/// today's.
fn bytes_of<M: Message>(schema: &KnownSchema, form: Form, source: &M) -> Vec<u8> {
    let mut out = Vec::new();
    match form {
        Form::Message => frame::begin(&mut out, schema.id()),
        Form::State => frame::begin_state(&mut out, schema.fingerprint()),
    }
    let value = apache_avro::to_value(source).unwrap().resolve(schema.avro()).unwrap();
    let writer = GenericDatumWriter::builder(schema.avro()).build().unwrap();
    writer.write_value(&mut out, value).unwrap();
    out
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../avro/golden")
}
