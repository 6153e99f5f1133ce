//! The README's first screen: an agent in some fifteen lines, its command line, and its test.

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

fn main() -> std::process::ExitCode {
    tributary::node().agent("haiku", Haiku).main()
}

#[test]
fn asks_and_replies() -> Result<(), String> {
    let mut haiku = tributary::Driver::new("haiku", Haiku)?; // real protocol, no broker
    let said = haiku.input(&Text::new("a log"))?;
    assert_eq!(said.model_requests()[0].messages[1].content, "a log");
    let said = haiku.answer("haiku", &tributary::ModelAnswer::of_text("old records sleep"))?;
    assert_eq!(said.reply::<Text>(), Some(Text::new("old records sleep")));
    Ok(())
}
