//! A team: its agents, the messages they exchange, and where tasks enter.

use std::sync::{Arc, OnceLock};

use agents_agent::{Agent, Typed, register};
use agents_manifest::Loaded;
use agents_work::{Bounds, Logic};
use schemas_codec::{Codec, Registry};
use schemas_records::Message;
use schemas_records::ids::content_hash;
use topics_catalog::Names;

use crate::run::Error;
use crate::supplies::Supplies;

type Register = Arc<dyn Fn(&Registry) -> Result<(), schemas_codec::Error> + Send + Sync>;
type MakeLogic = Arc<dyn Fn(Codec) -> Arc<dyn Logic> + Send + Sync>;

/// Says whether a decoded task may enter, beyond what its schema says; the sentence goes to its producer.
pub type Check = Arc<dyn Fn(&Codec, &[u8]) -> Result<(), String> + Send + Sync>;

/// One agent type of a team.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// The full name of what begins its work.
    pub(crate) takes: String,
    pub(crate) logic: MakeLogic,
}

/// A team of agents. The first agent is where tasks enter.
///
/// ```
/// use agents_agent::{Agent, Effects, Event, Fault, What};
/// use infra_node::Team;
/// use schemas_records::{Stateless, Text};
///
/// struct Echo;
///
/// impl Agent for Echo {
///     type Input = Text;
///     type State = Stateless;
///
///     fn step(&self, event: Event<Text>, _: &mut Stateless, effects: &mut Effects) -> Result<(), Fault> {
///         if let What::Input(text) = event.what {
///             effects.reply(&text);
///         }
///         Ok(())
///     }
/// }
///
/// let team = Team::new("parrots").agent("echo", Echo);
/// assert_eq!(team.agents().collect::<Vec<_>>(), ["echo"]);
/// ```
#[derive(Clone)]
pub struct Team {
    pub(crate) name: String,
    pub(crate) members: Vec<Member>,
    /// The full name of what tasks are.
    pub(crate) entry_message: String,
    pub(crate) messages: Vec<Register>,
    /// What `messages` come to, once it was asked for: parsing a schema takes longer than a node's start else does.
    known: Arc<OnceLock<Registry>>,
    pub(crate) check: Option<Check>,
    pub(crate) bounds: Bounds,
    pub(crate) supplies: Supplies,
}

impl Team {
    /// A team without agents.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            members: Vec::new(),
            entry_message: String::new(),
            messages: Vec::new(),
            known: Arc::default(),
            check: None,
            bounds: Bounds::default(),
            supplies: Supplies::default(),
        }
    }

    /// A team that was loaded from a folder, with its agents, its messages and its reserve. Its other
    /// limits are for [`crate::Settings`]; its tools and knowledge come with [`Team::supplied_by`].
    #[must_use]
    pub fn from_manifest(loaded: &Loaded) -> Self {
        let mut team = Self::new(loaded.name());
        loaded.entry_schema().clone_into(&mut team.entry_message);
        team.bounds.reserve = loaded.limits().reserve.unwrap_or(team.bounds.reserve);
        let messages = loaded.clone();
        team.knows(Arc::new(move |registry| messages.register(registry)));
        for agent in loaded.agents() {
            let (name, takes) = (agent.name.clone(), loaded.takes(agent).to_owned());
            let (loaded, agent) = (loaded.clone(), agent.clone());
            let logic: MakeLogic = Arc::new(move |codec| loaded.logic(&agent, codec));
            team.members.push(Member { name, takes, logic });
        }
        team
    }

    /// Adds an agent type. Tasks enter at the first one, and are of its input's schema.
    #[must_use]
    pub fn agent<A: Agent>(mut self, name: &str, agent: A) -> Self {
        let agent = Arc::new(agent);
        if self.members.is_empty() {
            A::Input::NAME.clone_into(&mut self.entry_message);
        }
        self.knows(Arc::new(register::<A>));
        let logic: MakeLogic = Arc::new(move |codec| Arc::new(Typed::new(Arc::clone(&agent), codec)));
        self.members.push(Member { name: name.to_owned(), takes: A::Input::NAME.to_owned(), logic });
        self
    }

    /// Makes a message known that agents exchange but none takes as its input, for example a reply.
    #[must_use]
    pub fn message<M: Message>(mut self) -> Self {
        self.knows(Arc::new(|registry| registry.register::<M>().map(|_| ())));
        self
    }

    /// Adds to the messages; what was put together of the others is not all any more.
    pub(crate) fn knows(&mut self, register: Register) {
        self.messages.push(register);
        self.known = Arc::default();
    }

    /// Checks each task beyond its schema, once, at intake: a pure function of the decoded message.
    #[must_use]
    pub fn check_task<M: Message>(
        mut self,
        check: impl Fn(&M) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.check = Some(Arc::new(move |codec, bytes| {
            let message = codec.decode::<M>(bytes).map_err(|error| error.to_string())?;
            check(&message)
        }));
        self
    }

    /// Sets the team's bounds in time.
    #[must_use]
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The team's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The agents' names; tasks enter at the first.
    pub fn agents(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }

    /// The names of what it makes in a namespace, once everything is in order that can be said before a door
    /// is opened.
    ///
    /// # Errors
    /// A name that is none, no agents, a permission of nobody's, or a schema that cannot be used.
    pub fn check(&self, namespace: &str) -> Result<Names, Error> {
        let names = Names::new(namespace, &self.name)?;
        for agent in self.agents() {
            if !topics_catalog::is_name(agent) {
                return Err(topics_catalog::Error::Name { what: "agent", name: agent.to_owned() }.into());
            }
        }
        if self.members.is_empty() {
            return Err(Error::Config { message: format!("team {:?} has no agents", self.name) });
        }
        self.supplies.check(&self.agents().map(str::to_owned).collect::<Vec<_>>())?;
        self.codec()?;
        Ok(names)
    }

    /// A hash of what decides how its agents answer: their code's and manifests' versions, prompts and schemas.
    /// Tables and texts that tools and knowledge read are not looked at.
    ///
    /// # Errors
    /// The registry's own.
    pub fn digest(&self) -> Result<String, Error> {
        let codec = self.codec()?;
        let mut parts = vec![self.name.clone(), self.entry_message.clone()];
        for member in &self.members {
            parts.extend([member.name.clone(), (member.logic)(codec.clone()).version()]);
        }
        Ok(content_hash(&parts.iter().map(String::as_bytes).collect::<Vec<_>>()))
    }

    /// A codec that knows every message of the team. Each call's is its own: what one hears of ids, the others do not.
    ///
    /// # Errors
    /// The registry's own: a schema that cannot be parsed, or that breaks an earlier version.
    pub fn codec(&self) -> Result<Codec, schemas_codec::Error> {
        if let Some(known) = self.known.get() {
            return Ok(Codec::new(known.anew()));
        }
        let registry = Registry::new()?;
        for register in &self.messages {
            register(&registry)?;
        }
        Ok(Codec::new(self.known.get_or_init(|| registry).anew()))
    }
}
