//! What a user meets when the store or the schema registry hangs, goes or is not there yet: a delay, a sentence, and
//! every task's one result. The servers are of each test's own; the broker is the one under test. (`real_cql` and
//! `real_registry` in their paths: they are servers of these kinds.)

use super::life::Life;

mod real_cql {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use tests_integration::run;
    use tests_stack::Stack;

    use super::waits_in_peace;
    use crate::real_broker::house::{House, SESSION, Who};
    use crate::real_broker::ledger::quiet;
    use crate::real_broker::life::Life;
    use crate::real_broker::shared::real_cql::{LATENCY, keyspace_on, sets};
    use crate::real_broker::tasks::{questions, records};

    /// Tasks that flow meanwhile.
    const TASKS: usize = 40;

    async fn server() -> Arc<Stack> {
        let stack = tokio::task::spawn_blocking(|| Stack::up(&["cql"])).await.expect("a thread");
        Arc::new(stack)
    }

    /// The only CQL node hangs for longer than sessions and patience last, in the midst of the work: the node says
    /// so once, waits, does not spin, says that it is back, and goes on; no result is lost, and none is doubled.
    /// Beside that it may say that it gave up a transaction which the silence found open, once a handler.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_hung_node_costs_time_only() {
        let stack = server().await;
        let house = House::with_latency("hung", Who::Briefing, LATENCY).await;
        let cql = keyspace_on(&house, stack.line("cql"), 1).await;
        let tasks = questions(TASKS);
        let quiet = quiet(&house, &tasks).await;
        let before = house.provider.paid();
        let mut node = Life::of_user_told(&house, &sets(&house, &cql, "patient"));
        house.publish(records(&house.names, &tasks)).await;
        house.wait_for_results(TASKS / 8, &mut node).await;
        stack.freeze("cql");
        let seen = house.ended().await.len();
        assert!(seen < TASKS, "all was done before it hung");
        waits_in_peace(&mut node, "the CQL cluster is away", SESSION * 5).await;
        stack.thaw("cql");
        house.wait_for_results(TASKS, &mut node).await;
        house.wait_until_read(&mut node).await;
        let said = node.words();
        assert_eq!(said.matches("the CQL cluster answers again").count(), 1, "{said}");
        let (aborted, other): (Vec<_>, Vec<_>) =
            said.lines().partition(|line| line.contains("it was open for"));
        assert_eq!(other.len(), 2, "that it is away and that it is back: {said}");
        let handler = |line: &&str| line.split("handler=").nth(1)?.split(' ').next().map(str::to_owned);
        let handlers: BTreeSet<_> = aborted.iter().filter_map(handler).collect();
        assert_eq!(handlers.len(), aborted.len(), "each handler once: {said}");
        node.stop().await;
        println!("{seen} of {TASKS} tasks before it hung; the node said:\n{}", node.words());
        // Nothing died: what was answered is in the journal, at the latest when the store takes it.
        assert_eq!(house.verify(&before, &quiet, 0).await, 0, "paid again");
    }

    /// The only CQL node is killed in the midst of the work and comes back, then is restarted politely: the same.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_restarted_node_costs_time_only() {
        let stack = server().await;
        let house = House::with_latency("cqlgone", Who::Briefing, LATENCY).await;
        let cql = keyspace_on(&house, stack.line("cql"), 1).await;
        let tasks = questions(TASKS);
        let quiet = quiet(&house, &tasks).await;
        let before = house.provider.paid();
        let mut node = Life::of_user_told(&house, &sets(&house, &cql, "patient"));
        house.publish(records(&house.names, &tasks)).await;
        house.wait_for_results(TASKS / 8, &mut node).await;
        run(&stack, "kill", "cql").await;
        run(&stack, "up", "cql").await;
        house.wait_for_results(TASKS / 2, &mut node).await;
        let seen = house.ended().await.len();
        assert!(seen < TASKS, "all was done before the second time");
        let since = Instant::now();
        run(&stack, "restart", "cql").await;
        house.wait_for_results(TASKS, &mut node).await;
        println!("{seen} of {TASKS} before the second time, all {:?} after it began", since.elapsed());
        house.wait_until_read(&mut node).await;
        node.stop().await;
        assert_eq!(house.verify(&before, &quiet, 0).await, 0, "paid again");
    }

    /// A node that is started before its store waits for it, says so once, and serves when it is there.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_service_waits_for_its_store() {
        let stack = server().await;
        let house = House::with_latency("early", Who::Briefing, Duration::ZERO).await;
        let cql = keyspace_on(&house, stack.line("cql"), 1).await;
        run(&stack, "kill", "cql").await;
        let mut node = Life::of_user_told(&house, &sets(&house, &cql, "early"));
        node.says("waiting for it").await;
        run(&stack, "up", "cql").await;
        house.publish(records(&house.names, &questions(1))).await;
        house.wait_for_results(1, &mut node).await;
        assert_eq!(node.words().matches("waiting for it").count(), 1, "{}", node.words());
        node.stop().await;
    }
}

