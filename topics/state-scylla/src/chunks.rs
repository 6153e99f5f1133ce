//! The rest of a large value, in chunks: written before the row that names them, read after it.
//!
//! It knows sizes and order; which table the chunks lie in is its callers' affair.

use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use topics_state::Error;

use crate::cell::{CHUNK_BYTES, Large};

/// Chunks of one value under way at once: with 256 KiB each they fill a connection, and more only queue.
const IN_FLIGHT_MAX: usize = 8;

/// Writes everything behind the beginning, chunk by chunk.
pub(crate) async fn write<F, Going>(value: &Bytes, write_one: F) -> Result<(), Error>
where
    F: Fn(i32, Bytes) -> Going,
    Going: Future<Output = Result<(), Error>>,
{
    let chunks = (CHUNK_BYTES..value.len()).step_by(CHUNK_BYTES).zip(0..);
    let writes = chunks.map(|(from, index)| {
        let to = value.len().min(from + CHUNK_BYTES);
        write_one(index, value.slice(from..to))
    });
    stream::iter(writes).buffer_unordered(IN_FLIGHT_MAX).try_collect().await
}

/// The whole value; `None` if a chunk is missing, or another one than it was.
pub(crate) async fn read<F, Going>(large: &Large, read_one: F) -> Result<Option<Bytes>, Error>
where
    F: Fn(i32) -> Going,
    Going: Future<Output = Result<Option<Bytes>, Error>>,
{
    let count = i32::try_from(large.chunks()).unwrap_or(i32::MAX);
    let mut chunks = stream::iter((0..count).map(read_one)).buffered(IN_FLIGHT_MAX);
    let mut value = BytesMut::with_capacity(large.length);
    value.extend_from_slice(&large.beginning);
    while let Some(chunk) = chunks.try_next().await? {
        let Some(chunk) = chunk else { return Ok(None) };
        value.extend_from_slice(&chunk);
    }
    Ok((value.len() == large.length).then(|| value.freeze()))
}
