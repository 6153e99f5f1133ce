//! Every answer that a registry, or something else in its place, can give: which error it is, and what it
//! says.

use schemas_codec::SchemaId;
use schemas_registry::{Credentials, Error, HttpRegistry, Secret, Settings};
use tests_registry::{Fake, Mood};

use crate::{note, settings};

/// What came instead of an answer, at registering and at asking for an id.
#[tokio::test]
async fn wrong_answers_are_named() {
    let fake = Fake::start();
    let registry = HttpRegistry::new(&settings(&fake.url())).unwrap();
    let check = async |mood: Mood, passes: bool, expected: &str| {
        fake.mood(mood.clone());
        for error in [
            registry.register(&note()).await.unwrap_err(),
            registry.check(&note()).await.unwrap_err(),
            registry.text_of(SchemaId(1)).await.unwrap_err(),
        ] {
            assert_eq!(error.passes(), passes, "{mood:?}: {error}");
            let error = error.to_string();
            assert!(error.contains(expected) && error.contains(&fake.url()), "{mood:?}: {error}");
        }
    };
    let says = |status: u16, body: &str| Mood::Says { status, body: body.to_owned() };
    check(Mood::Hangs, true, "it did not answer in time; is it running").await;
    check(
        says(500, r#"{"error_code":50001,"message":"no disk"}"#),
        true,
        "500 Internal Server Error: no disk",
    )
    .await;
    check(says(503, "<html>"), true, "503 Service Unavailable: \"<html>\"").await;
    check(says(429, ""), true, "429").await;
    check(says(401, r#"{"message":"who are you"}"#), false, "401: who are you; check registry_user").await;
    check(says(403, "no"), false, "403: \"no\"; check registry_user").await;
    check(says(200, "<html>hello"), false, "its answer is \"<html>hello\"; let the url be where").await;
    check(says(200, "{}"), false, "its answer is \"{}\"").await;
    check(says(200, ""), false, "its answer is empty").await;
    check(says(302, ""), false, "it answered 302").await;
    // A path that no registry has, with and without words.
    check(
        says(404, r#"{"error_code":404,"message":"HTTP 404"}"#),
        false,
        "404 Not Found: HTTP 404; let the url",
    )
    .await;
    check(says(404, ""), false, "404 Not Found: empty; let the url").await;
    check(says(200, &"x".repeat(5 * 1024 * 1024)), false, "longer than").await;
    fake.says(200, r#"{"id": 4294967296, "schema": "\"int\""}"#);
    let error = registry.register(&note()).await.unwrap_err().to_string();
    assert!(error.contains("the id 4294967296, which does not fit a frame"), "{error}");
}

/// A registry that is gone is said to be, and passes.
#[tokio::test]
async fn gone_is_away() {
    let mut fake = Fake::start();
    let registry = HttpRegistry::new(&settings(&fake.url())).unwrap();
    fake.goes();
    let error = registry.register(&note()).await.unwrap_err();
    assert!(error.passes() && error.to_string().contains("onnection refused"), "{error}");
    fake.comes_back();
    registry.register(&note()).await.unwrap();
}

/// Who asks is said as the registry wants it; anybody else is refused. Secrets are not shown.
#[tokio::test]
async fn credentials_are_shown_to_the_registry_alone() {
    let fake = Fake::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, " open sesame\n").unwrap();
    let basic = |password: Secret| Credentials::Basic { user: "ann".into(), password };
    let check = async |wanted: &str, credentials: Credentials, is_let_in: bool| {
        fake.wants(wanted);
        let settings = Settings { credentials, ..settings(&fake.url()) };
        let registry = HttpRegistry::new(&settings).unwrap();
        let outcome = registry.register(&note()).await;
        assert_eq!(outcome.is_ok(), is_let_in, "{wanted}: {outcome:?}");
        if let Err(error) = outcome {
            assert!(matches!(error, Error::Denied { status: 401, .. }), "{error}");
        }
        let shown = format!("{settings:?} {registry:?}");
        assert!(!shown.contains("sesame"), "{shown}");
    };
    let sesame = Secret::read(&file).unwrap();
    check("Basic YW5uOm9wZW4gc2VzYW1l", basic(sesame.clone()), true).await;
    check("Basic YW5uOm9wZW4gc2VzYW1l", basic(Secret::new("closed")), false).await;
    check("Basic YW5uOm9wZW4gc2VzYW1l", Credentials::None, false).await;
    check("Bearer open sesame", Credentials::Bearer(sesame.clone()), true).await;
    check("Bearer other", Credentials::Bearer(sesame), false).await;
}

/// Over TLS, a registry whose authority is trusted is let in, with its password; one that nobody vouches for
/// hears nothing, whatever else is right.
#[tokio::test]
async fn only_a_trusted_registry_is_told() {
    let fake = Fake::start_with_tls();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("authority.pem");
    std::fs::write(&ca_file, Fake::authority()).unwrap();
    fake.wants("Bearer sesame");
    let trusting = Settings {
        credentials: Credentials::Bearer(Secret::new("sesame")),
        ca_file: Some(ca_file),
        request_max: std::time::Duration::from_secs(10),
        ..Settings::new(&fake.url())
    };
    HttpRegistry::new(&trusting).unwrap().register(&note()).await.unwrap();
    let anonymous = Settings { credentials: Credentials::None, ..trusting.clone() };
    let error = HttpRegistry::new(&anonymous).unwrap().register(&note()).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    let _ = fake.requests();
    for settings in [
        Settings { ca_file: None, ..trusting.clone() },
        Settings { url: fake.url().replace("127.0.0.1", "localhost"), ..trusting.clone() },
        Settings { url: fake.url().replace("https", "http"), ..trusting },
    ] {
        HttpRegistry::new(&settings).unwrap().register(&note()).await.unwrap_err();
    }
    assert_eq!(fake.requests(), [] as [String; 0]);
}

/// Settings that no client can be made of are refused before anything is sent, and say what to write.
#[test]
fn wrong_settings_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let check = |settings: Settings, expected: &str| {
        let error = HttpRegistry::new(&settings).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("sesame"), "{error}");
    };
    check(Settings::new("localhost:8081"), "is neither http nor https; write its url like http://");
    check(Settings::new("registry"), "is no url");
    check(
        Settings::new("http://ann:sesame@host"),
        "\"host\" holds a user or password; name them in registry_user",
    );
    check(Settings::new("http://host/?a=b"), "holds a query or fragment");
    let with = |ca_file| Settings { ca_file: Some(ca_file), ..Settings::new("https://host") };
    check(with(folder.path().join("none")), "none: No such file");
    check(with(path("empty", "")), "empty: it holds no certificate");
    let token = Credentials::Bearer(Secret::new("se\nsame"));
    check(Settings { credentials: token, ..Settings::new("http://host") }, "the token holds characters");

    let wrong = |path: &std::path::Path, expected: &str| {
        let error = Secret::read(path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    wrong(&folder.path().join("none"), "none: No such file");
    wrong(&path("blank", " \n"), "blank: it is empty; put the secret there");
    wrong(&path("long", &"x".repeat(20_000)), "it has 20000 bytes; put the bare secret there");
}
