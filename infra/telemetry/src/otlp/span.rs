//! One span as it is kept from its beginning until it is sent. It does not know how it is written.

use std::fmt::{Debug, Write as _};

use tracing::field::{Field, Visit};

/// Most bytes of one attribute's text: names, paths and ids fit, texts that somebody puts there do not.
const TEXT_BYTES_MAX: usize = 1_024;

/// A span.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Span {
    /// Its name; the callsite's if nobody gave another.
    pub name: String,
    /// What `otel.kind` said.
    pub kind: Kind,
    /// Its own W3C trace context.
    pub traceparent: String,
    /// The id of the span it came of.
    pub parent: Option<String>,
    /// Nanoseconds since 1970.
    pub begin_nanos: u64,
    /// Nanoseconds since 1970.
    pub end_nanos: u64,
    /// Names and values, in the order of the callsite's fields as they were set.
    pub attributes: Vec<(String, Value)>,
    /// Whether what it tells of stands.
    pub counts: bool,
}

/// Who waits for whom at a span's ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nobody.
    #[default]
    Internal,
    /// It waits for somebody else.
    Client,
    /// It handles a record.
    Consumer,
}

/// An attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Real(f64),
    Truth(bool),
}

impl Span {
    /// The three hexadecimal fields of its trace context: trace, span, flags.
    pub fn ids(&self) -> Option<(&str, &str, u8)> {
        let mut fields = self.traceparent.split('-').skip(1);
        let (trace, span, flags) = (fields.next()?, fields.next()?, fields.next()?);
        Some((trace, span, u8::from_str_radix(flags, 16).ok()?))
    }

    /// Why it failed, if it did.
    pub fn error(&self) -> Option<&str> {
        self.attributes.iter().find_map(|(name, value)| match value {
            Value::Text(text) if name == "error.type" => Some(text.as_str()),
            _ => None,
        })
    }

    fn set(&mut self, name: &str, value: Value) {
        match (name, value) {
            ("otel.name", Value::Text(text)) => self.name = text,
            ("otel.kind", Value::Text(text)) => {
                self.kind = match text.as_str() {
                    "client" => Kind::Client,
                    "consumer" => Kind::Consumer,
                    _ => Kind::Internal,
                };
            }
            ("traceparent", Value::Text(text)) => self.traceparent = text,
            ("parent", Value::Text(text)) => self.parent = Some(text),
            ("counts", Value::Truth(counts)) => self.counts = counts,
            (name, value) => {
                let is_known = name.contains('.');
                let name = if is_known { name.to_owned() } else { format!("tributary.{name}") };
                match self.attributes.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, old)) => *old = value,
                    None => self.attributes.push((name, value)),
                }
            }
        }
    }
}

impl Visit for Span {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = Text(String::new());
        // Ends early where the text is full.
        let _ = write!(text, "{value:?}");
        self.set(field.name(), Value::Text(text.0));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let mut text = Text(String::new());
        let _ = text.write_str(value);
        self.set(field.name(), Value::Text(text.0));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), Value::Whole(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), Value::Whole(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), Value::Real(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), Value::Truth(value));
    }
}

/// A text that takes [`TEXT_BYTES_MAX`] and no more.
pub(super) struct Text(pub String);

impl std::fmt::Write for Text {
    fn write_str(&mut self, more: &str) -> std::fmt::Result {
        let mut end = more.len().min(TEXT_BYTES_MAX - self.0.len());
        while !more.is_char_boundary(end) {
            end -= 1;
        }
        self.0.push_str(&more[..end]);
        if end == more.len() { Ok(()) } else { Err(std::fmt::Error) }
    }
}
