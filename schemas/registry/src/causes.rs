//! Why a request did not get through, out of the errors that stand behind reqwest's own.

use std::error::Error as _;

/// An error of reqwest with its causes, which say what happened; without the URL.
pub(crate) fn causes(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}

/// What is wrong with the other side's certificate, if that is what went wrong.
pub(crate) fn certificate(error: &reqwest::Error) -> Option<String> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(wrong @ rustls::Error::InvalidCertificate(_)) = of_tls(inner) {
            return Some(wrong.to_string());
        }
        cause = inner.source();
    }
    None
}

/// An error of TLS, however often it was wrapped: what an I/O error wraps is not among its sources.
fn of_tls<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut error = error;
    while let Some(wrapped) = error.downcast_ref::<std::io::Error>() {
        error = wrapped.get_ref()?;
    }
    error.downcast_ref()
}
