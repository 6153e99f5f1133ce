//! Framing: what stands before an Avro body, on topics and in rows.
//!
//! Topics carry Confluent's framing: byte 0, the schema's id in four bytes (big-endian), the body. Rows
//! carry Avro's single-object encoding: `C3 01`, the schema's 64-bit fingerprint (little-endian), the
//! body; so that state needs no registry. This file does not look into the body.

use crate::error::Error;
use crate::known::SchemaId;

/// First byte of Confluent's framing.
pub const MAGIC: u8 = 0;
/// Bytes before the body of a framed message.
pub const FRAME_BYTES: usize = 5;
/// First bytes of Avro's single-object encoding.
pub const STATE_MARKER: [u8; 2] = [0xC3, 0x01];
/// Bytes before the body of a stored state.
pub const STATE_FRAME_BYTES: usize = 10;

/// Appends the frame of a message.
pub fn begin(out: &mut Vec<u8>, id: SchemaId) {
    out.push(MAGIC);
    out.extend_from_slice(&id.0.to_be_bytes());
}

/// Splits a framed message into its schema's id and its body.
///
/// # Errors
/// [`Error::TooShort`] and [`Error::WrongMagic`].
pub fn split(bytes: &[u8]) -> Result<(SchemaId, &[u8]), Error> {
    match bytes {
        [first, ..] if *first != MAGIC => Err(Error::WrongMagic { found: *first }),
        [_, a, b, c, d, body @ ..] => Ok((SchemaId(u32::from_be_bytes([*a, *b, *c, *d])), body)),
        _ => Err(Error::TooShort { found: bytes.len(), needed: FRAME_BYTES }),
    }
}

/// Appends the frame of a stored state.
pub fn begin_state(out: &mut Vec<u8>, fingerprint: u64) {
    out.extend_from_slice(&STATE_MARKER);
    out.extend_from_slice(&fingerprint.to_le_bytes());
}

/// Splits a stored state into its schema's fingerprint and its body.
///
/// # Errors
/// [`Error::TooShort`] and [`Error::WrongStateMarker`].
pub fn split_state(bytes: &[u8]) -> Result<(u64, &[u8]), Error> {
    let Some((head, body)) = bytes.split_first_chunk::<STATE_FRAME_BYTES>() else {
        return Err(Error::TooShort { found: bytes.len(), needed: STATE_FRAME_BYTES });
    };
    let [a, b, fingerprint @ ..] = *head;
    if [a, b] != STATE_MARKER {
        return Err(Error::WrongStateMarker { found: [a, b] });
    }
    Ok((u64::from_le_bytes(fingerprint), body))
}

#[cfg(test)]
mod tests;
