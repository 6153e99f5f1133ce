//! A process may die between any two steps: the future is dropped at each of its polls in turn.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use schemas_records::FailureCode;
use topics_runtime::gateway::Gateway;

use super::{Effects, House, call, read, request};

/// Lets a future be polled so many times; then it is dropped with all it holds.
struct Mortal<F> {
    future: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future> Mortal<F> {
    fn new(future: F, polls: u32) -> Self {
        Self { future: Box::pin(future), polls }
    }
}

impl<F: Future> Future for Mortal<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

/// How far a call had come when its process died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    NothingWritten,
    AttemptWritten,
    CallMade,
    JournalWritten,
    Reported,
}

/// Where the first call stands, by what is left of it.
async fn step(house: &House, died: bool) -> Step {
    // What was begun may still be written.
    tokio::time::sleep(Duration::from_millis(50)).await; // virtual clock
    let is_written = house.attempt(1).await.is_some() || house.intent(1).await.is_some();
    match (house.entry(1).await.is_some(), house.calls(), is_written) {
        (true, ..) if !died => Step::Reported,
        (true, ..) => Step::JournalWritten,
        (false, 0, false) => Step::NothingWritten,
        (false, 0, true) => Step::AttemptWritten,
        (false, ..) => Step::CallMade,
    }
}

/// Asks for one call and dies after each number of polls in `deaths`, then asks until there is an answer.
/// Returns how far each life came.
async fn ask_and_die(effects: Effects, deaths: &[u32]) -> Vec<Step> {
    let house = House::with(effects, &[]);
    let mut steps = Vec::new();
    for polls in deaths {
        let gateway = house.gateway();
        let died = Mortal::new(gateway.answer(request(1)), *polls).await.is_none();
        drop(gateway);
        steps.push(step(&house, died).await);
    }
    let crashes = steps.iter().filter(|step| **step != Step::Reported).count();
    let first = house.gateway().answer(request(1)).await.unwrap();
    let calls = house.horn().calls.lock().unwrap().clone();
    assert!(calls.iter().all(|seen| *seen == call(1)), "each call has the id: {calls:?}");
    let entry = house.entry(1).await.unwrap();
    assert_eq!(first.records[0].value, entry.value, "what is reported is what the journal holds");
    let heard = read(&first);
    match effects {
        Effects::Idempotent | Effects::Keyed => {
            assert_eq!(heard.unwrap(), "HELLO");
            assert!((1..=1 + crashes).contains(&calls.len()), "{calls:?} after deaths at {deaths:?}");
            let written = usize::try_from(entry.attempts).unwrap();
            assert!((calls.len()..=1 + crashes).contains(&written), "{entry:?} after deaths at {deaths:?}");
            assert_eq!(entry.attempts, 1 + entry.unknown_attempts, "all but the last are unknown");
        }
        Effects::AtMostOnce => {
            assert!(calls.len() <= 1, "{} calls after deaths at {deaths:?}", calls.len());
            let was_cut = steps.iter().any(|step| matches!(step, Step::AttemptWritten | Step::CallMade));
            match heard {
                Ok(text) => assert_eq!((text.as_str(), calls.len(), was_cut), ("HELLO", 1, false)),
                Err(failure) => {
                    assert_eq!((failure.code, was_cut), (FailureCode::OutcomeUnknown, true), "{failure}");
                    assert_eq!((entry.attempts, entry.unknown_attempts), (1, 1));
                }
            }
        }
    }
    let second = house.gateway().answer(request(1)).await.unwrap();
    assert_eq!(second.records, first.records, "a redelivery reports the same bytes");
    assert_eq!(house.calls(), calls.len(), "a redelivery calls nobody");
    steps
}

/// One death, then two, at every step of each sort of tool: what is idempotent or keyed costs at most one
/// more call for each, what acts at most once is never called twice and says that it does not know. Each
/// step is hit.
#[tokio::test(start_paused = true)]
async fn each_sort_of_tool_dies_at_each_step() {
    for effects in [Effects::Idempotent, Effects::Keyed, Effects::AtMostOnce] {
        let mut hit = BTreeSet::new();
        let mut last = 0;
        loop {
            let steps = ask_and_die(effects, &[last]).await;
            hit.extend(steps.iter().copied());
            if steps == [Step::Reported] {
                break;
            }
            last += 1;
        }
        let every = [
            Step::NothingWritten,
            Step::AttemptWritten,
            Step::CallMade,
            Step::JournalWritten,
            Step::Reported,
        ];
        assert_eq!(hit.into_iter().collect::<Vec<_>>(), every, "{effects:?} in {last} deaths");
        for first in 0..=last {
            for second in 0..=last {
                ask_and_die(effects, &[first, second]).await;
            }
        }
    }
}

/// A call that was cancelled while it was under way, and whose request is read again before its
/// cancellation is, is not made twice if it acts at most once.
#[tokio::test(start_paused = true)]
async fn a_cancelled_call_is_not_made_again() {
    let house = House::with(Effects::AtMostOnce, &[super::Does::Hangs]);
    let gateway = house.gateway();
    let under_way = tokio::time::timeout(Duration::from_secs(1), gateway.answer(request(1)));
    assert!(under_way.await.is_err());
    gateway.cancelled(&request(1).envelope).await.unwrap();
    assert_eq!((house.calls(), *house.horn().running.lock().unwrap()), (1, 0), "dropping it ends it");
    let again = house.gateway().answer(request(1)).await.unwrap();
    assert_eq!((read(&again).unwrap_err().code, house.calls()), (FailureCode::OutcomeUnknown, 1));
}
