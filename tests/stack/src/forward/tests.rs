//! What is handed on arrives whole under any sky but one, and when that one has passed again.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{Forward, Sky};

/// Longest wait of a read: what has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that says back what it is told, and the way to it.
fn echo() -> Forward {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut copy = stream.try_clone().expect("the stream again");
                drop(std::io::copy(&mut stream, &mut copy));
            });
        }
    });
    Forward::new("127.0.0.1", &address)
}

fn connect(forward: &Forward) -> TcpStream {
    let stream = TcpStream::connect(forward.address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream
}

/// Says something and hears it again. How long that took.
fn ask(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<Duration> {
    let (since, mut heard) = (Instant::now(), vec![0; bytes.len()]);
    stream.write_all(bytes)?;
    stream.read_exact(&mut heard)?;
    assert_eq!(heard, bytes);
    Ok(since.elapsed())
}

/// Bytes arrive whole and in order whatever the network does, and no sooner than it lets them.
#[test]
fn hands_on_under_every_sky() {
    let forward = echo();
    let long = vec![7; 40_000];
    let check = |sky: Sky, bytes: &[u8], at_least: Duration| {
        forward.set(sky);
        let took = ask(&mut connect(&forward), bytes).expect("an echo");
        assert!(took >= at_least, "{sky:?}: {took:?}");
    };
    check(Sky::Clear, &long, Duration::ZERO);
    check(Sky::Late(Duration::from_millis(50)), b"late", Duration::from_millis(100));
    // One way takes 200 ms; on the way back is what came first already.
    check(Sky::Narrow(200_000), &long, Duration::from_millis(200));
    check(Sky::Clear, b"again", Duration::ZERO);
}

/// A cut ends what is connected and what connects, until it is over.
#[test]
fn cuts_off() {
    let forward = echo();
    let mut before = connect(&forward);
    ask(&mut before, b"hello").expect("an echo");
    forward.set(Sky::Cut);
    let ended = |outcome: std::io::Result<Duration>| {
        let kind = outcome.expect_err("nobody there").kind();
        assert_ne!(kind, ErrorKind::WouldBlock, "it was not cut off");
    };
    ended(ask(&mut before, b"hello"));
    ended(ask(&mut connect(&forward), b"hello"));
    forward.set(Sky::Clear);
    ask(&mut connect(&forward), b"hello").expect("an echo");
}

/// A change is felt at once by what is held up.
#[test]
fn lets_go_when_it_clears() {
    let forward = echo();
    forward.set(Sky::Late(Duration::from_secs(3_600)));
    let mut stream = connect(&forward);
    stream.write_all(b"hello").expect("the system takes it");
    forward.set(Sky::Clear);
    let mut heard = [0; 5];
    stream.read_exact(&mut heard).expect("an echo");
    assert_eq!(&heard, b"hello");
}
