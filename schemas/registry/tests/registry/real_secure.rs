//! A registry with TLS, passwords, tokens and rights: who is let in, and what a refusal says. `real_registry` in its
//! path: it starts one of its own.

mod real_registry {
    use std::path::PathBuf;

    use schemas_registry::{Credentials, Error, HttpRegistry, Secret, Settings, Standing, start};
    use tests_registry::conformance::NOTE;
    use tests_stack::{Forward, Stack};

    use crate::{note, subject};

    fn basic(user: &str, password: &str) -> Credentials {
        Credentials::Basic { user: user.to_owned(), password: Secret::new(password) }
    }

    /// Is refused with these words, which name no secret, and waits for nothing.
    async fn check(settings: &Settings, words: &[&str]) -> Error {
        // A start waits for what may pass, for as long as it is told: not at all.
        let error = start(settings, &note()).await.map(drop).expect_err("a refusal");
        let told = error.to_string();
        println!("{told}");
        for word in words {
            assert!(told.contains(word), "{word:?} is not in: {told}");
        }
        assert!(!told.contains("mistaken"), "{told}");
        error
    }

    /// With the right authority and password, or a token, schemas are filed; with a wrong one or none, an authority
    /// that did not sign, another host's name, no TLS, or no rights one is told which it was and what to look at.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn lets_in_whom_it_should() {
        let stack = Stack::up(&["registry", "--secure"]);
        let right = Settings {
            credentials: basic("tributary", &stack.secret("tributary.password")),
            ca_file: Some(stack.file("ca.pem")),
            start_max: std::time::Duration::ZERO,
            ..Settings::new(stack.line("registry"))
        };
        start(&right, &note()).await.expect("an account that may");
        let token = |name: &str| Credentials::Bearer(Secret::read(&stack.file(name)).expect("a token"));
        let by_token = Settings { credentials: token("token"), ..right.clone() };
        let registry = HttpRegistry::new(&by_token).expect("a client");
        let standings = registry.register(&[subject("by-token", &[NOTE])]).await.expect("a token that may");
        assert!(matches!(standings[..], [Standing::Registered(_)]), "{standings:?}");

        let told = |credentials| Settings { credentials, ..right.clone() };
        let credentials = ["it answered 401", "check registry_user with its password, or the token"];
        for wrong in [basic("tributary", "mistaken"), basic("nobody", "mistaken"), Credentials::None] {
            assert!(!check(&told(wrong), &credentials).await.passes());
        }
        assert!(!check(&told(token("stranger-token")), &credentials).await.passes());
        reads_only(&stack, &right).await;
        over_tls(&stack, &right).await;
    }

    /// Who may only read reads what is there, and is refused when it files.
    async fn reads_only(stack: &Stack, right: &Settings) {
        let reader = basic("reader", &stack.secret("reader.password"));
        let reader = Settings { credentials: reader, ..right.clone() };
        let registry = HttpRegistry::new(&reader).expect("a client");
        let standings = registry.check(&note()).await.expect("what is there");
        assert!(matches!(standings[..], [Standing::Registered(_)]), "{standings:?}");
        let error = registry.register(&[subject("not-its-own", &[NOTE])]).await.expect_err("a refusal");
        assert!(matches!(error, Error::Denied { status: 403, .. }), "{error}");
        assert!(error.to_string().contains("what they may do there"), "{error}");
    }

    async fn over_tls(stack: &Stack, right: &Settings) {
        let trusting = |ca_file: Option<PathBuf>| Settings { ca_file, ..right.clone() };
        let untrusted = ["UnknownIssuer", "registry_ca_file"];
        assert!(!check(&trusting(Some(stack.file("stranger.pem"))), &untrusted).await.passes());
        assert!(!check(&trusting(None), &untrusted).await.passes());
        check(&trusting(Some(stack.file("nowhere.pem"))), &["nowhere.pem"]).await;
        let at = |url: String| Settings { url, ..right.clone() };
        let (_, place) = right.url.split_once("//").expect("a url");
        let (server, _) = place.split_once('/').expect("a url");
        let other = Forward::new("127.0.0.9", server).address.to_string();
        check(
            &at(right.url.replace(server, &other)),
            &["not valid for name", "a host that the registry's certificate names"],
        )
        .await;
        check(&at(right.url.replace("https:", "http:")), &["is it running", "is http or https right"]).await;
    }
}
