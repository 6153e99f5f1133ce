//! The node's doors that speak HTTP: opened before its roles begin, closed when they have ended.

use std::sync::Arc;

use infra_http::Desk;
use infra_http::admin::Admin;
use infra_http::public::{Public, Tokens};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::desk::{Board, NodeDesk};
use crate::roles::Node;
use crate::run::Error;
use crate::settings::Outside;

/// Doors that are open.
pub(crate) struct Open(JoinSet<()>);

impl Open {
    /// Waits until they are closed: not long, since each has its bound.
    pub async fn closed(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

/// Opens the doors that the settings name.
///
/// # Errors
/// [`Error::Outside`], if one cannot be opened, or must not be.
pub(crate) async fn open(node: &Node, board: &Board, closing: &CancellationToken) -> Result<Open, Error> {
    let Outside { folder, admin_port, http, tokens, token_file, is_open, limits, topics } =
        node.settings.outside.clone();
    let desk: Arc<dyn Desk> = Arc::new(NodeDesk::new(node, topics).with_board(board.clone()));
    let mut open = JoinSet::new();
    if let Some(folder) = folder {
        let admin = Admin::open(&folder, admin_port, Arc::clone(&desk)).await.map_err(Error::Outside)?;
        tracing::info!(address = %admin.address(), "the admin door is open");
        open.spawn(admin.run(closing.clone()));
    }
    if let Some(address) = http {
        // The configuration has only one of both.
        let tokens = match token_file {
            Some(file) => Tokens::read(&file).map_err(Error::Outside)?,
            None => tokens,
        };
        let public = Public::open(address, tokens, is_open, limits, desk).await.map_err(Error::Outside)?;
        tracing::info!(address = %public.address(), "the http door is open");
        open.spawn(public.run(closing.clone()));
    }
    Ok(Open(open))
}
