//! Tables as files: CSV and JSON, read whole, their columns' types found by content.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::database::LoadError;

/// Largest file of a table: what is larger is a database already.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Most tables of a folder.
const TABLES_MAX: usize = 64;

/// Most columns of a table: as many as a statement may name.
const COLUMNS_MAX: usize = 200;

/// Longest name of a table or column.
const NAME_CHARS_MAX: usize = 64;

/// A table, read.
#[derive(Debug)]
pub(super) struct Found {
    path: PathBuf,
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Type {
    Integer,
    Real,
    Text,
}

/// Reads every table of a folder, by name.
pub(super) fn read(folder: &Path) -> Result<Vec<Found>, LoadError> {
    let unreadable = |path: &Path, cause: &dyn std::fmt::Display| LoadError::Unreadable {
        path: path.display().to_string(),
        cause: cause.to_string(),
    };
    let mut tables = BTreeMap::<String, Found>::new();
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        paths.push(entry.map_err(|error| unreadable(folder, &error))?.path());
    }
    paths.sort();
    for path in paths {
        let parse = match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => parse_csv,
            Some("json") => parse_json,
            _ => continue,
        };
        let wrong = |problem: String| LoadError::Table { path: path.display().to_string(), problem };
        let name = table_name(&path).map_err(wrong)?;
        let bytes = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?.len();
        if bytes > FILE_BYTES_MAX {
            return Err(wrong(format!("it has {bytes} bytes, at most {FILE_BYTES_MAX} are allowed")));
        }
        let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        let text = String::from_utf8(bytes).map_err(|error| wrong(format!("it is not UTF-8: {error}")))?;
        let (columns, rows) = parse(text.trim_start_matches('\u{feff}')).map_err(wrong)?;
        check_columns(&columns).map_err(wrong)?;
        if tables.len() == TABLES_MAX {
            return Err(wrong(format!("it is one table too many, {TABLES_MAX} are allowed")));
        }
        if let Some(other) = tables.get(&name) {
            return Err(wrong(format!("{} is table {name} too; rename one", other.path.display())));
        }
        tables.insert(name.clone(), Found { path, name, columns, rows });
    }
    Ok(tables.into_values().collect())
}

/// A table from a text.
pub(super) fn of_csv(name: &str, text: &str) -> Result<Found, LoadError> {
    let path = PathBuf::from(format!("{name}.csv"));
    let wrong = |problem: String| LoadError::Table { path: path.display().to_string(), problem };
    let name = table_name(&path).map_err(wrong)?;
    let (columns, rows) = parse_csv(text).map_err(wrong)?;
    check_columns(&columns).map_err(wrong)?;
    Ok(Found { path, name, columns, rows })
}

/// Writes tables into a new database.
pub(super) fn write(path: &Path, tables: &[Found]) -> Result<(), LoadError> {
    let sqlite = |table: &Path, error: &rusqlite::Error| LoadError::Sqlite {
        path: table.display().to_string(),
        cause: error.to_string(),
    };
    let mut connection = Connection::open(path).map_err(|error| sqlite(path, &error))?;
    for table in tables {
        write_one(&mut connection, table).map_err(|error| sqlite(&table.path, &error))?;
    }
    connection.close().map_err(|(_, error)| sqlite(path, &error))
}

fn write_one(connection: &mut Connection, table: &Found) -> rusqlite::Result<()> {
    // Names are checked: neither holds a quote.
    let columns: Vec<String> = table
        .columns
        .iter()
        .enumerate()
        .map(|(number, column)| {
            let kind = table.rows.iter().filter_map(|row| type_of(&row[number])).max().unwrap_or(Type::Text);
            let kind = match kind {
                Type::Integer => "INTEGER",
                Type::Real => "REAL",
                Type::Text => "TEXT",
            };
            format!("\"{column}\" {kind}")
        })
        .collect();
    let places = vec!["?"; columns.len()].join(", ");
    let transaction = connection.transaction()?;
    transaction.execute_batch(&format!("CREATE TABLE \"{}\" ({})", table.name, columns.join(", ")))?;
    {
        let mut insert = transaction.prepare(&format!("INSERT INTO \"{}\" VALUES ({places})", table.name))?;
        for row in &table.rows {
            insert.execute(params_from_iter(row))?;
        }
    }
    transaction.commit()
}

fn type_of(value: &Value) -> Option<Type> {
    match value {
        Value::Null | Value::Blob(_) => None,
        Value::Integer(_) => Some(Type::Integer),
        Value::Real(_) => Some(Type::Real),
        Value::Text(_) => Some(Type::Text),
    }
}

fn table_name(path: &Path) -> Result<String, String> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = stem.replace('-', "_");
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= NAME_CHARS_MAX
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with("sqlite_");
    if is_name {
        return Ok(name);
    }
    Err(format!(
        "{stem:?} is no name of a table; use 1 to {NAME_CHARS_MAX} of a-z, 0-9, _ and -, beginning with a letter"
    ))
}

