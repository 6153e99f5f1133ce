//! What a database holds, in words: its tables and their columns.

use agents_journal::nearest::nearest;
use rusqlite::Connection;

/// Longest list of tables in an error: a screen of it.
const LISTED_BYTES_MAX: usize = 2_000;

/// One table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// Its columns' names and types, in order.
    pub columns: Vec<(String, String)>,
}

/// Reads the shapes of all tables and views, by name.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Vec<TableShape>> {
    let names = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' \
                 ESCAPE '\\' ORDER BY name";
    let mut statement = connection.prepare(names)?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut shapes = Vec::new();
    for name in names {
        let mut columns = connection.prepare("SELECT name, type FROM pragma_table_info(?1)")?;
        let columns = columns.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let columns = columns.collect::<Result<_, _>>()?;
        shapes.push(TableShape { name, columns });
    }
    Ok(shapes)
}

/// All tables with their columns, as far as they fit an error.
pub(super) fn describe(shapes: &[TableShape]) -> String {
    if shapes.is_empty() {
        return "there are no tables".to_owned();
    }
    let mut text = "there are: ".to_owned();
    for (number, shape) in shapes.iter().enumerate() {
        let columns: Vec<&str> = shape.columns.iter().map(|(name, _)| name.as_str()).collect();
        let next = format!("{}({})", shape.name, columns.join(", "));
        if text.len() + next.len() > LISTED_BYTES_MAX {
            text.push_str(if number == 0 { &shape.name } else { ", ..." });
            break;
        }
        text.push_str(if number == 0 { "" } else { "; " });
        text.push_str(&next);
    }
    text
}

/// What was probably meant by a table or column that there is not, from SQLite's words about it.
pub(super) fn meant(message: &str, shapes: &[TableShape]) -> Option<String> {
    let known: Vec<&str> = if message.starts_with("no such table: ") {
        shapes.iter().map(|shape| shape.name.as_str()).collect()
    } else if message.starts_with("no such column: ") {
        shapes.iter().flat_map(|shape| shape.columns.iter().map(|(name, _)| name.as_str())).collect()
    } else {
        return None;
    };
    let found = message.split(": ").nth(1)?;
    // `alias.column`, and what newer versions add behind it.
    let found = found.split(' ').next()?.rsplit('.').next()?;
    nearest(found, &known).map(|name| format!("did you mean {name}?"))
}
