//! Chat completions of the simulated provider: an answer token by token as its plan has it, or whole at its
//! end, and what a fault makes of either.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use schemas_records::model::Finish;

use super::seat::Seat;
use super::{Simulator, headers};
use crate::answers::{End, Piece, ending, garbage, halves, keep_alive, plain, response};
use crate::chat::ChatRequest;
use crate::engine::plan::Plan;
use crate::engine::{Admitted, Ask, lengths, tokens, words};
use crate::script::Fault;
use crate::wording::{Said, Wording};

/// Tokens that come faster than one in this real time are sent together: it is what timers can do, and no
/// reader would tell.
const BEAT: Duration = Duration::from_millis(5);

/// Answers a request; `fault` is what a script has for it. `paid` is told if it was let in.
pub(crate) async fn complete(
    simulator: &Simulator,
    account: &str,
    request: &ChatRequest,
    fault: Option<Fault>,
    paid: impl FnOnce(),
) -> Response {
    let clock = simulator.clock();
    let prompt = request.prompt_hash();
    let Some(output_max) = request.max_tokens.map(u64::try_from).transpose().ok() else {
        return headers::error(400, "invalid_request", "max_tokens is negative");
    };
    let tokens = tokens::names(&request.messages);
    let ask = Ask { output_max, fault, ..ask_of(account, request, &prompt, &tokens) };
    let (shown, entered) = simulator.enter(&ask);
    let seat = match entered {
        Ok(seat) => seat,
        Err(refusal) => {
            tokio::time::sleep(clock.real(refusal.takes)).await; // paces load
            return headers::refusal(&refusal, clock, &shown);
        }
    };
    paid();
    let fault = seat.admitted.fault.clone();
    let mut response = answer(seat, request, &prompt).await;
    headers::limits(response.headers_mut(), clock, &shown, fault.as_ref());
    response
}

/// What a request asks for, but for its bound and its fault.
pub(super) fn ask_of<'a>(
    account: &'a str,
    request: &'a ChatRequest,
    prompt: &'a str,
    tokens: &'a [u64],
) -> Ask<'a> {
    let texts = request.messages.iter().map(|message| message.content.as_str());
    let output = lengths::asked(texts);
    let model = &request.model;
    Ask { account, model, prompt, tokens, output, is_cached: true, output_max: None, fault: None }
}

async fn answer(mut seat: Seat, request: &ChatRequest, prompt: &str) -> Response {
    let fault = seat.admitted.fault.clone();
    match &fault {
        Some(Fault::Hang) => {
            let plan = seat.started().await;
            seat.until(plan.end()).await;
            std::future::pending().await
        }
        // Each comment lets time pass, so that its slot is free once its answer would have been made.
        Some(Fault::KeepAlive) => keep_alive(move || seat.pass()),
        Some(Fault::Garbage) => {
            let plan = seat.started().await;
            seat.until(plan.end()).await;
            garbage()
        }
        Some(Fault::Unstreamed) => whole(seat, request, prompt).await,
        _ if request.stream => streamed(seat, request.clone(), prompt.to_owned()),
        _ => whole(seat, request, prompt).await,
    }
}

async fn whole(mut seat: Seat, request: &ChatRequest, prompt: &str) -> Response {
    let plan = seat.started().await;
    seat.until(plan.end() + late(&seat.admitted)).await;
    plain(&wording(&seat, request, prompt, &plan))
}

/// What is still to be sent of a stream, and how its body ends.
struct Stream {
    seat: Seat,
    plan: Plan,
    wording: Wording,
    /// Pieces that were sent.
    sent: usize,
    /// Pieces that will be.
    pieces: usize,
    rest: VecDeque<String>,
    end: End,
    ended: bool,
}

