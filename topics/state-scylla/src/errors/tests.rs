//! What each error asks for, and that those an operator can mend say how.

use std::time::Duration;

use scylla::errors::{
    ConnectionError, ConnectionPoolError, DbError, ExecutionError, MetadataError, NewSessionError,
    PrepareError, RequestAttemptError, WriteType,
};
use scylla::statement::Consistency;
use topics_state::Remedy;

use super::{of, of_preparing, of_session};

fn server(error: DbError, text: &str) -> RequestAttemptError {
    RequestAttemptError::DbError(error, text.to_owned())
}

/// Shows the remedy of what servers say, and a word of the hint.
#[test]
fn of_servers() {
    let consistency = Consistency::LocalQuorum;
    let cases = [
        (
            server(DbError::Unavailable { consistency, required: 2, alive: 1 }, ""),
            Remedy::Retry,
            "replication",
        ),
        (server(DbError::Overloaded, ""), Remedy::Retry, ""),
        (server(DbError::IsBootstrapping, ""), Remedy::Retry, ""),
        (
            server(
                DbError::WriteTimeout { consistency, received: 1, required: 2, write_type: WriteType::Cas },
                "",
            ),
            Remedy::Retry,
            "",
        ),
        (
            server(
                DbError::ReadFailure {
                    consistency,
                    received: 1,
                    required: 2,
                    numfailures: 1,
                    data_present: false,
                },
                "",
            ),
            Remedy::Retry,
            "",
        ),
        (server(DbError::Unauthorized, "User x has no MODIFY permission"), Remedy::Stop, "grant"),
        (server(DbError::AuthenticationError, ""), Remedy::Stop, "password"),
        (server(DbError::Invalid, "Keyspace 'x' does not exist"), Remedy::Stop, "tributary state migrate"),
        (server(DbError::Invalid, "unconfigured table states"), Remedy::Stop, "tributary state migrate"),
        (server(DbError::Invalid, "LWT is not yet supported with tablets"), Remedy::Stop, "without tablets"),
        (server(DbError::SyntaxError, ""), Remedy::Stop, ""),
        (RequestAttemptError::UnableToAllocStreamId, Remedy::Retry, ""),
    ];
    for (attempt, remedy, hint) in cases {
        let prepare = PrepareError::AllAttemptsFailed { first_attempt: attempt.clone() };
        for error in [of("try", &attempt.clone().into()), of_preparing("try", &prepare)] {
            assert_eq!(error.remedy, remedy, "{error}");
            assert!(error.to_string().starts_with("could not try: "), "{error}");
            assert!(error.cause.contains(hint), "{error}");
        }
    }
}

/// Shows the remedy of what happens on the way there.
#[test]
fn of_the_way() {
    let broken = ConnectionPoolError::Broken { last_connection_error: ConnectionError::ConnectTimeout };
    let hung = of("try", &ExecutionError::RequestTimeout(Duration::from_secs(2)));
    let away = of("try", &broken.clone().into());
    let session =
        of_session("try", &NewSessionError::MetadataError(MetadataError::ConnectionPoolError(broken)));
    let plan = of("try", &ExecutionError::EmptyPlan);
    let cases = [
        (hung, Remedy::Retry, "hangs"),
        (away, Remedy::Retry, "address"),
        (session, Remedy::Retry, "address"),
        (plan, Remedy::Stop, "datacenter"),
    ];
    for (error, remedy, hint) in cases {
        assert_eq!(error.remedy, remedy, "{error}");
        assert!(error.cause.contains(hint), "{error}");
    }
}

/// Shows the remedy of what goes wrong with TLS: what waiting does not mend stops, and names the setting.
#[test]
fn of_tls() {
    use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

    let cases = [
        (Error::InvalidCertificate(CertificateError::UnknownIssuer), Remedy::Stop, "cql_ca_file"),
        (Error::InvalidCertificate(CertificateError::NotValidForName), Remedy::Stop, "alternative names"),
        (Error::InvalidCertificate(CertificateError::Expired), Remedy::Stop, "give the node another one"),
        (Error::AlertReceived(AlertDescription::CertificateRequired), Remedy::Stop, "cql_cert_file"),
        (Error::AlertReceived(AlertDescription::UnknownCA), Remedy::Stop, "cql_cert_file"),
        (Error::AlertReceived(AlertDescription::InternalError), Remedy::Retry, "speak TLS exactly if"),
        (Error::InvalidMessage(InvalidMessage::InvalidContentType), Remedy::Retry, "speak TLS exactly if"),
    ];
    for (error, remedy, hint) in cases {
        let last_connection_error = ConnectionError::from(std::io::Error::other(error));
        let error = of("try", &ConnectionPoolError::Broken { last_connection_error }.into());
        assert_eq!(error.remedy, remedy, "{error}");
        assert!(error.cause.contains(hint), "{error}");
    }
    let reset = ConnectionError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
    let reset = of("try", &ConnectionPoolError::Broken { last_connection_error: reset }.into());
    assert!(reset.remedy == Remedy::Retry && reset.cause.contains("is a node running"), "{reset}");
}
