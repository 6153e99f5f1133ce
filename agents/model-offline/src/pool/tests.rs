//! Workers take what waits, and no more may wait than said; one job's panic is not the next one's.

use super::*;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// Longer than any of this takes on the slowest machine.
const SOON: Duration = Duration::from_secs(30);

/// What a test's worker does.
enum Job {
    /// Says that it begins, and waits until it may end.
    Wait(Sender<()>, Receiver<()>),
    Panic,
    Say(Sender<()>),
}

fn pool(workers: usize, waiting_max: usize) -> Pool<Job> {
    let work = |job| match job {
        Job::Wait(begins, may_end) => {
            begins.send(()).unwrap();
            may_end.recv().unwrap();
        }
        Job::Panic => panic!("planned by a test"),
        Job::Say(said) => said.send(()).unwrap(),
    };
    Pool::start(workers, waiting_max, work).unwrap()
}

/// Every worker works at once; what waits is bounded; what was taken is done, also after a panic.
#[test]
fn bounded_and_unbreakable() {
    let check = |workers: usize, waiting_max: usize| {
        let pool = pool(workers, waiting_max);
        let mut ends = Vec::new();
        for _ in 0..workers {
            let ((begins, begun), (end, may_end)) = (channel(), channel());
            pool.submit(Job::Wait(begins, may_end)).unwrap();
            begun.recv_timeout(SOON).unwrap();
            ends.push(end);
        }
        let (said, heard) = channel();
        for waiting in 0..waiting_max {
            let job = if waiting % 2 == 0 { Job::Panic } else { Job::Say(said.clone()) };
            assert_eq!(pool.submit(job), Ok(()));
        }
        assert_eq!(pool.submit(Job::Say(said.clone())), Err(Rejected::Full));
        ends.iter().for_each(|end| end.send(()).unwrap());
        (0..waiting_max / 2).for_each(|_| heard.recv_timeout(SOON).unwrap());
        drop((pool, said));
        assert!(heard.recv_timeout(SOON).is_err(), "a job was done that was not taken");
    };
    check(1, 1);
    check(1, 4);
    check(3, 5);
}
