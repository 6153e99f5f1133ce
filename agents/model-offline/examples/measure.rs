//! Measures the offline model on this machine: loading, reading a prompt, writing, memory, one worker and
//! two. It asserts nothing.
//!
//! `cargo run -p agents-model-offline --example measure -- FOLDER`, with the folder of the weights.

use std::time::Instant;

use agents_model::Model;
use agents_model::model::{Error, Usage};
use agents_model_offline::{OfflineModel, Settings};
use schemas_records::model::ModelRequest;

/// Most tokens of an answer whose writing is measured.
const WRITTEN: i32 = 100;

/// Answers for each worker.
const ROUNDS: usize = 3;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder of the weights")?;
    for workers in [1, 2] {
        let model = OfflineModel::new(&Settings { workers, ..Settings::new(&folder) })?;
        let cost = Cost::begin();
        model.complete(&request(0, "Hi.", 1)).await?;
        println!("{workers} worker(s): first answer of one token, loading included: {}", cost.end(0.0));
        let fact = "In 2019 the sector had seven million employees, two percent more than a year before. ";
        let (read, cost) = run(&model, workers, &fact.repeat(12), 1).await?;
        println!("  reading: {}", cost.end(f64::from(read.input_tokens)));
        let (written, cost) = run(&model, workers, "Tell a long story about a river.", WRITTEN).await?;
        println!("  writing: {}", cost.end(f64::from(written.output_tokens)));
        println!("  memory: {}", memory().unwrap_or_else(|| "unknown".to_owned()));
    }
    Ok(())
}

/// Some answers, as many at once as there are workers.
async fn run(model: &OfflineModel, workers: usize, text: &str, max: i32) -> Result<(Usage, Cost), Error> {
    let cost = Cost::begin();
    let mut all = Usage::default();
    for round in 0..ROUNDS {
        let requests: Vec<ModelRequest> =
            (0..workers).map(|worker| request(round * workers + worker, text, max)).collect();
        let answers: Vec<_> = requests.iter().map(|request| model.complete(request)).collect();
        for answer in futures::future::try_join_all(answers).await? {
            all.input_tokens += answer.usage.input_tokens;
            all.output_tokens += answer.usage.output_tokens;
        }
    }
    Ok((all, cost))
}

fn request(number: usize, text: &str, max_tokens: i32) -> ModelRequest {
    ModelRequest::new("You write long stories.", format!("{number}. {text}"), max_tokens)
}

/// What something takes: time, and the processor's time, which others on the machine change less.
struct Cost {
    began: Instant,
    cpu: Option<f64>,
}

impl Cost {
    fn begin() -> Self {
        Self { began: Instant::now(), cpu: cpu_seconds() }
    }

    fn end(&self, tokens: f64) -> String {
        let seconds = self.began.elapsed().as_secs_f64();
        let mut text = format!("{seconds:.2} s");
        if tokens > 0.0 {
            text += &format!(", {tokens} tokens, {:.1}/s", tokens / seconds);
        }
        if let (Some(from), Some(to)) = (self.cpu, cpu_seconds()) {
            text += &format!("; {:.2} CPU s", to - from);
            if tokens > 0.0 {
                text += &format!(", {:.1} tokens per CPU s", tokens / (to - from));
            }
        }
        text
    }
}

/// The processor's seconds that this process has used, as Linux counts them: in hundredths.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the program's name, which may hold anything, user and system time are the 12th and 13th.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// This process's memory, as Linux counts it: now, and at most.
fn memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let lines = status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    Some(
        lines
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
            .join(", "),
    )
}
