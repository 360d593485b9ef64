//! Peers that vanish, babble or stay silent: one line, exit code 1, within seconds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod common;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use common::{PATIENCE, Running, error_line, images, names, text};

/// Within which the other side must have ended.
const SECONDS: Duration = Duration::from_secs(5);

/// A client with so many small batches that it can be interrupted.
fn long_client(address: &str, output: &str) -> Running {
    let images = images();
    let mut client = Running::start(&[
        "infer",
        "--connect",
        address,
        "--input",
        &images,
        "--output",
        output,
        "--batch",
        "8",
        "--threads",
        "1",
        "--progress-lines",
    ]);
    client.wait_for_line("progress 8 ");
    client
}

#[test]
fn a_killed_client_ends_the_server() {
    let root = tempfile::tempdir().unwrap();
    let (server, address) = Running::server(&[]);
    let mut client = long_client(&address, &text(&root.path().join("classes")));
    client.kill();
    let line = error_line(&server.output_within(SECONDS), 1);
    assert!(
        line.contains("client 127.0.0.1:") && line.contains("connection"),
        "{line}"
    );
    assert_eq!(names(root.path()), [""; 0]);
}

#[test]
fn a_killed_server_ends_the_client_and_no_output_is_left() {
    let root = tempfile::tempdir().unwrap();
    let (mut server, address) = Running::server(&[]);
    let client = long_client(&address, &text(&root.path().join("classes")));
    server.kill();
    let line = error_line(&client.output_within(SECONDS), 1);
    assert!(
        line.contains(&address) && line.contains("connection"),
        "{line}"
    );
    assert_eq!(names(root.path()), [""; 0]);
}

/// What a server says after these bytes of a client.
fn server_after(bytes: &[u8]) -> String {
    let (server, address) = Running::server(&[]);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    error_line(&server.output_within(SECONDS), 1)
}

#[test]
fn a_server_refuses_what_is_no_client() {
    let line = server_after(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(
        line.contains("no halfmask client") && line.contains("GET / HT"),
        "{line}"
    );
    let line = server_after(b"\x1b[2J\x07\r\nevil...");
    assert!(
        !line.contains('\x1b') && line.contains("no halfmask client"),
        "{line}"
    );

    let mut hello = b"HALFMASK\x63\0\0\0\x02\0\0\0".to_vec();
    hello.resize(96, 0);
    let line = server_after(&hello);
    assert!(line.contains("version 99"), "{line}");
    // The right version, but another server.
    hello[8] = 2;
    hello[12] = 1;
    let line = server_after(&hello);
    assert!(line.contains("not a client"), "{line}");
}

#[test]
fn a_server_refuses_garbage_after_a_good_hello() {
    let (server, address) = Running::server(&[]);
    let mut stream = TcpStream::connect(address).unwrap();
    let mut hello = b"HALFMASK\x02\0\0\0\x02\0\0\0".to_vec();
    hello.resize(96, 0);
    hello.extend([0xff; 32]);
    stream.write_all(&hello).unwrap();
    let line = error_line(&server.output_within(SECONDS), 1);
    assert!(line.contains("the client read the plan as ffff"), "{line}");
}

#[test]
fn a_silent_client_is_dropped() {
    let (server, address) = Running::server(&["--timeout", "0.3"]);
    let stream = TcpStream::connect(address).unwrap();
    let line = error_line(&server.output_within(SECONDS), 1);
    assert!(
        line.contains("handshake was not complete within 0.3 s"),
        "{line}"
    );
    drop(stream);
}

#[test]
fn a_patient_server_goes_on_after_a_failed_session() {
    let root = tempfile::tempdir().unwrap();
    let output = text(&root.path().join("classes"));
    let (mut server, address) = Running::server(&["--sessions", "0"]);
    TcpStream::connect(&address)
        .unwrap()
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .unwrap();
    server.wait_for_line("halfmask: error: client 127.0.0.1:");
    let images = images();
    let good = common::run(&[
        "infer",
        "--connect",
        &address,
        "--input",
        &images,
        "--output",
        &output,
        "--images",
        "2",
    ]);
    assert!(good.status.success());
    assert_eq!(std::fs::read_to_string(&output).unwrap().lines().count(), 2);
    server.kill();
}

/// What a client says to a server that sends these bytes and then closes, or stays silent.
fn client_after(bytes: &'static [u8], close: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(bytes).unwrap();
        if !close {
            // Until the client is gone.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let root = tempfile::tempdir().unwrap();
    let output = text(&root.path().join("classes"));
    let images = images();
    let client = Running::start(&[
        "infer",
        "--connect",
        &address,
        "--input",
        &images,
        "--output",
        &output,
        "--timeout",
        "0.5",
    ]);
    let line = error_line(&client.output_within(SECONDS), 1);
    server.join().unwrap();
    assert!(line.contains(&address), "{line}");
    assert_eq!(names(root.path()), [""; 0]);
    line
}

#[test]
fn a_client_refuses_what_is_no_server() {
    let line = client_after(b"SSH-2.0-OpenSSH_9.9\r\n", false);
    assert!(
        line.contains("no halfmask server") && line.contains("SSH-2.0-"),
        "{line}"
    );
    let line = client_after(b"HALFMASK\x03\0\0\0", false);
    assert!(line.contains("version 3"), "{line}");
    let line = client_after(b"HALF", true);
    assert!(line.contains("connection"), "{line}");
    let line = client_after(b"", false);
    assert!(line.contains("silent for 0.5 s"), "{line}");
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let root = tempfile::tempdir().unwrap();
    let (images, output) = (images(), text(&root.path().join("classes")));
    let client = Running::start(&[
        "infer",
        "--connect",
        &address,
        "--input",
        &images,
        "--output",
        &output,
    ]);
    let line = error_line(&client.output_within(PATIENCE), 1);
    assert!(
        line.contains("cannot connect to") && line.contains(&address),
        "{line}"
    );
}

#[test]
fn a_taken_port_is_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    common::fails(
        &["serve", "cryptonets-relu", "--listen", &address],
        1,
        &["cannot listen on", &address],
    );
}
