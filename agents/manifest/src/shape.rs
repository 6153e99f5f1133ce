//! The type of a value as the checks follow it: from a schema, through fields, lists and filters.
//!
//! Where a type cannot be known (`Any`) nothing is refused: what is wrong there shows when it runs, as a
//! typed failure.

use std::sync::Arc;

use apache_avro::Schema;
use apache_avro::schema::RecordSchema;
use schemas_codec::KnownSchema;
use serde_json::Value;

/// What is known of a value.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// No value.
    Null,
    /// A truth value.
    Boolean,
    /// A number; whether it is surely no whole one.
    Number { is_double: bool },
    /// Text.
    Text,
    /// One of these texts.
    Symbols(Vec<String>),
    /// A list.
    List(Box<Shape>),
    /// A map from texts.
    Map(Box<Shape>),
    /// A record of a schema; its fields are looked at when they are asked for.
    Record(Arc<KnownSchema>, RecordSchema),
    /// Fields that a manifest, an expression or the runtime made up.
    Fields(Vec<(String, Shape)>),
    /// The parts of a join: by branch, and as a list.
    Parts(Vec<(String, Shape)>, Box<Shape>),
    /// One of these.
    OneOf(Vec<Shape>),
}

impl Shape {
    /// A whole record of a schema.
    pub(crate) fn record(schema: &Arc<KnownSchema>) -> Self {
        Self::of(schema, schema.avro())
    }

    /// A value of a type of a schema.
    pub(crate) fn of(schema: &Arc<KnownSchema>, of: &Schema) -> Self {
        match schema.target(of) {
            Schema::Null => Self::Null,
            Schema::Boolean => Self::Boolean,
            Schema::Int | Schema::Long | Schema::Date | Schema::TimeMillis => {
                Self::Number { is_double: false }
            }
            Schema::Float | Schema::Double => Self::Number { is_double: true },
            Schema::String => Self::Text,
            Schema::Enum(symbols) => Self::Symbols(symbols.symbols.clone()),
            Schema::Array(array) => Self::List(Box::new(Self::of(schema, &array.items))),
            Schema::Map(map) => Self::Map(Box::new(Self::of(schema, &map.types))),
            Schema::Record(record) => Self::Record(Arc::clone(schema), record.clone()),
            Schema::Union(union) => {
                Self::OneOf(union.variants().iter().map(|variant| Self::of(schema, variant)).collect())
            }
            _ => Self::Any,
        }
    }

