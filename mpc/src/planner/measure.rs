//! Measuring the cost model's constants, here and now.

use super::choice::{CostModel, CotCost, ReluCost};
use crate::Error;
use crate::block::Block;
use crate::channel::Channel;
use crate::garble::Scheme;
use crate::ot::{CHUNK, CotProtocol, CotReceiver, CotSender};
use crate::parties::{self, Bench, Party};
use crate::relu::{ReluProtocol, ReluSpec, SharedRelu};
use crate::rng::SecureRng;
use crate::session::{EvaluatorSession, GarblerSession};
use crate::simd::Simd;
use std::time::Instant;

/// Values of a measured ReLU layer: some segments, a few hundredths of a second.
const VALUES: usize = 1 << 16;

/// COTs of a measured extension.
const COTS: usize = 1 << 18;

/// Times that each is measured; the fastest counts.
const ROUNDS: usize = 5;

/// COTs a request.
const REQUEST: usize = 4 * CHUNK;

/// Where the OTs of the measured layers come from; their share is taken off again.
const BASIS: CotProtocol = CotProtocol::SoftSpoken { k: 4 };

/// Threads that run the parties: one each.
const BENCH: Bench = Bench {
    network: None,
    threads: 1,
};

impl CostModel {
    /// Where correlated OTs may come from.
    pub const COTS: [CotProtocol; 4] = [
        CotProtocol::SoftSpoken { k: 2 },
        CotProtocol::SoftSpoken { k: 4 },
        CotProtocol::SoftSpoken { k: 8 },
        CotProtocol::Silent,
    ];

