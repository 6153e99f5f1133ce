//! One instance over its lives: started, run, killed or asked to leave, started again under the same name
//! or another. What an orchestrator would do, and nothing that the node itself does.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use topics_runtime::Remedy;

use super::chance::Chance;
use super::deaths::{Life, Of};
use super::world::World;

/// Longest a node that was asked to leave may take: its gateways drain for ten seconds, and a store or log
/// in a storm takes some more.
const LEAVE_MAX: Duration = Duration::from_secs(60);

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Died,
    Left,
    /// Another process took its name.
    Usurped,
}

/// An instance, until the world is told to end.
pub struct Instance {
    /// Where it lives.
    pub world: Arc<World>,
    /// Which of the instances it is.
    pub slot: usize,
    /// Under which name it starts.
    pub name: String,
    /// When.
    pub after: Duration,
    /// Draws for it.
    pub chance: Chance,
}

impl Instance {
    /// Lives, again and again, until all is over.
    pub async fn run(mut self) {
        self.pause(self.after).await;
        while !self.world.over.is_cancelled() {
            self.pause(self.world.night_left()).await;
            let (number, life) = self.world.begin_life(self.name.clone(), self.slot);
            self.world.trace.say("start", || self.name.clone());
            let ending = self.live(&life).await;
            self.world.end_life(number);
            self.world.trace.say("end", || format!("{} {ending:?}", self.name));
            // If another goes on under this name, it is that one's now.
            if ending == Ending::Usurped && self.world.lives().iter().any(|life| life.name == self.name) {
                return;
            }
            self.come_back().await;
        }
    }

    /// The pause of an orchestrator, short or beyond a session, and the name it gives.
    async fn come_back(&mut self) {
        let pause = if self.chance.happens(700) { (0, 2_000) } else { (2_000, 15_000) };
        let pause = self.chance.millis(pause.0, pause.1);
        self.pause(pause).await;
        if self.chance.happens(300) {
            self.name = format!("node-{}-{}", self.slot, self.chance.below(100_000));
            self.world.trace.count("restart under a new name");
        } else {
            self.world.trace.count("restart under the same name");
        }
    }

    /// Waits, unless all is over.
    async fn pause(&self, time: Duration) {
        tokio::select! {
            biased;
            () = self.world.over.cancelled() => {}
            () = tokio::time::sleep(time) => {} // virtual clock
        }
    }

    async fn live(&self, life: &Arc<Life>) -> Ending {
        let mut roles = JoinSet::new();
        if let Err(ending) = self.start(life, &mut roles).await {
            return ending;
        }
        let (mut ending, mut until) = (Ending::Left, None);
        loop {
            let limit = until.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
            tokio::select! {
                biased;
                () = life.death.cancelled() => {
                    ending = Ending::Died;
                    break;
                }
                () = life.leave.cancelled(), if until.is_none() => until = Some(Instant::now() + LEAVE_MAX),
                ended = roles.join_next() => {
                    let Some(ended) = ended else { break };
                    if let Some(end) = self.judge(life, ended) {
                        ending = end;
                    }
                    life.leave.cancel();
                }
                () = tokio::time::sleep_until(limit), if until.is_some() => { // virtual clock
                    self.world.wrong(format!("{} did not leave within {LEAVE_MAX:?}", life.name));
                    break;
                }
            }
        }
        roles.shutdown().await;
        ending
    }

    /// Starts every role, or ends the life that could not begin.
    async fn start(
        &self,
        life: &Arc<Life>,
        running: &mut JoinSet<(String, Result<(), topics_runtime::Error>)>,
    ) -> Result<(), Ending> {
        let node = self.world.node(life).map_err(|error| {
            self.world.wrong(error);
            Ending::Died
        })?;
        let roles = tokio::select! {
            biased;
            () = life.death.cancelled() => return Err(Ending::Died),
            () = life.leave.cancelled() => return Err(Ending::Left),
            roles = node.roles(&life.leave) => roles,
        };
        let roles = roles.map_err(|error| {
            self.world.trace.say("could not start", || format!("{}: {error}", life.name));
            Ending::Died
        })?;
        for role in roles {
            let run = async move { (role.name, role.run.await) };
            running.spawn(Of { life: Arc::clone(life), future: Box::pin(run) });
        }
        Ok(())
    }

    /// What the end of a role says of the life. A role ends when it is asked to, when another has its
    /// name, or when it could not begin; passing trouble must not end it.
    fn judge(
        &self,
        life: &Life,
        ended: Result<(String, Result<(), topics_runtime::Error>), tokio::task::JoinError>,
    ) -> Option<Ending> {
        let (role, result) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                self.world.wrong(format!("a role of {} panicked: {error}", life.name));
                return None;
            }
        };
        let is_asked = life.leave.is_cancelled();
        match result {
            Ok(()) if is_asked => self.world.trace.whisper(|| format!("{} {role} left", life.name)),
            Ok(()) => self.world.wrong(format!("{role} of {} ended by itself", life.name)),
            Err(error) if error.remedy == Remedy::Fenced => {
                self.world.trace.say("fenced", || format!("{} {role}: {error}", life.name));
                return Some(Ending::Usurped);
            }
            Err(error) if error.remedy != Remedy::Stop && (!life.has_begun(&role) || is_start(&error)) => {
                self.world.trace.say("could not start", || format!("{} {role}: {error}", life.name));
            }
            Err(error) => {
                let remedy = error.remedy;
                self.world.wrong(format!("{role} of {} gave up: {error} ({remedy:?})", life.name));
            }
        }
        None
    }
}

/// Whether a loop of a role ended as it began: a role that reads two generations of an inbox has two, of which the
/// other may have begun.
fn is_start(error: &topics_runtime::Error) -> bool {
    ["join as", "read the store's id"].iter().any(|what| error.attempted.starts_with(what))
}
