//! A team of one's own under many storms: the README's lines, with fewer seeds, and the agent of its first screen.

use tributary::{Agent, Effects, Event, Fault, ModelRequest, Stateless, Text, What};

struct Haiku;

impl Agent for Haiku {
    type Input = Text;
    type State = Stateless;

    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        match event.what {
            What::Input(topic) => {
                effects.call_model("haiku", ModelRequest::new("You write haiku.", topic.text, 60))
            }
            What::Answer(answer) => effects.reply(&Text::new(answer.model()?.text)),
            _ => {}
        }
        Ok(())
    }
}

// --- The README's lines ---

use tests_kit::simulation::{Chance, Failed, Simulation, Task, Team};

/// Two to six poems, each with its own topic.
fn poems(chance: &mut Chance) -> Vec<Task> {
    (0..chance.between(2, 6)).map(|number| Task::new(format!(r#"{{"text":"log {number}"}}"#))).collect()
}

#[test]
fn haiku_keeps_every_promise() -> Result<(), Failed> {
    let team = Simulation::of(Team::new("poets").agent("haiku", Haiku)).tasks(poems);
    team.command("SEED={seed} cargo test haiku").test(50).map(|_| ())
}
