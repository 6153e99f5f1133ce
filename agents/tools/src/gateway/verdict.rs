//! What came of a call becomes an answer or a typed failure: the last checks of a tool's bytes.

use agents_journal::{Attempts, Verdict};
use bytes::Bytes;
use schemas_codec::Codec;
use schemas_records::{Failure, FailureCode};

use crate::tool::{Declaration, Effects, Error};

/// What a call charges: nothing for now. A budget counts calls of models; what tools cost joins it with the
/// price table.
const CALLS_CHARGED: i32 = 0;

/// What came of calling.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// The tool's own words.
    Said(Result<Bytes, Error>),
    /// It was called, or may have been, and nobody knows what came of it.
    Unknown(String),
}

/// What is told to whoever waits for this call.
pub(super) fn of(heard: Heard, attempts: &Attempts, tool: &Declaration, codec: &Codec) -> Verdict {
    let result = match heard {
        Heard::Said(Ok(answer)) => check(&answer, tool, codec).map(|()| answer),
        // Of a tool that acts each time nobody knows whether it did.
        Heard::Said(Err(Error::Transient { message, .. })) if tool.effects == Effects::AtMostOnce => {
            Err(unknown(tool, &message))
        }
        Heard::Said(Err(error)) => Err(failure(&error, tool, attempts.sent())),
        Heard::Unknown(message) => Err(unknown(tool, &message)),
    };
    Verdict {
        result,
        attempts: attempts.sent(),
        unknown_attempts: attempts.unknown(),
        calls_charged: CALLS_CHARGED,
    }
}

/// Why there is no answer to a call whose deadline passed after so many calls.
pub(super) fn expired(tool: &Declaration, sent: i32) -> Failure {
    let (name, calls) = (&tool.name, calls(sent));
    Failure::new(
        FailureCode::DeadlineExceeded,
        format!("call tool {name:?}, {calls} made: the deadline passed before there was an answer"),
        "give the task more time; look whether the tool's service is up",
    )
}

/// Whether arguments are what a tool takes.
pub(super) fn check_arguments(arguments: &Bytes, tool: &Declaration, codec: &Codec) -> Result<(), Failure> {
    let checked = codec.name_of(arguments).and_then(|_| codec.read_message(&tool.arguments.name, arguments));
    checked.map(drop).map_err(|error| {
        Failure::new(
            FailureCode::BadInput,
            format!("call tool {:?}: its arguments cannot be read: {error}", tool.name),
            format!("send a framed {}", tool.arguments.name),
        )
    })
}

/// Too much is a failure, and so is what it did not declare.
fn check(answer: &Bytes, tool: &Declaration, codec: &Codec) -> Result<(), Failure> {
    let (name, bytes, max) = (&tool.name, answer.len(), tool.bounds.answer_bytes);
    if bytes > max {
        return Err(Failure::new(
            FailureCode::ToolFailed,
            format!("tool {name:?} answered too much: {bytes} bytes, at most {max} are kept"),
            "ask it for less",
        ));
    }
    let checked = codec.name_of(answer).and_then(|_| codec.read_message(&tool.answer.name, answer));
    checked.map(drop).map_err(|error| {
        Failure::new(
            FailureCode::BadAnswer,
            format!("tool {name:?} answered what it did not declare: {error}"),
            format!("mend the tool: it declares a framed {}", tool.answer.name),
        )
    })
}

fn unknown(tool: &Declaration, message: &str) -> Failure {
    Failure::new(
        FailureCode::OutcomeUnknown,
        format!("call tool {:?} at most once: {message}; whether it acted is not known", tool.name),
        "look in the tool's own service before asking again, with a call of its own",
    )
}

fn failure(error: &Error, tool: &Declaration, sent: i32) -> Failure {
    let (code, remedy) = match error {
        Error::Refused { .. } => (FailureCode::BadInput, "change the arguments"),
        Error::Transient { .. } => {
            (FailureCode::ToolFailed, "submit the task again later; look whether the tool's service is up")
        }
        Error::Failed { .. } => {
            (FailureCode::ToolFailed, "see what the tool says, and its service's own log")
        }
    };
    Failure::new(code, format!("call tool {:?}, {} made: {error}", tool.name, calls(sent)), remedy)
}

fn calls(sent: i32) -> String {
    if sent == 1 { "1 call".to_owned() } else { format!("{sent} calls") }
}
