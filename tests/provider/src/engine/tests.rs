//! The engine against formulas, in virtual time: nothing here waits, and the machine's speed does not matter.

mod billing;
mod faults;
mod limits;
mod load;
mod queue;

use std::time::Duration;

use schemas_records::model::{PromptMessage, Role};

use super::prefix::{Blocks, Prefixes};
use super::profile::Profile;
use super::simulation::Simulation;
use super::{Ask, Engine, chance, lengths, tokens, words};

/// A prompt of one message.
fn prompt(content: &str) -> Vec<PromptMessage> {
    vec![PromptMessage { role: Role::User, content: content.to_owned() }]
}

/// A call of the account `a` for the model `m`, whose prompt has as many tokens and whose answer has as many.
fn ask(tokens: &[u64], output: u64) -> Ask<'_> {
    Ask {
        account: "a",
        model: "m",
        prompt: "p",
        tokens,
        output: Some(output),
        is_cached: true,
        output_max: None,
        fault: None,
    }
}

fn engine(change: impl FnOnce(&mut Simulation)) -> Engine {
    let mut simulation = Simulation::default();
    change(&mut simulation);
    simulation.check().unwrap();
    Engine::new(simulation)
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// As many tokens that nobody else has.
fn fresh(count: u64, whose: u64) -> Vec<u64> {
    (0..count).map(|place| chance::draw(whose, "fresh", &[&place.to_le_bytes()])).collect()
}

/// Tokens follow the rule that is written down; their names are as many as they are; words are one each.
#[test]
fn tokens_by_rule() {
    let check = |text: &str, pieces: &[&str]| {
        assert_eq!(tokens::pieces(text).collect::<Vec<_>>(), pieces, "{text}");
        let prompt = prompt(text);
        assert_eq!(tokens::of_prompt(&prompt), pieces.len() as u64 + 7, "{text}");
        assert_eq!(tokens::names(&prompt).len() as u64, pieces.len() as u64 + 7, "{text}");
    };
    check("", &[]);
    check("summarize", &["summ", "ariz", "e"]);
    check("  a  b\n", &["a", "b"]);
    check("it's 12345.", &["it", "'", "s", "1234", "5", "."]);
    check("Grüße…漢字", &["Grüß", "e", "…", "漢字"]);
    for count in [0, 1, 2, 1000] {
        let words = words::answer(7, "m", "p", count);
        assert_eq!((words.len() as u64, tokens::count(&words.concat())), (count, count));
        assert_eq!(words, words::answer(7, "m", "p", count));
    }
    assert_ne!(words::answer(7, "m", "p", 50), words::answer(8, "m", "p", 50));
}

/// Lengths are log-normal: their quantiles are median x e^(sigma z), within 4%; the same prompt has the same.
#[test]
fn log_normal_lengths() {
    let lengths = lengths::Lengths { median: 200, sigma: 0.7 };
    let mut drawn: Vec<u64> = (0..20_000).map(|n: u64| lengths.draw(3, "m", &n.to_string())).collect();
    assert_eq!(drawn[5], lengths.draw(3, "m", "5"));
    drawn.sort_unstable();
    for (share, z) in [(0.05, -1.6449), (0.25, -0.6745), (0.5, 0.0), (0.75, 0.6745), (0.95, 1.6449)] {
        let seen = drawn[(share * 20_000.0) as usize] as f64;
        let formula = 200.0 * f64::exp(0.7 * z);
        assert!((seen / formula - 1.0).abs() < 0.04, "quantile {share}: {seen}, by formula {formula}");
    }
    let asked = |texts: &[&str]| lengths::asked(texts.iter().copied());
    assert_eq!(asked(&["a {{tokens:5}} b", "{{tokens:7}}{{tokens:x}}{{tokens:"]), Some(12));
    assert_eq!(asked(&["tokens:5", ""]), None);
    assert_eq!(asked(&["{{tokens:0}}"]), Some(0));
}

/// A prefix is found by whole blocks, never the last token, only once it is computed, and the least recently
/// used goes first, its end before its beginning.
#[test]
fn prefix_cache() {
    let mut cache = Prefixes::new(6);
    let shared = fresh(40, 1);
    let blocks = |tokens: &[u64]| Blocks::new(0, tokens, 16);
    let with = |count: usize, tail: u64, whose: u64| {
        let mut tokens = shared[..count].to_vec();
        tokens.extend(fresh(tail, whose));
        blocks(&tokens)
    };
    cache.keep(&blocks(&shared), ms(10));
    let check = |now: u64, what: &Blocks, tokens: u64| assert_eq!(cache.cached(ms(now), what), tokens);
    check(9, &blocks(&shared), 0);
    check(10, &blocks(&shared), 32);
    check(10, &with(32, 0, 2), 16);
    check(10, &with(32, 1, 2), 32);
    check(10, &with(31, 9, 2), 16);
    check(10, &with(15, 40, 2), 0);
    check(10, &Blocks::new(1, &shared, 16), 0);
    // Four more blocks fill it; a fifth takes the end of the oldest.
    cache.keep(&blocks(&fresh(64, 3)), ms(10));
    assert_eq!((cache.len(), cache.cached(ms(10), &blocks(&shared))), (6, 32));
    cache.keep(&blocks(&fresh(16, 4)), ms(10));
    assert_eq!((cache.len(), cache.cached(ms(10), &blocks(&shared))), (6, 16));
    assert!(!cache.is_empty() && Prefixes::new(0).is_empty());
    let mut none = Prefixes::new(0);
    none.keep(&blocks(&shared), ms(0));
    assert_eq!(none.cached(ms(1), &blocks(&shared)), 0);
}

/// Settings that cannot be are refused with what they may be.
#[test]
fn settings_are_checked() {
    let check = |settings: &str, problem: &str| {
        let simulation: Simulation = serde_json::from_str(settings).unwrap();
        let error = simulation.check().unwrap_err().to_string();
        assert!(error.contains(problem), "{settings}: {error}");
    };
    check(r#"{"scale": 0}"#, "a scale of 0: it must be over 0");
    check(r#"{"profile": {"slots": 0}}"#, "at least 1");
    check(r#"{"profile": {"load_factor": 0.5}}"#, "1 to 1000");
    check(r#"{"profile": {"full_status": 200}}"#, "400 to 599");
    check(r#"{"lengths": {"sigma": -1}}"#, "0 to 10");
    check(r#"{"dimensions": 0}"#, "1 to 4096");
    check(
        r#"{"faults": [{"rate": 0.6, "fault": {"kind": "hang"}}, {"rate": 0.6, "fault": {"kind": "hang"}}]}"#,
        "1.2",
    );
    check(r#"{"health": {"kind": "sick", "status": 200, "after_ms": 20}}"#, "400 to 599");
    check(r#"{"accounts": [{"name": "a", "key": "k"}, {"name": "b", "key": "k"}]}"#, "called b; rename");
    assert!(serde_json::from_str::<Simulation>(r#"{"sacle": 1}"#).is_err());
}
