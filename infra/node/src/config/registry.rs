//! The keys of the schema registry: where it is, and who asks.
//!
//! ```toml
//! registry = "https://registry.example.com"
//! registry_user = "ann"                 # with registry_password_file, or TRIBUTARY_REGISTRY_PASSWORD
//! registry_password_file = "password"
//! registry_token_file = "token"         # instead of both; or TRIBUTARY_REGISTRY_TOKEN
//! registry_ca_file = "authority.pem"    # trusted beside the system's certificates
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemas_registry::{Credentials, Secret, Settings};

use super::Keys;
use crate::run::Error;

/// Secrets in the environment: never on a command line, which others can read.
const PASSWORD_VARIABLE: &str = "TRIBUTARY_REGISTRY_PASSWORD";
const TOKEN_VARIABLE: &str = "TRIBUTARY_REGISTRY_TOKEN";

/// How the registry is reached, if one is named.
pub(super) fn settings(
    keys: &Keys,
    environment: &BTreeMap<String, String>,
) -> Result<Option<Settings>, Error> {
    let wrong = |message: &str| Err(Error::Config { message: message.to_owned() });
    let password = secret(keys.registry_password_file.as_deref(), environment.get(PASSWORD_VARIABLE))?;
    let token = secret(keys.registry_token_file.as_deref(), environment.get(TOKEN_VARIABLE))?;
    let credentials = match (&keys.registry_user, password, token) {
        (None, None, None) => Credentials::None,
        (Some(user), Some(password), None) => Credentials::Basic { user: user.clone(), password },
        (None, None, Some(token)) => Credentials::Bearer(token),
        (_, _, Some(_)) => return wrong("the registry has a token and a user or password: name one of both"),
        (Some(_), None, None) => {
            return wrong("registry_user has no password: name its file in registry_password_file");
        }
        (None, Some(_), None) => {
            return wrong("the registry's password has no user: name one in registry_user");
        }
    };
    let Some(url) = &keys.registry else {
        if credentials != Credentials::None || keys.registry_ca_file.is_some() {
            return wrong("there are keys of a schema registry, but none is named in registry");
        }
        return Ok(None);
    };
    let ca_file = keys.registry_ca_file.as_ref().map(PathBuf::from);
    Ok(Some(Settings { credentials, ca_file, ..Settings::new(url) }))
}

/// A secret out of its file, or else out of the environment.
fn secret(file: Option<&str>, variable: Option<&String>) -> Result<Option<Secret>, Error> {
    match (file, variable) {
        (Some(file), _) => Ok(Some(Secret::read(Path::new(file))?)),
        (None, variable) => Ok(variable.map(|text| Secret::new(text))),
    }
}

#[cfg(test)]
mod tests;
