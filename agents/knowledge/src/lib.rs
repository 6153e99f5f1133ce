//! Knowledge: folders of texts, found again by words.
//!
//! In reading order: [`document`] splits a text into passages, [`base`] is a folder of them with an index,
//! [`library`] says which bases there are and who may read which, [`gateway`] answers agents. What a passage
//! says is data, whoever wrote it: nothing here reads it as anything but words to be found. This room does
//! not know why anybody asks, nor what they do with what they are given.

pub mod base;
pub mod document;
pub mod gateway;
pub mod library;
pub mod names;

mod index;

pub use base::{Base, LoadError, QueryError};
pub use gateway::{KnowledgeGateway, Parts, Settings};
pub use library::{Library, Problem};
