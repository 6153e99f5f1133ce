//! Tools: the seam behind which one stands, the gateway where all calls meet, and a first tool that reads
//! databases by SQL.
//!
//! [`tool`] is what users implement; [`toolbox`] says which tools there are and who may use which;
//! [`gateway`] does what agents ask for. This room does not know why anybody asks.

pub mod gateway;
pub mod names;
pub mod sql;
pub mod tool;
pub mod toolbox;

pub use gateway::{Parts, Settings, ToolGateway};
pub use sql::{Database, SqlTool};
pub use tool::{Bounds, Declaration, Effects, Error, Schema, Tool};
pub use toolbox::{Problem, Toolbox};
