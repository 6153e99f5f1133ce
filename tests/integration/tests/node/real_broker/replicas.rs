//! Three brokers and three CQL nodes, of which one at a time is killed in the midst of the work: with copies elsewhere
//! that costs time only. (`real_cql` in its path: it starts servers of that kind, too.)

mod real_cql {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use tests_integration::run;
    use tests_stack::Stack;

    use crate::real_broker::house::{House, Who};
    use crate::real_broker::ledger::quiet;
    use crate::real_broker::life::Life;
    use crate::real_broker::shared::real_cql::{IN_FLIGHT, LATENCY, keyspace_on, sets};
    use crate::real_broker::tasks::{questions, records};

    /// Who is killed, one after the other.
    const VICTIMS: [&str; 4] = ["kafka:2", "cql:2", "kafka:1", "cql:1"];

    /// Tasks that flow while one of them is away.
    const TASKS_EACH: usize = 30;

    /// How many copies each partition of the house's topics has.
    fn copies(house: &House) -> Vec<usize> {
        let client: BaseConsumer =
            ClientConfig::new().set("bootstrap.servers", &house.brokers).create().expect("a client");
        let metadata = client.fetch_metadata(None, Duration::from_secs(10)).expect("metadata");
        let own = metadata.topics().iter().filter(|topic| topic.name().starts_with(&house.namespace));
        own.flat_map(|topic| topic.partitions()).map(|partition| partition.replicas().len()).collect()
    }

    /// Topics have three copies without being told. Two brokers and two CQL nodes are killed in turn, each in the
    /// midst of tasks, which end while it is away; then it comes back. Two Tributary nodes live on, no result is lost
    /// and none is doubled.
    #[tokio::test(flavor = "multi_thread")]
    async fn one_of_three_may_die() {
        let up = || Stack::up(&["kafka", "cql", "--brokers", "3", "--cql", "3"]);
        let stack = Arc::new(tokio::task::spawn_blocking(up).await.expect("a thread"));
        let house = House::bare(stack.line("brokers"), "replicas", Who::Briefing, LATENCY).await;
        let output = house.run(&["topics", "apply"]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let copies = tokio::task::block_in_place(|| copies(&house));
        assert!(!copies.is_empty() && copies.iter().all(|copies| *copies == 3), "{copies:?}");
        let cql = keyspace_on(&house, stack.line("cql"), 3).await;
        let tasks = questions(VICTIMS.len() * TASKS_EACH);
        let quiet = quiet(&house, &tasks).await;
        let before = house.provider.paid();
        let told = |name: &str| {
            // Six servers may make each other wait for longer than the short sessions of other tests.
            [sets(&house, &cql, name), vec!["session_timeout_ms=10000".to_owned()]].concat()
        };
        let mut one = Life::of_user_told(&house, &told("one"));
        let mut other = Life::of_user_told(&house, &told("other"));
        let mut done = 0;
        for (victim, batch) in VICTIMS.into_iter().zip(tasks.chunks(TASKS_EACH)) {
            house.publish(records(&house.names, batch)).await;
            house.wait_for_results(done + 1, &mut one).await;
            let since = Instant::now();
            run(&stack, "kill", victim).await;
            let seen = house.ended().await.len() - done;
            done += batch.len();
            house.wait_for_results(done, &mut one).await;
            println!("{victim}: {seen} of {} when it died, all {:?} later", batch.len(), since.elapsed());
            run(&stack, "up", victim).await;
        }
        assert!(!other.has_ended(), "{}", other.words());
        house.wait_until_read(&mut one).await;
        tokio::join!(one.stop(), other.stop());
        let again = house.verify(&before, &quiet, 4).await;
        println!("{again} calls paid again, {IN_FLIGHT} at once in each node");
    }
}
