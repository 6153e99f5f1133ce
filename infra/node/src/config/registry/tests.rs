//! Each way to say who asks, and what does not go together.

use super::*;
use crate::Config;

fn read(environment: &[(&str, &str)], sets: &[String]) -> Result<Option<Settings>, String> {
    let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Config::read(None, environment, sets).map(|config| config.registry).map_err(|error| error.to_string())
}

/// Nobody, a user or a token, in files or the environment; and secrets are not shown.
#[test]
fn who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "sesame\n").unwrap();
    let file = file.display().to_string();
    let check = |environment: &[(&str, &str)], sets: &[&str], expected: Credentials| {
        let sets: Vec<String> = sets.iter().map(|set| set.replace("FILE", &file)).collect();
        let settings = read(environment, &sets).unwrap().unwrap();
        assert_eq!((settings.url.as_str(), &settings.credentials), ("http://r:1", &expected));
        assert!(!format!("{settings:?}").contains("sesame"));
    };
    let ann = || Credentials::Basic { user: "ann".into(), password: Secret::new("sesame") };
    let url = ("TRIBUTARY_REGISTRY", "http://r:1");
    check(&[url], &[], Credentials::None);
    check(&[], &["registry=http://r:1"], Credentials::None);
    check(&[url], &["registry_user=ann", "registry_password_file=FILE"], ann());
    check(&[url, ("TRIBUTARY_REGISTRY_PASSWORD", "sesame"), ("TRIBUTARY_REGISTRY_USER", "ann")], &[], ann());
    check(&[url], &["registry_token_file=FILE"], Credentials::Bearer(Secret::new("sesame")));
    check(&[url, ("TRIBUTARY_REGISTRY_TOKEN", "sesame")], &[], Credentials::Bearer(Secret::new("sesame")));
    assert!(read(&[], &[]).unwrap().is_none());
}

/// What does not go together is said, without the secret.
#[test]
fn what_does_not_fit() {
    let check = |environment: &[(&str, &str)], sets: &[&str], expected: &str| {
        let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
        let error = read(environment, &sets).unwrap_err();
        assert!(error.contains(expected) && !error.contains("sesame"), "{error}");
    };
    let (password, token) =
        (("TRIBUTARY_REGISTRY_PASSWORD", "sesame"), ("TRIBUTARY_REGISTRY_TOKEN", "sesame"));
    check(&[], &["registry=http://r:1", "registry_user=ann"], "registry_user has no password");
    check(&[password], &["registry=http://r:1"], "the registry's password has no user");
    check(&[password, token], &["registry=http://r:1", "registry_user=ann"], "a token and a user");
    check(&[token], &[], "none is named in registry");
    check(&[], &["registry_ca_file=x.pem"], "none is named in registry");
    check(&[], &["registry_token_file=/nowhere"], "read the secret in /nowhere");
}