mod real_registry {
    use std::sync::Arc;
    use std::time::Duration;

    use tests_integration::run;
    use tests_stack::Stack;

    use super::waits_in_peace;
    use crate::real_broker::house::{House, SESSION, Who};
    use crate::real_broker::life::Life;
    use crate::real_broker::tasks::{questions, records};

    /// Started before its registry a node waits for it and says so once; while the registry is away it goes on with
    /// what it knows, and so does one that is started then on the same data. A command that never had its ids ends,
    /// after a wait, with a sentence.
    #[tokio::test(flavor = "multi_thread")]
    async fn its_absence_stops_nothing_that_is_known() {
        let stack = tokio::task::spawn_blocking(|| Stack::up(&["registry"])).await.expect("a thread");
        let stack = Arc::new(stack);
        let house = House::with_latency("registry", Who::Briefing, Duration::ZERO).await;
        let mut sets = house.sets();
        sets.push(format!("registry={}", stack.line("registry")));
        let tasks = questions(4);
        run(&stack, "kill", "registry").await;
        let mut node = Life::of_user_told(&house, &sets);
        waits_in_peace(&mut node, "waiting for the schema registry", SESSION).await;
        run(&stack, "up", "registry").await;
        house.publish(records(&house.names, &tasks[..1])).await;
        house.wait_for_results(1, &mut node).await;

        run(&stack, "kill", "registry").await;
        house.publish(records(&house.names, &tasks[1..2])).await;
        house.wait_for_results(2, &mut node).await;
        node.stop().await;
        let mut node = Life::of_user_told(&house, &sets);
        node.says("going on with the ids that it gave before").await;
        house.publish(records(&house.names, &tasks[2..])).await;
        house.wait_for_results(tasks.len(), &mut node).await;
        node.stop().await;

        // One that has not its folder.
        sets.retain(|set| !set.starts_with("data="));
        sets.push(format!("data={}", house.path("elsewhere").display()));
        let file = house.path("task.jsonl");
        std::fs::write(&file, &tasks[0].json).expect("a task file");
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_command_under_test"));
        command.arg("run").arg("--tasks").arg(file).arg("--out").arg(house.path("out")).arg("--yes");
        for set in &sets {
            command.args(["--set", set]);
        }
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("a thread").expect("run the command");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("at the schema registry"), "{said}");
        assert!(said.contains("is it running"), "{said}");
    }
}

/// A node says that something is away, once, and uses hardly any processor time while it waits for as long.
async fn waits_in_peace(node: &mut Life, words: &str, time: std::time::Duration) {
    node.says(words).await;
    let before = node.processor_time();
    tokio::time::sleep(time).await; // paces load
    let used = node.processor_time() - before;
    println!("used {used:?} in {time:?} of waiting");
    assert!(used < time / 4, "it spins: {used:?} of {time:?}");
    assert!(!node.has_ended(), "{}", node.words());
    assert_eq!(node.words().matches(words).count(), 1, "{}", node.words());
}
