//! Several nodes with state on one CQL cluster: agent types are scaled out and in while tasks flow, and any
//! instance goes on where another one stopped. (`real_cql` in its path: it needs that server, too.)

pub mod real_cql {
    use std::time::{Duration, Instant};

    use infra_node::config::Cql;
    use infra_node::shared;

    use crate::real_broker::house::{House, SETTLE, Who};
    use crate::real_broker::ledger::quiet;
    use crate::real_broker::life::Life;
    use crate::real_broker::tasks::{questions, records};

    /// Names the CQL server to test against.
    const CQL: &str = "TRIBUTARY_TEST_CQL";

    /// Tasks that flow meanwhile.
    const TASKS: usize = 120;

    /// How long each call takes.
    pub const LATENCY: Duration = Duration::from_millis(100);

    /// Calls in flight at most in one node.
    pub const IN_FLIGHT: usize = 4;

    /// A keyspace of this house's own, on the server under test.
    async fn keyspace(house: &House) -> Cql {
        let nodes = std::env::var(CQL).unwrap_or_default();
        assert!(!nodes.is_empty(), "{CQL} is not set: run scripts/test, which starts a server and sets it");
        keyspace_on(house, &nodes, 1).await
    }

    /// A keyspace of this house's own, with so many copies on these nodes.
    pub async fn keyspace_on(house: &House, nodes: &str, replication: u8) -> Cql {
        let cql = Cql {
            nodes: nodes.split(',').map(str::to_owned).collect(),
            keyspace: house.namespace.replace('-', "_"),
            credentials: None,
            tls: None,
            datacenter: None,
            replication,
            tablets: false,
        };
        shared::migrate(&cql).await.expect("a keyspace");
        cql
    }

    /// A node of this name on that keyspace.
    fn node(house: &House, cql: &Cql, name: &str) -> Life {
        Life::told(house, None, &sets(house, cql, name))
    }

    /// What that node is told.
    pub fn sets(house: &House, cql: &Cql, name: &str) -> Vec<String> {
        let mut sets: Vec<String> = house.sets();
        sets.retain(|set| !set.starts_with("data="));
        sets.extend([
            format!("cql={}", cql.nodes.join(",")),
            format!("cql_keyspace={}", cql.keyspace),
            format!("instance={name}"),
            format!("calls_in_flight_max={IN_FLIGHT}"),
        ]);
        sets
    }

    /// From one node to three and back to one, politely: nothing is lost, done twice or paid for twice, and
    /// shares move within the bound.
    #[tokio::test(flavor = "multi_thread")]
    async fn scales_out_and_in_while_tasks_flow() {
        let house = House::with_latency("scale", Who::Briefing, LATENCY).await;
        let cql = keyspace(&house).await;
        let tasks = questions(TASKS);
        let quiet = quiet(&house, &tasks).await;
        let before = house.provider.paid();
        let mut first = node(&house, &cql, "first");
        house.publish(records(&house.names, &tasks)).await;
        house.wait_for_results(TASKS / 10, &mut first).await;
        let since = Instant::now();
        let mut second = node(&house, &cql, "second");
        let mut third = node(&house, &cql, "third");
        house.wait_for_results(TASKS / 2, &mut first).await;
        let seen = house.ended().await.len();
        assert!(seen < TASKS, "all was done before anybody left");
        second.stop().await;
        first.stop().await;
        house.wait_for_results(TASKS, &mut third).await;
        println!("{TASKS} tasks, {seen} of them before two of three left; {:?}", since.elapsed());
        house.wait_until_read(&mut third).await;
        third.stop().await;
        assert_eq!(house.verify(&before, &quiet, 0).await, 0, "paid again");
    }

    /// One of two is killed in the midst of it and its share is the other's: no result is lost or doubled, and
    /// what was paid again is at most what was in flight.
    #[tokio::test(flavor = "multi_thread")]
    async fn takes_over_from_the_dead() {
        let house = House::with_latency("dead", Who::Briefing, LATENCY).await;
        let cql = keyspace(&house).await;
        let tasks = questions(TASKS);
        let quiet = quiet(&house, &tasks).await;
        let before = house.provider.paid();
        let mut first = node(&house, &cql, "first");
        let mut second = node(&house, &cql, "second");
        house.publish(records(&house.names, &tasks)).await;
        house.wait_for_results(TASKS / 4, &mut first).await;
        first.kill().await;
        let seen = house.ended().await.len();
        assert!(seen < TASKS, "all was done before the first died");
        let since = Instant::now();
        house.wait_for_results(TASKS, &mut second).await;
        println!("{seen} of {TASKS} tasks before the first died, all {:?} after it", since.elapsed());
        assert!(since.elapsed() < SETTLE);
        house.wait_until_read(&mut second).await;
        second.stop().await;
        let again = house.verify(&before, &quiet, 1).await;
        assert!(
            again <= IN_FLIGHT as u64,
            "{again} calls were paid again, {IN_FLIGHT} can have been in flight"
        );
    }
}
