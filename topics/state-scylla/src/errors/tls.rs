//! What went wrong before CQL was spoken: certificates, and one side with TLS where the other has none.

use std::io;

use rustls::{AlertDescription, CertificateError};
use scylla::errors::{
    BrokenConnectionError, BrokenConnectionErrorKind, ConnectionError, ConnectionSetupRequestErrorKind,
    FrameHeaderParseError,
};
use topics_state::Remedy;

use super::Verdict;

const UNTRUSTED: Verdict = (
    Remedy::Stop,
    Some(
        "who signed the node's certificate is not trusted here: name that authority's certificate in cql_ca_file",
    ),
);
const OTHER_ADDRESS: Verdict = (
    Remedy::Stop,
    Some(
        "the node's certificate is not for the address that it was reached at: put that address among its subject \
         alternative names",
    ),
);
const UNFIT: Verdict =
    (Remedy::Stop, Some("the node's certificate cannot be used: give the node another one"));
const NOT_TAKEN: Verdict = (
    Remedy::Stop,
    Some(
        "the node wants a certificate that it trusts: name it in cql_cert_file, and its key in cql_key_file",
    ),
);
/// The other side ends the conversation before it has said a word of CQL. It may pass: a proxy may not have found its
/// node yet, and a node may be starting. A node that does not take a certificate says so in an alert, which a
/// connection that it closes at once may lose: then this is all that is known.
const OTHER_TONGUE: Verdict = (
    Remedy::Retry,
    Some(
        "does a CQL server listen at this port, does it speak TLS exactly if cql_ca_file is set, and if it wants a \
         certificate, does it trust the one in cql_cert_file?",
    ),
);

/// What a connection's trouble has to do with TLS, if anything.
pub(super) fn of_connection(error: &ConnectionError) -> Option<Verdict> {
    match error {
        ConnectionError::IoError(error) => of_io(error),
        ConnectionError::ConnectionSetupRequestError(setup) => match setup.get_error() {
            ConnectionSetupRequestErrorKind::BrokenConnection(broken) => of_broken(broken),
            _ => None,
        },
        _ => None,
    }
}

/// A connection that broke while it was being set up. Which of its ends noticed first is chance.
fn of_broken(error: &BrokenConnectionError) -> Option<Verdict> {
    let io = match error.downcast_ref() {
        // It hangs, which has other reasons.
        Some(
            BrokenConnectionErrorKind::KeepaliveTimeout(_)
            | BrokenConnectionErrorKind::KeepaliveRequestError(_),
        ) => return None,
        Some(
            BrokenConnectionErrorKind::WriteError(error)
            | BrokenConnectionErrorKind::FrameHeaderParseError(
                FrameHeaderParseError::HeaderIoError(error)
                | FrameHeaderParseError::BodyChunkIoError(_, error),
            ),
        ) => Some(error),
        // Or what came was no frame: an alert of TLS begins with 21.
        _ => None,
    };
    Some(io.and_then(of_io).unwrap_or(OTHER_TONGUE))
}

fn of_io(error: &io::Error) -> Option<Verdict> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => UNTRUSTED,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => OTHER_ADDRESS,
        rustls::Error::InvalidCertificate(_) => UNFIT,
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            // TLS 1.2 has no word of its own for a certificate that is missing.
            | AlertDescription::HandshakeFailure,
        ) => NOT_TAKEN,
        _ => OTHER_TONGUE,
    })
}
