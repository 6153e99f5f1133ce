//! What a user meets when something around the node is wrong: a clear sentence within a bound, or nothing at
//! all but a delay.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use tests_integration::Broker;

use super::house::{House, SESSION, SETTLE, Who};
use super::ledger::quiet;
use super::life::Life;
use super::tasks::{questions, records};

/// How long a node that cannot start may take to say so: ten seconds for a broker's first answer, and as
/// much again for a busy machine.
const SAID_WITHIN: Duration = Duration::from_secs(20);

/// Starts a node that must end by itself, badly, and say these words.
async fn check_refused(house: &House, sets: &[String], words: &[&str]) {
    let since = Instant::now();
    let mut life = Life::with(house, None, sets);
    let status = life.end_within(SAID_WITHIN).await;
    assert!(!status.success(), "{sets:?}: {status}");
    let said = life.words();
    println!("{sets:?} after {:?}: {said}", since.elapsed());
    for word in words {
        assert!(said.contains(word), "{sets:?}: {word:?} is not in:\n{said}");
    }
}

/// Where no broker is, at a name that is none, and where somebody listens and never answers, the node ends
/// within a bound and says where it looked and what to look at. Without topics it names one and the command
/// that makes them.
#[tokio::test(flavor = "multi_thread")]
async fn says_what_is_missing() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("its address").to_string()
    };
    let house = House::bare("", "missing", Who::Briefing, Duration::ZERO).await;
    let hint = "is a broker running at this address";
    let silent = silent.local_addr().expect("its address").to_string();
    // Side by side: each takes its ten seconds.
    let check = async |address: &str| {
        check_refused(&house, &[format!("brokers={address}")], &[address, hint]).await;
    };
    tokio::join!(check(&closed), check(&silent), check("no-such-host:9092"));
    let topic = format!("{}.briefing.", house.namespace);
    check_refused(&house, &[], &[&topic, "does not exist", "tributary topics apply"]).await;
}

/// Started before its broker, `tributary node` waits for it, says so once, and serves when it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_waits_for_its_broker() {
    let broker = Broker::start().await;
    let house = House::bare(&broker.address, "early", Who::Briefing, Duration::ZERO).await;
    house.apply().await;
    broker.kill().await;
    let mut node = Life::of_user(&house);
    let deadline = Instant::now() + SETTLE;
    while !node.words().contains("waiting for it") {
        assert!(!node.has_ended() && Instant::now() < deadline, "{}", node.words());
        tokio::task::yield_now().await;
    }
    broker.up().await;
    house.publish(records(&house.names, &questions(1))).await;
    house.wait_for_results(1, &mut node).await;
    let said = node.words();
    assert_eq!(said.matches("waiting for it").count(), 1, "{said}");
    node.stop().await;
}

/// Its folder belongs to one process at a time, its group's state to one store, and a folder to the topics
/// it was filled from: each refusal says who or what stands in the way and what to do.
#[tokio::test(flavor = "multi_thread")]
async fn refuses_the_wrong_store() {
    let house = House::new("store", Who::Briefing).await;
    let tasks = questions(2);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    house.publish(records(&house.names, &tasks[..1])).await;
    let mut first = Life::start(&house, None);
    house.wait_for_results(1, &mut first).await;
    let holder = "node_under_test) holds it; stop that one";
    check_refused(&house, &["instance=second".to_owned()], &[holder]).await;
    first.stop().await;
    let elsewhere = format!("data={}", house.path("elsewhere").display());
    check_refused(&house, &[elsewhere], &["start this node with that store"]).await;
    check_refused(&house, &["data=".to_owned()], &["data is empty"]).await;
    // None of that has harmed anything.
    house.publish(records(&house.names, &tasks[1..])).await;
    let mut last = Life::start(&house, None);
    house.wait_for_results(2, &mut last).await;
    house.wait_until_read(&mut last).await;
    last.stop().await;
    assert_eq!(house.verify(&before, &quiet, 0).await, 0, "paid again");
    let mut names: Vec<String> = house.read_by().into_iter().map(|(_, topic)| topic).collect();
    names.sort();
    house.log.remove(&names).await.expect("remove topics");
    house.apply().await;
    check_refused(&house, &[], &["removed and made anew", "empty store"]).await;
}

/// Of two processes with one instance name the newer goes on; the older leaves and says why.
#[tokio::test(flavor = "multi_thread")]
async fn the_older_of_two_twins_leaves() {
    let house = House::new("twins", Who::Briefing).await;
    let tasks = questions(4);
    let others = "roles=planner,data-analyst,market-trends,legal-compliance,synthesizer,timers,model-gateway,\
                  tool-gateway,knowledge-gateway";
    let mut rest = Life::with(&house, None, &["instance=rest".to_owned(), others.to_owned()]);
    let twin = |name: &str| {
        let data = format!("data={}", house.path(name).display());
        Life::with(&house, None, &["instance=twin".to_owned(), "roles=intake".to_owned(), data])
    };
    let mut older = twin("older");
    house.publish(records(&house.names, &tasks[..2])).await;
    house.wait_for_results(2, &mut older).await;
    let mut newer = twin("newer");
    let status = older.end_within(SAID_WITHIN).await;
    assert!(!status.success(), "{status}");
    assert!(older.words().contains("another process runs under this instance name"), "{}", older.words());
    house.publish(records(&house.names, &tasks[2..])).await;
    house.wait_for_results(4, &mut newer).await;
    newer.stop().await;
    rest.stop().await;
    assert_eq!(house.ended().await.len(), tasks.len(), "results");
}

