//! The gateway in its loop, on the log in memory, while the provider is away for longer than the deadlines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schemas_records::model::ModelRequest;
use schemas_records::{CallId, Envelope, FailureCode, Kind, Outcome, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use topics_log::memory::MemoryLog;
use topics_log::{Group, Log, NewRecord, NewTopic, Record, Start, TopicPartition, VirtualClock};
use topics_runtime::NoProbe;
use topics_runtime::gateway::{self, Answered};

use super::{House, call, sampled, shared};
use crate::gateway::{ModelGateway, Parts, Settings};
use crate::model::{Completion, Error, Model};
use crate::scripted::completion;

const REQUESTS: &str = "test.model.requests";
const INBOX: &str = "test.team.asker.inbox.g1";
const DEAD: &str = "test.dead-letters";
const EPOCH: Timestamp = Timestamp(1_700_000_000_000);

const IN_FLIGHT_MAX: usize = 8;
const WAITING_MAX: usize = 32;

/// Says 429 until it is back, and notes what it is asked and when.
struct Away {
    back: Instant,
    asked: Mutex<Vec<(Instant, String)>>,
}

#[async_trait::async_trait]
impl Model for Away {
    async fn complete(&self, request: &ModelRequest) -> Result<Completion, Error> {
        self.asked.lock().unwrap().push((Instant::now(), request.messages[1].content.clone()));
        tokio::time::sleep(Duration::from_millis(20)).await; // virtual clock
        if Instant::now() < self.back {
            let after = Some(Duration::from_secs(10));
            return Err(Error::RateLimited { after, message: "busy".to_owned() });
        }
        Ok(completion(request))
    }
}

/// The house, its log, and a provider that is away for a while.
struct Street {
    house: House,
    log: MemoryLog,
    model: Arc<Away>,
    begin: Instant,
}

impl Street {
    async fn new(away_secs: u64) -> Self {
        let log = MemoryLog::new(Arc::new(VirtualClock::starting_at(EPOCH)));
        let topic = |name: &str| NewTopic {
            name: name.into(),
            partitions: 3,
            replication: 1,
            config: BTreeMap::new(),
        };
        log.create(&[topic(REQUESTS), topic(INBOX), topic(DEAD)]).await.unwrap();
        let begin = Instant::now();
        let model = Away { back: begin + Duration::from_secs(away_secs), asked: Mutex::default() };
        Self { house: House::plain(), log, model: Arc::new(model), begin }
    }

    /// Waits until so many milliseconds after the beginning.
    async fn at(&self, millis: u64) {
        sleep_until(self.begin + Duration::from_millis(millis)).await; // virtual clock
    }

    fn start(&self) -> (JoinHandle<Result<(), topics_runtime::Error>>, CancellationToken) {
        let parts = Parts {
            store: Arc::new(self.house.store.clone()),
            model: Arc::clone(&self.model) as Arc<dyn Model>,
            codec: self.house.codec.clone(),
        };
        let parts = gateway::Parts {
            log: Arc::new(self.log.clone()),
            gateway: Arc::new(ModelGateway::new(parts, Settings::new("test"))),
            codec: self.house.codec.clone(),
            probe: Arc::new(NoProbe),
        };
        let group = Group { id: "test.model".into(), instance: "one".into() };
        let mut settings =
            gateway::Settings::new("model", group, REQUESTS.into(), DEAD.into(), "store=test".into());
        (settings.in_flight_max, settings.waiting_max) = (IN_FLIGHT_MAX, WAITING_MAX);
        let shutdown = CancellationToken::new();
        (tokio::spawn(gateway::run(parts, settings, shutdown.clone())), shutdown)
    }

    async fn send(&self, number: u32, request: &ModelRequest, change: impl Fn(&mut Envelope)) {
        let mut asked = self.house.request(number, request);
        change(&mut asked.envelope);
        let record = NewRecord {
            topic: REQUESTS.into(),
            partition: Some(0),
            key: asked.record.key,
            value: asked.record.value,
            headers: asked.envelope.write(),
        };
        self.log.publisher().await.unwrap().publish(vec![record]).await.unwrap();
    }

    /// A request that is to be answered within so many seconds of the beginning.
    async fn ask(&self, number: u32, request: &ModelRequest, deadline_secs: u64) {
        let deadline = EPOCH.plus(Duration::from_secs(deadline_secs));
        self.send(number, request, |envelope| envelope.limits.deadline = deadline).await;
    }

    async fn inbox(&self) -> Vec<Record> {
        let from = [(TopicPartition::new(INBOX, 2), Start::Beginning)];
        let mut reader = self.log.reader(&from).await.unwrap();
        reader.read(10_000, Duration::ZERO).await.unwrap()
    }

    /// What each call was answered, in the order of the answers: nothing for an answer, the code for a
    /// failure.
    async fn answers(&self) -> BTreeMap<CallId, Vec<Option<FailureCode>>> {
        let mut answers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for record in self.inbox().await {
            let envelope = Envelope::read(&record.headers).unwrap();
            let is_ok = envelope.outcome == Some(Outcome::Ok);
            let record = NewRecord {
                topic: INBOX.into(),
                partition: Some(2),
                key: record.key,
                value: record.value,
                headers: record.headers,
            };
            let heard = self.house.read(&Answered { records: vec![record], dead: None });
            assert_eq!(heard.result.is_ok(), is_ok);
            let code = heard.result.err().map(|failure| failure.code);
            answers.entry(envelope.call.unwrap()).or_default().push(code);
        }
        answers
    }

    /// Which prompts were sent from so many milliseconds on.
    fn asked_since(&self, millis: u64) -> BTreeSet<String> {
        let since = self.begin + Duration::from_millis(millis);
        let asked = self.model.asked.lock().unwrap();
        asked.iter().filter(|(at, _)| *at >= since).map(|(_, prompt)| prompt.clone()).collect()
    }
}

const OLD: u32 = 3 * 32;
const NEW: u32 = 10;
const DEADLINE_SECS: u64 = 60;

/// Everything is answered 429 until after all deadlines; the cancellations of the ended tasks lie behind
/// their requests, new tasks behind those. Then `crash`, if there is one, stops the loop at the first time
/// and starts it at the second (in milliseconds).
async fn outage(crash: Option<(u64, u64)>) -> Street {
    let street = Street::new(90).await;
    for number in 0..OLD {
        street.ask(number, &sampled(&format!("- old {number}")), DEADLINE_SECS).await;
    }
    let (mut running, mut shutdown) = street.start();
    let afterwards = async {
        street.at(61_000).await;
        for number in 0..OLD {
            let request = sampled(&format!("- old {number}"));
            street.send(number, &request, |envelope| envelope.kind = Kind::Cancellation).await;
        }
        for number in OLD..OLD + NEW {
            street.ask(number, &sampled(&format!("- new {number}")), 900).await;
        }
    };
    let crashes = async {
        if let Some((stop, start)) = crash {
            street.at(stop).await;
            running.abort();
            let _ = (&mut running).await;
            street.at(start).await;
            (running, shutdown) = street.start();
        }
    };
    tokio::join!(afterwards, crashes);
    street.at(200_000).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    street
}

/// Nobody asks for a task that has ended; each of its calls is told once that it was too late; new tasks
/// are answered as soon as the provider is back.
#[tokio::test(start_paused = true)]
async fn a_provider_that_is_away_holds_nobody_up() {
    let street = outage(None).await;
    let asked = street.asked_since(DEADLINE_SECS * 1_000);
    assert_eq!(asked.len(), NEW as usize, "{asked:?}");
    assert!(asked.iter().all(|prompt| prompt.starts_with("- new")), "{asked:?}");
    let answers = street.answers().await;
    for number in 0..OLD + NEW {
        let expected = if number < OLD { Some(FailureCode::DeadlineExceeded) } else { None };
        assert_eq!(answers[&call(number)], [expected], "call {number}");
    }
    let committed = &street.log.control().committed_offsets()["test.model"];
    let through = committed[&TopicPartition::new(REQUESTS, 0)].offset;
    assert_eq!(through, i64::from(2 * OLD + NEW));
}

/// A restart asks for no more ended tasks than it has in flight, whenever it comes; those that were told
/// before are told the same; who is still waited for is answered.
#[tokio::test(start_paused = true)]
async fn a_restart_asks_in_vain_within_the_bound() {
    let check = async |stop: u64, start: u64, in_vain_max: usize| {
        let street = outage(Some((stop, start))).await;
        let asked = street.asked_since(DEADLINE_SECS * 1_000);
        let in_vain = asked.iter().filter(|prompt| prompt.starts_with("- old")).count();
        assert!(in_vain <= in_vain_max, "{in_vain} asked in vain after {stop} to {start}");
        let answers = street.answers().await;
        let (mut told, mut otherwise) = (0, 0);
        for number in 0..OLD + NEW {
            let codes = answers.get(&call(number)).map_or(&[][..], |codes| codes);
            assert!(codes.iter().all(|code| *code == codes[0]), "call {number}: {codes:?} {stop} to {start}");
            // What is cancelled before it is told needs no answer; new ones do.
            assert!(number < OLD || !codes.is_empty(), "call {number} after {stop} to {start}");
            told += usize::from(!codes.is_empty());
            let is_late = codes.first().is_some_and(Option::is_some);
            otherwise += usize::from(!codes.is_empty() && (number < OLD) != is_late);
        }
        assert!(otherwise <= in_vain, "{otherwise} of {in_vain} after {stop} to {start}");
        told
    };
    // Before the deadlines pass, so that nothing says how late it is but the requests themselves; while the
    // failures are being told; when all are; and over the deadlines.
    check(30_000, 31_000, IN_FLIGHT_MAX).await;
    for stop in (60_056..60_112).step_by(4) {
        check(stop, stop + 50, IN_FLIGHT_MAX).await;
    }
    assert_eq!(check(62_000, 75_000, 0).await, (OLD + NEW) as usize);
    check(30_000, 75_000, IN_FLIGHT_MAX).await;
}

/// Two that share a flight in the loop: one is told at its deadline, the other is answered by the same
/// call; and one that was answered before the loop began is told that, however late.
#[tokio::test(start_paused = true)]
async fn deadlines_are_each_ones_own() {
    let street = Street::new(30).await;
    let request = shared("- It rains.");
    let journaled = sampled("- It snows.");
    let gateway = street.house.gateway();
    gateway::Gateway::answer(&gateway, street.house.request(9, &journaled)).await.unwrap();
    street.ask(9, &journaled, 0).await;
    street.ask(1, &request, 20).await;
    street.ask(2, &request, 60).await;
    let (running, shutdown) = street.start();
    street.at(25_000).await;
    assert_eq!(street.answers().await[&call(1)], [Some(FailureCode::DeadlineExceeded)]);
    street.at(50_000).await;
    let answers = street.answers().await;
    assert_eq!((&answers[&call(2)], &answers[&call(9)]), (&vec![None], &vec![None]));
    assert_eq!(street.asked_since(0).len(), 1, "one question was sent");
    shutdown.cancel();
    running.await.unwrap().unwrap();
}
