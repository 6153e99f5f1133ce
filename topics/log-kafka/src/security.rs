//! What this build can do about security, and what it cannot: said before a client is made, in words that name
//! the way out. It knows no certificates and no passwords; those are librdkafka's.

use std::collections::BTreeMap;

/// Whether librdkafka was built with OpenSSL.
const HAS_TLS: bool = cfg!(feature = "tls");

/// The mechanisms this door's librdkafka has, and whether each needs OpenSSL (SCRAM for its hashes).
const MECHANISMS: &[(&str, bool)] = &[("PLAIN", false), ("SCRAM-SHA-256", true), ("SCRAM-SHA-512", true)];

/// Both spellings of the property that names the mechanism.
const MECHANISM_KEYS: [&str; 2] = ["sasl.mechanism", "sasl.mechanisms"];

/// Properties that name a file, or a folder of them.
const FILES: [&str; 5] = [
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
    "ssl.keystore.location",
    "ssl.crl.location",
];

/// What librdkafka takes for "look where authorities usually lie".
const PROBE: &str = "probe";

/// Why these properties cannot work in this program, if they cannot. No value of a secret is told.
pub(crate) fn refused(properties: &BTreeMap<String, String>) -> Option<String> {
    refused_with(properties, HAS_TLS)
}

fn refused_with(properties: &BTreeMap<String, String>, has_tls: bool) -> Option<String> {
    let protocol = properties.get("security.protocol").map(|protocol| protocol.to_lowercase());
    if let Some(protocol) = protocol.as_deref().filter(|protocol| protocol.ends_with("ssl") && !has_tls) {
        return Some(format!("security.protocol={protocol} {}", needs_tls()));
    }
    let mechanism = MECHANISM_KEYS.iter().find_map(|key| Some((*key, properties.get(*key)?)));
    let is_sasl = protocol.is_some_and(|protocol| protocol.starts_with("sasl"));
    if let Some((key, mechanism)) = mechanism {
        let known = MECHANISMS.iter().find(|(name, _)| name.eq_ignore_ascii_case(mechanism));
        match known {
            None => return Some(format!("{key}={mechanism} is not in this program: {}", allowed(has_tls))),
            Some((_, true)) if !has_tls => return Some(format!("{key}={mechanism} {}", needs_tls())),
            Some(_) if !is_sasl => {
                return Some(format!(
                    "{key}={mechanism} does nothing without security.protocol: set that to sasl_plaintext or sasl_ssl"
                ));
            }
            Some(_) => {}
        }
    } else if is_sasl {
        return Some(format!(
            "security.protocol asks for SASL and no sasl.mechanism is set: {}",
            allowed(has_tls)
        ));
    }
    // A certificate that is never looked at would be taken for protection.
    if let Some(key) = properties.keys().find(|key| key.starts_with("ssl.") && !has_tls) {
        return Some(format!("property {key} {}", needs_tls()));
    }
    unreadable(properties)
}

/// A file that librdkafka is to read and that is not there: it would name neither file nor reason.
fn unreadable(properties: &BTreeMap<String, String>) -> Option<String> {
    let files = FILES.iter().filter_map(|key| Some((key, properties.get(*key)?)));
    files.filter(|(_, path)| path.as_str() != PROBE).find_map(|(key, path)| {
        let error = std::fs::metadata(path).err()?;
        Some(format!("property {key} names {path}, which cannot be read: {error}"))
    })
}

fn needs_tls() -> &'static str {
    "needs TLS, and this program was built without: build it with the feature `tls` (cargo build -p tributary \
     --features tls; scripts/prerequisites tls says what that needs)"
}

fn allowed(has_tls: bool) -> String {
    let usable = MECHANISMS.iter().filter(|(_, needs_tls)| has_tls || !needs_tls);
    let names: Vec<&str> = usable.map(|(name, _)| *name).collect();
    let rest = if has_tls { "" } else { " (SCRAM with the feature `tls`)" };
    format!("use {}{rest}", names.join(", "))
}

#[cfg(test)]
mod tests {
    //! What is refused in a build with TLS and in one without.

    use super::refused_with;

    /// Each case in both builds: nothing, or the words that the refusal must have.
    #[test]
    fn says_what_is_missing() {
        let check = |properties: &[(&str, &str)], without: Option<&str>, with: Option<&str>| {
            let properties = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let properties = properties.collect();
            for (has_tls, expected) in [(false, without), (true, with)] {
                let told = refused_with(&properties, has_tls);
                assert_eq!(told.is_some(), expected.is_some(), "{properties:?} {has_tls}: {told:?}");
                let text = told.unwrap_or_default();
                assert!(text.contains(expected.unwrap_or_default()), "{properties:?} {has_tls}: {text}");
                assert!(!text.contains("hush"), "{text}");
            }
        };
        let feature = Some("--features tls");
        check(&[], None, None);
        check(&[("security.protocol", "plaintext")], None, None);
        check(&[("security.protocol", "ssl")], feature, None);
        check(&[("security.protocol", "SSL")], feature, None);
        check(&[("ssl.ca.location", ".")], feature, None);
        let sasl = ("security.protocol", "sasl_plaintext");
        check(&[sasl, ("sasl.password", "hush")], Some("use PLAIN (SCRAM"), Some("use PLAIN, SCRAM-SHA-256"));
        check(&[sasl, ("sasl.mechanism", "PLAIN"), ("sasl.password", "hush")], None, None);
        check(&[sasl, ("sasl.mechanisms", "PLAIN")], None, None);
        check(&[sasl, ("sasl.mechanism", "SCRAM-SHA-512")], feature, None);
        check(&[sasl, ("sasl.mechanism", "GSSAPI")], Some("not in this program"), Some("SCRAM-SHA-512"));
        let tls = ("security.protocol", "sasl_ssl");
        check(&[tls, ("sasl.mechanism", "SCRAM-SHA-256")], feature, None);
        let gone = [("security.protocol", "ssl"), ("ssl.ca.location", "/no/such.pem")];
        check(&gone, feature, Some("ssl.ca.location names /no/such.pem, which cannot be read"));
        check(&[("security.protocol", "ssl"), ("ssl.ca.location", "probe")], feature, None);
        check(&[("sasl.mechanism", "PLAIN")], Some("without security.protocol"), Some("sasl_ssl"));
    }
}
