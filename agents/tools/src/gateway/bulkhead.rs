//! Bulkheads: each tool has so many places and no more, and a tool that is slow fills only its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::names;
use crate::tool::Declaration;
use crate::toolbox::Toolbox;

/// The places of every tool. First come, first served; the loop has sorted by urgency before.
pub(super) struct Bulkheads {
    places: BTreeMap<String, Arc<Semaphore>>,
}

impl Bulkheads {
    /// As many places as each tool declares.
    pub(super) fn of(toolbox: &Toolbox) -> Self {
        let declared = toolbox.tools().map(|tool| tool.declaration());
        let places = declared
            .map(|tool| (tool.name.clone(), Arc::new(Semaphore::new(tool.bounds.in_flight))))
            .collect();
        Self { places }
    }

    /// Waits for a place; it is free again when what is returned is dropped.
    pub(super) async fn enter(&self, tool: &Declaration) -> Option<SemaphorePermit<'_>> {
        let begin = Instant::now();
        let places = self.places.get(&tool.name)?;
        // Nobody closes it, and a tool without places is no tool of this toolbox.
        let place = places.acquire().await.ok();
        metrics::histogram!(names::WAIT_SECONDS, "tool" => tool.name.clone())
            .record(begin.elapsed().as_secs_f64());
        place
    }
}
