//! The gateways of a node, each over its doors and in its loop: models, tools, knowledge, timers.

use std::sync::Arc;

use agents_knowledge::{KnowledgeGateway, Library};
use agents_model::ModelGateway;
use agents_tools::{ToolGateway, Toolbox};
use tokio_util::sync::CancellationToken;
use topics_catalog::{Directory, Kind};
use topics_runtime::gateway;

use crate::roles::{Node, Role, VERSION};

/// The role that keeps time.
pub(crate) const TIMERS: &str = "timers";
/// The role that calls models.
pub(crate) const MODEL: &str = "model-gateway";
/// The role that calls tools.
pub(crate) const TOOLS: &str = "tool-gateway";
/// The role that finds passages.
pub(crate) const KNOWLEDGE: &str = "knowledge-gateway";

impl Node {
    /// The gateways that only some teams have: their role, how agents call them, their requests.
    pub(crate) fn supplying(&self) -> Vec<(&'static str, &'static str, Kind)> {
        let supplies = &self.team.supplies;
        let all = [
            (supplies.has_tools(), (TOOLS, "tools", Kind::ToolRequests)),
            (supplies.has_knowledge(), (KNOWLEDGE, "knowledge", Kind::KnowledgeRequests)),
        ];
        all.into_iter().filter(|(has, _)| *has).map(|(_, gateway)| gateway).collect()
    }

    /// The gateways and the tools of others that this team's agents may wait on: as people call them, and
    /// their requests' topic.
    #[must_use]
    pub fn gateways_called(&self) -> Vec<(String, String)> {
        let others = self.supplying().into_iter().map(|(_, name, kind)| (name, kind));
        let all = [("model", Kind::ModelRequests)].into_iter().chain(others);
        let gateways = all.map(|(name, kind)| (name.to_owned(), self.names.topic(kind)));
        let external = self.team.external_tools().map(|tool| (tool.to_owned(), self.names.external(tool)));
        gateways.chain(external).collect()
    }

    pub(crate) fn model(&self, note: &str, shutdown: &CancellationToken) -> Role {
        let parts = agents_model::Parts {
            store: Arc::clone(&self.doors.keyed),
            model: Arc::clone(&self.doors.model),
            codec: self.codec.clone(),
        };
        let model = ModelGateway::new(parts, agents_model::Settings::new(self.names.namespace()));
        let group = self.names.gateway_group(MODEL);
        let mut settings = self.gateway(MODEL, group, Kind::ModelRequests, note);
        settings.in_flight_max = self.settings.calls_in_flight_max;
        self.serve(Arc::new(model), settings, shutdown)
    }

    pub(crate) fn tools(&self, toolbox: &Toolbox, note: &str, shutdown: &CancellationToken) -> Role {
        let parts = agents_tools::Parts {
            store: Arc::clone(&self.doors.keyed),
            toolbox: toolbox.clone(),
            codec: self.codec.clone(),
        };
        let tools = ToolGateway::new(parts, agents_tools::Settings::new(self.names.namespace()));
        let mut settings = self.gateway(TOOLS, self.names.group(TOOLS), Kind::ToolRequests, note);
        settings.in_flight_max = agents_tools::gateway::PLACES;
        self.serve(Arc::new(tools), settings, shutdown)
    }

    pub(crate) fn knowledge(&self, library: &Library, note: &str, shutdown: &CancellationToken) -> Role {
        let parts = agents_knowledge::Parts { library: library.clone(), codec: self.codec.clone() };
        let knowledge = KnowledgeGateway::new(parts, agents_knowledge::Settings::default());
        let group = self.names.group(KNOWLEDGE);
        let settings = self.gateway(KNOWLEDGE, group, Kind::KnowledgeRequests, note);
        self.serve(Arc::new(knowledge), settings, shutdown)
    }

    /// What the loop of a gateway is told.
    fn gateway(&self, name: &str, group: String, requests: Kind, note: &str) -> gateway::Settings {
        let (requests, dead_letters) = (self.names.topic(requests), self.names.topic(Kind::DeadLetters));
        gateway::Settings::new(name, self.group(group), requests, dead_letters, note.to_owned())
    }

    /// A gateway in its loop.
    fn serve(
        &self,
        gateway: Arc<dyn gateway::Gateway>,
        settings: gateway::Settings,
        shutdown: &CancellationToken,
    ) -> Role {
        let parts = gateway::Parts {
            log: Arc::clone(&self.doors.log),
            gateway,
            codec: self.codec.clone(),
            probe: Arc::clone(&self.doors.probe),
        };
        let name = settings.name.clone();
        let run = Box::pin(gateway::run(parts, settings, shutdown.clone()));
        Role { name, run, watchdogs: Vec::new() }
    }

    pub(crate) fn timers(&self, directory: &Directory, note: &str, shutdown: &CancellationToken) -> Role {
        let mut settings = agents_timers::Settings::new(
            self.group(self.names.gateway_group(TIMERS)),
            self.names.topic(Kind::Timers),
            self.names.topic(Kind::DeadLetters),
            note.to_owned(),
        );
        settings.agent_version = VERSION.to_owned();
        let parts = agents_timers::Parts {
            log: Arc::clone(&self.doors.log),
            store: Arc::clone(&self.doors.keyed),
            directory: directory.clone(),
            codec: self.codec.clone(),
            probe: Arc::clone(&self.doors.probe),
        };
        let run = Box::pin(agents_timers::run(parts, settings, shutdown.clone()));
        Role { name: TIMERS.to_owned(), run, watchdogs: Vec::new() }
    }
}
