//! A TOML table read field by field: types and bounds are checked where a field is asked for, and what
//! nobody asked for is a problem.

use std::collections::BTreeSet;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::{At, Place, Report, hint};

/// A value as it stands in a file.
pub(crate) type Raw<'a> = At<&'a DeValue<'a>>;

/// A table that is being read.
pub(crate) struct Fields<'a> {
    text: &'a str,
    table: &'a DeTable<'a>,
    /// How errors name it: `[limits]`, `step plan`.
    pub(crate) label: String,
    pub(crate) place: Place,
    asked: BTreeSet<&'static str>,
}

/// Parses a file; a syntax error is one problem.
pub(crate) fn parse<'a>(text: &'a str, report: &mut Report<'_>) -> Option<Spanned<DeTable<'a>>> {
    match DeTable::parse(text) {
        Ok(table) => Some(table),
        Err(error) => {
            let place = Place::of(text, error.span().map_or(0, |span| span.start));
            let message = error.message().replace('\n', ", ");
            report.add(place, "", format!("it is no TOML: {message}"), "see https://toml.io for its form");
            None
        }
    }
}

impl<'a> Fields<'a> {
    pub(crate) fn new(text: &'a str, table: &'a DeTable<'a>, label: &str, place: Place) -> Self {
        Self { text, table, label: label.to_owned(), place, asked: BTreeSet::new() }
    }

    /// How errors name a field of this table.
    pub(crate) fn label_of(&self, key: &str) -> String {
        if self.label.is_empty() { key.to_owned() } else { format!("{}, {key}", self.label) }
    }

    /// The value of a field, whatever it is.
    pub(crate) fn raw(&mut self, key: &'static str) -> Option<Raw<'a>> {
        self.asked.insert(key);
        self.table.get(key).map(|value| self.at(value))
    }

    /// Whether a field is there; it counts as asked for.
    pub(crate) fn has(&mut self, key: &'static str) -> bool {
        self.raw(key).is_some()
    }

    /// All names and values, in the file's order, as asked for.
    pub(crate) fn entries(&self) -> Vec<(At<String>, Raw<'a>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        entries
            .into_iter()
            .map(|(name, value)| {
                let place = Place::of(self.text, name.span().start);
                (At::new(name.get_ref().to_string(), place), self.at(value))
            })
            .collect()
    }

    /// The items of a list.
    pub(crate) fn items(&self, list: &'a [Spanned<DeValue<'a>>]) -> Vec<Raw<'a>> {
        list.iter().map(|item| self.at(item)).collect()
    }

    fn at(&self, value: &'a Spanned<DeValue<'a>>) -> Raw<'a> {
        At::new(value.get_ref(), Place::of(self.text, value.span().start))
    }

    /// A table inside this one.
    pub(crate) fn table(&mut self, report: &mut Report<'_>, key: &'static str, label: &str) -> Option<Self> {
        let raw = self.raw(key)?;
        self.table_of(report, &raw, label)
    }

    /// A value as a table.
    pub(crate) fn table_of(&self, report: &mut Report<'_>, raw: &Raw<'a>, label: &str) -> Option<Self> {
        match raw.value {
            DeValue::Table(table) => Some(Self::new(self.text, table, label, raw.place)),
            other => {
                wrong(report, raw.place, label, other, "a table");
                None
            }
        }
    }

    /// A text.
    pub(crate) fn text(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<String>> {
        let raw = self.raw(key)?;
        match raw.value {
            DeValue::String(text) => Some(At::new(text.to_string(), raw.place)),
            other => {
                wrong(report, raw.place, &self.label_of(key), other, "a text in quotes");
                None
            }
        }
    }

    /// A text that must be there.
    pub(crate) fn need_text(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        what: &str,
    ) -> Option<At<String>> {
        self.need(report, key, what);
        self.text(report, key)
    }

    /// Reports a field that is missing.
    pub(crate) fn need(&mut self, report: &mut Report<'_>, key: &'static str, what: &str) {
        if !self.has(key) {
            report.add(self.place, self.label_of(key), "it is missing", format!("give {what}"));
        }
    }

    /// A list of texts; one text counts as a list of one.
    pub(crate) fn texts(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<Vec<At<String>>> {
        let raw = self.raw(key)?;
        let label = self.label_of(key);
        match raw.value {
            DeValue::String(text) => Some(vec![At::new(text.to_string(), raw.place)]),
            DeValue::Array(items) => {
                let mut texts = Vec::new();
                for item in self.items(items) {
                    match item.value {
                        DeValue::String(text) => texts.push(At::new(text.to_string(), item.place)),
                        other => wrong(report, item.place, &label, other, "a text in quotes"),
                    }
                }
                Some(texts)
            }
            other => {
                wrong(report, raw.place, &label, other, "a list of texts");
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(crate) fn whole(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let raw = self.raw(key)?;
        let allowed = format!("a whole number from {} to {}", range.start(), range.end());
        match raw.value {
            DeValue::Integer(number) => {
                let value = i64::from_str_radix(number.as_str(), number.radix()).ok();
                let fitting = value.filter(|value| range.contains(value));
                if fitting.is_none() {
                    let found = format!("{} is out of bounds", number.as_str());
                    report.add(raw.place, self.label_of(key), found, allowed);
                }
                fitting
            }
            other => {
                wrong(report, raw.place, &self.label_of(key), other, &allowed);
                None
            }
        }
    }

    /// A number from 0 to `max`.
    pub(crate) fn number(&mut self, report: &mut Report<'_>, key: &'static str, max: f64) -> Option<f64> {
        let raw = self.raw(key)?;
        let allowed = format!("a number from 0 to {max}");
        let text = match raw.value {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            other => {
                wrong(report, raw.place, &self.label_of(key), other, &allowed);
                return None;
            }
        };
        let fitting = text.replace('_', "").parse().ok().filter(|number| (0.0..=max).contains(number));
        if fitting.is_none() {
            report.add(raw.place, self.label_of(key), format!("{text} is out of bounds"), allowed);
        }
        fitting
    }

    /// A span of time: `90s`, `10m`, `2h`, `500ms`.
    pub(crate) fn time(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<Duration>> {
        let text = self.text(report, key)?;
        let time = duration(&text);
        if time.is_none() {
            let found = format!("{:?} is no span of time", text.value);
            report.add(text.place, self.label_of(key), found, "write for example 500ms, 90s, 10m or 2h");
        }
        time.map(|time| At::new(time, text.place))
    }

    /// Reports every field that nobody asked for.
    pub(crate) fn finish(&self, report: &mut Report<'_>) {
        let allowed: Vec<&str> = self.asked.iter().copied().collect();
        for (name, _) in self.entries() {
            if !self.asked.contains(name.as_str()) {
                let found = format!("there is no field {:?}", name.value);
                report.add(name.place, self.label.clone(), found, hint(&name.value, &allowed));
            }
        }
    }
}

/// A value of the wrong type.
pub(crate) fn wrong(report: &mut Report<'_>, place: Place, label: &str, found: &DeValue<'_>, allowed: &str) {
    report.add(place, label, format!("found {}", kind(found)), format!("give {allowed}"));
}

fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {:?}", text.chars().take(40).collect::<String>()),
        DeValue::Integer(number) => format!("the number {}", number.as_str()),
        DeValue::Float(number) => format!("the number {}", number.as_str()),
        DeValue::Boolean(value) => format!("{value}"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text.get(..digits)?.parse().ok()?;
    let millis = match text.get(digits..)?.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.checked_mul(millis).filter(|millis| *millis > 0).map(Duration::from_millis)
}
