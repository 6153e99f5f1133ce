//! Lost partitions, two owners at once, and stores that are away.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use schemas_records::FailureCode;
use topics_runtime::gateway::Gateway;
use topics_state::Remedy;
use topics_state::memory::{Door, Faults, Strike};

use super::{Effects, House, read, request};

const ALL: [Effects; 3] = [Effects::Idempotent, Effects::Keyed, Effects::AtMostOnce];

/// Nothing is called for partitions that are not ours, lost at any time before the call.
#[tokio::test(start_paused = true)]
async fn nothing_is_called_for_what_is_not_ours() {
    for effects in ALL {
        for revoked_after_ms in 0..=3 {
            let house = House::with(effects, &[]);
            let asked = request(1);
            let revoke = async {
                tokio::time::sleep(Duration::from_millis(revoked_after_ms)).await; // virtual clock
                asked.token.revoke();
            };
            let gateway = house.gateway();
            let (answered, ()) = tokio::join!(gateway.answer(asked.clone()), revoke);
            let answered = answered.unwrap();
            assert!(answered.records.is_empty() && answered.dead.is_none(), "{answered:?}");
            assert_eq!(house.calls(), 0, "{effects:?} lost after {revoked_after_ms} ms");
        }
    }
}

/// Two owners at once, the old one still calling: what acts at most once is called once, and both tell the
/// same answer, which the new one has waited for.
#[tokio::test(start_paused = true)]
async fn two_owners_of_one_call() {
    for effects in ALL {
        let mut horn = super::counting(super::declaration("horn", effects), &[]);
        std::sync::Arc::get_mut(&mut horn).unwrap().latency = Duration::from_secs(5);
        let house = House::of([horn]);
        let (old, new) = (house.gateway(), house.gateway());
        let later = async {
            tokio::time::sleep(Duration::from_secs(1)).await; // virtual clock
            new.answer(request(1)).await.unwrap()
        };
        let (slow, late) = tokio::join!(old.answer(request(1)), later);
        let (slow, late) = (slow.unwrap(), late);
        assert_eq!(slow.records, late.records, "{effects:?}");
        assert_eq!(read(&late).unwrap(), "HELLO");
        assert_eq!(house.calls(), if effects == Effects::AtMostOnce { 1 } else { 2 }, "{effects:?}");
    }
}

/// A call that is delivered twice to one owner is made once.
#[tokio::test(start_paused = true)]
async fn a_call_meets_itself() {
    for effects in ALL {
        let house = House::with(effects, &[]);
        let gateway = house.gateway();
        let (one, two) = tokio::join!(gateway.answer(request(1)), gateway.answer(request(1)));
        assert_eq!((one.unwrap().records, house.calls()), (two.unwrap().records, 1), "{effects:?}");
    }
}

/// Another request under a call that was answered is refused, and the answer stands.
#[tokio::test(start_paused = true)]
async fn a_call_is_one_request() {
    let house = House::with(Effects::Idempotent, &[]);
    let gateway = house.gateway();
    let first = gateway.answer(request(1)).await.unwrap();
    let text = super::codec().encode(&schemas_records::Text::new("other")).unwrap();
    let other = gateway.answer(super::request_of(1, "horn", text)).await.unwrap();
    assert_eq!(read(&other).unwrap_err().code, FailureCode::BadInput);
    assert_eq!(gateway.answer(request(1)).await.unwrap().records, first.records);
    assert_eq!(house.calls(), 1);
}

/// Fails the first calls at one door of the store.
struct Away {
    door: Door,
    strike: Strike,
    left: AtomicU32,
}

impl Faults for Away {
    fn strike(&self, door: Door) -> Strike {
        use std::sync::atomic::Ordering::SeqCst;
        let lessen = |left: u32| left.checked_sub(1);
        if door == self.door && self.left.fetch_update(SeqCst, SeqCst, lessen).is_ok() {
            return self.strike;
        }
        Strike::None
    }
}

/// While the store is away an answer is kept and written until it is written. An intent that was written
/// without an acknowledgement may be anybody's: then it is not called, and said so.
#[tokio::test(start_paused = true)]
async fn a_store_that_is_away() {
    let check = async |effects: Effects, door: Door, strike: Strike, calls: usize| {
        let house = House::with(effects, &[]).troubled(Away { door, strike, left: 3.into() });
        let answered = house.gateway().answer(request(1)).await.unwrap();
        let heard = read(&answered).map_err(|failure| failure.code);
        let expected = if calls == 0 { Err(FailureCode::OutcomeUnknown) } else { Ok("HELLO".to_owned()) };
        assert_eq!((heard, house.calls()), (expected, calls), "{effects:?} {door:?} {strike:?}");
    };
    for strike in [Strike::Fail(Remedy::Retry), Strike::FailWritten] {
        for door in [Door::Put, Door::InsertIfAbsent, Door::Remove] {
            check(Effects::Idempotent, door, strike, 1).await;
            check(Effects::Keyed, door, strike, 1).await;
        }
    }
    check(Effects::AtMostOnce, Door::InsertIfAbsent, Strike::Fail(Remedy::Retry), 1).await;
    check(Effects::AtMostOnce, Door::InsertIfAbsent, Strike::FailWritten, 0).await;
}
