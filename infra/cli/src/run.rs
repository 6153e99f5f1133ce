//! Running a team: as a demonstration, over a file of tasks, or as a service.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use infra_node::{Config, Node};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use topics_log::Start;

use crate::app::Presentation;
use crate::args::{Command, Demo, Run, Show};
use crate::patience;
use crate::progress::Progress;
use crate::results::{self, Ended, EndedAs};
use crate::submit::{self, Task};

/// Bundled tasks of the short demonstration.
const DEMO_TASKS: usize = 8;

/// How often progress is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// What a command that runs tasks is to run, and how it shows that; no tasks for any other command.
///
/// # Errors
/// A task file that cannot be read, or a team that brings no tasks.
pub(crate) fn wanted<'c>(
    command: &'c Command,
    presentation: &Presentation,
    team: &str,
) -> anyhow::Result<(Option<&'c Show>, Vec<Task>)> {
    let bundled = || {
        let text = presentation.tasks.as_deref();
        Ok::<_, anyhow::Error>(submit::parse(
            team,
            text.context("this team brings no tasks: use `run --tasks FILE`")?,
        ))
    };
    Ok(match command {
        Command::Demo(Demo { all, show }) => {
            let mut tasks = bundled()?;
            if !all {
                tasks.truncate(DEMO_TASKS);
            }
            (Some(show), tasks)
        }
        Command::Run(Run { tasks: Some(file), show, .. }) => (Some(show), submit::read(file)?),
        Command::Run(Run { tasks: None, show, .. }) => (Some(show), bundled()?),
        _ => (None, Vec::new()),
    })
}

/// `tributary demo` and `tributary run`: these tasks, shown so, and a hint at the end.
pub(crate) async fn run(
    node: &Node,
    config: &Config,
    presentation: &Presentation,
    (tasks, show, hint): (&[Task], &Show, &str),
) -> anyhow::Result<()> {
    prepare(node, config, show).await?;
    let start = if config.brokers.is_some() { Start::End } else { Start::Beginning };
    let progress = Progress::begin(node, start).await?;
    // A broker may be one that goes when this process does.
    let again = if config.brokers.is_none() { "; run it again to go on" } else { "" };
    all(node, presentation, progress, tasks, (&show.out, hint, again)).await
}

/// `tributary node`.
pub(crate) async fn serve(node: &Node, config: &Config) -> anyhow::Result<()> {
    if config.brokers.is_none() {
        // The log is its own: there is nobody to ask first.
        node.plan(config.topics)
            .await?
            .apply(&*node.doors().log)
            .await
            .context("could not create the topics")?;
    }
    let shutdown = CancellationToken::new();
    tokio::spawn(stop_on_signal(shutdown.clone()));
    if std::io::stderr().is_terminal() {
        // Somebody sits there, and nothing is logged while all goes well.
        let team = node.names().team();
        let _ = writeln!(
            std::io::stderr(),
            "a node of team {team} starts; Ctrl-C ends it, `tributary status` asks it"
        );
    }
    Ok(infra_node::run(node, shutdown).await?)
}

/// Makes the topics that are missing, once whoever owns the broker has seen them.
async fn prepare(node: &Node, config: &Config, show: &Show) -> anyhow::Result<()> {
    let plan = node.plan(config.topics).await?;
    if config.brokers.is_some() && !plan.create.is_empty() {
        println!("{plan}");
        if !show.yes {
            ask("create these topics?")?;
        }
        println!("`tributary topics remove` with the same --brokers and --namespace takes them away again");
    }
    plan.apply(&*node.doors().log).await.context("could not create the topics")?;
    Ok(())
}

