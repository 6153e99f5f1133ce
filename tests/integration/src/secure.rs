//! A broker with passwords, certificates and ACLs for the tests of one process: who is let in, and for what.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tests_stack::Stack;

/// The broker that tests of this process share while any of them needs it: one takes some seconds to start.
static SHARED: Mutex<Weak<SecureBroker>> = Mutex::new(Weak::new());

/// A secure broker; stopped when the last test that holds it ends, however it ends.
pub struct SecureBroker {
    _stack: Stack,
    /// The listener without security, where everything is allowed.
    pub open: String,
    /// The listener that wants a password, without TLS.
    pub sasl: String,
    /// The listener that wants a certificate of its authority's.
    pub mtls: String,
    /// The listener that wants a password, over TLS.
    pub tls: String,
    /// Certificates, keys, passwords and profiles.
    pub files: PathBuf,
}

impl SecureBroker {
    /// The one of this process; starts it if no test has it.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn get() -> Arc<Self> {
        tokio::task::spawn_blocking(Self::share).await.expect("a thread")
    }

    fn share() -> Arc<Self> {
        // Whoever comes while it starts waits here.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let broker = Arc::new(Self::start());
            *shared = Arc::downgrade(&broker);
            broker
        })
    }

    fn start() -> Self {
        let stack = Stack::up(&["kafka", "--secure"]);
        let line = |key: &str| stack.line(key).to_owned();
        let (open, sasl, mtls, tls) = (line("brokers"), line("sasl"), line("mtls"), line("tls"));
        Self { open, sasl, mtls, tls, files: line("secure").into(), _stack: stack }
    }

    /// One of its files.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        self.files.join(name).display().to_string()
    }

    /// The password of an account.
    ///
    /// # Panics
    /// If there is no such account.
    #[must_use]
    pub fn password(&self, account: &str) -> String {
        let file = self.file(&format!("{account}.password"));
        std::fs::read_to_string(Path::new(&file)).expect("a password").trim().to_owned()
    }
}

/// librdkafka's properties.
#[must_use]
pub fn properties(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
