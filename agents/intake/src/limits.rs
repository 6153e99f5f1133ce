//! What a producer may ask for in headers, within what limits: deadline, budget, priority, trace. Pure.
//!
//! A task's deadline is compared with a clock here, once, and the clock is the append time of its own record.
//! (Gateways do so too, with a lower bound of the broker's time; agents never.)

use std::time::Duration;

use schemas_records::ids::content_hash;
use schemas_records::limits::PRIORITY_MAX;
use schemas_records::{Budget, Headers, Limits, Origin, SpanId, Timestamp, Trace, headers};

/// What tasks of one task topic may use, and what they get if they do not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long after its append a task ends that names no deadline; never longer than the longest.
    pub deadline_default: Duration,
    /// The longest deadline after the append. Below the topics' retention, so that whatever belongs to a
    /// task can still be read when it ends.
    pub deadline_longest: Duration,
    /// What a task may spend that names no budget.
    pub budget_default: Budget,
    /// The most that a task may ask for.
    pub budget_max: Budget,
    /// The priority of a task that names none.
    pub priority_default: u8,
    /// Who is charged: comes with the topic, never from a header.
    pub tenant: String,
}

impl Rules {
    /// The starting values for a tenant: a quarter of an hour (models answer within a minute, a team has
    /// a few rounds of them) and at most six days (a day less than the topics' retention); 64 calls, at
    /// most 1,000; the middle priority.
    #[must_use]
    pub fn new(tenant: &str) -> Self {
        Self {
            deadline_default: Duration::from_secs(15 * 60),
            deadline_longest: Duration::from_secs(6 * 24 * 3_600),
            budget_default: Budget { calls: 64 },
            budget_max: Budget { calls: 1_000 },
            priority_default: 4,
            tenant: tenant.to_owned(),
        }
    }

    /// The limits that a task's headers ask for; every header but these is left unread.
    ///
    /// # Errors
    /// The header's name and a sentence: a limit that cannot be read never becomes none.
    pub fn read(&self, of: &Headers, appended: Timestamp) -> Result<Limits, (&'static str, String)> {
        let in_header = |name: &'static str| move |message| (name, message);
        Ok(Limits {
            deadline: self.deadline(of, appended).map_err(in_header(headers::DEADLINE))?,
            budget: self.budget(of).map_err(in_header(headers::BUDGET))?,
            priority: self.priority(of).map_err(in_header(headers::PRIORITY))?,
            tenant: self.tenant.clone(),
        })
    }

    /// The limits under which a refusal travels, whatever its task asked for.
    #[must_use]
    pub fn of_refusal(&self, appended: Timestamp) -> Limits {
        Limits {
            deadline: appended.plus(self.deadline_default),
            budget: Budget::EMPTY,
            priority: self.priority_default,
            tenant: self.tenant.clone(),
        }
    }

    fn deadline(&self, of: &Headers, appended: Timestamp) -> Result<Timestamp, String> {
        let Some(text) = text(of, headers::DEADLINE)? else {
            return Ok(appended.plus(self.deadline_default.min(self.deadline_longest)));
        };
        let deadline = read_deadline(text, appended)?;
        if deadline <= appended {
            return Err(format!("deadline {text:?} is not after the task's append time, {appended}"));
        }
        if deadline.since(appended) > self.deadline_longest {
            let longest = self.deadline_longest.as_secs();
            return Err(format!(
                "deadline {text:?} is more than {longest} s after the task's append time, {appended}"
            ));
        }
        Ok(deadline)
    }

    fn budget(&self, of: &Headers) -> Result<Budget, String> {
        let Some(text) = text(of, headers::BUDGET)? else { return Ok(self.budget_default) };
        let budget = Budget::parse(text)?;
        if budget > self.budget_max {
            return Err(format!("budget {text:?}: at most {} is allowed", self.budget_max));
        }
        Ok(budget)
    }

    fn priority(&self, of: &Headers) -> Result<u8, String> {
        let Some(text) = text(of, headers::PRIORITY)? else { return Ok(self.priority_default) };
        let priority = text.parse().ok().filter(|priority| *priority <= PRIORITY_MAX);
        priority.ok_or_else(|| format!("priority {text:?} is not a number from 0 to {PRIORITY_MAX}"))
    }
}

/// Reads milliseconds since 1970, or a number and its unit (`ms`, `s`, `m`, `h`, `d`) for so long after
/// the append.
fn read_deadline(text: &str, appended: Timestamp) -> Result<Timestamp, String> {
    let wrong =
        || format!("deadline {text:?} is neither milliseconds since 1970 nor a duration like 30s, 5m or 2h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit_millis = match unit {
        "" => return i64::try_from(number).map(Timestamp).map_err(|_| wrong()),
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 24 * 3_600_000,
        _ => return Err(wrong()),
    };
    Ok(appended.plus(Duration::from_millis(number.saturating_mul(unit_millis))))
}

/// The trace that its producer says a task belongs to, if that is well formed.
#[must_use]
pub fn given(of: &Headers) -> Option<Trace> {
    of.text(headers::TRACEPARENT).and_then(Trace::parse)
}

/// Intake's own span: in its producer's trace, or in one made from where its record stands, so that taking it
/// again makes the same.
#[must_use]
pub fn trace(of: &Headers, origin: &Origin) -> Option<Trace> {
    let span = SpanId::of_record(&origin.topic, origin.partition, origin.offset);
    match given(of) {
        Some(given) => Some(given.next(span)),
        None => Trace::begin(&content_hash(&[b"trace", origin.to_string().as_bytes()]), span),
    }
}

/// A header's text, if it is there.
pub(crate) fn text<'a>(of: &'a Headers, name: &str) -> Result<Option<&'a str>, String> {
    let Some(bytes) = of.get(name) else { return Ok(None) };
    std::str::from_utf8(bytes).map(Some).map_err(|_| format!("header {name} is not UTF-8"))
}

#[cfg(test)]
mod tests;
