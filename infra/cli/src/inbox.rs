//! `tributary inbox`: another number of partitions for an agent, step by step, each of which may be repeated.

use std::time::Duration;

use infra_node::{Config, Error, Migration, Moving, Node, Standing};

use crate::args::{Inboxes, Migrate};

/// How often is looked whether a step has come true.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks that may fail one after another for reasons that pass: as many seconds as a broker takes to come back.
const FAILURES_MAX: u32 = 30;

/// Does what the command says.
pub(crate) async fn run(node: &Node, config: &Config, command: &Inboxes) -> anyhow::Result<()> {
    let Inboxes::Migrate(command) = command;
    let migration = Migration::open(node, config, &command.agent, command.partitions).await?;
    let standing = look(&migration).await?;
    if !command.yes {
        return show(&migration, &standing, command);
    }
    let moving = match standing {
        Standing::Settled(inbox) => {
            println!("= {} ({} partitions): there is nothing to do", inbox.topic, inbox.partitions);
            return Ok(());
        }
        Standing::Moving(moving) => *moving,
        Standing::Alone(old) => {
            let new = migration.next(&old);
            migration.make(&old, config.topics.replication).await?;
            println!("+ {} ({} partitions)", new.topic, new.partitions);
            two(look(&migration).await?)?
        }
    };
    let moving = tell(&migration, moving).await?;
    let moving = wait(&migration, moving).await?;
    if command.remove_old {
        migration.remove(&moving, command.allow_loss).await?;
        println!("- {}", moving.old.topic);
    } else {
        println!("{}", rest(&moving, node));
    }
    Ok(())
}

/// Says what stands, and what would be done next.
fn show(migration: &Migration<'_>, standing: &Standing, command: &Migrate) -> anyhow::Result<()> {
    let agent = &command.agent;
    match standing {
        Standing::Settled(inbox) => {
            println!("= {} ({} partitions): there is nothing to do", inbox.topic, inbox.partitions);
            return Ok(());
        }
        Standing::Alone(old) => {
            let new = migration.next(old);
            println!("= {} ({} partitions)", old.topic, old.partitions);
            println!("+ {} ({} partitions) would be made", new.topic, new.partitions);
            println!("  then nodes that run {agent} are started again, one after another, to read both;");
            println!(
                "  then {} is told to drain: what lives there ends there, new works begin in",
                old.topic
            );
            println!("  generation {}; and in the end --remove-old removes it", new.generation);
        }
        Standing::Moving(moving) => {
            println!("= {} ({} partitions)", moving.old.topic, moving.old.partitions);
            println!("= {} ({} partitions)", moving.new.topic, moving.new.partitions);
            println!("{}", told(moving));
            if command.remove_old {
                println!("- {} would be removed", moving.old.topic);
            }
        }
    }
    println!("nothing is changed yet; say --yes to do it");
    Ok(())
}

/// What stands; a broker that is away for a moment is asked again.
async fn look(migration: &Migration<'_>) -> Result<Standing, Error> {
    let mut failures = 0;
    loop {
        match migration.look().await {
            Err(error) if error.may_pass() && failures < FAILURES_MAX => {
                failures += 1;
                tokio::time::sleep(LOOK_EVERY).await;
            }
            looked => return looked,
        }
    }
}

/// An inbox that has two generations, as it must by now.
fn two(standing: Standing) -> anyhow::Result<Moving> {
    match standing {
        Standing::Moving(moving) => Ok(*moving),
        Standing::Settled(inbox) | Standing::Alone(inbox) => {
            anyhow::bail!("only {} is there: somebody removed a generation meanwhile", inbox.topic)
        }
    }
}

/// Tells the old generation to drain, unless it was told, once somebody reads the new one: what is passed on should
/// not wait.
async fn tell(migration: &Migration<'_>, mut moving: Moving) -> anyhow::Result<Moving> {
    if moving.is_told() {
        return Ok(moving);
    }
    if moving.readers == Some(0) {
        println!(
            "  nobody reads {} yet: start the nodes that run it again, one after another",
            moving.new.topic
        );
        println!("  (waiting; interrupt this and say it again at any time)");
    }
    while moving.readers == Some(0) {
        tokio::time::sleep(LOOK_EVERY).await;
        moving = two(look(migration).await?)?;
    }
    migration.drain(&moving).await?;
    println!("~ {} drains to {}", moving.old.topic, moving.new.topic);
    two(look(migration).await?)
}

/// Waits until new works begin in the new generation.
async fn wait(migration: &Migration<'_>, mut moving: Moving) -> anyhow::Result<Moving> {
    let mut lag = None;
    while moving.has_moved() == Some(false) {
        if lag != moving.lag_records() {
            lag = moving.lag_records();
            println!("  {} records of {} are to be read", lag.unwrap_or_default(), moving.old.topic);
        }
        tokio::time::sleep(LOOK_EVERY).await;
        moving = two(look(migration).await?)?;
    }
    Ok(moving)
}

/// How far it is, in words.
fn told(moving: &Moving) -> String {
    let told = moving.draining.iter().filter(|draining| draining.is_some()).count();
    let all = moving.draining.len();
    match (moving.readers, moving.has_moved()) {
        (_, Some(true)) => format!("  works begin in generation {}", moving.new.generation),
        (Some(0), _) => format!("  nobody reads generation {} yet", moving.new.generation),
        _ => format!("  {told} of {all} partitions are told to drain"),
    }
}

/// What is left to be done, in words.
fn rest(moving: &Moving, node: &Node) -> String {
    let (old, new) = (&moving.old, &moving.new);
    let begin = match moving.lag_records() {
        Some(lag) => {
            format!("begin in generation {} now; {lag} records of {} are unread", new.generation, old.topic)
        }
        None => {
            format!("begin in generation {} once a node has read what {} holds", new.generation, old.topic)
        }
    };
    let left = moving.removable_at.since(node.doors().clock.now()).as_secs().div_ceil(3_600);
    format!(
        "works {begin}\nnodes that were started before this send by way of the old generation until they are started \
         again\n--remove-old removes it, from {left} h on"
    )
}
