//! `tributary status` on a broker: figures that are known by construction, with nodes, without, and with what is
//! not as it should be.

use std::io::BufRead;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::Value;
use topics_catalog::Kind;
use topics_log::NewTopic;

use super::house::{House, PARTITIONS, SETTLE, Who};
use super::life::Life;
use super::tasks::{questions, records};

/// What the command tells as JSON.
async fn status(house: &House) -> Value {
    let output = house.run(&["status", "--json"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// The line of a role.
fn line<'a>(told: &'a Value, role: &str) -> &'a Value {
    let lines = told["groups"]["roles"].as_array().expect("roles");
    lines.iter().find(|line| line["role"] == role).unwrap_or_else(|| panic!("no {role} in {told}"))
}

/// Asks until something is so: groups change a moment after what changes them.
async fn until(house: &House, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + SETTLE;
    loop {
        let told = status(house).await;
        if is_so(&told) {
            return told;
        }
        assert!(Instant::now() < deadline, "never {what}: {told:#}");
    }
}

/// A producer that says itself when its records were made, and may use transactions.
fn producer(house: &House, name: Option<&str>) -> BaseProducer {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &house.brokers);
    if let Some(name) = name {
        config.set("transactional.id", format!("{}.{name}", house.namespace));
    }
    config.create().expect("a producer")
}

/// Appends records to one partition, made so many milliseconds after 1970.
fn append(producer: &BaseProducer, topic: &str, partition: i32, times: &[i64]) {
    for time in times {
        let record = BaseRecord::<str, str>::to(topic).partition(partition).timestamp(*time).payload("x");
        producer.send(record).expect("room in the queue");
    }
    producer.flush(SETTLE).expect("delivered");
}

#[allow(clippy::disallowed_methods, reason = "ages are told by this clock")]
fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_millis()).expect("milliseconds")
}

/// While no node runs: a topic without a group, without records, with records of a known age, with markers and
/// aborted records among them, and one that is missing; each has its line, and the drawing fits.
#[tokio::test(flavor = "multi_thread")]
async fn tells_what_is_unread_without_any_node() {
    let house = House::bare("", "status-quiet", Who::Briefing, Duration::ZERO).await;
    let tasks = house.names.topic(Kind::Tasks);
    // Made by whoever wrote them: the ages are the test's own.
    let new = NewTopic { name: tasks.clone(), partitions: PARTITIONS, replication: 1, config: [].into() };
    house.log.create(&[new]).await.expect("a topic");
    house.apply().await;
    let missing = house.names.inbox("synthesizer");
    house.log.remove(std::slice::from_ref(&missing)).await.expect("remove a topic");
    let hour = 3_600_000;
    let (tasks_of, inbox) = (producer(&house, None), house.names.inbox("planner"));
    append(&tasks_of, &tasks, 0, &[now() - hour, now()]);
    append(&tasks_of, &tasks, 1, &[now(), now() - 2 * hour, now()]);
    // A transaction each: seven offsets of records, seven of markers, and what was aborted.
    let transactions = producer(&house, Some("status"));
    transactions.init_transactions(SETTLE).expect("a transactional producer");
    for number in 0..9 {
        transactions.begin_transaction().expect("begin");
        append(&transactions, &inbox, 0, &[now()]);
        let end = if number < 7 {
            transactions.commit_transaction(SETTLE)
        } else {
            transactions.abort_transaction(SETTLE)
        };
        end.expect("the end");
    }
    let told = status(&house).await;
    let intake = line(&told, "intake");
    assert_eq!((&intake["state"], &intake["partitions"]), (&Value::from("absent"), &Value::from(PARTITIONS)));
    assert_eq!(
        (&intake["lag"]["records"], &intake["lag"]["is_exact"]),
        (&5.into(), &true.into()),
        "{intake}"
    );
    // The first record that would be read, not the oldest of all: what is behind it waits for it.
    let age = intake["age_ms"].as_i64().expect("an age");
    assert!((hour..hour + 120_000).contains(&age), "{age}");
    let planner = line(&told, "planner");
    assert_eq!(planner["lag"]["records"], 7, "{planner}");
    let analyst = line(&told, "data-analyst");
    assert_eq!((&analyst["lag"]["records"], &analyst["age_ms"]), (&0.into(), &Value::Null), "{analyst}");
    let synthesizer = line(&told, "synthesizer");
    assert_eq!((&synthesizer["partitions"], &synthesizer["lag"]), (&0.into(), &Value::Null));
    assert!(synthesizer["notes"][0].as_str().expect("a note").contains("does not exist"), "{synthesizer}");

    // An open transaction at the end is said, and what waits for it does not count as readable.
    transactions.begin_transaction().expect("begin");
    append(&transactions, &inbox, 0, &[now(), now(), now()]);
    let told = status(&house).await;
    let planner = line(&told, "planner");
    assert_eq!(planner["lag"]["records"], 7, "{planner}");
    assert!(planner["notes"][0].as_str().expect("a note").contains("a transaction is open"), "{planner}");
    let drawn = house.run(&["status"]).await;
    let drawn = String::from_utf8_lossy(&drawn.stdout).into_owned();
    println!("{drawn}");
    assert!(drawn.lines().all(|line| line.chars().count() <= 100), "{drawn}");
    assert!(drawn.contains("no node of this team answers here"), "{drawn}");
    transactions.abort_transaction(SETTLE).expect("abort");
}

