//! The producers of `examples/producers`, each in its language, as a user runs them. (`real_registry` in its path:
//! they need that server, too.)

mod real_registry {
    use std::os::unix::fs::symlink;
    use std::time::Instant;

    use rdkafka::config::ClientConfig;
    use rdkafka::message::{Header, OwnedHeaders};
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
    use tokio::process::Command;
    use topics_catalog::Kind;

    use crate::real_broker::house::{House, SETTLE, Who};
    use crate::real_broker::producer::Sent;
    use crate::real_broker::program::{Program, example, fetched, python};

    /// Names the registry to test against.
    const REGISTRY: &str = "TRIBUTARY_TEST_REGISTRY";

    /// What each program asks.
    const QUESTION: &str = "Should we take on twelve analysts?";

    /// What a program says whose patience is over. The client of Node.js may ask to join its group without end
    /// (its pull request 381); a user runs the program again then, which is the same task.
    const NO_RESULT: &str = "within 120 s";

    /// Each program and its task.
    const PROGRAMS: [&str; 4] = ["python", "node", "kcat", "rust"];

    fn registry() -> String {
        let url = std::env::var(REGISTRY).unwrap_or_default();
        assert!(!url.is_empty(), "{REGISTRY} is not set: run scripts/test, which starts one and sets it");
        url
    }

    /// A program, told what its first lines say.
    fn program(house: &House, name: &str, registry: &str, task: &str) -> Program {
        let mut arguments = vec![house.brokers.as_str(), house.namespace.as_str(), registry, task];
        let mut command = match name {
            "python" => python("producers/submit.py"),
            "node" => {
                // What it imports lies beside it.
                let (script, beside) = (house.path("submit.mjs"), house.path("node_modules"));
                std::fs::copy(example("producers/submit.mjs"), &script).expect("a copy");
                if !beside.exists() {
                    symlink(fetched("node/node_modules"), &beside).expect("a link");
                }
                let mut node = Command::new(fetched("node/node"));
                node.arg(script);
                node
            }
            "kcat" => {
                arguments.remove(2);
                Command::new(example("producers/submit.sh"))
            }
            _ => Command::new(env!("CARGO_BIN_EXE_producer_under_test")),
        };
        command.args(arguments);
        Program::start(house, task, command)
    }

    /// `tributary node`, whose schemas the registry keeps.
    fn node(house: &House, registry: &str) -> Program {
        let command = house.command(&["node", "--set", &format!("registry={registry}")]);
        Program::start(house, "the-node", command.into())
    }

    /// Results of these tasks in a transaction that is aborted: whoever reads uncommitted records takes them.
    fn lie(house: &House, tasks: &[&str]) {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &house.brokers).set("transactional.id", &house.namespace);
        let producer: BaseProducer = config.create().expect("a producer");
        producer.init_transactions(SETTLE).expect("a transactional producer");
        producer.begin_transaction().expect("begin");
        let results = house.names.topic(Kind::Results);
        for task in tasks {
            let headers = OwnedHeaders::new()
                .insert(Header { key: "task-id", value: Some(*task) })
                .insert(Header { key: "outcome", value: Some("failed") });
            let lie = BaseRecord::to(&results).key(*task).payload("a lie").headers(headers);
            producer.send(lie).map_err(|(error, _)| error).expect("a place in the queue");
        }
        producer.flush(SETTLE).expect("acknowledgements");
        producer.abort_transaction(SETTLE).expect("abort");
    }

    /// Each program sends a task and prints that task's own result: not another's, and none that was aborted. The
    /// same again is the same task, with the same result.
    #[tokio::test(flavor = "multi_thread")]
    async fn submit_a_task_and_read_its_result() {
        let (house, registry) = (House::new("examples", Who::Briefing).await, registry());
        lie(&house, &PROGRAMS);
        let others =
            [("another", "Should others?"), ("yet-another", "Should they?")].map(|(id, question)| Sent {
                topic: house.names.topic(Kind::Tasks),
                value: Some(
                    format!(r#"{{"question":"{question}","sector":"construction","month":"2014-03"}}"#)
                        .into(),
                ),
                headers: vec![("task-id".to_owned(), id.into())],
                ..Sent::default()
            });
        house.send(&others).await;
        let mut node = node(&house, &registry);
        wait_for_schemas(&house, &registry, &mut node).await;
        for round in ["first", "again"] {
            let running = PROGRAMS.map(|name| (name, program(&house, name, &registry, name)));
            for (name, running) in running {
                let (mut status, mut said) = running.end().await;
                if name == "node" && !status.success() && said.contains(NO_RESULT) {
                    (status, said) = program(&house, name, &registry, name).end().await;
                }
                assert!(status.success(), "{name}, {round}: {status}: {said}\n{}", node.said());
                let told = said.lines().last().unwrap_or_default();
                assert!(told.starts_with(&format!("{name} ok")), "{said}");
                // kcat cannot read Avro.
                assert!(name == "kcat" || told.contains(QUESTION), "{said}");
            }
        }
        let shown = house.run(&["results", "--set", &format!("registry={registry}")]).await;
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        for name in PROGRAMS {
            let of = |line: &&str| line.split_whitespace().next() == Some(name);
            assert_eq!(shown.lines().filter(of).count(), 1, "{name}: {shown}");
        }
        node.kill().await;
    }

    /// A node files its schemas when it starts; a producer of Avro needs them.
    async fn wait_for_schemas(house: &House, registry: &str, node: &mut Program) {
        let subject = format!("{}-tributary.briefing.Question", house.names.topic(Kind::Tasks));
        let url = format!("{registry}/subjects/{subject}/versions/latest");
        let deadline = Instant::now() + SETTLE;
        loop {
            let ask = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])";
            let mut asked = Command::new(fetched("python/bin/python"));
            let asked = asked.args(["-c", ask, &url]).output().await.expect("Python");
            if asked.status.success() {
                return;
            }
            assert!(!node.has_ended() && Instant::now() < deadline, "no schemas: {}", node.said());
        }
    }

    /// Without a registry a reader needs the team's schema, as the Rust program has it.
    #[tokio::test(flavor = "multi_thread")]
    async fn need_no_registry() {
        let house = House::new("examples-plain", Who::Briefing).await;
        let node = Program::start(&house, "the-node", house.command(&["node"]).into());
        for name in ["kcat", "rust"] {
            let (status, said) = program(&house, name, "", name).end().await;
            assert!(status.success(), "{name}: {status}: {said}\n{}", node.said());
            assert!(
                said.contains(&format!("{name} ok")) && (name == "kcat" || said.contains(QUESTION)),
                "{said}"
            );
        }
        node.kill().await;
    }
}
