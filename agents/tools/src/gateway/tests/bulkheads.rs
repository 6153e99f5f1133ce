//! Each tool has its places; who waits for one holds back no other tool.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use schemas_records::Text;
use tokio::time::Instant;
use topics_runtime::gateway::Gateway;

use super::{Effects, House, codec, counting, declaration, read, request_of};

/// Of twenty calls three at a time are made, in the order they came; a call of another tool among them is
/// answered at once.
#[tokio::test(start_paused = true)]
async fn a_slow_tool_fills_only_its_own_places() {
    for effects in [Effects::Idempotent, Effects::AtMostOnce] {
        let mut slow = declaration("slow", effects);
        slow.bounds.in_flight = 3;
        let mut slow = counting(slow, &[]);
        Arc::get_mut(&mut slow).unwrap().latency = Duration::from_secs(10);
        let house = House::of([Arc::clone(&slow), counting(declaration("horn", effects), &[])]);
        let gateway = house.gateway();
        let arguments = codec().encode(&Text::new("hello")).unwrap();
        let begin = Instant::now();
        let ask = async |number: u32| {
            let tool = if number == 10 { "horn" } else { "slow" };
            let answered = gateway.answer(request_of(number, tool, arguments.clone())).await.unwrap();
            assert_eq!(read(&answered).unwrap(), "HELLO");
            assert!(*slow.running.lock().unwrap() <= 3);
            begin.elapsed().as_secs()
        };
        let ended = join_all((0..=20).map(ask)).await;
        assert_eq!(ended[10], 0, "{effects:?}");
        let mut others = ended.clone();
        others.remove(10);
        let in_order: Vec<u64> = (0..20).map(|number| 10 * (number / 3 + 1)).collect();
        assert_eq!(others, in_order, "{effects:?}");
    }
}

/// Who is dropped while he waits leaves his place in the queue, and no attempt.
#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_leaves_nothing() {
    for effects in [Effects::Keyed, Effects::AtMostOnce] {
        let mut horn = declaration("horn", effects);
        horn.bounds.in_flight = 1;
        let mut horn = counting(horn, &[]);
        Arc::get_mut(&mut horn).unwrap().latency = Duration::from_secs(10);
        let house = House::of([horn]);
        let gateway = house.gateway();
        let waits = tokio::time::timeout(Duration::from_secs(5), gateway.answer(super::request(2)));
        let (first, second) = tokio::join!(gateway.answer(super::request(1)), waits);
        assert!(first.is_ok() && second.is_err());
        assert_eq!((house.calls(), house.attempt(2).await, house.intent(2).await), (1, None, None));
    }
}