/// Asks on the terminal; without one, says which option answers.
fn ask(question: &str) -> anyhow::Result<()> {
    anyhow::ensure!(
        std::io::stdin().is_terminal(),
        "{question} Say --yes, or run `tributary topics apply` first"
    );
    print!("{question} [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    anyhow::ensure!(answer.trim().eq_ignore_ascii_case("y"), "nothing was created");
    Ok(())
}

/// Runs the node until every task has ended; shows and writes what came out, also if the node could not go on.
async fn all(
    node: &Node,
    presentation: &Presentation,
    progress: Progress,
    tasks: &[Task],
    (out, hint, again): (&Path, &str, &str),
) -> anyhow::Result<()> {
    let shutdown = CancellationToken::new();
    tokio::spawn(stop_on_signal(shutdown.clone()));
    // Once nobody works, nothing more will come: also if the node could not begin.
    let over = shutdown.child_token();
    let running = {
        let (node, shutdown, over) = (node.clone(), shutdown.clone(), over.clone().drop_guard());
        tokio::spawn(async move {
            let _over = over;
            infra_node::run(&node, shutdown).await
        })
    };
    let began = Instant::now();
    let mut ended = BTreeMap::new();
    let gathered = match submit::submit(node, tasks).await {
        Ok(()) => gather(node, tasks, progress, &over, &mut ended).await,
        Err(error) => Err(error),
    };
    let was_stopped = shutdown.is_cancelled();
    shutdown.cancel();
    let ran = running.await.context("the node panicked").and_then(|ran| Ok(ran?));
    show(node, presentation, tasks, &ended, began.elapsed());
    write(node, presentation, &ended, out)?;
    let hint = if ended.len() < tasks.len() { "" } else { hint };
    println!("written to {}{}{hint}", out.display(), if hint.is_empty() { "" } else { "; " });
    // What ended the node explains what could not be read.
    ran.and(gathered).with_context(|| format!("ended with {} of {} tasks done", ended.len(), tasks.len()))?;
    let is_whole = ended.len() == tasks.len();
    anyhow::ensure!(
        is_whole || !was_stopped,
        "stopped with {} of {} tasks done{again}",
        ended.len(),
        tasks.len()
    );
    anyhow::ensure!(is_whole, "the node ended with {} of {} tasks done", ended.len(), tasks.len());
    Ok(())
}

/// Reads results until every task has one, drawing progress meanwhile.
async fn gather(
    node: &Node,
    tasks: &[Task],
    mut progress: Progress,
    over: &CancellationToken,
    ended: &mut BTreeMap<String, Ended>,
) -> anyhow::Result<()> {
    let mut reader = results::reader(node).await?;
    let wanted: BTreeSet<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
    while ended.len() < tasks.len() {
        tokio::select! {
            biased;
            () = over.cancelled() => break,
            records = patience::read(&mut *reader, 1_000, DRAW_EVERY) => {
                for end in records?.iter().filter_map(|record| results::read(node.codec(), record)) {
                    if wanted.contains(end.task.as_str()) {
                        ended.entry(end.task.clone()).or_insert(end);
                    }
                }
            }
        }
        progress.read(Duration::ZERO).await?;
        progress.draw(ended.len(), tasks.len());
    }
    progress.clear();
    Ok(())
}

fn show(
    node: &Node,
    presentation: &Presentation,
    tasks: &[Task],
    ended: &BTreeMap<String, Ended>,
    took: Duration,
) {
    let first = tasks.iter().find_map(|task| match ended.get(&task.id)?.outcome {
        EndedAs::Result(ref value) => Some((task, (presentation.whole)(node.codec(), value)?)),
        EndedAs::Failed(_) | EndedAs::Refused(_) => None,
    });
    if first.is_none()
        && let Some((task, failure)) = tasks.iter().find_map(|task| match &ended.get(&task.id)?.outcome {
            EndedAs::Result(_) => None,
            EndedAs::Failed(failure) | EndedAs::Refused(failure) => Some((task, failure)),
        })
    {
        // A table cuts it before it says what to do.
        println!("{} failed: {failure}\n", task.id);
    }
    if let Some((task, whole)) = first {
        println!("{}\n", task.id);
        println!("{whole}");
    }
    println!("{:<12} {:>7}  outcome", "task", "took");
    for task in tasks {
        let Some(end) = ended.get(&task.id) else { continue };
        let line = results::line(presentation, node.codec(), end);
        println!("{:<12} {:>5.1} s  {}", task.id, end.took.as_secs_f64(), cut(&line, LINE_CHARS_MAX));
    }
    println!("\n{} of {} tasks in {:.1} s", ended.len(), tasks.len(), took.as_secs_f64());
}

/// What is left of an 80-column terminal for a task's line.
const LINE_CHARS_MAX: usize = 58;

fn cut(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}

fn write(
    node: &Node,
    presentation: &Presentation,
    ended: &BTreeMap<String, Ended>,
    out: &Path,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("could not make the folder {}", out.display()))?;
    let mut lines = String::new();
    for (task, end) in ended {
        let whole = match &end.outcome {
            EndedAs::Result(value) => (presentation.whole)(node.codec(), value),
            EndedAs::Failed(failure) | EndedAs::Refused(failure) => Some(failure.to_string()),
        };
        lines.push_str(&results::json(node.codec(), end));
        lines.push('\n');
        if let Some(whole) = whole {
            let path = out.join(format!("{}.txt", file_name(task)));
            std::fs::write(&path, whole).with_context(|| format!("could not write {}", path.display()))?;
        }
    }
    let path = out.join("results.jsonl");
    std::fs::write(&path, lines).with_context(|| format!("could not write {}", path.display()))
}

/// A task's id as a file's name: ids are the producer's, and may hold anything printable.
fn file_name(task: &str) -> String {
    task.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect()
}

/// The exit code of a process that was told twice to stop.
const STOPPED_AT_ONCE: i32 = 130;

/// Cancels on Ctrl-C or SIGTERM, so that what is in flight is drained.
async fn stop_on_signal(shutdown: CancellationToken) {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM ends this process without draining");
            return;
        }
    };
    for is_first in [true, false] {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        if is_first {
            if std::io::stderr().is_terminal() {
                infra_telemetry::say("stopping: what is in flight may end; Ctrl-C again stops at once");
            }
            shutdown.cancel();
        }
    }
    // Asked twice: whoever takes over finds everything as after a kill, which is what it is made for. Nobody
    // may be there to read it.
    let _ =
        writeln!(std::io::stderr(), "tributary: told twice to stop, and stopped at once without draining");
    std::process::exit(STOPPED_AT_ONCE);
}
