//! librdkafka's log lines and events as `tracing` events, at a level that fits what they mean.
//!
//! librdkafka calls a broker's restart an error, and says it again with every attempt to reconnect. Here
//! an error means that something was lost, which is never known in this room: the most a line can be is
//! a warning, and that no broker can be reached is told once in a while.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use topics_log::Remedy;

use crate::errors;
use crate::native;

/// Facilities of lines that are no news: those of connections that come and go with every restart of a
/// broker, and those that tell what the call that failed tells too.
const ROUTINE: &[&str] = &[
    "FAIL",
    "ERROR",
    "DISCONNECT",
    "REQTMOUT",
    "TIMEOUT",
    "GETPID",
    "COORD",
    "ADDOFFSETS",
    "TXNERR",
    "FATAL",
    // A property for consumers is given to producers too, and the other way round.
    "CONFWARN",
];

/// How often one client says that no broker can be reached.
const DOWN_AGAIN: Duration = Duration::from_secs(60);

/// What a client's lines are told with.
#[derive(Debug)]
pub(crate) struct Voice {
    name: String,
    told_down: Mutex<Option<Instant>>,
    /// The last thing that went wrong, one that only an operator can mend before all others: for a call that
    /// can only tell that it timed out.
    trouble: Mutex<Option<(Code, String)>>,
}

impl Voice {
    /// The voice of the client of this name.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), told_down: Mutex::new(None), trouble: Mutex::new(None) }
    }

    /// The client's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Tells one line of librdkafka's log.
    pub(crate) fn line(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        let client = self.name.as_str();
        match weight(level, facility) {
            tracing::Level::WARN => tracing::warn!(target: "kafka", client, facility, "{message}"),
            tracing::Level::DEBUG => tracing::debug!(target: "kafka", client, facility, "{message}"),
            _ => tracing::trace!(target: "kafka", client, facility, "{message}"),
        }
    }

    /// Tells one event about the client as a whole. What nobody but an operator can mend is a warning,
    /// since the calls that suffer from it may only tell that they timed out.
    pub(crate) fn event(&self, error: &KafkaError, reason: &str) {
        let client = self.name.as_str();
        let code = error.rdkafka_error_code().map(|code| errors::code_of_event(code, reason));
        if let Some(code) = code {
            self.keep(code, reason);
        }
        match code {
            Some(Code::AllBrokersDown) if self.is_news() => {
                tracing::warn!(target: "kafka", client, "no broker can be reached, trying on: {reason}");
            }
            Some(code) if errors::remedy(code) == Remedy::Stop => {
                tracing::warn!(target: "kafka", client, "{error}: {reason}");
            }
            _ => tracing::debug!(target: "kafka", client, "{error}: {reason}"),
        }
    }

    /// Tells what troubles a client that nobody else polls for it.
    pub(crate) fn listen_to(&self, client: native::Client) {
        while let Some((code, reason)) = native::next_trouble(client) {
            self.event(&KafkaError::Global(code), reason.trim());
        }
    }

    /// Keeps what went wrong, unless something worse is known, or nothing new is said.
    fn keep(&self, code: Code, reason: &str) {
        if code == Code::AllBrokersDown {
            return;
        }
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        let is_worse = |(known, _): &(Code, String)| {
            errors::remedy(code) == Remedy::Stop || errors::remedy(*known) != Remedy::Stop
        };
        if trouble.as_ref().is_none_or(is_worse) {
            *trouble = Some((code, reason.to_owned()));
        }
    }

    /// The worst that went wrong lately: what this client is refused for, or why no connection stands.
    pub(crate) fn trouble(&self) -> Option<(Code, String)> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is time to say that no broker can be reached.
    fn is_news(&self) -> bool {
        let mut told = self.told_down.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = told.is_none_or(|told| told.elapsed() >= DOWN_AGAIN);
        if is_news {
            *told = Some(Instant::now());
        }
        is_news
    }
}

fn weight(level: RDKafkaLogLevel, facility: &str) -> tracing::Level {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning
            if !ROUTINE.contains(&facility) =>
        {
            tracing::Level::WARN
        }
        RDKafkaLogLevel::Debug => tracing::Level::TRACE,
        _ => tracing::Level::DEBUG,
    }
}

/// The context of clients that need nothing but a voice.
#[derive(Debug)]
pub(crate) struct Named(pub Voice);

impl rdkafka::ClientContext for Named {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.event(&error, reason);
    }
}

impl rdkafka::consumer::ConsumerContext for Named {}

#[cfg(test)]
mod tests {
    //! What is a warning, and how often.

    use rdkafka::config::RDKafkaLogLevel;
    use tracing::Level;

    use super::{Voice, weight};

    /// Connections that come and go are no news, unknown trouble is, and nothing is an error.
    #[test]
    fn weighs_lines() {
        let check = |level, facility: &str, expected: Level| {
            assert_eq!(weight(level, facility), expected, "{level:?} {facility}");
        };
        check(RDKafkaLogLevel::Error, "FAIL", Level::DEBUG);
        check(RDKafkaLogLevel::Alert, "FATAL", Level::DEBUG);
        check(RDKafkaLogLevel::Warning, "CONFWARN", Level::DEBUG);
        check(RDKafkaLogLevel::Warning, "SESSTMOUT", Level::WARN);
        check(RDKafkaLogLevel::Emerg, "ANYTHING", Level::WARN);
        check(RDKafkaLogLevel::Info, "ANYTHING", Level::DEBUG);
        check(RDKafkaLogLevel::Debug, "ANYTHING", Level::TRACE);
    }

    /// That no broker can be reached is said once, not with every attempt.
    #[test]
    fn says_once_that_brokers_are_down() {
        let voice = Voice::new("client");
        let news: Vec<bool> = (0..4).map(|_| voice.is_news()).collect();
        assert_eq!(news, [true, false, false, false]);
    }
}