    /// Runs small instances of everything, both parties in this process: about half a second.
    ///
    /// # Errors
    /// Of a party; [`Error::Io`] without sockets or threads.
    pub fn measure(spec: &ReluSpec, simd: Simd) -> Result<Self, Error> {
        let cots = Self::COTS
            .into_iter()
            .map(|protocol| Ok((protocol, cot(protocol, simd)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let basis = cots
            .iter()
            .find(|(protocol, _)| *protocol == BASIS)
            .map_or_else(CotCost::default, |(_, cost)| *cost);
        let relus = ReluProtocol::ALL
            .into_iter()
            .map(|protocol| Ok((protocol, relu(protocol, spec, &basis, simd)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        Ok(Self {
            width: spec.width,
            relus,
            cots,
        })
    }
}

/// Seconds of each of [`ROUNDS`] rounds of `work`.
fn rounds(mut work: impl FnMut() -> Result<(), Error>) -> Result<[f64; ROUNDS], Error> {
    let mut seconds = [0.0; ROUNDS];
    for seconds in &mut seconds {
        let start = Instant::now();
        work()?;
        *seconds = start.elapsed().as_secs_f64();
    }
    Ok(seconds)
}

/// The fastest round of both parties together: what else runs on the machine only slows them.
fn fastest(first: [f64; ROUNDS], second: [f64; ROUNDS]) -> f64 {
    let together = first.into_iter().zip(second).map(|(a, b)| a.max(b));
    together.fold(f64::INFINITY, f64::min)
}

/// COTs with one protocol.
fn cot(protocol: CotProtocol, simd: Simd) -> Result<CotCost, Error> {
    let (requests, refill) = (COTS / REQUEST, protocol.refill());
    // One refill ahead, so that making COTs and refilling are timed apart.
    let enough = refill.map_or(0, |cots| 2 * cots);
    let sender = Party::new(
        |ch: &mut Channel| CotSender::setup(ch, protocol, &mut SecureRng::from_os()?, simd),
        |ch: &mut Channel, mut sender: CotSender| {
            let start = Instant::now();
            sender.reserve(ch, enough)?;
            ch.flush()?;
            let refilled = start.elapsed();
            let mut keys = vec![Block::ZERO; REQUEST];
            let mut round = || (0..requests).try_for_each(|_| sender.extend(ch, &mut keys));
            Ok((refilled, rounds(&mut round)?))
        },
    );
    let receiver = Party::new(
        |ch: &mut Channel| CotReceiver::setup(ch, protocol, &mut SecureRng::from_os()?, simd),
        |ch: &mut Channel, mut receiver: CotReceiver| {
            let start = Instant::now();
            receiver.reserve(ch, enough)?;
            let refilled = start.elapsed();
            let (mut choices, mut macs) = (vec![0; REQUEST / 16], vec![Block::ZERO; REQUEST]);
            let mut round =
                || (0..requests).try_for_each(|_| receiver.extend(ch, &mut choices, &mut macs));
            Ok((refilled, rounds(&mut round)?))
        },
    );
    let outcome = parties::run(&BENCH, sender, receiver)?;
    let ((first, sending), (second, receiving)) = (outcome.first, outcome.second);
    let refilled = first.max(second).as_secs_f64();
    Ok(CotCost {
        seconds: fastest(sending, receiving) / COTS as f64,
        bytes: protocol.bytes_per_cot(),
        refill: refill.unwrap_or(0),
        refill_seconds: if refill.is_some() {
            refilled / 2.0
        } else {
            0.0
        },
    })
}

/// ReLUs with one protocol, the OTs taken off.
fn relu(
    protocol: ReluProtocol,
    spec: &ReluSpec,
    basis: &CotCost,
    simd: Simd,
) -> Result<ReluCost, Error> {
    let shares: Vec<u32> = (0..VALUES as u32)
        .map(|i| i.wrapping_mul(2_654_435_761) >> (32 - spec.share_bits))
        .collect();
    let garbler = Party::new(
        |ch: &mut Channel| {
            let mut rng = SecureRng::from_os()?;
            let mut session =
                GarblerSession::setup_with(ch, BASIS, Scheme::default(), &mut rng, simd)?;
            warm_up(&mut *session.relu_by(protocol), ch, spec)?;
            Ok(session)
        },
        |ch: &mut Channel, mut session: GarblerSession| {
            layers(&mut *session.relu_by(protocol), ch, spec, &shares)
        },
    );
    let evaluator = Party::new(
        |ch: &mut Channel| {
            let mut rng = SecureRng::from_os()?;
            let mut session =
                EvaluatorSession::setup_with(ch, BASIS, Scheme::default(), &mut rng, simd)?;
            warm_up(&mut *session.relu_by(protocol), ch, spec)?;
            Ok(session)
        },
        |ch: &mut Channel, mut session: EvaluatorSession| {
            layers(&mut *session.relu_by(protocol), ch, spec, &shares)
        },
    );
    let outcome = parties::run(&BENCH, garbler, evaluator)?;
    let traffic = protocol.traffic(spec, Scheme::default());
    let cots = traffic.garbler_chooses + traffic.evaluator_chooses;
    let seconds = fastest(outcome.first, outcome.second) / VALUES as f64 - cots * basis.seconds;
    Ok(ReluCost {
        // Noise must not make a layer free.
        seconds: seconds.max(1e-9),
        to_garbler: traffic.to_garbler,
        to_evaluator: traffic.to_evaluator,
        and_gates: f64::from(protocol.and_gates(spec)),
        garbler_chooses: traffic.garbler_chooses,
        evaluator_chooses: traffic.evaluator_chooses,
        flights: protocol.flights(spec),
    })
}

/// The measured layers of one party.
fn layers(
    relu: &mut dyn SharedRelu,
    ch: &mut Channel,
    spec: &ReluSpec,
    shares: &[u32],
) -> Result<[f64; ROUNDS], Error> {
    let mut y = vec![0; shares.len()];
    rounds(|| {
        relu.relu(ch, "", spec, shares, &mut y)?;
        ch.flush()
    })
}

/// Lets caches, buffers and clocks settle.
fn warm_up(relu: &mut dyn SharedRelu, ch: &mut Channel, spec: &ReluSpec) -> Result<(), Error> {
    let x = vec![0; VALUES / 4];
    let mut y = vec![0; VALUES / 4];
    relu.relu(ch, "", spec, &x, &mut y)?;
    ch.flush()
}
