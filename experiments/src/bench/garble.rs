//! `halfmask bench garble`: garbling and evaluation as the protocol uses them, by instruction set and scheme.
//!
//! The circuit is the sign of the planner's ReLU. *Garble* and *evaluate* run in cache-sized chunks on one thread, tables
//! into and out of a buffer of a message's size; *end to end* is a garbler and an evaluator on a thread each over TCP on
//! loopback, tables written straight into the channel's buffer.

use std::time::{Duration, Instant};

use halfmask_models::bridge::mpc;
use halfmask_models::bridge::mpc::block::{Block, Delta};
use halfmask_models::bridge::mpc::channel::{Channel, SEND_BUFFER_BYTES};
use halfmask_models::bridge::mpc::circuit::{Template, drelu};
use halfmask_models::bridge::mpc::garble::{Evaluator, Garbler, LANES, Scheme};
use halfmask_models::bridge::mpc::parties::{self, Bench, Party};
use halfmask_models::bridge::mpc::rng::SecureRng;
use halfmask_models::bridge::mpc::simd::Simd;
use serde::{Deserialize, Serialize};

use super::table::table;
use crate::exit::Error;
use crate::machine::{self, Machine};

/// Compared bits of the circuit: the planner's default.
const WIDTH: usize = 12;
/// Bytes of tables garbled at once: with their labels they stay in the second-level cache, and four batches fill the
/// channel's buffer, so that the socket still gets large messages.
const BATCH_BYTES: usize = SEND_BUFFER_BYTES / 4;
/// The public seed of the hash; these labels protect nothing.
const SESSION: [u8; 32] = [1; 32];

/// What `--json` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// `garble`.
    pub name: String,
    /// One entry for each instruction set and scheme.
    pub kernels: Vec<Kernel>,
    /// The circuit's AND gates.
    pub and_gates: usize,
    /// What it ran on.
    pub machine: Machine,
    /// Largest resident memory of both parties together; null where the system does not tell.
    pub peak_rss_bytes: Option<u64>,
    /// The source's commit, or `unknown`.
    pub commit: String,
}

/// One kernel's figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    /// Instruction set.
    pub simd: String,
    /// `half-gates` or `three-halves`.
    pub scheme: String,
    /// Garbled gates a second, one thread.
    pub garble_and_per_second: f64,
    /// Evaluated gates a second, one thread.
    pub evaluate_and_per_second: f64,
    /// Gates a second of a garbler and an evaluator on a thread each over TCP on loopback.
    pub end_to_end_and_per_second: f64,
    /// Bytes of a gate's table.
    pub bytes_per_and: f64,
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Instruction sets.
    pub kernels: Vec<Simd>,
    /// Time spent on each figure.
    pub time: Duration,
}

/// Measures everything.
///
/// # Errors
/// Of the parties; none is expected.
pub fn measure(options: &Options) -> Result<Record, Error> {
    let template = drelu(WIDTH).map_err(failed)?;
    let mut kernels = Vec::new();
    for &simd in &options.kernels {
        for scheme in Scheme::ALL {
            let job = Job::new(scheme, simd, &template)?;
            kernels.push(Kernel {
                simd: simd.to_string(),
                scheme: scheme.to_string(),
                garble_and_per_second: job.garble(options.time)?,
                evaluate_and_per_second: job.evaluate(options.time)?,
                end_to_end_and_per_second: job.end_to_end(options.time)?,
                bytes_per_and: job.table_bytes as f64 / job.gates() as f64,
            });
        }
    }
    let simd = options.kernels.first().map(ToString::to_string);
    Ok(Record {
        name: "garble".into(),
        kernels,
        and_gates: template.and_gates(),
        machine: Machine::here(simd.unwrap_or_default()),
        peak_rss_bytes: machine::peak_memory(),
        commit: machine::commit().hash,
    })
}

fn failed(error: mpc::Error) -> Error {
    Error::Failed(format!("bench garble: {error}"))
}

/// A batch of about [`BATCH_BYTES`] of tables.
struct Job<'a> {
    scheme: Scheme,
    simd: Simd,
    template: &'a Template,
    blocks: usize,
    table_bytes: usize,
    inputs: Vec<Block>,
    known: Vec<u16>,
    corrections: Vec<u16>,
}

impl<'a> Job<'a> {
    fn new(scheme: Scheme, simd: Simd, template: &'a Template) -> Result<Self, Error> {
        let blocks = (BATCH_BYTES / scheme.table_bytes(template.and_gates(), 1)).max(1);
        let mut inputs = vec![Block::ZERO; blocks * template.inputs() * LANES];
        let mut rng = SecureRng::from_os().map_err(failed)?;
        rng.fill_blocks(&mut inputs);
        let words = |count: usize, factor: usize| (0..count).map(|i| (i * factor) as u16).collect();
        Ok(Self {
            scheme,
            simd,
            template,
            blocks,
            table_bytes: blocks * scheme.table_bytes(template.and_gates(), 1),
            inputs,
            known: words(blocks * template.known(), 40503),
            corrections: words(blocks * template.inputs(), 25717),
        })
    }

