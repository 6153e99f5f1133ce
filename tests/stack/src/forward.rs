//! Another address of a server: a listener that hands every connection on, so that a client reaches the right
//! server under a name or address that its certificate does not have.

use std::io::copy;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// A listener that hands connections on for as long as the process lives.
#[derive(Debug)]
pub struct Forward {
    /// Where it listens.
    pub address: SocketAddr,
}

impl Forward {
    /// From a free port of this loopback address (`127.0.0.9`) to a server's `HOST:PORT`.
    ///
    /// # Panics
    /// If it cannot listen there.
    #[must_use]
    pub fn new(from: &str, to: &str) -> Self {
        let listener = TcpListener::bind((from, 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        let to = to.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(&to) {
                    hand_on(&stream, &server);
                    hand_on(&server, &stream);
                }
            }
        });
        Self { address }
    }
}

/// Everything that is said on one side, on a thread of its own; its end too.
fn hand_on(from: &TcpStream, to: &TcpStream) {
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
    thread::spawn(move || {
        // Whoever closes first ends both ways: a client that refuses a certificate does.
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}
