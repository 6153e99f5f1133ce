//! TLS to the nodes: whom this process trusts, and who it says it is. The files are read whenever a session is
//! made, so that certificates which were renewed are found after the next trouble at the latest.
//!
//! A node is known by the address that it is reached at: the driver compares the certificate's subject
//! alternative names with that, never with a host's name.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use topics_state::{Error, Remedy};

use crate::settings::Tls;

/// The driver's context.
///
/// # Errors
/// `Stop`: a file that cannot be read or does not hold what it should, by its setting's name.
pub(crate) fn context(tls: &Tls) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca_file", &tls.ca_file)? {
        roots.add(certificate).map_err(|error| unusable("ca_file", &tls.ca_file, error))?;
    }
    // Named, since a process may have two kinds of cryptography built in.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| unusable("ca_file", &tls.ca_file, error))?;
    let config = versions.with_root_certificates(roots);
    let Some((certificate, key)) = &tls.identity else { return Ok(Arc::new(config.with_no_client_auth())) };
    let chain = certificates("cert_file", certificate)?;
    let read = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("key_file", key, error))?;
    let config =
        config.with_client_auth_cert(chain, read).map_err(|error| unusable("key_file", key, error))?;
    Ok(Arc::new(config))
}

fn certificates(setting: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.map_err(|error| unusable(setting, file, error))?;
    if found.is_empty() {
        return Err(unusable(setting, file, "it holds no certificate"));
    }
    Ok(found)
}

fn unusable(setting: &str, file: &Path, cause: impl std::fmt::Display) -> Error {
    let cause = format!("{cause}; name a file in PEM there");
    Error::new(Remedy::Stop, format!("take cql_{setting} from {}", file.display()), cause)
}
