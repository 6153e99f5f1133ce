//! The fixed queries of the data-analyst: what is asked of the tables, and how their answers are read.
//!
//! Pure. Sectors and months are parameters, never pasted into a statement. An answer is read by its shape: another one is
//! an error in words, and no number of it is used. What a model writes instead is `proposal.rs`'s matter.

use schemas_records::tool::{Cell, SqlQuery, Table};

use crate::data::Data;
use crate::figures::YEAR;
use crate::messages::{Asked, Found, Level, Rate, Span};
use crate::month::Month;
use crate::sectors::{Sector, WHOLE};
use crate::tables;

#[cfg(test)]
mod tests;

/// The tool that is asked.
pub const TOOL: &str = "tables";
/// The query of employment.
pub const EMPLOYMENT: &str = "employment";
/// The query of unemployment.
pub const UNEMPLOYMENT: &str = "unemployment";
/// The query of what is counted when, and of the tables' own name.
pub const COVERAGE: &str = "coverage";

/// Most rows of a fixed query's answer: twice the most cells that are ever asked for.
const ROWS_MAX: i32 = 64;

/// The statement of [`UNEMPLOYMENT`].
const RATES: &str = "SELECT month, persons, rate_bp FROM unemployment \
    WHERE industry = ? AND month IN (?, ?) AND persons IS NOT NULL AND rate_bp IS NOT NULL ORDER BY month";
/// The statement of [`COVERAGE`].
const SPANS: &str = "SELECT 'employment' AS counted, MIN(month) AS first, MAX(month) AS last, version \
    FROM about LEFT JOIN employment ON sector = ? \
    UNION ALL SELECT 'unemployment', MIN(month), MAX(month), version \
    FROM about LEFT JOIN unemployment ON industry = ?";

/// One fixed query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// What figures call it, and the call.
    pub name: &'static str,
    /// The statement.
    pub statement: String,
    /// Its parameters, in order.
    pub parameters: Vec<String>,
}

/// What is asked about `sector` in `month`: its employment then, the month and the year before, and everybody's; its
/// industry's unemployment; what is counted when. `others` are more cells of the employment table.
#[must_use]
pub fn fixed(sector: &Sector, month: Month, others: &[Level]) -> Vec<Fixed> {
    let mut queries = Vec::new();
    let cells = cells(sector, month, others);
    if !cells.is_empty() {
        let places = vec!["(?, ?)"; cells.len()].join(", ");
        let statement = format!(
            "SELECT sector, month, persons FROM employment \
             WHERE (sector, month) IN (VALUES {places}) AND persons IS NOT NULL ORDER BY sector, month"
        );
        let parameters = cells.into_iter().flat_map(|(sector, month)| [sector, month.to_string()]).collect();
        queries.push(Fixed { name: EMPLOYMENT, statement, parameters });
    }
    if let Some(industry) = sector.unemployment {
        let parameters = vec![industry.to_owned(), month.to_string(), month.plus(-YEAR).to_string()];
        queries.push(Fixed { name: UNEMPLOYMENT, statement: RATES.to_owned(), parameters });
    }
    let of = |name: Option<&str>| name.unwrap_or_default().to_owned();
    let parameters = vec![of(sector.employment.map(|_| sector.id)), of(sector.unemployment)];
    queries.push(Fixed { name: COVERAGE, statement: SPANS.to_owned(), parameters });
    queries
}

/// The cells of the employment table that are asked for, each once.
fn cells(sector: &Sector, month: Month, others: &[Level]) -> Vec<(String, Month)> {
    let mut cells = Vec::new();
    if sector.employment.is_some() {
        let own = [month, month.plus(-1), month.plus(-YEAR)].map(|month| (sector.id.to_owned(), month));
        cells.extend(own);
        cells.push((WHOLE.to_owned(), month));
    }
    cells.extend(others.iter().map(|level| (level.sector.clone(), level.month)));
    let mut once: Vec<(String, Month)> = Vec::new();
    for cell in cells {
        if !once.contains(&cell) {
            once.push(cell);
        }
    }
    once
}

impl Fixed {
    /// As the tool takes it.
    #[must_use]
    pub fn request(&self) -> SqlQuery {
        let parameters = self.parameters.iter().cloned().map(Cell::Text).collect();
        SqlQuery { statement: self.statement.clone(), parameters, rows_max: ROWS_MAX }
    }

    /// As a brief shows it, answered with so many rows.
    fn asked(&self, rows: usize) -> Asked {
        Asked {
            name: self.name.to_owned(),
            statement: self.statement.clone(),
            parameters: self.parameters.clone(),
            rows: i32::try_from(rows).unwrap_or(i32::MAX),
            author: String::new(),
        }
    }

