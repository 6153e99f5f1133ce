//! The figures the team works on: two tables of the US Bureau of Labor Statistics, embedded and read into typed series.
//!
//! It reads and looks up; it computes nothing. Everything that computes takes a [`Data`] as a parameter, so that a test
//! (or a user with newer tables) can pass another. Attribution and licence: `data/README.md`.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::month::{self, Month};
use crate::numbers;
use crate::sectors::Sector;

#[cfg(test)]
mod tests;

/// The bundled employment table: thousands of jobs by sector and month, seasonally adjusted.
pub const EMPLOYMENT: &str = include_str!("../data/us-employment.csv");
/// The bundled unemployment table: thousands of persons and per cent by industry and month, not adjusted.
pub const UNEMPLOYMENT: &str = include_str!("../data/unemployment-across-industries.csv");

/// Tables count in thousands with at most this many decimals, so that a person is a whole number.
const THOUSANDS_PLACES: usize = 3;
/// Rates are per cent; two decimals make them basis points.
const PERCENT_PLACES: usize = 2;

/// One value a month, without a break in the months; a month whose cell was empty is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    first: Month,
    values: Vec<Option<i64>>,
}

/// What the unemployment table says of one industry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Industry {
    /// Unemployed persons who last worked in it.
    pub unemployed: Series,
    /// Their share of the industry's labour force, in basis points.
    pub rate: Series,
}

/// Both tables, by the names of their columns and series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    employment: BTreeMap<String, Series>,
    unemployment: BTreeMap<String, Industry>,
    version: String,
}

/// A table cannot be read. Remedy: mend the line named. For the bundled tables this is a bug, and a test forbids it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The first line is not the one expected.
    #[error(
        "cannot read the {table} table: its first line must begin with \"{expected}\", but it is \"{found}\""
    )]
    Header {
        /// Which table.
        table: &'static str,
        /// How its first line must begin.
        expected: &'static str,
        /// What stands there, cut to 60 characters.
        found: String,
    },
    /// A line has more or fewer cells than the first.
    #[error(
        "cannot read line {line} of the {table} table: it has {found} cells instead of {expected}; leave a missing value empty between its commas"
    )]
    Cells {
        /// Which table.
        table: &'static str,
        /// Which line, counted from 1.
        line: usize,
        /// Cells in the first line.
        expected: usize,
        /// Cells in this one.
        found: usize,
    },
    /// A cell is no number.
    #[error(
        "cannot read \"{found}\" in line {line} of the {table} table: expected a decimal with at most {places} places, or nothing"
    )]
    Number {
        /// Which table.
        table: &'static str,
        /// Which line, counted from 1.
        line: usize,
        /// What stands in the cell, cut to 20 characters.
        found: String,
        /// How many decimals are allowed.
        places: usize,
    },
    /// A month cannot be read.
    #[error("cannot read the month in line {line} of the {table} table")]
    Month {
        /// Which table.
        table: &'static str,
        /// Which line, counted from 1.
        line: usize,
        /// What was wrong with it.
        #[source]
        cause: month::Error,
    },
    /// A month does not follow the one before.
    #[error(
        "cannot read line {line} of the {table} table: {found} stands where {expected} is due; give every month a line, with empty cells if nothing is known"
    )]
    Order {
        /// Which table.
        table: &'static str,
        /// Which line, counted from 1.
        line: usize,
        /// The month that must come.
        expected: Month,
        /// The month that came.
        found: Month,
    },
}

impl Series {
    /// A series that begins at `first`.
    #[must_use]
    pub fn new(first: Month, values: Vec<Option<i64>>) -> Series {
        Series { first, values }
    }

    /// The first month with a line, known or not.
    #[must_use]
    pub fn first(&self) -> Month {
        self.first
    }

    /// The last month with a line; the month before [`Series::first`] if there is none.
    #[must_use]
    pub fn last(&self) -> Month {
        self.first.plus(i32::try_from(self.values.len()).unwrap_or(i32::MAX).saturating_sub(1))
    }

    /// The value of `month`, or `None` if it is outside the series or its cell was empty.
    #[must_use]
    pub fn at(&self, month: Month) -> Option<i64> {
        let place = usize::try_from(month.since(self.first)).ok()?;
        self.values.get(place).copied().flatten()
    }

    /// The values up to and with `end`, as far back as they are known without a hole. Empty if `end` itself is not known.
    #[must_use]
    pub fn known_up_to(&self, end: Month) -> Vec<i64> {
        let mut values = Vec::new();
        let mut month = end;
        while let Some(value) = self.at(month) {
            values.push(value);
            month = month.plus(-1);
        }
        values.reverse();
        values
    }

    fn push(&mut self, value: Option<i64>) {
        self.values.push(value);
    }
}

impl Data {
    /// The bundled tables.
    ///
    /// # Errors
    /// Never with the tables this crate is built from; see [`Data::read`].
    pub fn bundled() -> Result<Data, Error> {
        Data::read(EMPLOYMENT, UNEMPLOYMENT)
    }

