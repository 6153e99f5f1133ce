//! Another address of a server: a listener that hands every connection on, so that a client reaches the right
//! server under a name or address that its certificate does not have, or over a network that is as bad as a test
//! wants it.
//!
//! It knows bytes and no protocol.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that are handed on at once: what a slow network holds up is at most this and the system's buffers.
const CHUNK_BYTES: usize = 16 * 1024;

/// A listener that hands connections on for as long as the process lives.
#[derive(Debug)]
pub struct Forward {
    /// Where it listens.
    pub address: SocketAddr,
    network: Arc<Network>,
}

/// How the network is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sky {
    /// As it should be.
    #[default]
    Clear,
    /// Whatever is said comes so much later, in either direction.
    Late(Duration),
    /// So many bytes a second pass in either direction of a connection.
    Narrow(u32),
    /// Nothing passes: what was connected is cut off, and who connects is cut off at once.
    Cut,
}

#[derive(Debug, Default)]
struct Network {
    state: Mutex<State>,
    has_changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    sky: Sky,
    /// Both ends of each connection that is open, by a number of its own.
    open: Vec<(u64, [TcpStream; 2])>,
    last: u64,
}

impl Forward {
    /// From a free port of this loopback address (`127.0.0.9`) to a server's `HOST:PORT`.
    ///
    /// # Panics
    /// If it cannot listen there.
    #[must_use]
    pub fn new(from: &str, to: &str) -> Self {
        Self::at((from, 0), to).expect("a port")
    }

    /// From this address and port to a server's `HOST:PORT`.
    ///
    /// # Errors
    /// If it cannot listen there.
    pub fn at(from: (&str, u16), to: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind(from)?;
        let (address, network) = (listener.local_addr()?, Arc::new(Network::default()));
        let (to, shared) = (to.to_owned(), Arc::clone(&network));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(&to) {
                    shared.connect(client, server);
                }
            }
        });
        Ok(Self { address, network })
    }

    /// Changes the network, for what is connected too.
    pub fn set(&self, sky: Sky) {
        self.network.set(sky);
    }
}

impl Network {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, sky: Sky) {
        let mut state = self.state();
        state.sky = sky;
        if sky == Sky::Cut {
            for (_, ends) in state.open.drain(..) {
                ends.iter().for_each(|end| drop(end.shutdown(Shutdown::Both)));
            }
        }
        self.has_changed.notify_all();
    }

    /// Hands on what is said on a new connection, each way on a thread of its own.
    fn connect(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        let mut state = self.state();
        let copies = (client.try_clone(), server.try_clone(), client.try_clone(), server.try_clone());
        let (Ok(client_too), Ok(server_too), Ok(one), Ok(other)) = copies else { return };
        if state.sky == Sky::Cut {
            return;
        }
        // Small questions wait for small answers here.
        drop((client.set_nodelay(true), server.set_nodelay(true)));
        state.last += 1;
        let number = state.last;
        state.open.push((number, [one, other]));
        for (from, to) in [(client, server_too), (server, client_too)] {
            let network = Arc::clone(self);
            thread::spawn(move || network.hand_on(number, from, to));
        }
    }

    /// Everything that is said on one side; its end too.
    fn hand_on(&self, number: u64, mut from: TcpStream, mut to: TcpStream) {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Ok(length @ 1..) = from.read(&mut chunk) {
            self.hold_up(length);
            if to.write_all(&chunk[..length]).is_err() {
                break;
            }
        }
        // Whoever closes first ends both ways: a client that refuses a certificate does.
        drop(to.shutdown(Shutdown::Write));
        self.state().open.retain(|(of, _)| *of != number);
    }

    /// Waits for as long as the network takes with so many bytes, or until it changes.
    fn hold_up(&self, bytes: usize) {
        let state = self.state();
        let sky = state.sky;
        let wait = match sky {
            Sky::Clear | Sky::Cut => return,
            Sky::Late(delay) => delay,
            Sky::Narrow(rate) => Duration::from_secs_f64(bytes as f64 / f64::from(rate.max(1))),
        };
        drop(self.has_changed.wait_timeout_while(state, wait, |state| state.sky == sky));
    }
}

#[cfg(test)]
mod tests;