fn streamed(seat: Seat, request: ChatRequest, prompt: String) -> Response {
    let begin = async move {
        let mut seat = seat;
        let plan = seat.started().await;
        seat.until(plan.token_at(0) + late(&seat.admitted)).await;
        let stream = Stream::new(seat, plan, &request, &prompt);
        let first = Piece::Ok(Bytes::from(stream.wording.begin()));
        (first, stream)
    };
    let begin = Box::pin(begin);
    let body = stream::unfold(Step::Begin(begin), |step| async move {
        match step {
            Step::Begin(begin) => {
                let (first, stream) = begin.await;
                Some((first, Step::Go(Box::new(stream))))
            }
            Step::Go(mut stream) => stream.next().await.map(|piece| (piece, Step::Go(stream))),
        }
    });
    response("text/event-stream", Body::from_stream(body))
}

/// Where a stream is.
enum Step<F> {
    /// It waits for its slot and its first token.
    Begin(F),
    /// It writes.
    Go(Box<Stream>),
}

impl Stream {
    fn new(seat: Seat, plan: Plan, request: &ChatRequest, prompt: &str) -> Self {
        let wording = wording(&seat, request, prompt, &plan);
        let end = halves(wording.fault.as_ref());
        let all = wording.said.pieces.len();
        let pieces = if end.is_some() { all.div_ceil(2) } else { all };
        let rest = if end.is_some() { VecDeque::new() } else { wording.end().into() };
        Self { seat, plan, wording, sent: 0, pieces, rest, end: end.unwrap_or(End::Whole), ended: false }
    }

    /// The next piece of the body, when it is due.
    async fn next(&mut self) -> Option<Piece> {
        if self.sent < self.pieces {
            let beat = self.seat.simulator().clock().simulated(BEAT);
            let begun = self.seat.now();
            let due = self.plan.token_at(self.tokens_of(self.sent + 1)) + late(&self.seat.admitted);
            let last = self.plan.end() + late(&self.seat.admitted);
            self.seat.until(due.max(last.min(begun + beat))).await;
            let now = self.seat.now().saturating_sub(late(&self.seat.admitted));
            let from = self.sent;
            self.sent += 1;
            while self.sent < self.pieces && self.plan.token_at(self.tokens_of(self.sent + 1)) <= now {
                self.sent += 1;
            }
            let words = self.wording.said.pieces[from..self.sent].concat();
            return Some(Piece::Ok(Bytes::from(self.wording.words(&words))));
        }
        if !self.ended {
            self.ended = true;
            self.seat.until(self.plan.end() + late(&self.seat.admitted)).await;
        }
        match self.rest.pop_front() {
            Some(event) => Some(Piece::Ok(Bytes::from(event))),
            None => ending(std::mem::replace(&mut self.end, End::Whole)).await,
        }
    }

    /// Tokens that must be made before so many pieces can be sent: as many, unless a fault changed the words.
    fn tokens_of(&self, pieces: usize) -> u64 {
        let (pieces, of) = (pieces as u128, self.wording.said.pieces.len().max(1) as u128);
        let tokens = (pieces * u128::from(self.plan.whole.output_tokens)).div_ceil(of);
        u64::try_from(tokens).unwrap_or(u64::MAX).min(self.plan.made)
    }
}

fn wording(seat: &Seat, request: &ChatRequest, prompt: &str, plan: &Plan) -> Wording {
    let admitted = &seat.admitted;
    let seed = seat.simulator().0.seed;
    let said = Said {
        id: format!("chatcmpl-{seed:x}-{}", admitted.ticket),
        pieces: words::answer(seed, &request.model, prompt, admitted.output_tokens),
        finish: if admitted.is_cut { Finish::Length } else { Finish::Stop },
        input_tokens: plan.whole.input_tokens,
        cached_tokens: Some(plan.whole.cached_tokens),
        output_tokens: admitted.output_tokens,
    };
    Wording::new(request, admitted.fault.as_ref(), said)
}

/// How much later than made an answer is sent; simulated.
fn late(admitted: &Admitted) -> Duration {
    match admitted.fault {
        Some(Fault::Late { ms }) => Duration::from_millis(ms),
        _ => Duration::ZERO,
    }
}
