//! A place in a trace: W3C's trace context, version 00, as the header `traceparent` carries it.
//!
//! Every id in it is given or derived from where something stands in the log, never drawn: a step that is run
//! again, or replayed, hands the same context on. This room does not know who shows traces.

use std::fmt;

use crate::ids::SpanId;

/// A span in its trace: what a record carries is the span that made it, and so the parent of what it leads to.
///
/// ```
/// use schemas_records::{SpanId, Trace};
///
/// let given = Trace::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
/// let own = given.next(SpanId::parse("00f067aa0ba902b7").unwrap());
/// assert_eq!(own.to_string(), "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    /// The span.
    pub span: SpanId,
    flags: u8,
}

/// The one flag that version 00 knows: somebody keeps this trace.
const SAMPLED: u8 = 1;

impl Trace {
    /// A trace that begins with this span and is kept. `id` is 32 lowercase hexadecimal digits, for example a
    /// content's hash; `None` if it is not, or only zeros.
    #[must_use]
    pub fn begin(id: &str, span: SpanId) -> Option<Self> {
        Some(Self { id: hex(id, 32)?, span, flags: SAMPLED }).filter(|trace| trace.id != 0)
    }

    /// Reads a header's text; `None` if it is no trace context of version 00.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let (version, id) = (fields.next()?, fields.next()?);
        let span = SpanId::parse(fields.next()?)?;
        let flags = u8::try_from(hex(fields.next()?, 2)?).ok()?;
        let is_whole = version == "00" && fields.next().is_none();
        let begun = Self::begin(id, span).filter(|_| is_whole)?;
        Some(Self { flags, ..begun })
    }

    /// The same trace at another span, which this one led to.
    #[must_use]
    pub fn next(self, span: SpanId) -> Self {
        Self { span, ..self }
    }

    /// Whether its producer, or intake, wants it kept.
    #[must_use]
    pub fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The trace's id: 32 hexadecimal digits.
    #[must_use]
    pub fn id(self) -> String {
        format!("{:032x}", self.id)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{}-{:02x}", self.id, self.span, self.flags)
    }
}

/// So many lowercase hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = text.len() == digits && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    u128::from_str_radix(text, 16).ok().filter(|_| is_hex)
}

#[cfg(test)]
mod tests;
