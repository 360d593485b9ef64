//! Keys and engines of one connection.
//!
//! Set-up: base OTs and nonces ([`halfmask_mpc::session`]); then the client draws its secret key and sends the public seed of
//! its symmetric ciphertexts and the half `b` of its public key. The other half, `a`, is expanded from the hash of the
//! jointly drawn session seed: a client that chose `a` itself could take `a = 0` and undo every re-randomisation.

use crate::Error;
use halfmask_ckks::{
    Parameters, Poly, PublicKey, PublicSeed, RingContext, SecretKey, SwitchedDecryptor,
};
use halfmask_mpc::channel::{Channel, Part, Phase};
use halfmask_mpc::session::{EvaluatorSession, GarblerSession};
use std::sync::Arc;

/// The randomness of one party: a generator for each of the two crates below.
pub struct Randomness {
    pub(crate) he: halfmask_ckks::SecureRng,
    pub(crate) mpc: halfmask_mpc::rng::SecureRng,
}

impl Randomness {
    /// Seeded by the operating system.
    ///
    /// # Errors
    /// If the system has no randomness to give.
    pub fn from_os() -> Result<Self, Error> {
        Ok(Self {
            he: halfmask_ckks::SecureRng::from_os()?,
            mpc: halfmask_mpc::rng::SecureRng::from_os()?,
        })
    }

    /// A known seed: nothing drawn from it is secret. For tests alone.
    #[cfg(any(test, feature = "test-seed"))]
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self {
            he: halfmask_ckks::SecureRng::from_seed(seed),
            mpc: halfmask_mpc::rng::SecureRng::from_seed(seed.map(|b| !b)),
        }
    }
}

/// Instruction sets of both crates' kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels {
    /// Of the residue GEMM and the modulus switch.
    pub he: halfmask_ckks::Simd,
    /// Of AES, garbling and OT.
    pub mpc: halfmask_mpc::simd::Simd,
}

impl Kernels {
    /// The best of this CPU.
    #[must_use]
    pub fn detect() -> Self {
        Self {
            he: halfmask_ckks::Simd::detect(),
            mpc: halfmask_mpc::simd::Simd::detect(),
        }
    }
}

/// The server's end: it garbles, and computes on the client's ciphertexts.
pub struct ServerSession {
    /// Garbling and OT.
    pub garbler: GarblerSession,
    pub(crate) context: Arc<RingContext<u32>>,
    pub(crate) public_key: PublicKey<u32>,
    pub(crate) client_seed: [u8; 32],
    pub(crate) next_index: u64,
    pub(crate) random: Randomness,
    pub(crate) kernels: Kernels,
}

/// The client's end: it evaluates, and holds the secret key.
pub struct ClientSession {
    /// Evaluation and OT.
    pub evaluator: EvaluatorSession,
    pub(crate) context: Arc<RingContext<u32>>,
    pub(crate) secret_key: SecretKey<u32>,
    pub(crate) decryptor: SwitchedDecryptor,
    pub(crate) seed: PublicSeed,
    pub(crate) random: Randomness,
}

/// Bytes of a packed ring element.
fn element_bytes(context: &RingContext<u32>) -> usize {
    let bits: usize = context.moduli().map(|m| m.bits() as usize).sum();
    (context.degree() * bits).div_ceil(8)
}

impl ServerSession {
    /// Runs the set-up with a client.
    ///
    /// # Errors
    /// Of the channel, the base OTs, or a malformed key.
    pub fn setup(
        ch: &mut Channel,
        parameters: &Parameters,
        mut random: Randomness,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        let context = RingContext::from_parameters(parameters)?;
        let garbler = GarblerSession::setup(ch, &mut random.mpc, kernels.mpc)?;
        ch.enter(Phase::Setup, "", Part::Keys);
        let mut client_seed = [0u8; 32];
        ch.recv(&mut client_seed)?;
        let mut bytes = vec![0u8; element_bytes(&context)];
        ch.recv(&mut bytes)?;
        let b = Poly::from_bytes(&context, &bytes)?;
        let public_key = PublicKey::from_received(garbler.seed(), b)?;
        Ok(Self {
            garbler,
            context,
            public_key,
            client_seed,
            next_index: 0,
            random,
            kernels,
        })
    }
}

impl ClientSession {
    /// Runs the set-up with a server.
    ///
    /// # Errors
    /// Of the channel or the base OTs.
    pub fn setup(
        ch: &mut Channel,
        parameters: &Parameters,
        mut random: Randomness,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        let context = RingContext::from_parameters(parameters)?;
        let evaluator = EvaluatorSession::setup(ch, &mut random.mpc, kernels.mpc)?;
        ch.enter(Phase::Setup, "", Part::Keys);
        let secret_key = SecretKey::generate(&context, &mut random.he);
        let public_key = PublicKey::generate(&secret_key, evaluator.seed(), &mut random.he)?;
        let seed = PublicSeed::generate(&mut random.he);
        ch.send(seed.bytes())?;
        ch.send(&public_key.b()?.to_bytes()?)?;
        ch.flush()?;
        let decryptor = SwitchedDecryptor::new(&secret_key)?;
        Ok(Self {
            evaluator,
            context,
            secret_key,
            decryptor,
            seed,
            random,
        })
    }
}
