//! `halfmask bench ot`: correlated OT end to end over TCP on loopback, one thread a party, by protocol.
//!
//! Outputs go to a reused, cache-sized buffer, as a consumer takes them. Set-up is not in the time; everything after it is,
//! the refills of the silent protocol included.

use std::hint::black_box;

use halfmask_models::bridge::mpc;
use halfmask_models::bridge::mpc::block::Block;
use halfmask_models::bridge::mpc::channel::Channel;
use halfmask_models::bridge::mpc::ot::{CHUNK, CotProtocol, CotReceiver, CotSender};
use halfmask_models::bridge::mpc::parties::{self, Bench, Party};
use halfmask_models::bridge::mpc::rng::SecureRng;
use halfmask_models::bridge::mpc::simd::Simd;
use serde::{Deserialize, Serialize};

use super::table::table;
use crate::exit::Error;
use crate::machine::{self, Machine};

/// COTs a request.
const REQUEST: usize = 4 * CHUNK;

/// What `--json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `ot`.
    pub name: String,
    /// One entry for each protocol.
    pub protocols: Vec<Figures>,
    /// COTs made with each.
    pub cots: usize,
    /// What it ran on.
    pub machine: Machine,
    /// Largest resident memory of both parties together; null where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// The source's commit, or `unknown`.
    pub commit: String,
}

/// One protocol's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Its name.
    pub protocol: String,
    /// Made by both parties at work.
    pub cots_per_second: f64,
    /// Both ways, after set-up.
    pub bytes_per_cot: f64,
    /// Bytes both ways of set-up.
    pub bytes_setup: u64,
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Protocols.
    pub protocols: Vec<CotProtocol>,
    /// COTs with each; rounded up to whole requests.
    pub cots: usize,
    /// Instruction set.
    pub simd: Simd,
}

/// Measures everything.
///
/// # Errors
/// Of the parties; none is expected.
pub fn measure(options: &Options) -> Result<Record, Error> {
    let requests = options.cots.div_ceil(REQUEST).max(1);
    let protocols = options
        .protocols
        .iter()
        .map(|&protocol| one(protocol, requests, options.simd));
    Ok(Record {
        name: "ot".into(),
        protocols: protocols.collect::<Result<_, _>>()?,
        cots: requests * REQUEST,
        machine: Machine::here(options.simd.to_string()),
        peak_rss_bytes: machine::peak_memory(),
        commit: machine::commit().hash,
    })
}

fn failed(error: mpc::Error) -> Error {
    Error::Failed(format!("bench ot: {error}"))
}

/// Bytes both ways so far.
fn bytes(ch: &mut Channel) -> u64 {
    let total = ch.meter().total();
    total.bytes_sent + total.bytes_received
}

fn one(protocol: CotProtocol, requests: usize, simd: Simd) -> Result<Figures, Error> {
    let sender = Party::new(
        |ch: &mut Channel| {
            let sender = CotSender::setup(ch, protocol, &mut SecureRng::from_os()?, simd)?;
            let setup = bytes(ch);
            Ok((sender, setup))
        },
        |ch: &mut Channel, (mut sender, setup): (CotSender, u64)| {
            let mut keys = vec![Block::ZERO; REQUEST];
            for _ in 0..requests {
                sender.extend(ch, &mut keys)?;
                black_box(&keys);
            }
            Ok((setup, bytes(ch) - setup))
        },
    );
    let receiver = Party::new(
        |ch: &mut Channel| CotReceiver::setup(ch, protocol, &mut SecureRng::from_os()?, simd),
        |ch: &mut Channel, mut receiver: CotReceiver| {
            let (mut choices, mut macs) = (vec![0; REQUEST / 16], vec![Block::ZERO; REQUEST]);
            for _ in 0..requests {
                receiver.extend(ch, &mut choices, &mut macs)?;
                black_box((&choices, &macs));
            }
            Ok::<(), mpc::Error>(())
        },
    );
    let bench = Bench {
        network: None,
        threads: 1,
    };
    // The receiver of SoftSpoken only writes: it must be the party whose writes wait until they are read.
    let outcome = parties::run(&bench, receiver, sender).map_err(failed)?;
    let cots = (requests * REQUEST) as f64;
    let (bytes_setup, sent) = outcome.second;
    Ok(Figures {
        protocol: protocol.to_string(),
        cots_per_second: cots / outcome.seconds,
        bytes_per_cot: sent as f64 / cots,
        bytes_setup,
    })
}

/// The record for people.
#[must_use]
pub fn render(record: &Record) -> String {
    let rows = record.protocols.iter().map(|p| {
        vec![
            p.protocol.clone(),
            format!("{:.1}", p.cots_per_second / 1e6),
            format!("{:.3}", p.bytes_per_cot),
            format!("{:.1}", p.bytes_setup as f64 / 1e3),
        ]
    });
    let header = ["protocol", "M COT/s", "bytes a COT", "set-up, kB"];
    format!("{}\n", table(&header, rows.collect(), 1))
}
