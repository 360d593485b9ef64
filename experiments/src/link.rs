//! `halfmask link`: measures what connects two processes, with the channels of the protocols and none of their work.
//!
//! The listener does as the measuring side asks, turn by turn; so an emulated network can be compared with a real one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use halfmask_models::bridge::mpc::{self, channel::Channel};
use serde::{Deserialize, Serialize};

use crate::bench::table::{bytes, table};
use crate::exit::Error;
use crate::net::{self, Network};
use crate::output;
use crate::report;

/// Which end, and over what.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address, as the user named it.
    pub name: String,
    /// The same, resolved.
    pub addresses: Vec<SocketAddr>,
    /// The longest silence of the other end.
    pub timeout: Duration,
    /// The network that what this end sends travels over.
    pub network: Network,
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Bytes of a long transfer.
    pub bytes: u64,
    /// Where to write [`Measured`].
    pub json: Option<PathBuf>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The network that both ends were told to emulate.
    pub network: Network,
    /// One after another.
    pub tests: Vec<Test>,
}

/// A measured exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// What it is like.
    pub name: String,
    /// Bytes of a turn to the listener.
    pub forth: u64,
    /// Bytes of a turn from the listener.
    pub back: u64,
    /// Turns, one after another.
    pub turns: u64,
    /// Whether both directions are used at once.
    pub at_once: bool,
    /// Seconds of all turns, until the last answer: the median of three runs.
    pub seconds: f64,
}

/// The most that a turn may carry each way.
const MOST_BYTES: u64 = 1 << 30;
/// The most turns.
const MOST_TURNS: u64 = 1 << 20;
/// Bytes handled at once.
const PIECE: u64 = 64 << 10;
/// Runs of each test.
const RUNS: usize = 3;

/// Listens for one measuring end and does as it asks.
///
/// # Errors
/// An unusable address, or a failed connection.
pub fn listen(options: &Options) -> Result<(), Error> {
    let listener = net::listen(&options.name, &options.addresses)?;
    let system = |what: &str, source| Error::System {
        what: what.into(),
        source,
    };
    let address = listener.local_addr().map_err(|e| system("listen", e))?;
    output::print(&format!("listening on {address}\n"))?;
    let (stream, peer) = listener
        .accept()
        .map_err(|e| system("accept a connection", e))?;
    let failed = failed(&peer.to_string());
    let mut channel = options
        .network
        .channel(stream, options.timeout)
        .map_err(&failed)?;
    while answer(&mut channel).map_err(&failed)? {}
    Ok(())
}

/// One test of the other end's; whether there was one.
fn answer(channel: &mut Channel) -> Result<bool, mpc::Error> {
    let mut order = [0; 4];
    for number in &mut order {
        *number = channel.recv_u64()?;
    }
    let [turns, forth, back, at_once] = order;
    if let Some(length) = [forth, back].into_iter().find(|&n| n > MOST_BYTES) {
        return Err(mpc::Error::TooLong {
            what: "a turn of a measurement".into(),
            length,
            limit: MOST_BYTES,
        });
    }
    for _ in 0..turns.min(MOST_TURNS) {
        if at_once == 0 {
            receive(channel, forth)?;
            send(channel, back)?;
        } else {
            both(channel, forth, back)?;
            // The last byte came.
            send(channel, 1)?;
        }
    }
    Ok(turns > 0)
}

/// Measures the connection to a listener and prints a table.
///
/// # Errors
/// An unreachable listener, a failed connection, or a file that cannot be written.
pub fn measure(options: &Options, what: &Measure) -> Result<(), Error> {
    let failed = failed(&options.name);
    let stream = net::connect(&options.name, &options.addresses)?;
    let mut channel = options
        .network
        .channel_unblocked(stream, options.timeout)
        .map_err(&failed)?;
    let test = |name: &str, turns, forth, back, at_once| Test {
        name: name.to_owned(),
        forth,
        back,
        turns,
        at_once,
        seconds: 0.0,
    };
    let long = what.bytes.min(MOST_BYTES);
    // The third is what a segment of a ReLU layer looks like.
    let mut tests = vec![
        test("round trips", 50, 1, 1, false),
        test("long transfer, there", 1, long, 1, false),
        test("long transfer, back", 1, 1, long, false),
        test("long transfers at once", 1, long, long, true),
        test("requests and answers", 20, long / 100, long / 40, false),
    ];
    // A connection that has not carried anything yet is slower.
    run(&mut channel, &test("", 1, long, long, true)).map_err(&failed)?;
    for test in &mut tests {
        let mut runs = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            runs.push(run(&mut channel, test).map_err(&failed)?);
        }
        runs.sort_by(f64::total_cmp);
        test.seconds = runs.get(RUNS / 2).copied().unwrap_or(f64::NAN);
    }
    run(&mut channel, &test("", 0, 0, 0, false)).map_err(&failed)?;
    let measured = Measured {
        network: options.network,
        tests,
    };
    if let Some(json) = &what.json {
        report::write_json(&measured, json)?;
    }
    output::print(&render(&measured))
}

/// Seconds of a test. One without turns ends the connection.
fn run(channel: &mut Channel, test: &Test) -> Result<f64, mpc::Error> {
    let start = Instant::now();
    for number in [test.turns, test.forth, test.back, u64::from(test.at_once)] {
        channel.send_u64(number)?;
    }
    for _ in 0..test.turns {
        send(channel, test.forth)?;
        receive(channel, test.back)?;
        if test.at_once {
            receive(channel, 1)?;
        }
    }
    channel.flush()?;
    Ok(start.elapsed().as_secs_f64())
}

fn send(channel: &mut Channel, mut left: u64) -> Result<(), mpc::Error> {
    while left > 0 {
        let piece = left.min(PIECE);
        channel.send_with(piece as usize, |buffer| buffer.fill(0x5a))?;
        left -= piece;
    }
    channel.flush()
}

fn receive(channel: &mut Channel, mut left: u64) -> Result<(), mpc::Error> {
    while left > 0 {
        let piece = left.min(PIECE);
        channel.recv_with(piece as usize, |_| ())?;
        left -= piece;
    }
    Ok(())
}

/// Sends and receives in turns of a piece each, so that neither direction waits for the other to end.
fn both(channel: &mut Channel, mut forth: u64, mut back: u64) -> Result<(), mpc::Error> {
    while forth > 0 || back > 0 {
        let (to, from) = (back.min(PIECE), forth.min(PIECE));
        send(channel, to)?;
        receive(channel, from)?;
        (back, forth) = (back - to, forth - from);
    }
    Ok(())
}

fn failed(peer: &str) -> impl Fn(mpc::Error) -> Error + use<> {
    let peer = peer.to_owned();
    move |error| Error::Failed(format!("{peer}: {error}"))
}

fn render(measured: &Measured) -> String {
    let header = ["test", "turns", "there", "back", "seconds"];
    let row = |test: &Test| {
        vec![
            test.name.clone(),
            test.turns.to_string(),
            bytes(test.forth as f64),
            bytes(test.back as f64),
            format!("{:.6}", test.seconds),
        ]
    };
    let rows = measured.tests.iter().map(row).collect();
    format!(
        "network {}\n{}\n",
        measured.network,
        table(&header, rows, 1)
    )
}
