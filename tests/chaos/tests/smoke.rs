//! A short run on the servers under test: three faults of a seed while a few hundred tasks flow, and the verdict. It
//! holds the machinery; `scripts/chaos` is the test of the runtime. (`real_broker` and `real_cql` in its path: it
//! needs both servers, and breaks neither.)

#![allow(clippy::expect_used, reason = "in a test, a value that is not there is the failure")]

mod real_broker {
    mod real_cql {
        use std::collections::BTreeSet;
        use std::process::Command;

        use tests_chaos::plan::{Means, plan};

        /// Where the servers are.
        const SERVERS: [&str; 2] = ["TRIBUTARY_TEST_BROKERS", "TRIBUTARY_TEST_CQL"];

        /// What goes wrong, in any order.
        const FAULTS: [&str; 3] =
            ["kill -9 at a moment", "SIGSTOP past the session, SIGCONT", "cut before CQL"];

        /// A seed whose first faults these are.
        fn seed() -> u64 {
            let means = Means { cql_door: true, ..Means::default() };
            let faults =
                |seed: &u64| plan(*seed, FAULTS.len(), means).into_iter().map(|fault| fault.kind.name());
            let is_it = |seed: &u64| faults(seed).collect::<BTreeSet<_>>() == FAULTS.into();
            (0..100_000).find(is_it).expect("a seed")
        }

        /// Nothing is lost, doubled or torn by three faults; each is told with its moment and the seed, and the
        /// report counts them.
        #[test]
        fn three_faults_show_nowhere() {
            let [brokers, cql] = SERVERS.map(|name| {
                let server = std::env::var(name).unwrap_or_default();
                assert!(!server.is_empty(), "{name} is not set: run scripts/test, which sets it");
                server
            });
            let folder = tempfile::tempdir().expect("a folder");
            let (seed, faults) = (seed().to_string(), FAULTS.len().to_string());
            let out = folder.path().join("run").display().to_string();
            let mut run = Command::new(env!("CARGO_BIN_EXE_tests-chaos"));
            run.args(["run", "--brokers", &brokers, "--cql", &cql, "--out", &out, "--seed", &seed]);
            run.args(["--faults", &faults, "--tasks", "240", "--rate", "20", "--minutes", "10"]);
            let output = run.output().expect("run it");
            let said = String::from_utf8_lossy(&output.stdout);
            println!("{said}{}", String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{}", output.status);
            for words in FAULTS.into_iter().chain(["lost 0, doubled 0"]) {
                assert!(said.contains(words), "{words:?} is not said");
            }
            assert_eq!(said.matches(&format!("(seed {seed})")).count(), FAULTS.len(), "faults told");
        }
    }
}