/// The broker dies in the middle of the work and comes back, and is restarted once more: the node lives on,
/// everything finishes, and no call is paid for twice.
#[tokio::test(flavor = "multi_thread")]
async fn outlives_its_broker() {
    let broker = Broker::start().await;
    let house = House::bare(&broker.address, "outage", Who::Briefing, Duration::from_millis(100)).await;
    house.apply().await;
    let tasks = questions(60);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let mut life = Life::with(&house, None, &["calls_in_flight_max=4".to_owned()]);
    house.publish(records(&house.names, &tasks)).await;
    house.wait_for_results(5, &mut life).await;
    broker.kill().await;
    broker.up().await;
    house.wait_for_results(20, &mut life).await;
    broker.down().await;
    broker.up().await;
    let seen = house.ended().await.len();
    assert!(seen < tasks.len(), "all was done before the broker went for the second time");
    house.wait_for_results(tasks.len(), &mut life).await;
    house.wait_until_read(&mut life).await;
    life.stop().await;
    println!("{seen} of {} were done when the broker came back", tasks.len());
    assert_eq!(house.verify(&before, &quiet, 0).await, 0, "paid again");
    run_through_an_outage(&broker).await;
}

/// So does a command that submits, runs and waits for results.
async fn run_through_an_outage(broker: &Broker) {
    let house = House::bare(&broker.address, "run-outage", Who::Briefing, Duration::from_millis(100)).await;
    let tasks = questions(30);
    let lines: Vec<&str> = tasks.iter().map(|task| task.json.as_str()).collect();
    let file = house.path("task.jsonl");
    std::fs::write(&file, lines.join("\n")).expect("a task file");
    let (file, out) = (file.display().to_string(), house.path("out").display().to_string());
    let run = ["run", "--tasks", &file, "--out", &out, "--yes", "--set", "calls_in_flight_max=4"];
    let outage = async {
        let deadline = Instant::now() + SETTLE;
        while house.provider.paid().calls < 10 {
            assert!(Instant::now() < deadline, "no calls");
            tokio::task::yield_now().await;
        }
        broker.kill().await;
        broker.up().await;
        assert!(house.provider.paid().calls < 90, "all was done before the broker went");
    };
    let (output, ()) = tokio::join!(house.run(&run), outage);
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("30 of 30 tasks"), "{said}");
    assert_eq!(house.provider.paid().again(), 0, "paid again");
}

/// How long a node may take to leave: its roles' own bounds lie below what it gives them to drain.
const LEAVES_WITHIN: Duration = Duration::from_secs(30);

/// Told to stop while their broker is away for longer than their sessions, a node in mid-work with transactions
/// open and one in the middle of its takeovers leave in good order within their drain bound. The next ones
/// find it all as after a kill.
#[tokio::test(flavor = "multi_thread")]
async fn leaves_a_broker_that_is_away() {
    let broker = Broker::start().await;
    let latency = Duration::from_millis(50);
    let house = House::bare(&broker.address, "away", Who::Briefing, latency).await;
    let other = House::bare(&broker.address, "away-early", Who::Briefing, latency).await;
    tokio::join!(house.apply(), other.apply());
    let tasks = questions(40);
    let quiet = quiet(&house, &tasks).await;
    let before = house.provider.paid();
    let told = ["calls_in_flight_max=4".to_owned(), "log=warn,kafka=debug".to_owned()];
    let mut working = Life::with(&house, None, &told);
    house.publish(records(&house.names, &tasks)).await;
    house.wait_for_results(5, &mut working).await;
    let mut starting = Life::with(&other, None, &told);
    while !starting.words().contains("assigned ") {
        assert!(!starting.has_ended(), "{}", starting.words());
        tokio::task::yield_now().await;
    }
    broker.kill().await;
    tokio::time::sleep(SESSION + Duration::from_secs(1)).await; // paces load
    tokio::join!(leaves(&mut working), leaves(&mut starting));
    broker.up().await;
    let seen = house.ended().await.len();
    assert!(seen < tasks.len(), "all was done before the broker went");
    let mut next = Life::start(&house, None);
    other.publish(records(&other.names, &tasks[..1])).await;
    let mut other_next = Life::start(&other, None);
    house.wait_for_results(tasks.len(), &mut next).await;
    other.wait_for_results(1, &mut other_next).await;
    house.wait_until_read(&mut next).await;
    tokio::join!(next.stop(), other_next.stop());
    // What was in flight when the node left is asked for again.
    let again = house.verify(&before, &quiet, 4).await;
    println!("{seen} of {} were done before; {again} paid again", tasks.len());
}

/// A node leaves that is told to.
async fn leaves(life: &mut Life) {
    life.terminate();
    let since = Instant::now();
    let status = life.end_within(LEAVES_WITHIN).await;
    println!("left after {:?}", since.elapsed());
    assert!(status.success(), "{status}\n{}", life.words());
}