    /// Gates of a batch.
    fn gates(&self) -> usize {
        self.blocks * LANES * self.template.and_gates()
    }

    fn garbler(&self) -> Result<Garbler, mpc::Error> {
        let delta = Delta::random(&mut SecureRng::from_os()?);
        Ok(Garbler::with_scheme(
            self.scheme,
            delta,
            &SESSION,
            &mut SecureRng::from_os()?,
            self.simd,
        ))
    }

    fn outputs(&self) -> Vec<Block> {
        vec![Block::ZERO; self.blocks * self.template.outputs() * LANES]
    }

    fn garble_into(
        &self,
        garbler: &mut Garbler,
        tables: &mut [u8],
        outputs: &mut [Block],
    ) -> Result<(), mpc::Error> {
        garbler.garble(
            self.template,
            self.blocks,
            &self.inputs,
            &self.corrections,
            &self.known,
            tables,
            outputs,
        )
    }

    fn garble(&self, time: Duration) -> Result<f64, Error> {
        let mut garbler = self.garbler().map_err(failed)?;
        let (mut tables, mut outputs) = (vec![0; self.table_bytes], self.outputs());
        self.rate(time, || {
            self.garble_into(&mut garbler, &mut tables, &mut outputs)
        })
    }

    fn evaluate(&self, time: Duration) -> Result<f64, Error> {
        let mut evaluator = Evaluator::with_scheme(self.scheme, &SESSION, self.simd);
        let (tables, mut outputs) = (vec![0; self.table_bytes], self.outputs());
        self.rate(time, || {
            evaluator.evaluate(
                self.template,
                self.blocks,
                &self.inputs,
                &tables,
                &mut outputs,
            )
        })
    }

    /// Gates a second of `work` on one batch, repeated for `time`: the median of ten parts, against a noisy machine.
    fn rate(
        &self,
        time: Duration,
        mut work: impl FnMut() -> Result<(), mpc::Error>,
    ) -> Result<f64, Error> {
        work().map_err(failed)?;
        let mut rates = Vec::new();
        for _ in 0..10 {
            let (start, mut batches) = (Instant::now(), 0u32);
            while start.elapsed() < time / 10 {
                work().map_err(failed)?;
                batches += 1;
            }
            rates.push(f64::from(batches) * self.gates() as f64 / start.elapsed().as_secs_f64());
        }
        rates.sort_by(f64::total_cmp);
        Ok(rates.get(rates.len() / 2).copied().unwrap_or(0.0))
    }

    fn end_to_end(&self, time: Duration) -> Result<f64, Error> {
        // As many batches as garbling alone would take the time for.
        let pace = self.garble(time / 10)?;
        let batches = ((pace * time.as_secs_f64() / self.gates() as f64) as usize).max(4);
        let garbler = Party::new(
            |_: &mut Channel| self.garbler(),
            |ch: &mut Channel, mut garbler: Garbler| {
                let mut outputs = self.outputs();
                for _ in 0..batches {
                    ch.send_with(self.table_bytes, |tables| {
                        self.garble_into(&mut garbler, tables, &mut outputs)
                    })??;
                }
                ch.flush()
            },
        );
        let evaluator = Party::new(
            |_: &mut Channel| Ok(Evaluator::with_scheme(self.scheme, &SESSION, self.simd)),
            |ch: &mut Channel, mut evaluator: Evaluator| {
                let mut outputs = self.outputs();
                for _ in 0..batches {
                    ch.recv_with(self.table_bytes, |tables| {
                        evaluator.evaluate(
                            self.template,
                            self.blocks,
                            &self.inputs,
                            tables,
                            &mut outputs,
                        )
                    })??;
                }
                Ok(())
            },
        );
        let bench = Bench {
            network: None,
            threads: 1,
        };
        let seconds = parties::run(&bench, garbler, evaluator)
            .map_err(failed)?
            .seconds;
        Ok((batches * self.gates()) as f64 / seconds)
    }
}

/// The record for people.
#[must_use]
pub fn render(record: &Record) -> String {
    let millions = |x: f64| format!("{:.1}", x / 1e6);
    let rows = record.kernels.iter().map(|k| {
        vec![
            k.simd.clone(),
            k.scheme.clone(),
            millions(k.garble_and_per_second),
            millions(k.evaluate_and_per_second),
            millions(k.end_to_end_and_per_second),
            format!("{:.2}", k.bytes_per_and),
        ]
    });
    let header = [
        "kernel",
        "scheme",
        "garble, M AND/s",
        "evaluate, M AND/s",
        "end to end, M AND/s",
        "bytes an AND",
    ];
    format!("{}\n", table(&header, rows.collect(), 2))
}
