//! Maxima over windows of 2 x 2, by either ReLU protocol.

use halfmask_models::bridge::mpc::garble::Scheme;
use halfmask_models::bridge::mpc::max_pool::{MaxPoolSpec, max_pool, max_pool_reference};
use halfmask_models::bridge::mpc::ot::CotProtocol;
use halfmask_models::bridge::mpc::parties::{self, Bench, Party};
use halfmask_models::bridge::mpc::planner::Engine;
use halfmask_models::bridge::mpc::relu::ReluProtocol;
use halfmask_models::bridge::mpc::session::{EvaluatorSession, GarblerSession};
use serde::{Deserialize, Serialize};

use super::{Options, Run, Session, failed};
use crate::exit::Error;

/// Maxima over windows by one protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MaxPoolMode {
    /// `gc` or `ot`.
    pub mode: String,
    /// Where correlated OTs come from.
    pub cot: String,
    /// Values of a window.
    pub window: u32,
    /// Bits of the shares, all of them compared.
    pub value_bits: u32,
    /// With everything after set-up in the time.
    pub windows_per_second: f64,
    /// Both ways.
    pub bytes_per_window: f64,
    /// How far below the maximum a result may be.
    pub error_bound: u64,
    /// The farthest seen.
    pub error_seen: u64,
}

/// One party of a layer of maxima; returns its shares and the bytes both ways.
fn pooling<'a, S: Session + 'a>(
    options: &'a Options,
    engine: Engine,
    spec: &'a MaxPoolSpec,
    x: &'a [u32],
) -> Party<'a, S, (Vec<u32>, u64)> {
    Party::new(
        move |ch| S::setup(ch, engine, options.simd),
        move |ch, mut session| {
            let mut y = vec![0; x.len() / spec.window as usize];
            let mut relu = session.relu_by(engine.relu);
            let run = Run::of(ch, |ch| max_pool(&mut *relu, ch, "", spec, x, &mut y))?;
            Ok((y, run.bytes))
        },
    )
}

/// Measures one protocol.
pub(super) fn measure(
    options: &Options,
    relu: ReluProtocol,
    cot: CotProtocol,
) -> Result<MaxPoolMode, Error> {
    let spec = MaxPoolSpec {
        share_bits: 16,
        width: 16,
        window: 4,
        segment: 1 << 14,
    };
    let engine = Engine {
        relu,
        cot,
        scheme: Scheme::default(),
    };
    let windows = (options.relus / 4).max(16);
    // Differences must fit the ring: values of 14 bits.
    let values: Vec<i64> = (0..4 * windows as u64)
        .map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as i64 - (1 << 13))
        .collect();
    let (evaluator, garbler): (Vec<u32>, Vec<u32>) = values
        .iter()
        .enumerate()
        .map(|(i, x)| {
            let garbler = (i as u32).wrapping_mul(2_654_435_761) >> 16;
            ((*x as u32).wrapping_sub(garbler) & 0xffff, garbler)
        })
        .unzip();
    let bench = Bench {
        network: options.network.model(),
        threads: options.threads,
    };
    let outcome = parties::run(
        &bench,
        pooling::<GarblerSession>(options, engine, &spec, &garbler),
        pooling::<EvaluatorSession>(options, engine, &spec, &evaluator),
    )
    .map_err(failed)?;
    let ((ours, bytes), (theirs, _)) = (outcome.first, outcome.second);
    let sums = ours.iter().zip(&theirs);
    let results = sums.map(|(a, b)| i64::from(a.wrapping_add(*b) as u16 as i16));
    let exact = max_pool_reference(&spec, &values);
    let error_seen = exact
        .iter()
        .zip(results)
        .map(|(want, got)| want.abs_diff(got))
        .max()
        .unwrap_or(0);
    if error_seen > spec.error_bound() {
        return Err(Error::Failed(format!(
            "bench relu: a maximum by {engine} is off by {error_seen}, the bound is {}",
            spec.error_bound()
        )));
    }
    Ok(MaxPoolMode {
        mode: relu.to_string(),
        cot: cot.to_string(),
        window: spec.window,
        value_bits: spec.share_bits,
        windows_per_second: windows as f64 / outcome.seconds,
        bytes_per_window: bytes as f64 / windows as f64,
        error_bound: spec.error_bound(),
        error_seen,
    })
}
