//! Keys and engines of one connection.
//!
//! Set-up: base OTs and nonces ([`halfmask_mpc::session`]); then the client draws its secret key and sends the public seed of
//! its symmetric ciphertexts and the half `b` of its public key. The other half, `a`, is expanded from the hash of the
//! jointly drawn session seed: a client that chose `a` itself could take `a = 0` and undo every re-randomisation.

use crate::Error;
use halfmask_ckks::{
    Encryptor, ErrorTerm, Expander, Masker, Parameters, Poly, PublicKey, RingContext, SecretKey,
    SwitchedDecryptor,
};
use halfmask_mpc::channel::{Channel, Part, Phase};
use halfmask_mpc::planner::Engine;
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

    /// The two generators, for sessions that set up their parts themselves.
    #[must_use]
    pub fn into_parts(self) -> (halfmask_ckks::SecureRng, halfmask_mpc::rng::SecureRng) {
        (self.he, self.mpc)
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
    pub(crate) expander: Expander,
    pub(crate) masker: Masker,
}

/// The client's end: it evaluates, and holds the secret key.
pub struct ClientSession {
    /// Evaluation and OT.
    pub evaluator: EvaluatorSession,
    pub(crate) context: Arc<RingContext<u32>>,
    pub(crate) encryptor: Encryptor,
    pub(crate) decryptor: SwitchedDecryptor,
    pub(crate) kernels: Kernels,
}

/// Bytes of a packed ring element.
fn element_bytes(context: &RingContext<u32>) -> usize {
    let bits: usize = context.moduli().map(|m| m.bits() as usize).sum();
    (context.degree() * bits).div_ceil(8)
}

impl ServerSession {
    /// Runs the set-up with a client; correlated OTs and garbling are those of `engine`.
    ///
    /// # Errors
    /// Of the channel, the base OTs, or a malformed key.
    pub fn setup(
        ch: &mut Channel,
        parameters: &Parameters,
        engine: Engine,
        mut random: Randomness,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        let context = RingContext::from_parameters(parameters)?;
        let garbler = GarblerSession::setup_with(
            ch,
            engine.cot,
            engine.scheme,
            &mut random.mpc,
            kernels.mpc,
        )?;
        ch.enter(Phase::Setup, "", Part::Keys);
        let mut client_seed = [0u8; 32];
        ch.recv(&mut client_seed)?;
        let mut bytes = vec![0u8; element_bytes(&context)];
        ch.recv(&mut bytes)?;
        let b = Poly::from_bytes(&context, &bytes)?;
        let public_key = PublicKey::from_received(garbler.seed(), b)?;
        let expander = Expander::new(&context, client_seed, kernels.he)?;
        let masker = Masker::new(public_key, &mut random.he.with_simd(kernels.he)?)?;
        Ok(Self {
            garbler,
            context,
            expander,
            masker,
        })
    }

    /// Makes ahead what needs no input: the expansions of the next `incoming` ciphertexts, and for every `(ciphertexts, error0)`
    /// of `outgoing` as many encryptions of zero with their masks. Entries of one `error0` add up. What is ready from earlier calls counts;
    /// at most [`halfmask_ckks::ahead::PREPARED_BYTES`] are held of each kind (at N = 2,048, 32,768 expansions and
    /// 10,922 encryptions of zero), and what is missing later is made then. What is sent does not depend on it.
    ///
    /// # Errors
    /// A flooding width out of range.
    pub fn prepare(
        &mut self,
        incoming: usize,
        outgoing: &[(usize, ErrorTerm)],
    ) -> Result<(), Error> {
        self.expander.prepare(incoming)?;
        for (i, (_, error0)) in outgoing.iter().enumerate() {
            let same = |(_, e): &&(usize, ErrorTerm)| e == error0;
            if !outgoing.iter().take(i).any(|entry| same(&entry)) {
                let rows = outgoing.iter().filter(same).map(|(rows, _)| rows).sum();
                self.masker.prepare(*error0, rows)?;
            }
        }
        Ok(())
    }

    /// What is ready: expansions for incoming ciphertexts, and outgoing encryptions of zero with this `error0`.
    #[must_use]
    pub fn prepared(&self, error0: ErrorTerm) -> (usize, usize) {
        (self.expander.ready(), self.masker.ready(error0))
    }
}

impl ClientSession {
    /// Runs the set-up with a server; correlated OTs and garbling are those of `engine`.
    ///
    /// # Errors
    /// Of the channel or the base OTs.
    pub fn setup(
        ch: &mut Channel,
        parameters: &Parameters,
        engine: Engine,
        mut random: Randomness,
        kernels: Kernels,
    ) -> Result<Self, Error> {
        let context = RingContext::from_parameters(parameters)?;
        let evaluator = EvaluatorSession::setup_with(
            ch,
            engine.cot,
            engine.scheme,
            &mut random.mpc,
            kernels.mpc,
        )?;
        ch.enter(Phase::Setup, "", Part::Keys);
        let mut he = random.he.with_simd(kernels.he)?;
        let secret = SecretKey::generate(&context, &mut he);
        let public_key = PublicKey::generate(&secret, evaluator.seed(), &mut he)?;
        let decryptor = SwitchedDecryptor::new(&secret)?;
        let encryptor = Encryptor::new(secret, &mut he)?;
        ch.send(encryptor.seed())?;
        ch.send(&public_key.b()?.to_bytes()?)?;
        ch.flush()?;
        Ok(Self {
            evaluator,
            context,
            encryptor,
            decryptor,
            kernels,
        })
    }

    /// Makes encryptions of zero ahead until `ciphertexts` are ready, so that sending adds the message to them and no more. At most
    /// [`halfmask_ckks::ahead::PREPARED_BYTES`] are held (at N = 2,048, 32,768 ciphertexts); what is missing later is made
    /// then. What is sent does not depend on it.
    ///
    /// # Errors
    /// A spent seed.
    pub fn prepare(&mut self, ciphertexts: usize) -> Result<(), Error> {
        self.encryptor.prepare(ciphertexts)?;
        Ok(())
    }

    /// Encryptions of zero that are ready.
    #[must_use]
    pub fn prepared(&self) -> usize {
        self.encryptor.ready()
    }
}