    /// Reads two tables in the shape of [`EMPLOYMENT`] and [`UNEMPLOYMENT`].
    ///
    /// # Errors
    /// [`enum@Error`] naming table and line of the first thing that cannot be read.
    pub fn read(employment: &str, unemployment: &str) -> Result<Data, Error> {
        Ok(Data {
            employment: read_employment(employment)?,
            unemployment: read_unemployment(unemployment)?,
            version: schemas_records::ids::content_hash(&[employment.as_bytes(), unemployment.as_bytes()]),
        })
    }

    /// A hash of the tables: what is computed from others is another version of an agent.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The persons employed in `sector`, by month. `None` if the tables do not know.
    #[must_use]
    pub fn employment(&self, sector: &Sector) -> Option<&Series> {
        self.employment.get(sector.employment?)
    }

    /// The unemployment of the industry `sector` belongs to, with the industry's name. `None` if the tables do not know.
    #[must_use]
    pub fn unemployment(&self, sector: &Sector) -> Option<(&'static str, &Industry)> {
        let name = sector.unemployment?;
        Some((name, self.unemployment.get(name)?))
    }
}

/// One column a sector, one line a month.
fn read_employment(text: &str) -> Result<BTreeMap<String, Series>, Error> {
    const TABLE: &str = "employment";
    let mut lines = text.lines().enumerate();
    let header: Vec<&str> = first_line(TABLE, "month,", lines.next())?;
    let mut columns: Vec<Series> = Vec::new();
    for (at, line) in lines {
        let cells = split(TABLE, at + 1, line, header.len())?;
        let month = read_month(TABLE, at + 1, cells[0])?;
        if columns.is_empty() {
            columns = header[1..].iter().map(|_| Series::new(month, Vec::new())).collect();
        }
        for (column, cell) in columns.iter_mut().zip(&cells[1..]) {
            in_order(TABLE, at + 1, column, month)?;
            column.push(read_number(TABLE, at + 1, cell, THOUSANDS_PLACES)?);
        }
    }
    Ok(header[1..].iter().map(|name| (*name).to_owned()).zip(columns).collect())
}

/// One line an industry and month, the industries one after another.
fn read_unemployment(text: &str) -> Result<BTreeMap<String, Industry>, Error> {
    const TABLE: &str = "unemployment";
    let mut lines = text.lines().enumerate();
    let header = first_line(TABLE, "series,month,count,rate", lines.next())?;
    let mut industries: BTreeMap<String, Industry> = BTreeMap::new();
    for (at, line) in lines {
        let cells = split(TABLE, at + 1, line, header.len())?;
        let month = read_month(TABLE, at + 1, cells[1])?;
        let industry = industries.entry(cells[0].to_owned()).or_insert_with(|| Industry {
            unemployed: Series::new(month, Vec::new()),
            rate: Series::new(month, Vec::new()),
        });
        in_order(TABLE, at + 1, &industry.rate, month)?;
        industry.unemployed.push(read_number(TABLE, at + 1, cells[2], THOUSANDS_PLACES)?);
        industry.rate.push(read_number(TABLE, at + 1, cells[3], PERCENT_PLACES)?);
    }
    Ok(industries)
}

fn first_line<'a>(
    table: &'static str,
    expected: &'static str,
    line: Option<(usize, &'a str)>,
) -> Result<Vec<&'a str>, Error> {
    let line = line.map_or("", |(_, line)| line);
    if !line.starts_with(expected) {
        return Err(Error::Header { table, expected, found: line.chars().take(60).collect() });
    }
    Ok(line.split(',').collect())
}

fn split<'a>(
    table: &'static str,
    line: usize,
    text: &'a str,
    expected: usize,
) -> Result<Vec<&'a str>, Error> {
    let cells: Vec<&str> = text.split(',').collect();
    if cells.len() != expected {
        return Err(Error::Cells { table, line, expected, found: cells.len() });
    }
    Ok(cells)
}

fn read_month(table: &'static str, line: usize, cell: &str) -> Result<Month, Error> {
    Month::parse(cell).map_err(|cause| Error::Month { table, line, cause })
}

fn in_order(table: &'static str, line: usize, series: &Series, found: Month) -> Result<(), Error> {
    let expected = series.last().plus(1);
    if found == expected { Ok(()) } else { Err(Error::Order { table, line, expected, found }) }
}

/// Thousands become persons, per cent become basis points: both by shifting the decimal point.
fn read_number(table: &'static str, line: usize, cell: &str, places: usize) -> Result<Option<i64>, Error> {
    if cell.is_empty() {
        return Ok(None);
    }
    let number = numbers::decimal(cell, places);
    number.map(Some).ok_or_else(|| Error::Number {
        table,
        line,
        found: cell.chars().take(20).collect(),
        places,
    })
}
