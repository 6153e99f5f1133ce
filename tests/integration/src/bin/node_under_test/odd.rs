//! A team of one agent that does whatever the task says, also what no agent should.

use agents_agent::{Agent, Effects, Event, Fault, What};
use infra_node::Team;
use schemas_records::{ModelRequest, Stateless, Text};

/// What is longer than any record.
const MEGABYTE: usize = 1 << 20;

/// The team.
pub fn team() -> Team {
    Team::new("odd").agent("odd", Odd)
}

/// Replies with its input, unless that names a way to misbehave; what begins with `ask` it asks the model, and
/// replies with the answer.
struct Odd;

impl Agent for Odd {
    type Input = Text;
    type State = Stateless;

    #[allow(clippy::panic, reason = "that a step may panic is what is tested")]
    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        let input = match event.what {
            What::Input(input) => input,
            What::Answer(answer) => {
                effects.reply(&Text::new(answer.model()?.text));
                return Ok(());
            }
            What::Gathered(..) | What::Timer(_) => return Ok(()),
        };
        let long = || "x".repeat(MEGABYTE);
        match input.text.as_str() {
            "panic" => panic!("as the task said"),
            "hang" => loop {
                std::hint::spin_loop();
            },
            "emit" => effects.emit("elsewhere", "key", &input),
            "call" => effects.call("answer", "nobody", &input),
            "nothing" => {}
            "twice" => {
                effects.reply(&input);
                effects.reply(&input);
            }
            "large" => effects.reply(&Text::new(long())),
            "panic loudly" => panic!("{}", long().repeat(2)),
            "emit loudly" => effects.emit(&long(), &long(), &input),
            "branch loudly" => {
                let mut fork = effects.fork();
                fork.branch_named(&long(), "odd", &input);
                fork.join("odd", &input);
            }
            ask if ask.starts_with("ask") => {
                effects.call_model("ask", ModelRequest::new("You say what you are asked.", ask, 200));
            }
            "fault" => return Err(Fault::failed("do as the task said")),
            _ => effects.reply(&input),
        }
        Ok(())
    }
}
