//! A team of one agent that does whatever the task says, also what no agent should.

use agents_agent::{Agent, Effects, Event, Fault, What};
use infra_node::Team;
use schemas_records::{Stateless, Text};

/// The team.
pub fn team() -> Team {
    Team::new("odd").agent("odd", Odd)
}

/// Replies with its input, unless that names a way to misbehave.
struct Odd;

impl Agent for Odd {
    type Input = Text;
    type State = Stateless;

    #[allow(clippy::panic, reason = "that a step may panic is what is tested")]
    fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
        let What::Input(input) = event.what else { return Ok(()) };
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
            "large" => effects.reply(&Text::new("x".repeat(1 << 20))),
            "fault" => return Err(Fault::failed("do as the task said")),
            _ => effects.reply(&input),
        }
        Ok(())
    }
}
