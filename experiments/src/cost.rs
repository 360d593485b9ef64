//! What a plan costs in bytes, from the protocol's message sizes alone.
//!
//! A batch of `n` images, `N` the ring degree. Ciphertexts are paid by the batch, everything else by the value:
//!
//! | what | client to server | server to client |
//! |---|---|---|
//! | inputs of a stage | `log2 q` bits x `N` an element | |
//! | outputs of a stage | | `2 k` bits x `N` an element |
//! | ReLU, maximum of two | as the plan's engine has it ([`halfmask_models::bridge::mpc::relu::Traffic`]) | |
//! | argmax, scores | COTs and corrections of their input wires | tables, decode bits |
//!
//! Correlated OTs are those of the plan's engine. Averages: OTs are made in chunks and values padded to sixteen, so a small
//! batch costs a little more.

use halfmask_models::Error;
use halfmask_models::bridge::mpc::garble::LANES;
use halfmask_models::bridge::mpc::relu::{ReluSpec, Traffic};
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

/// What a plan's engine puts on the wire. The server garbles, the client evaluates.
struct Link<'a>(&'a Plan);

impl Link<'_> {
    /// Adds correlated OTs: those in which the server chooses, and those in which the client does.
    fn with_cots(&self, bytes: BothWays, [server, client]: [f64; 2]) -> BothWays {
        let [forth, back] = self.0.engine.cot.bytes_per_cot();
        bytes.plus(BothWays {
            client_to_server: client * forth + server * back,
            server_to_client: server * forth + client * back,
        })
    }

    fn relu(&self, spec: &ReluSpec) -> BothWays {
        let engine = self.0.engine;
        let Traffic {
            to_garbler,
            to_evaluator,
            garbler_chooses,
            evaluator_chooses,
        } = engine.relu.traffic(spec, engine.scheme);
        let bytes = BothWays {
            client_to_server: to_garbler,
            server_to_client: to_evaluator,
        };
        self.with_cots(bytes, [garbler_chooses, evaluator_chooses])
    }
}

impl Cost {
    /// The cost of a plan.
    ///
    /// # Errors
    /// If a circuit of the plan cannot be built.
    pub fn of(plan: &Plan) -> Result<Self, Error> {
        let link = Link(plan);
        let tables = plan.engine.scheme.gate_bytes() as f64 / LANES as f64;
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
                let value = link.relu(&spec);
                cost.relus = cost.relus.plus(value.times(f64::from(stage.values())));
            }
            for pool in &stage.pool {
                let geometry = pool.geometry()?;
                let spec = pool.spec(stage.share_bits, geometry.window());
                let comparison = link.relu(&spec.relu());
                let count = geometry.comparisons() as f64;
                cost.maxima = cost.maxima.plus(comparison.times(count));
            }
            if plan.rescale(stage).is_some() {
                let value = link.with_cots(
                    BothWays {
                        client_to_server: RESIDUE,
                        server_to_client: BIT,
                    },
                    [1.0, 0.0],
                );
                let count = f64::from(stage.values());
                cost.maxima = cost.maxima.plus(value.times(count));
            }
            if let Some(spec) = plan.logits(stage) {
                let (bits, dropped) = (f64::from(spec.share_bits), f64::from(spec.dropped_bits));
                let score = link.with_cots(
                    BothWays {
                        client_to_server: bits * BIT,
                        server_to_client: (bits - 1.0) * tables + (bits - dropped) * BIT,
                    },
                    [0.0, bits],
                );
                let count = f64::from(stage.values());
                cost.argmax = cost.argmax.plus(score.times(count));
            }
            if let Some(spec) = plan.argmax(stage) {
                let template = spec.template()?;
                let (wires, gates) = (template.inputs() as f64, template.and_gates() as f64);
                let opened = template.outputs() as f64 * BIT;
                cost.argmax = cost.argmax.plus(link.with_cots(
                    BothWays {
                        client_to_server: wires * BIT,
                        server_to_client: gates * tables + opened,
                    },
                    [0.0, wires],
                ));
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
