//! What a plan costs in bytes, from the protocol's message sizes alone.
//!
//! A batch of `n` images, `N` the ring degree. Ciphertexts are paid by the batch, everything else by the value:
//!
//! | what | client to server | server to client |
//! |---|---|---|
//! | inputs of a stage | `log2 q` bits x `N` an element | |
//! | outputs of a stage | | `2 k` bits x `N` an element |
//! | ReLU of `l` bits | `w` COTs and corrections, two residues | two COTs and choice bits, `l - 2` tables, a residue |
//! | comparison of a maximum, `l` bits | `w` COTs and corrections, a residue | a COT and a choice bit, `l - 2` tables, a residue |
//! | change of modulus | a residue | a COT and a choice bit |
//! | argmax | COTs and corrections of its input wires | tables, decode bits |
//! | opening of a score | `k` COTs and corrections | `k - 1` tables, decode bits |
//!
//! `w` is the number of the circuit's input wires. A COT takes `(128 / k - 1) / 8` bytes in SoftSpoken. Averages: OTs are made in
//! chunks and values padded to sixteen, so a small batch costs a little more.

use halfmask_models::Error;
use halfmask_models::bridge::mpc::circuit::drelu;
use halfmask_models::bridge::mpc::garble::TABLE_BYTES;
use halfmask_models::bridge::mpc::session::SOFT_SPOKEN_K;
use halfmask_models::nn::plan::Plan;
use serde::{Deserialize, Serialize};

/// Bytes of a residue in a message.
const RESIDUE: f64 = 4.0;
/// Bytes of a bit in a message.
const BIT: f64 = 1.0 / 8.0;

/// Bytes each way.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BothWays {
    /// From the client.
    pub client_to_server: f64,
    /// To the client.
    pub server_to_client: f64,
}

impl BothWays {
    /// Bytes both ways.
    #[must_use]
    pub fn total(self) -> f64 {
        self.client_to_server + self.server_to_client
    }

    /// A multiple of both.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            client_to_server: self.client_to_server * factor,
            server_to_client: self.server_to_client * factor,
        }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            client_to_server: self.client_to_server + other.client_to_server,
            server_to_client: self.server_to_client + other.server_to_client,
        }
    }
}

/// A plan's predicted costs.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Ciphertexts of a batch, whatever its size.
    pub ciphertexts: BothWays,
    /// All ReLUs of an image.
    pub relus: BothWays,
    /// All maxima over windows of an image, and the changes of modulus after them.
    pub maxima: BothWays,
    /// The argmax of an image, or the opening of its scores.
    pub argmax: BothWays,
    /// AND gates of all ReLUs of an image.
    pub relu_and_gates: u64,
    /// ReLUs of an image.
    pub relu_count: u64,
}

impl Cost {
    /// The cost of a plan.
    ///
    /// # Errors
    /// If a circuit of the plan cannot be built.
    pub fn of(plan: &Plan) -> Result<Self, Error> {
        let cot = (128.0 / SOFT_SPOKEN_K as f64 - 1.0) / 8.0;
        let degree = f64::from(plan.ring.degree);
        let residue_bits = f64::from(u32::BITS - plan.modulus().leading_zeros());
        let mut cost = Self {
            ciphertexts: BothWays::default(),
            relus: BothWays::default(),
            maxima: BothWays::default(),
            argmax: BothWays::default(),
            relu_and_gates: plan.relu_and_gates(),
            relu_count: plan.relus(),
        };
        for stage in &plan.stages {
            let (inputs, outputs) = (f64::from(stage.inputs), f64::from(stage.outputs));
            cost.ciphertexts = cost.ciphertexts.plus(BothWays {
                client_to_server: inputs * degree * residue_bits * BIT,
                server_to_client: outputs * 2.0 * degree * f64::from(stage.share_bits) * BIT,
            });
            if let Some(spec) = plan.relu(stage) {
                let template = drelu(spec.width as usize)?;
                let (wires, gates) = (template.inputs() as f64, template.and_gates() as f64);
                let value = BothWays {
                    client_to_server: wires * (cot + BIT) + 2.0 * RESIDUE,
                    server_to_client: 2.0 * (cot + BIT) + gates * TABLE_BYTES as f64 + RESIDUE,
                };
                cost.relus = cost.relus.plus(value.times(f64::from(stage.values())));
            }
            for pool in &stage.pool {
                let template = drelu(pool.width as usize)?;
                let (wires, gates) = (template.inputs() as f64, template.and_gates() as f64);
                let comparison = BothWays {
                    client_to_server: wires * (cot + BIT) + RESIDUE,
                    server_to_client: cot + BIT + gates * TABLE_BYTES as f64 + RESIDUE,
                };
                let count = pool.geometry()?.comparisons() as f64;
                cost.maxima = cost.maxima.plus(comparison.times(count));
            }
            if plan.rescale(stage).is_some() {
                let value = BothWays {
                    client_to_server: RESIDUE,
                    server_to_client: cot + BIT,
                };
                let count = f64::from(stage.values());
                cost.maxima = cost.maxima.plus(value.times(count));
            }
            if let Some(spec) = plan.logits(stage) {
                let (bits, dropped) = (f64::from(spec.share_bits), f64::from(spec.dropped_bits));
                let score = BothWays {
                    client_to_server: bits * (cot + BIT),
                    server_to_client: (bits - 1.0) * TABLE_BYTES as f64 + (bits - dropped) * BIT,
                };
                let count = f64::from(stage.values());
                cost.argmax = cost.argmax.plus(score.times(count));
            }
            if let Some(spec) = plan.argmax(stage) {
                let template = spec.template()?;
                let (wires, gates) = (template.inputs() as f64, template.and_gates() as f64);
                cost.argmax = cost.argmax.plus(BothWays {
                    client_to_server: wires * (cot + BIT),
                    server_to_client: gates * TABLE_BYTES as f64 + template.outputs() as f64 * BIT,
                });
            }
        }
        Ok(cost)
    }

    /// Bytes an image in batches of `images`.
    #[must_use]
    pub fn per_image(&self, images: usize) -> BothWays {
        self.ciphertexts
            .times(1.0 / images.max(1) as f64)
            .plus(self.relus)
            .plus(self.maxima)
            .plus(self.argmax)
    }

    /// Bytes both ways of a ReLU, averaged over all of them.
    #[must_use]
    pub fn per_relu(&self) -> f64 {
        self.relus.total() / self.relu_count.max(1) as f64
    }
}
