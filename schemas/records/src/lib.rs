//! What every message is: ids, headers, the envelope every hop reads, and the runtime's own records.
//!
//! This room knows names, shapes and bounds. It does not know how bytes travel (`topics`), how they are
//! framed (`schemas-codec`), nor what anybody does with them (`agents`).

pub mod address;
pub mod envelope;
pub mod failure;
pub mod headers;
pub mod ids;
pub mod limits;
pub mod message;
pub mod model;
pub mod protocol;
pub mod tool;
pub mod trace;
pub mod work;

pub use address::{Address, Destination, ReplyKind, ReplyTo};
pub use envelope::{Echo, Envelope, Kind, Origin, Outcome};
pub use failure::{Failure, FailureCode};
pub use headers::Headers;
pub use ids::{CallId, Key, Position, SpanId, TaskId, WorkId, WorkPath};
pub use limits::{Budget, Limits, Timestamp};
pub use message::{Message, Stateless, Text};
pub use model::{ModelAnswer, ModelRequest};
pub use trace::Trace;
