//! How the node and its team stand, in numbers.

use std::collections::BTreeMap;

use infra_http::Error;
use infra_http::told::{Calls, State, Status};
use infra_trace::{Place, Places};
use schemas_records::{Kind, Timestamp, headers};
use topics_log::Record;

use super::trace::places;
use super::{NodeDesk, partitions};
use crate::roles::VERSION;

/// Reads the numbers.
pub(super) async fn status(desk: &NodeDesk) -> Result<Status, Error> {
    desk.ledger.catch_up().await?;
    let topics = desk.all_topics().await?;
    let places = places(desk, &topics);
    let read = topics.iter().filter(|topic| places.contains_key(&topic.name));
    let mut unanswered = Unanswered::default();
    let see = |record: Record| {
        unanswered.see(&places, &record);
        None::<()>
    };
    let (_, looked) = desk.look().newest(&partitions(read), see).await?;
    let names = desk.node.names();
    let count = |state| desk.ledger.count(state);
    Ok(Status {
        namespace: names.namespace().to_owned(),
        team: names.team().to_owned(),
        instance: desk.board.is_some().then(|| desk.node.settings.instance.clone()),
        process: std::process::id(),
        version: VERSION.to_owned(),
        roles: desk.board.as_ref().map(super::Board::roles).unwrap_or_default(),
        waiting: count(State::Waiting),
        open: count(State::Open),
        done: count(State::Done),
        failed: count(State::Failed),
        refused: count(State::Refused),
        dead_letters: unanswered.dead_letters,
        calls: unanswered.calls(&places),
        looked: looked.and(desk.ledger.looked()),
    })
}

/// Requests to gateways, until their answers are seen; records come in any order.
#[derive(Default)]
struct Unanswered {
    /// By call: the gateway it was asked of, and when.
    asked: BTreeMap<String, (String, Timestamp)>,
    settled: std::collections::BTreeSet<String>,
    dead_letters: usize,
}

impl Unanswered {
    fn see(&mut self, places: &Places, record: &Record) {
        let text = |name| record.headers.text(name);
        let (Some(place), kind) = (places.get(&*record.topic_partition.topic), text(headers::KIND)) else {
            return;
        };
        if *place == Place::DeadLetters {
            self.dead_letters += 1;
            return;
        }
        let (Some(kind), Some(call)) = (kind.and_then(Kind::parse), text(headers::CALL_ID)) else { return };
        match (place, kind) {
            (Place::Gateway(gateway), Kind::Input) => {
                self.asked.insert(call.to_owned(), (gateway.clone(), record.timestamp));
            }
            (Place::Gateway(_), Kind::Cancellation) | (Place::Inbox(_), Kind::Answer | Kind::Timer) => {
                self.settled.insert(call.to_owned());
            }
            _ => {}
        }
    }

    /// For each gateway that there is.
    fn calls(&self, places: &Places) -> Vec<Calls> {
        let gateways = places.values().filter_map(|place| match place {
            Place::Gateway(gateway) => Some(gateway),
            _ => None,
        });
        let of = |gateway: &String| {
            let open = self.asked.iter().filter(|(call, _)| !self.settled.contains(*call));
            let times: Vec<Timestamp> =
                open.filter(|(_, (asked, _))| asked == gateway).map(|(_, (_, at))| *at).collect();
            Calls { gateway: gateway.clone(), unanswered: times.len(), oldest_at: times.into_iter().min() }
        };
        gateways.map(of).collect()
    }
}
