//! Passwords for Kafka: each from a file or from the environment, and from nowhere else.
//!
//! A command line can be read by everybody on the machine and a configuration file is copied about, so a secret
//! in either is refused with the way out. Nothing here is ever logged: errors name files and keys only.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::run::Error;

/// Most bytes of a file that holds a password; librdkafka takes less.
const PASSWORD_BYTES_MAX: u64 = 4_096;

/// A secret of librdkafka's and where it may come from.
struct Place {
    /// librdkafka's property.
    property: &'static str,
    /// The key that names a file.
    key: &'static str,
    /// The environment variable that holds it.
    variable: &'static str,
}

const PASSWORD: Place =
    Place { property: "sasl.password", key: "kafka_password_file", variable: "TRIBUTARY_KAFKA_PASSWORD" };

const KEY_PASSWORD: Place = Place {
    property: "ssl.key.password",
    key: "kafka_key_password_file",
    variable: "TRIBUTARY_KAFKA_KEY_PASSWORD",
};

/// Secrets that librdkafka takes in other forms, and the form that is taken here.
const REFUSED: [(&str, &str); 3] = [
    ("ssl.key.pem", "name the key's file in ssl.key.location"),
    ("ssl.keystore.password", "use PEM files: ssl.certificate.location and ssl.key.location"),
    ("sasl.oauthbearer.client.secret", "use SCRAM or a certificate"),
];

/// The secrets of one configuration.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<(&'static str, Source)>);

/// Where one comes from.
#[derive(Clone)]
enum Source {
    /// Its own words, from the environment.
    Told(String),
    /// A file, read when Kafka is opened: a command that needs no broker needs no password. With its key.
    File(&'static str, PathBuf),
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(property, _)| property)).finish()
    }
}

impl Secrets {
    /// Looks at what was configured: librdkafka's properties, the two keys of files, and the environment.
    ///
    /// # Errors
    /// A secret among the properties, one that comes from two places, or an empty one.
    pub(crate) fn choose(
        properties: &BTreeMap<String, String>,
        password_file: Option<String>,
        key_password_file: Option<String>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let wrong = |message: String| Err(Error::Config { message });
        for (property, way_out) in REFUSED {
            if properties.contains_key(property) {
                return wrong(format!("kafka.{property} is a secret and is not taken here: {way_out}"));
            }
        }
        let mut secrets = Self::default();
        for (Place { property, key, variable }, file) in
            [(PASSWORD, password_file), (KEY_PASSWORD, key_password_file)]
        {
            if properties.contains_key(property) {
                return wrong(format!(
                    "kafka.{property} is a secret, and a command line or a configuration file is no place for it: \
                     write it into a file that only you can read and name that in {key}, or set {variable}"
                ));
            }
            match (file, environment.get(variable)) {
                (None, None) => {}
                (Some(_), Some(_)) => {
                    return wrong(format!("{key} and {variable} are both set: say one of them"));
                }
                (Some(file), None) if file.is_empty() => {
                    return wrong(format!("{key} is empty: name a file, or leave it out"));
                }
                (None, Some(told)) if told.is_empty() => {
                    return wrong(format!("{variable} is empty: set it to the password, or unset it"));
                }
                (Some(file), None) => secrets.0.push((property, Source::File(key, file.into()))),
                (None, Some(told)) => secrets.0.push((property, Source::Told(told.clone()))),
            }
        }
        Ok(secrets)
    }

    /// Adds them to librdkafka's properties.
    ///
    /// # Errors
    /// A file that cannot be read or does not hold one line.
    pub(crate) fn add_to(&self, properties: &mut BTreeMap<String, String>) -> Result<(), Error> {
        for (property, source) in &self.0 {
            let secret = match source {
                Source::Told(secret) => secret.clone(),
                Source::File(key, file) => read(file).map_err(|cause| Error::Config {
                    message: format!("could not take a password from {} ({key}): {cause}", file.display()),
                })?,
            };
            properties.insert((*property).to_owned(), secret);
        }
        Ok(())
    }
}

/// The one line of a file.
fn read(file: &PathBuf) -> Result<String, String> {
    let mut text = String::new();
    let opened = File::open(file).map_err(|error| error.to_string())?;
    opened.take(PASSWORD_BYTES_MAX + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > PASSWORD_BYTES_MAX {
        return Err(format!("it has more than {PASSWORD_BYTES_MAX} bytes"));
    }
    let mut lines = text.lines();
    match (lines.next(), lines.next()) {
        (Some(line), None) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err("write the password into it as its only line".into()),
    }
}

#[cfg(test)]
mod tests;
