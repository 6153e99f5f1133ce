//! Models: the seam behind which one stands, a scripted one, and the gateway where all calls meet.
//!
//! [`model`] is the seam; `agents-model-http` implements it over HTTP, [`scripted`] without one.
//! [`gateway`] does what agents ask for: each call is answered once, and paid for once but for crashes.
//! This room does not know why anybody asks, nor how a provider is spoken to.

pub mod gateway;
pub mod model;
pub mod names;
pub mod scripted;

pub use gateway::{ModelGateway, Parts, Settings};
pub use model::{Completion, Model, Usage};
pub use scripted::{Script, Scripted};
