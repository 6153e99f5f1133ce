//! A seat: one call that was let in, from its asker's side. Whoever drops it has left.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::sleep_until;

use super::Simulator;
use crate::engine::Admitted;
use crate::engine::plan::Plan;

/// The seat.
#[derive(Debug)]
pub(crate) struct Seat {
    simulator: Simulator,
    /// What was admitted.
    pub(crate) admitted: Admitted,
    plan: oneshot::Receiver<Plan>,
}

impl Seat {
    pub(super) fn new(simulator: Simulator, admitted: Admitted, plan: oneshot::Receiver<Plan>) -> Self {
        Self { simulator, admitted, plan }
    }

    /// Waits for a slot.
    pub(crate) async fn started(&mut self) -> Plan {
        match (&mut self.plan).await {
            Ok(plan) => plan,
            // Only a seat that is dropped takes its ticket out of those who wait.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits for a simulated moment, and sees to it that all that ends until then has ended.
    pub(crate) async fn until(&self, at: Duration) {
        sleep_until(self.simulator.clock().instant(at)).await; // paces load
        self.simulator.advance(at);
    }

    /// Lets time pass up to now.
    pub(crate) fn pass(&self) {
        self.simulator.advance(Duration::ZERO);
    }

    /// Now, in simulated time.
    pub(crate) fn now(&self) -> Duration {
        self.simulator.now()
    }

    /// The provider.
    pub(crate) fn simulator(&self) -> &Simulator {
        &self.simulator
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.simulator.leave(self.admitted.ticket);
    }
}
