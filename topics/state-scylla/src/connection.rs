//! A session with the cluster: how it balances, retries and gives up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::{DefaultPolicy, LoadBalancingPolicy};
use scylla::policies::retry::{DefaultRetryPolicy, FallthroughRetryPolicy};
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::statement::{Consistency, SerialConsistency};
use topics_state::{Error, Remedy};

use crate::errors;
use crate::patience::Patience;
use crate::settings::Settings;
use crate::tls;

/// How long an idempotent statement waits for an answer before another node is asked too, and how often.
/// Measured with one of three nodes hung: no error this way, 40 to 100% of all for eight seconds without.
const SPECULATE_AFTER: Duration = Duration::from_millis(100);
const SPECULATIONS_MAX: usize = 2;

/// How often an idle connection is tried, and how long it may take to answer: a hung node is left within
/// their sum.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(3);

/// For statements that may be made again, whoever else writes.
pub(crate) fn plain(settings: &Settings) -> ExecutionProfile {
    let speculative = SimpleSpeculativeExecutionPolicy {
        max_retry_count: SPECULATIONS_MAX,
        retry_interval: SPECULATE_AFTER,
    };
    ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .request_timeout(Some(settings.request_timeout))
        .load_balancing_policy(balancing(settings))
        .retry_policy(Arc::new(DefaultRetryPolicy::new()))
        .speculative_execution_policy(Some(Arc::new(speculative)))
        .build()
}

/// For conditional writes: made once, their outcome is read back if it is unknown. Serial over all
/// datacenters, so that there is one order of owners.
pub(crate) fn conditional(settings: &Settings) -> ExecutionProfile {
    ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .serial_consistency(Some(SerialConsistency::Serial))
        .request_timeout(Some(settings.request_timeout))
        .load_balancing_policy(balancing(settings))
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
        .build()
}

/// A replica of the key first, and where servers have shards the shard that holds it; never another
/// datacenter, whose quorum would be another one.
fn balancing(settings: &Settings) -> Arc<dyn LoadBalancingPolicy> {
    let policy = DefaultPolicy::builder().token_aware(true).permit_dc_failover(false);
    match &settings.datacenter {
        Some(datacenter) => policy.prefer_datacenter(datacenter.clone()).build(),
        None => policy.build(),
    }
}

/// A session, tried for as long as the settings wait for a first answer.
pub(crate) async fn session(settings: &Settings) -> Result<Session, Error> {
    settings.check()?;
    let attempted = format!("reach the CQL cluster at {}", settings.nodes.join(", "));
    let mut patience = Patience::of(settings.connect_timeout);
    loop {
        let built = tokio::time::timeout(settings.connect_timeout, builder(settings)?.build()).await;
        let error = match built {
            Ok(Ok(session)) => return one_datacenter(session, settings),
            Ok(Err(error)) => errors::of_session(&attempted, &error),
            Err(_) => {
                let cause = format!(
                    "no answer within {:?}; does a CQL server run there, and not hang?",
                    settings.connect_timeout
                );
                Error::new(Remedy::Retry, &attempted, cause)
            }
        };
        patience.again(error).await?;
    }
}

fn builder(settings: &Settings) -> Result<SessionBuilder, Error> {
    let mut builder = SessionBuilder::new()
        .known_nodes(settings.nodes.iter().map(|node| node.trim()))
        .default_execution_profile_handle(plain(settings).into_handle())
        .connection_timeout(settings.request_timeout)
        .keepalive_interval(KEEPALIVE_INTERVAL)
        .keepalive_timeout(KEEPALIVE_TIMEOUT)
        .metadata_request_clientside_timeout(settings.request_timeout)
        .metadata_request_serverside_timeout(settings.request_timeout / 2);
    if let Some(credentials) = &settings.credentials {
        builder = builder.user(&credentials.user, &credentials.password);
    }
    if let Some(tls) = &settings.tls {
        builder = builder.tls_context(Some(tls::context(tls)?));
    }
    Ok(builder)
}

/// Quorums are local to a datacenter: where there are several, somebody has to say which.
fn one_datacenter(session: Session, settings: &Settings) -> Result<Session, Error> {
    let state = session.get_cluster_state();
    let known: BTreeSet<&str> =
        state.get_nodes_info().iter().filter_map(|node| node.datacenter.as_deref()).collect();
    let cause = match &settings.datacenter {
        None if known.len() > 1 => format!(
            "it has several datacenters ({known:?}): set `datacenter` to one of them, the same one in every process"
        ),
        Some(named) if !known.contains(named.as_str()) => {
            format!("it has no datacenter {named}, only {known:?}: set `datacenter` to one of them")
        }
        _ => {
            drop(state);
            return Ok(session);
        }
    };
    Err(Error::new(Remedy::Stop, format!("use the CQL cluster at {}", settings.nodes.join(", ")), cause))
}