fn check_columns(columns: &[String]) -> Result<(), String> {
    if columns.is_empty() || columns.len() > COLUMNS_MAX {
        return Err(format!("it has {} columns, 1 to {COLUMNS_MAX} are allowed", columns.len()));
    }
    for (number, column) in columns.iter().enumerate() {
        let chars = column.chars().count();
        let is_name = (1..=NAME_CHARS_MAX).contains(&chars)
            && column.trim() == column
            && !column.contains(|c: char| c.is_control() || c == '"');
        if !is_name {
            return Err(format!(
                "column {} is called {column:?}; use 1 to {NAME_CHARS_MAX} characters, no quote, no space around",
                number + 1
            ));
        }
        let twin = columns[..number].iter().any(|other| other.to_lowercase() == column.to_lowercase());
        if twin {
            return Err(format!("column {column:?} is there twice; rename one"));
        }
    }
    Ok(())
}

type Parsed = (Vec<String>, Vec<Vec<Value>>);

fn parse_csv(text: &str) -> Result<Parsed, String> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let columns: Vec<String> =
        reader.headers().map_err(|error| error.to_string())?.iter().map(str::to_owned).collect();
    let mut cells: Vec<Vec<String>> = Vec::new();
    for record in reader.into_records() {
        // Says which line has how many fields.
        let record = record.map_err(|error| error.to_string())?;
        cells.push(record.iter().map(str::to_owned).collect());
    }
    let types: Vec<Type> = (0..columns.len())
        .map(|number| cells.iter().filter_map(|row| content(&row[number])).max().unwrap_or(Type::Text))
        .collect();
    let rows = cells
        .into_iter()
        .map(|row| row.into_iter().zip(&types).map(|(cell, kind)| value(cell, *kind)).collect());
    Ok((columns, rows.collect()))
}

/// What a cell of text could be; nothing if it is empty.
fn content(cell: &str) -> Option<Type> {
    if cell.is_empty() {
        return None;
    }
    let digits = cell.trim_start_matches('-');
    // A number with zeros before it is a code, not a number.
    let is_code = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let is_numeric = cell.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
    if is_code || !is_numeric {
        return Some(Type::Text);
    }
    if cell.parse::<i64>().is_ok() {
        return Some(Type::Integer);
    }
    let is_finite = cell.parse::<f64>().is_ok_and(f64::is_finite);
    Some(if is_finite { Type::Real } else { Type::Text })
}

fn value(cell: String, kind: Type) -> Value {
    if cell.is_empty() {
        return Value::Null;
    }
    let number = match kind {
        Type::Integer => cell.parse().ok().map(Value::Integer),
        Type::Real => cell.parse().ok().map(Value::Real),
        Type::Text => None,
    };
    number.unwrap_or(Value::Text(cell))
}

fn parse_json(text: &str) -> Result<Parsed, String> {
    let rows: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(text).map_err(|error| format!("it is no array of objects: {error}"))?;
    let mut columns: Vec<String> = Vec::new();
    let mut places = BTreeMap::new();
    for row in &rows {
        for name in row.keys() {
            if !places.contains_key(name) {
                places.insert(name.clone(), columns.len());
                columns.push(name.clone());
            }
        }
        // Checked as it grows: a row's own names would make a table of any width.
        if columns.len() > COLUMNS_MAX {
            break;
        }
    }
    let mut kinds: Vec<Option<Type>> = vec![None; columns.len()];
    let mut table = Vec::new();
    for (number, row) in rows.into_iter().enumerate() {
        let mut cells = vec![Value::Null; columns.len()];
        for (name, cell) in row {
            let Some(place) = places.get(&name).copied() else { continue };
            let wrong = |what: &str| format!("row {}, column {name:?}: {what}", number + 1);
            cells[place] = scalar(cell).map_err(|what| wrong(&what))?;
            let found = type_of(&cells[place]);
            let both = (kinds[place].map(|kind| kind == Type::Text), found.map(|kind| kind == Type::Text));
            if matches!(both, (Some(before), Some(now)) if before != now) {
                return Err(wrong("text and numbers in one column; make all of them text"));
            }
            kinds[place] = kinds[place].max(found);
        }
        table.push(cells);
    }
    Ok((columns, table))
}

fn scalar(cell: serde_json::Value) -> Result<Value, String> {
    Ok(match cell {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Integer(i64::from(truth)),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Value::Integer(number),
            (None, Some(number)) => Value::Real(number),
            (None, None) => return Err(format!("{number} is no number that SQLite has")),
        },
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            return Err("a list or an object; give each of its values a column".to_owned());
        }
    })
}
