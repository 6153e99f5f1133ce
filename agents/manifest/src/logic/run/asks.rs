//! Asking the model: the prompt of each round, and what becomes of its answer.

use agents_work::Fault;
use agents_work::event::Answer;
use bytes::Bytes;
use schemas_records::failure::TEXT_BYTES_MAX;
use schemas_records::model::{Finish, ModelAnswer, ModelRequest, PromptMessage, Role};
use schemas_records::{FailureCode, Text};

use super::super::answer;
use super::super::message::{Values, frame, wrong};
use super::Run;
use crate::bounds::ECHO_BYTES_MAX;
use crate::manifest::{Ask, Step};

/// An answer that could not be used, and why.
pub(super) struct Unusable {
    text: String,
    why: String,
}

impl Run<'_> {
    /// Asks the model; after an unusable answer with that answer and what was wrong with it.
    pub(super) fn ask(&mut self, step: &Step, ask: &Ask, unusable: Option<&Unusable>) -> Result<(), Fault> {
        let values = Values::of(self.logic, step, self.task, &self.state)?;
        let mut messages = Vec::new();
        let mut say = |role, content: String| messages.push(PromptMessage { role, content });
        let system = self.render(step, &ask.system, &values)?;
        if !system.trim().is_empty() {
            say(Role::System, system.trim_end().to_owned());
        }
        let mut prompt = self.render(step, &ask.text, &values)?.trim_end().to_owned();
        if ask.answer.is_some() {
            let schema = self.logic.codec.registry().newest(&ask.answer_schema);
            let schema = schema.map_err(|error| self.fault(step, error))?;
            let form = answer::form(&schema);
            prompt += "\n\nAnswer with one JSON object of this form, and nothing else:\n";
            prompt += &form;
        }
        say(Role::User, prompt);
        if let Some(Unusable { text, why }) = unusable {
            say(Role::Assistant, cut(text, ECHO_BYTES_MAX));
            say(
                Role::User,
                format!(
                    "Your answer could not be used: {why}. Answer again with the JSON object, and nothing else."
                ),
            );
        }
        self.state.asked = self.state.asked.saturating_add(1);
        let request = ModelRequest {
            model: String::new(),
            messages,
            temperature: ask.temperature,
            max_tokens: ask.max_tokens,
            shared: false,
        };
        self.effects.call_model(&step.label, request);
        Ok(())
    }

    /// Asks again within the bound, then fails.
    pub(super) fn ask_again(&mut self, step: &Step, ask: &Ask, unusable: &Unusable) -> Result<(), Fault> {
        if self.state.asked < ask.rounds {
            return self.ask(step, ask, Some(unusable));
        }
        let wanted = ask.answer.as_ref().map_or("text", |answer| answer.value.as_str());
        let times = self.state.asked;
        let message = format!("the model gave no {wanted} in {times} rounds: {}", unusable.why);
        Err(self.logic.fault(step, FailureCode::ModelFailed, message))
    }

    /// The model's answer, framed, or why it cannot be used. A call that failed fails the work.
    pub(super) fn read_answer(
        &self,
        step: &Step,
        ask: &Ask,
        answer: &Answer,
    ) -> Result<Result<Bytes, Unusable>, Fault> {
        let codec = &self.logic.codec;
        let ModelAnswer { text, finish, .. } = answer.model()?;
        if ask.answer.is_none() {
            let framed = codec.encode(&Text::new(text));
            return framed.map(Ok).map_err(|error| self.fault(step, error));
        }
        let framed = answer::object(&text)
            .and_then(|json| frame(codec, &ask.answer_schema, json).map_err(|error| wrong(&error)));
        Ok(framed.map_err(|mut why| {
            if finish == Finish::Length {
                why = format!("it was cut at {} tokens, {why}", ask.max_tokens);
            }
            // A failure must hold it too, beside other words.
            Unusable { text, why: cut(&why, TEXT_BYTES_MAX / 2) }
        }))
    }
}

/// A text of at most so many bytes.
fn cut(text: &str, bytes_max: usize) -> String {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
