//! Bytes and records: Avro with its schemas, framed for Kafka and for rows; JSON in and out.
//!
//! This room knows how a message is written and which versions of it can be read. It does not know
//! topics, headers or rows: it is given bytes and gives bytes.
//!
//! ```
//! use schemas_codec::{Codec, Registry};
//! use schemas_records::protocol::Timer;
//!
//! let codec = Codec::new(Registry::new()?);
//! let timer = Timer { due: 7, name: "patience".into() };
//! let bytes = codec.encode(&timer)?;
//! assert_eq!(codec.decode::<Timer>(&bytes)?, timer);
//! # Ok::<(), schemas_codec::Error>(())
//! ```

mod cursor;
mod defaults;
mod error;
mod path;

pub mod authority;
pub mod canonical;
pub mod compatibility;
pub mod known;
pub mod nearest;
pub mod registry;
pub mod released;

pub mod body;
pub mod codec;
pub mod frame;
pub mod json;

pub use authority::Authority;
pub use codec::Codec;
pub use error::Error;
pub use known::{KnownSchema, SchemaId};
pub use registry::{Registry, subject};
