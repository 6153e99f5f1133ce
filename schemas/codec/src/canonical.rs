//! A schema's canonical form and its fingerprint: what a schema's id is made of.
//!
//! Avro's Parsing Canonical Form (names, types, fields, symbols, sizes; no defaults, docs or logical
//! types) and its CRC-64. Ours rather than apache-avro's, because ids and stored state outlive any
//! version of that library; the tests hold the two together.

use std::fmt::Write;

use apache_avro::Schema;
use apache_avro::schema::{DecimalSchema, FixedSchema, InnerDecimalSchema, RecordSchema, UuidSchema};

/// The canonical form of a schema as the parser returns it (names are full names already).
#[must_use]
pub fn form(schema: &Schema) -> String {
    let mut out = String::new();
    append(&mut out, schema);
    out
}

fn append(out: &mut String, schema: &Schema) {
    match schema {
        Schema::Record(record) => append_record(out, record),
        Schema::Enum(symbols) => {
            append_head(out, symbols.name.as_ref(), "enum");
            let quoted: Vec<String> = symbols.symbols.iter().map(|symbol| format!("{symbol:?}")).collect();
            write_all(out, &[",\"symbols\":[", &quoted.join(","), "]}"]);
        }
        Schema::Array(array) => {
            out.push_str("{\"type\":\"array\",\"items\":");
            append(out, &array.items);
            out.push('}');
        }
        Schema::Map(map) => {
            out.push_str("{\"type\":\"map\",\"values\":");
            append(out, &map.types);
            out.push('}');
        }
        Schema::Union(union) => {
            out.push('[');
            for (index, branch) in union.variants().iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                append(out, branch);
            }
            out.push(']');
        }
        Schema::Ref { name } => write_all(out, &["\"", name.as_ref(), "\""]),
        Schema::Fixed(fixed)
        | Schema::Duration(fixed)
        | Schema::Uuid(UuidSchema::Fixed(fixed))
        | Schema::Decimal(DecimalSchema { inner: InnerDecimalSchema::Fixed(fixed), .. }) => {
            append_fixed(out, fixed)
        }
        primitive => write_all(out, &["\"", primitive_name(primitive), "\""]),
    }
}

fn append_record(out: &mut String, record: &RecordSchema) {
    append_head(out, record.name.as_ref(), "record");
    out.push_str(",\"fields\":[");
    for (index, field) in record.fields.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_all(out, &["{\"name\":\"", &field.name, "\",\"type\":"]);
        append(out, &field.schema);
        out.push('}');
    }
    out.push_str("]}");
}

fn append_fixed(out: &mut String, fixed: &FixedSchema) {
    append_head(out, fixed.name.as_ref(), "fixed");
    // Writing to a string cannot fail.
    let _ = write!(out, ",\"size\":{}}}", fixed.size);
}

fn append_head(out: &mut String, name: &str, kind: &str) {
    write_all(out, &["{\"name\":\"", name, "\",\"type\":\"", kind, "\""]);
}

fn write_all(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

/// The primitive a schema is written as; a logical type is its base.
pub(crate) const fn primitive_name(schema: &Schema) -> &'static str {
    match schema {
        Schema::Null => "null",
        Schema::Boolean => "boolean",
        Schema::Int | Schema::Date | Schema::TimeMillis => "int",
        Schema::Float => "float",
        Schema::Double => "double",
        Schema::String | Schema::Uuid(UuidSchema::String) => "string",
        Schema::Bytes | Schema::BigDecimal | Schema::Decimal(_) | Schema::Uuid(_) => "bytes",
        Schema::Record(_) => "record",
        Schema::Enum(_) => "enum",
        Schema::Array(_) => "array",
        Schema::Map(_) => "map",
        Schema::Union(_) => "union",
        Schema::Fixed(_) | Schema::Duration(_) => "fixed",
        Schema::Ref { .. } => "reference",
        Schema::Long
        | Schema::TimeMicros
        | Schema::TimestampMillis
        | Schema::TimestampMicros
        | Schema::TimestampNanos
        | Schema::LocalTimestampMillis
        | Schema::LocalTimestampMicros
        | Schema::LocalTimestampNanos => "long",
    }
}

/// The polynomial of Avro's CRC-64, which is also its first value.
const EMPTY: u64 = 0xc15d_213a_a4d7_a795;

const TABLE: [u64; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u64;
        let mut bit = 0;
        while bit < 8 {
            value = (value >> 1) ^ (EMPTY & (value & 1).wrapping_neg());
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

/// CRC-64-AVRO of a canonical form.
#[must_use]
pub fn fingerprint(form: &str) -> u64 {
    form.bytes().fold(EMPTY, |value, byte| (value >> 8) ^ TABLE[usize::from(byte ^ (value & 0xff) as u8)])
}

#[cfg(test)]
mod tests;