/// Two nodes share a group: both are named with what they own; of a topic with as many partitions the shares are
/// fair, and all is read. One is killed and its session ends: the other has it all, and the rest is skewed. With
/// neither, records that come are unread, and their age is at least what was waited.
#[tokio::test(flavor = "multi_thread")]
async fn tells_who_owns_what() {
    let house = House::new("status-two", Who::Briefing).await;
    let node = |name: &str, roles: &str| {
        let data = format!("data={}", house.path(name).display());
        Life::with(&house, None, &[format!("instance={name}"), format!("roles={roles}"), data])
    };
    // Of the roles that keep no state two nodes may share a group without a common store.
    let others = "planner,data-analyst,market-trends,legal-compliance,synthesizer,timers,model-gateway,\
                  tool-gateway,knowledge-gateway";
    let mut rest = node("rest", others);
    let mut one = node("one", "intake");
    let mut two = node("two", "intake");
    let shared = |told: &Value| {
        let intake = line(told, "intake");
        intake["state"] == "stable" && intake["members"].as_array().is_some_and(|members| members.len() == 2)
    };
    let told = until(&house, "two members", shared).await;
    let intake = line(&told, "intake");
    assert_eq!((&intake["skew"], &intake["unowned"]), (&1.0.into(), &0.into()), "{intake}");
    for (member, name) in [(&intake["members"][0], "one"), (&intake["members"][1], "two")] {
        assert_eq!(member["instance"], name);
        assert_eq!(member["partitions"].as_array().map(Vec::len), Some(1), "{member}");
    }
    let tasks = questions(6);
    house.publish(records(&house.names, &tasks)).await;
    house.wait_for_results(tasks.len(), &mut rest).await;
    house.wait_until_read(&mut rest).await;
    let told = status(&house).await;
    for role in ["intake", "planner", "synthesizer", "model-gateway"] {
        let line = line(&told, role);
        // Markers stand behind the last record of each, and count for nothing.
        assert_eq!((&line["lag"]["records"], &line["age_ms"]), (&0.into(), &Value::Null), "{line}");
        assert!(line["rate"].as_f64().is_some(), "{line}");
    }
    assert_eq!((&told["done"], &told["open"]), (&tasks.len().into(), &0.into()), "{told}");

    two.kill().await;
    let alone = |told: &Value| {
        let intake = line(told, "intake");
        intake["state"] == "stable" && intake["members"].as_array().is_some_and(|members| members.len() == 1)
    };
    let told = until(&house, "one member", alone).await;
    let intake = line(&told, "intake");
    assert_eq!(intake["members"][0]["partitions"].as_array().map(Vec::len), Some(2), "{intake}");
    one.kill().await;
    rest.kill().await;
    let unread = questions(11).split_off(tasks.len());
    house.publish(records(&house.names, &unread)).await;
    let since = Instant::now();
    let empty = |told: &Value| line(told, "intake")["state"] == "empty";
    let told = until(&house, "an empty group", empty).await;
    let waited = i64::try_from(since.elapsed().as_millis()).expect("milliseconds");
    let told_again = status(&house).await;
    let intake = line(&told_again, "intake");
    assert_eq!((&intake["lag"]["records"], &intake["skew"]), (&unread.len().into(), &Value::Null), "{told}");
    assert!(intake["age_ms"].as_i64().expect("an age") >= waited, "{intake} after {waited} ms");
}

/// With --watch it tells again and again how fast records are committed: all that were committed between two
/// looks are in the second one's rate.
#[tokio::test(flavor = "multi_thread")]
async fn watches() {
    let house = House::new("status-watch", Who::Briefing).await;
    let mut life = Life::start(&house, None);
    house.publish(records(&house.names, &questions(1))).await;
    house.wait_for_results(1, &mut life).await;
    house.wait_until_read(&mut life).await;
    let mut watch = house.command(&["status", "--watch", "2", "--json"]);
    let mut watch = watch.stdout(Stdio::piped()).spawn().expect("watch");
    let mut lines = std::io::BufReader::new(watch.stdout.take().expect("its output")).lines();
    let look = move || {
        let line = lines.next().expect("a look").expect("text");
        (serde_json::from_str::<Value>(&line).expect("JSON"), lines)
    };
    let (first, mut lines) = tokio::task::spawn_blocking(look).await.expect("a thread");
    let intake = |told: &Value| {
        let lines = told["roles"].as_array().expect("roles");
        lines.iter().find(|line| line["role"] == "intake").expect("intake").clone()
    };
    assert_eq!(intake(&first)["rate"], 0.0, "{first}");
    let more = questions(41).split_off(1);
    house.publish(records(&house.names, &more)).await;
    let counting = tokio::task::spawn_blocking(move || {
        let mut counted = 0.0;
        // The provider needs no time: forty are committed within a few looks.
        while counted < 39.5 {
            let line = lines.next().expect("a look").expect("text");
            let told: Value = serde_json::from_str(&line).expect("JSON");
            let roles = told["roles"].as_array().expect("roles");
            let intake = roles.iter().find(|line| line["role"] == "intake").expect("intake");
            counted +=
                intake["rate"].as_f64().expect("a rate") * told["over_seconds"].as_f64().expect("seconds");
        }
        counted
    });
    let counted = tokio::time::timeout(SETTLE, counting).await.expect("forty").expect("a thread");
    assert!((counted - 40.0).abs() < 0.01, "{counted}");
    watch.kill().expect("end it");
    watch.wait().expect("its end");
    life.stop().await;
}