    /// A literal's.
    pub(crate) fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) => Self::Number { is_double: number.is_f64() },
            Value::String(text) => Self::Symbols(vec![text.clone()]),
            Value::Array(_) => Self::List(Box::new(Self::Any)),
            Value::Object(_) => Self::Any,
        }
    }

    /// A field, or all the fields that there are.
    pub(crate) fn field(&self, name: &str) -> Result<Self, Vec<String>> {
        match self {
            Self::Any => Ok(Self::Any),
            Self::Map(values) => Ok((**values).clone()),
            Self::Record(schema, record) => record
                .fields
                .iter()
                .find(|field| field.name == name)
                .map(|field| Self::of(schema, &field.schema))
                .ok_or_else(|| record.fields.iter().map(|field| field.name.clone()).collect()),
            Self::Fields(fields) | Self::Parts(fields, _) => fields
                .iter()
                .find(|(field, _)| field == name)
                .map(|(_, shape)| shape.clone())
                .ok_or_else(|| fields.iter().map(|(field, _)| field.clone()).collect()),
            Self::OneOf(shapes) => {
                let found: Vec<_> = shapes.iter().map(|shape| shape.field(name)).collect();
                let good: Vec<Self> = found.iter().filter_map(|shape| shape.clone().ok()).collect();
                if good.is_empty() {
                    return Err(found.into_iter().filter_map(Result::err).flatten().collect());
                }
                Ok(Self::one_of(good))
            }
            _ => Err(Vec::new()),
        }
    }

    /// What a loop over it yields; none if it cannot be looped over.
    pub(crate) fn item(&self) -> Option<Self> {
        match self {
            Self::Any => Some(Self::Any),
            Self::List(item) | Self::Parts(_, item) => Some((**item).clone()),
            Self::Map(_) | Self::Record(..) | Self::Fields(_) => Some(Self::Text),
            Self::OneOf(shapes) => {
                let items: Vec<Self> = shapes.iter().filter_map(Self::item).collect();
                (!items.is_empty()).then(|| Self::one_of(items))
            }
            Self::Null | Self::Boolean | Self::Number { .. } | Self::Text | Self::Symbols(_) => None,
        }
    }

    /// One of these; of one, that one.
    pub(crate) fn one_of(mut shapes: Vec<Self>) -> Self {
        match (shapes.len(), shapes.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                shapes.push(last);
                Self::OneOf(shapes)
            }
            (_, None) => Self::Any,
        }
    }

    /// As an error names it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Any => "a value".to_owned(),
            Self::Null => "no value".to_owned(),
            Self::Boolean => "a truth value".to_owned(),
            Self::Number { is_double: true } => "a number".to_owned(),
            Self::Number { is_double: false } => "a whole number".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Symbols(symbols) => match symbols.as_slice() {
                [only] => format!("the text {only:?}"),
                _ => format!("one of {}", symbols.join(", ")),
            },
            Self::List(item) => match **item {
                Self::Any => "a list".to_owned(),
                ref item => format!("a list of {}", item.describe().trim_start_matches("a ")),
            },
            Self::Map(_) => "a map".to_owned(),
            Self::Record(_, record) => format!("record {}", record.name.name()),
            Self::Fields(_) => "a table of fields".to_owned(),
            Self::Parts(..) => "the parts".to_owned(),
            Self::OneOf(shapes) => {
                let mut texts: Vec<String> = shapes.iter().map(Self::describe).collect();
                texts.dedup();
                texts.join(" or ")
            }
        }
    }
}

/// Whether a value of this shape may be given where the schema wants a value of that type; if not, why.
pub(crate) fn misfit(shape: &Shape, schema: &Arc<KnownSchema>, of: &Schema) -> Option<String> {
    let target = schema.target(of);
    let wanted = || Shape::of(schema, target).describe();
    let fits = match (shape, target) {
        (Shape::Any, _) => true,
        (Shape::OneOf(shapes), _) => shapes.iter().any(|shape| misfit(shape, schema, target).is_none()),
        (_, Schema::Union(union)) => {
            union.variants().iter().any(|variant| misfit(shape, schema, variant).is_none())
        }
        (Shape::Null, Schema::Null) | (Shape::Boolean, Schema::Boolean) => true,
        (Shape::Number { is_double }, Schema::Int | Schema::Long) => !is_double,
        (Shape::Number { .. }, Schema::Float | Schema::Double) => true,
        (Shape::Text, Schema::String | Schema::Enum(_)) | (Shape::Symbols(_), Schema::String) => true,
        (Shape::Symbols(given), Schema::Enum(symbols)) => {
            given.iter().all(|symbol| symbols.symbols.contains(symbol))
        }
        (Shape::List(item), Schema::Array(array)) => return misfit(item, schema, &array.items),
        (Shape::Map(values), Schema::Map(map)) => return misfit(values, schema, &map.types),
        (Shape::Record(_, given), Schema::Record(wanted)) => given.name == wanted.name,
        (Shape::Fields(fields), Schema::Record(record)) => {
            return fields.iter().find_map(|(name, shape)| {
                let field = record.fields.iter().find(|field| field.name == *name)?;
                misfit(shape, schema, &field.schema)
            });
        }
        (Shape::Fields(_), Schema::Map(_)) => true,
        _ => false,
    };
    (!fits).then(|| format!("give {}", wanted()))
}