    /// Takes its answer over into `found`.
    ///
    /// # Errors
    /// A sentence, if the answer is not of the query's shape.
    pub fn read(&self, table: &Table, found: &mut Found) -> Result<(), String> {
        match self.name {
            EMPLOYMENT => found.levels = levels(table)?,
            UNEMPLOYMENT => found.rates = rates(table)?,
            _ => (found.spans, found.tables) = spans(table)?,
        }
        found.asked.push(self.asked(table.rows.len()));
        found.asked.sort_by_key(|asked| place(&asked.name));
        Ok(())
    }
}

/// Where a query stands in a brief, whichever was answered first.
fn place(name: &str) -> usize {
    [EMPLOYMENT, UNEMPLOYMENT, COVERAGE].iter().position(|known| *known == name).unwrap_or(usize::MAX)
}

/// What the fixed queries find in `data`, without a database: what tests, and others that need the same numbers, work with.
#[must_use]
pub fn answered(data: &Data, sector: &Sector, month: Month) -> Found {
    let mut found = Found { tables: tables::version(data), ..Found::default() };
    let known = |name: &str, month| data.employment(crate::sectors::find(name).ok()?)?.at(month);
    for (name, month) in cells(sector, month, &[]) {
        found.levels.extend(known(&name, month).map(|persons| Level { sector: name, month, persons }));
    }
    found.levels.sort();
    let span = |counted: &str, series: &crate::data::Series| Span {
        counted: counted.to_owned(),
        first: series.first(),
        last: series.last(),
    };
    found.spans.extend(data.employment(sector).map(|series| span(EMPLOYMENT, series)));
    if let Some((_, industry)) = data.unemployment(sector) {
        for month in [month.plus(-YEAR), month] {
            let both = industry.unemployed.at(month).zip(industry.rate.at(month));
            found.rates.extend(both.map(|(persons, rate_bp)| Rate { month, persons, rate_bp }));
        }
        found.spans.push(span(UNEMPLOYMENT, &industry.rate));
    }
    for query in fixed(sector, month, &[]) {
        found.asked.push(query.asked(match query.name {
            EMPLOYMENT => found.levels.len(),
            UNEMPLOYMENT => found.rates.len(),
            _ => 2,
        }));
    }
    found
}

/// Rows of sector, month and persons.
///
/// # Errors
/// A sentence that says which row or column is not as it should be.
pub(crate) fn levels(table: &Table) -> Result<Vec<Level>, String> {
    rows(table, ["sector", "month", "persons"], |[sector, month, persons]| {
        Some(Level { sector: text(sector)?, month: read_month(month)?, persons: number(persons)? })
    })
}

fn rates(table: &Table) -> Result<Vec<Rate>, String> {
    rows(table, ["month", "persons", "rate_bp"], |[month, persons, rate]| {
        Some(Rate { month: read_month(month)?, persons: number(persons)?, rate_bp: number(rate)? })
    })
}

/// What is counted when, without what is not counted; and the tables' name.
fn spans(table: &Table) -> Result<(Vec<Span>, String), String> {
    let found = rows(table, ["counted", "first", "last", "version"], |[counted, first, last, version]| {
        let span = match (first, last) {
            (Cell::Null, Cell::Null) => None,
            _ => Some(Span { counted: text(counted)?, first: read_month(first)?, last: read_month(last)? }),
        };
        Some((span, text(version)?))
    })?;
    let version = found.first().map(|(_, version)| version.clone()).unwrap_or_default();
    Ok((found.into_iter().filter_map(|(span, _)| span).collect(), version))
}

/// The rows of a table of these columns, each read whole.
fn rows<const N: usize, T>(
    table: &Table,
    columns: [&str; N],
    read: impl Fn([&Cell; N]) -> Option<T>,
) -> Result<Vec<T>, String> {
    if table.columns != columns {
        return Err(format!("its columns are {}, not {}", shown(&table.columns), columns.join(", ")));
    }
    if table.is_cut {
        return Err(format!("it has more than {} rows", table.rows.len()));
    }
    let mut found = Vec::new();
    for (at, row) in table.rows.iter().enumerate() {
        let cells: Option<[&Cell; N]> = row.iter().collect::<Vec<_>>().try_into().ok();
        let value = cells.and_then(&read).ok_or_else(|| {
            format!("row {} does not hold one {} each of the right kind", at + 1, columns.join(", "))
        })?;
        found.push(value);
    }
    Ok(found)
}

/// The columns' names, as far as a sentence bears them.
fn shown(columns: &[String]) -> String {
    let mut text: String = columns.join(", ").chars().take(80).collect();
    if text.is_empty() {
        text.push_str("none");
    }
    text
}

fn text(cell: &Cell) -> Option<String> {
    if let Cell::Text(text) = cell { Some(text.clone()) } else { None }
}

fn number(cell: &Cell) -> Option<i64> {
    if let Cell::Long(number) = cell { Some(*number) } else { None }
}

fn read_month(cell: &Cell) -> Option<Month> {
    Month::parse(&text(cell)?).ok()
}
