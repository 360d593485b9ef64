//! One session between a garbler and an evaluator: correlated OT both ways, garbling, hashes, set up once.
//!
//! Set-up: base OTs and extension trees in both directions, each party drawing the offset of the direction in which it
//! sends; *then* both exchange nonces, and the session seed, from which all public hash keys come, is their hash. So no
//! hash key is known when an offset is drawn.
//!
//! Counters (gates, hash groups) start at zero here and only grow; both parties advance them by the same rule.

use crate::Error;
use crate::block::{Block, Delta};
use crate::channel::{Channel, Part, Phase};
use crate::garble::{Evaluator, Garbler, LANES, LabelHash, Scheme};
use crate::ot::{CotProtocol, CotReceiver, CotSender, Role, setup_both};
use crate::relu::ot::{EvaluatorStock, GarblerStock};
use crate::rng::SecureRng;
use crate::simd::Simd;
use rand_core::Rng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Hands out hash groups, each once.
#[derive(Default)]
pub(crate) struct Groups(u64);

impl Groups {
    pub(crate) fn take(&mut self, count: usize) -> Result<u64, Error> {
        let first = self.0;
        self.0 = first.checked_add(count as u64).ok_or(Error::Exhausted {
            what: "the hash counter",
            used: first,
        })?;
        Ok(first)
    }
}

/// The hashes that turn strings into pads, with the counters of their groups; the same in both parties.
pub(crate) struct Pads {
    seed: [u8; 32],
    /// Of output labels.
    pub(crate) output: LabelHash,
    pub(crate) output_groups: Groups,
    /// Of the OTs in which the garbler chooses.
    pub(crate) reverse: LabelHash,
    pub(crate) reverse_groups: Groups,
}

impl Pads {
    fn new(seed: [u8; 32], simd: Simd) -> Self {
        Self {
            seed,
            output: LabelHash::new(&seed, "garbled output", simd),
            output_groups: Groups::default(),
            reverse: LabelHash::new(&seed, "evaluator to garbler", simd),
            reverse_groups: Groups::default(),
        }
    }
}

/// Buffers of other lengths kept while a new one is made: as many as a layer's last, shorter segment leaves over.
const KEPT: usize = 6;

/// Blocks kept at most: 256 MiB.
const KEPT_BLOCKS: usize = 1 << 24;

/// Large buffers of OT strings, kept between segments: allocating, clearing and wiping them anew costs as much as
/// garbling. Wiped when the session ends.
#[derive(Default)]
pub(crate) struct Buffers(Vec<Zeroizing<Vec<Block>>>);

impl Buffers {
    /// A buffer of `len` blocks with unspecified contents.
    pub(crate) fn take(&mut self, len: usize) -> Zeroizing<Vec<Block>> {
        // Lengths repeat from segment to segment: one that fits exactly needs no clearing.
        if let Some(i) = self.0.iter().position(|b| b.len() == len) {
            return self.0.swap_remove(i);
        }
        // The rest are of layers gone by; growing one would leave an unwiped copy behind.
        self.0.truncate(KEPT);
        Zeroizing::new(vec![Block::ZERO; len])
    }

    /// Takes a buffer back.
    pub(crate) fn give(&mut self, buffer: Zeroizing<Vec<Block>>) {
        let kept: usize = self.0.iter().map(|b| b.len()).sum();
        if kept + buffer.len() <= KEPT_BLOCKS {
            self.0.push(buffer);
        }
    }
}

/// Whether both parties are still at the same point of a protocol: after an error in the middle of one they are not, and
/// what one sends next the other would take for something else.
#[derive(Default)]
pub(crate) struct InStep {
    torn: bool,
}

impl InStep {
    /// Begins a protocol; without [`InStep::finish`] none begins after it.
    pub(crate) const fn begin(&mut self) -> Result<(), Error> {
        if self.torn {
            return Err(Error::Poisoned {
                what: "the session",
            });
        }
        self.torn = true;
        Ok(())
    }

    pub(crate) const fn finish(&mut self) {
        self.torn = false;
    }
}

/// Sends this party's nonce and how it garbles, and receives the peer's.
fn exchange(
    ch: &mut Channel,
    role: Role,
    nonce: &[u8; 32],
    scheme: Scheme,
) -> Result<[u8; 32], Error> {
    let send = |ch: &mut Channel| {
        ch.send(nonce)?;
        ch.send_u32(scheme as u32)
    };
    if role == Role::First {
        send(ch)?;
    }
    let mut theirs = [0u8; 32];
    ch.recv(&mut theirs)?;
    let code = ch.recv_u32()?;
    if role == Role::Second {
        send(ch)?;
        ch.flush()?;
    }
    if code == scheme as u32 {
        return Ok(theirs);
    }
    Err(Error::Malformed {
        what: "garbling scheme".into(),
        detail: format!("the peer's has number {code}, this side's is {scheme}"),
    })
}

/// The garbling party (the server).
pub struct GarblerSession {
    pub(crate) garbler: Garbler,
    /// Labels of the evaluator's inputs: sender with the garbling offset.
    pub(crate) labels: CotSender,
    /// Bits of the garbler against numbers of the evaluator.
    pub(crate) choices: CotReceiver,
    pub(crate) ot_relu: GarblerStock,
    pub(crate) pads: Pads,
    pub(crate) buffers: Buffers,
    /// OTs reserved for layers to come: those in which the garbler chooses, and those in which the evaluator does.
    pub(crate) ahead: [u64; 2],
    pub(crate) in_step: InStep,
    /// Of the masks that this party adds inside circuits.
    pub(crate) masks: SecureRng,
}

