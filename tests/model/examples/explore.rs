//! Explores the model with bounds of one's own, or tells the stories of `stories.md`:
//!
//! ```text
//! cargo run -p tests-model --example explore -- --records 3 --owners 3 --epochs 4
//! cargo run -p tests-model --example explore -- --without stable-read
//! cargo run -p tests-model --example explore -- --stories > tests/model/stories.md
//! ```

use std::time::Instant;

use anyhow::bail;
use clap::Parser;
use tests_model::model::Model;
use tests_model::plan::{KEYS_MAX, Kind, OWNERS_MAX, Plan, Record};
use tests_model::rule::Rule;
use tests_model::search::{Outcome, explore};
use tests_model::value::{Code, RECORDS_MAX};
use tests_model::{log::BATCH_MAX, story};

/// Explores every state of the ownership and commit protocol within bounds.
#[derive(Parser)]
struct Arguments {
    /// How many records the inbox has, of the keys in turn, at most 4
    #[arg(long, default_value_t = 3)]
    records: u8,
    /// How many keys they have, at most 2
    #[arg(long, default_value_t = 2)]
    keys: u8,
    /// How many processes there may be, at most 3
    #[arg(long, default_value_t = 2)]
    owners: u8,
    /// How often an epoch may be taken, by all of them together
    #[arg(long, default_value_t = 3)]
    epochs: u8,
    /// How many records a batch may have, at most 2
    #[arg(long, default_value_t = 2)]
    batch: u8,
    /// What the records do: plain, quiet (code `a` changes nothing) or end (the last of each key ends it)
    #[arg(long, default_value = "plain")]
    kind: String,
    /// One version of the code, not two
    #[arg(long)]
    one_code: bool,
    /// The rule to leave out
    #[arg(long)]
    without: Option<String>,
    /// Gives up behind so many states: a million take about 80 MB and five seconds
    #[arg(long, default_value_t = 20_000_000)]
    states_max: usize,
    /// Instead, tells what happens without each rule, in the bounds of the tests
    #[arg(long)]
    stories: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.stories {
        print!("{}", story::book());
        return Ok(());
    }
    let dropped = match arguments.without.as_deref().map(|name| (name, Rule::parse(name))) {
        None => None,
        Some((_, Some(rule))) => Some(rule),
        Some((name, None)) => {
            let names: Vec<&str> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
            bail!("leave out rule {name}: there is none of that name, but {}", names.join(", "));
        }
    };
    let plan = plan(&arguments)?;
    println!("{plan}");
    let model = Model { plan, dropped };
    let begin = Instant::now();
    let outcome = explore(&model, arguments.states_max, |_, _| {});
    match outcome {
        Outcome::Sound { states, depth } => println!("sound: {states} states, {depth} deep"),
        Outcome::TooMany { states, depth } => println!("gave up: {states} states, {depth} deep"),
        Outcome::Broken { story, violation, states } => {
            println!("{}found among {states} states", story::tell(&model, &story, violation));
        }
    }
    println!("{:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

fn plan(arguments: &Arguments) -> anyhow::Result<Plan> {
    let Arguments { records, keys, owners, epochs, batch, one_code, .. } = *arguments;
    let limits = [
        ("records", records, RECORDS_MAX),
        ("keys", keys, KEYS_MAX),
        ("owners", owners, OWNERS_MAX),
        ("batch", batch, BATCH_MAX),
    ];
    for (what, wanted, max) in limits {
        if wanted == 0 || usize::from(wanted) > max {
            bail!("explore with --{what} {wanted}: it is from 1 to {max}");
        }
    }
    let kind_of = |offset: u8| match arguments.kind.as_str() {
        "plain" => Ok(Kind::Plain),
        "quiet" => Ok(Kind::Quiet),
        "end" if offset + keys >= records => Ok(Kind::End),
        "end" => Ok(Kind::Plain),
        other => bail!("explore records of kind {other}: there are plain, quiet and end"),
    };
    let records = (0..records).map(|offset| Ok(Record { key: offset % keys, kind: kind_of(offset)? }));
    let records = records.collect::<anyhow::Result<Vec<_>>>()?;
    let codes = if one_code { vec![Code::A] } else { vec![Code::A, Code::Z] };
    let (reloads, again, prunes) = (true, true, true);
    Ok(Plan { name: "as asked", records, owners, epochs, batch, codes, reloads, again, prunes })
}
