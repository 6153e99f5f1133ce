//! TLS around a connection, with the certificate that lies beside this crate.

use std::net::TcpStream;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a listener needs.
pub(crate) fn config() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../certificates/server.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../certificates/server.key.pem"));
    // Named, since other crates may bring another one into the same process.
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.expect("a certificate")], key.expect("a key"));
    Arc::new(config.expect("a certificate that fits its key"))
}

/// Speaks TLS on a connection for as long as `work` takes, and says that it ends.
pub(crate) fn wrap(
    config: Arc<ServerConfig>,
    stream: TcpStream,
    work: impl FnOnce(&mut StreamOwned<ServerConnection, TcpStream>),
) {
    let connection = ServerConnection::new(config).expect("a connection");
    let mut stream = StreamOwned::new(connection, stream);
    work(&mut stream);
    stream.conn.send_close_notify();
    // Whoever has heard enough may have gone.
    drop(stream.conn.complete_io(&mut stream.sock));
}