/// The evaluating party (the client).
pub struct EvaluatorSession {
    pub(crate) evaluator: Evaluator,
    pub(crate) labels: CotReceiver,
    pub(crate) choices: CotSender,
    pub(crate) ot_relu: EvaluatorStock,
    pub(crate) pads: Pads,
    pub(crate) buffers: Buffers,
    /// OTs reserved for layers to come: those in which the garbler chooses, and those in which the evaluator does.
    pub(crate) ahead: [u64; 2],
    pub(crate) in_step: InStep,
}

fn session_seed(garbler: &[u8; 32], evaluator: &[u8; 32]) -> [u8; 32] {
    Sha256::new()
        .chain_update(b"halfmask session v1")
        .chain_update(garbler)
        .chain_update(evaluator)
        .finalize()
        .into()
}

impl GarblerSession {
    /// Runs the set-up with an [`EvaluatorSession`]: OT by [`CotProtocol::default`].
    ///
    /// # Errors
    /// As [`GarblerSession::setup_with`].
    pub fn setup(ch: &mut Channel, rng: &mut SecureRng, simd: Simd) -> Result<Self, Error> {
        Self::setup_with(ch, CotProtocol::default(), Scheme::default(), rng, simd)
    }

    /// Runs the set-up with an [`EvaluatorSession`], with the same OT protocol in both directions; circuits are garbled by
    /// `scheme`.
    ///
    /// # Errors
    /// Of the channel and of the OTs; another protocol or scheme at the peer.
    pub fn setup_with(
        ch: &mut Channel,
        protocol: CotProtocol,
        scheme: Scheme,
        rng: &mut SecureRng,
        simd: Simd,
    ) -> Result<Self, Error> {
        ch.enter(Phase::Setup, "", Part::BaseOt);
        let (labels, choices) = setup_both(ch, Role::First, protocol, rng, simd)?;
        let mut mine = [0u8; 32];
        rng.fill_bytes(&mut mine);
        let theirs = exchange(ch, Role::First, &mine, scheme)?;
        let seed = session_seed(&mine, &theirs);
        Ok(Self {
            garbler: Garbler::with_scheme(scheme, labels.delta().clone(), &seed, rng, simd),
            labels,
            choices,
            ot_relu: GarblerStock::new(&seed, simd),
            pads: Pads::new(seed, simd),
            buffers: Buffers::default(),
            ahead: [0; 2],
            in_step: InStep::default(),
            masks: rng.fork(),
        })
    }

    /// The jointly drawn public seed.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.pads.seed
    }

    /// Correlated OTs used so far: those in which the garbler chose, and those in which the evaluator did.
    #[must_use]
    pub fn cots(&self) -> [u64; 2] {
        [self.choices.position(), self.labels.position()]
    }

    pub(crate) fn delta(&self) -> Block {
        self.garbler.delta().block()
    }
}

impl EvaluatorSession {
    /// Runs the set-up with a [`GarblerSession`]: OT by [`CotProtocol::default`].
    ///
    /// # Errors
    /// As [`EvaluatorSession::setup_with`].
    pub fn setup(ch: &mut Channel, rng: &mut SecureRng, simd: Simd) -> Result<Self, Error> {
        Self::setup_with(ch, CotProtocol::default(), Scheme::default(), rng, simd)
    }

    /// Runs the set-up with a [`GarblerSession`], with the same OT protocol in both directions; circuits are garbled by
    /// `scheme`.
    ///
    /// # Errors
    /// Of the channel and of the OTs; another protocol or scheme at the peer.
    pub fn setup_with(
        ch: &mut Channel,
        protocol: CotProtocol,
        scheme: Scheme,
        rng: &mut SecureRng,
        simd: Simd,
    ) -> Result<Self, Error> {
        ch.enter(Phase::Setup, "", Part::BaseOt);
        let (choices, labels) = setup_both(ch, Role::Second, protocol, rng, simd)?;
        let mut mine = [0u8; 32];
        rng.fill_bytes(&mut mine);
        let theirs = exchange(ch, Role::Second, &mine, scheme)?;
        let seed = session_seed(&theirs, &mine);
        Ok(Self {
            evaluator: Evaluator::with_scheme(scheme, &seed, simd),
            labels,
            choices,
            ot_relu: EvaluatorStock::new(&seed, simd),
            pads: Pads::new(seed, simd),
            buffers: Buffers::default(),
            ahead: [0; 2],
            in_step: InStep::default(),
        })
    }

    /// The jointly drawn public seed.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.pads.seed
    }

    /// Correlated OTs used so far: those in which the garbler chose, and those in which the evaluator did.
    #[must_use]
    pub fn cots(&self) -> [u64; 2] {
        [self.choices.position(), self.labels.position()]
    }

    pub(crate) fn delta(&self) -> &Delta {
        self.choices.delta()
    }
}

/// `K <- K xor d Delta`: the sender's string for the choice 0 (a wire's zero label), once the receiver has sent `d`.
pub(crate) fn correct(keys: &mut [Block], corrections: &[u16], delta: Block) {
    for (keys, d) in keys.chunks_exact_mut(LANES).zip(corrections) {
        for (lane, key) in keys.iter_mut().enumerate() {
            *key ^= delta.and_mask(u64::from(*d) >> lane);
        }
    }
}
