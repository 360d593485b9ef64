//! The key owner's encryptions.

use super::PREPARED_BYTES;
use crate::ring::parallel::try_for_each_with;
use crate::rlwe::kernel;
use crate::rows::{Wiped, check_length, count_rows, only_limb};
use crate::{Error, PublicSeed, RngStreams, SecretKey, SecureRng, sample, wire};
use std::collections::VecDeque;

/// A fresh encryption of zero: z = e - a s, a of the index at which it stands in the queue.
struct Zero(Wiped<u32>);

/// Encrypts under consecutive indices of one public seed.
pub struct Encryptor {
    secret: SecretKey<u32>,
    seed: PublicSeed,
    streams: RngStreams,
    ready: VecDeque<Zero>,
}

impl std::fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Encryptor {{ ready: {}, .. }}", self.ready.len())
    }
}

impl Encryptor {
    /// Draws a public seed for `secret`.
    ///
    /// # Errors
    /// A ring of more than one limb.
    pub fn new(secret: SecretKey<u32>, rng: &mut SecureRng) -> Result<Self, Error> {
        only_limb(secret.context())?;
        let seed = PublicSeed::generate(rng);
        Ok(Self {
            secret,
            seed,
            streams: RngStreams::new(rng),
            ready: VecDeque::new(),
        })
    }

    /// The public seed, to be sent.
    pub fn seed(&self) -> &[u8; 32] {
        self.seed.bytes()
    }

    /// The key.
    pub fn secret(&self) -> &SecretKey<u32> {
        &self.secret
    }

    /// Encryptions of zero ready for use.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Bytes of `rows` encryptions as they travel: N residues each, packed.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn packed_bytes(&self, rows: usize) -> Result<usize, Error> {
        let row = self.row_bytes()?;
        rows.checked_mul(row).ok_or(Error::TooLarge {
            what: "encryptions",
            rows,
            row,
        })
    }

    /// Refuses messages that are no residues.
    ///
    /// # Errors
    /// [`Error::Residue`].
    pub fn check(&self, messages: &[u32]) -> Result<(), Error> {
        let q = only_limb(self.secret.context())?.modulus().value();
        if kernel::largest(self.streams.simd(), messages) < q {
            return Ok(());
        }
        crate::ring::check_below("messages", messages, q, 0)
    }

    fn row_bytes(&self) -> Result<usize, Error> {
        let context = self.secret.context();
        Ok(context.degree() / 8 * only_limb(context)?.modulus().bits() as usize)
    }

    /// z for index `index`, drawn from stream `index`.
    fn fill(&self, index: u64, scratch: &mut Scratch, z: &mut [u32]) -> Result<(), Error> {
        let context = self.secret.context();
        self.streams.enter(&mut scratch.rng, index);
        let simd = scratch.rng.simd();
        sample::expand_element(simd, self.seed.bytes(), index, context, z);
        self.secret.multiply(z)?;
        sample::centred_binomial(&mut scratch.rng, &mut scratch.error.0);
        kernel::small_minus(simd, only_limb(context)?.modulus(), z, &scratch.error.0);
        Ok(())
    }

    fn scratch(&self) -> Scratch {
        let degree = self.secret.context().degree();
        Scratch {
            rng: self.streams.stream(0), // entered anew for every row
            error: Wiped::new(degree),
            z: Wiped::new(degree),
        }
    }

    /// Makes encryptions of zero until `rows` are ready, or as many as [`PREPARED_BYTES`] hold; returns how many are.
    ///
    /// # Errors
    /// A spent seed.
    pub fn prepare(&mut self, rows: usize) -> Result<usize, Error> {
        let degree = self.secret.context().degree();
        let missing = rows
            .min(PREPARED_BYTES / (4 * degree))
            .saturating_sub(self.ready.len());
        let first = self.seed.take(missing)?;
        let mut made: Vec<Zero> = Vec::new();
        made.resize_with(missing, || Zero(Wiped::new(degree)));
        try_for_each_with(
            (first..).zip(made.iter_mut()),
            || self.scratch(),
            |scratch, (index, zero)| self.fill(index, scratch, &mut zero.0.0),
        )?;
        self.ready.extend(made);
        Ok(self.ready.len())
    }

    /// Encrypts messages of `columns` residues (zeros above them), row by row, and packs what is to be sent into `out`.
    ///
    /// # Errors
    /// Lengths that do not fit, a residue not below the modulus, or a spent seed.
    pub fn encrypt_into(
        &mut self,
        messages: &[u32],
        columns: usize,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let degree = self.secret.context().degree();
        let rows = count_rows("messages", messages.len(), columns, degree)?;
        let row_bytes = self.row_bytes()?;
        check_length("encryptions", rows, row_bytes, out.len())?;
        let modulus = *only_limb(self.secret.context())?.modulus();
        self.check(messages)?;
        let missing = rows.saturating_sub(self.ready.len());
        // Indices are handed out in order and used in order, so those of this call are consecutive.
        let first = self.seed.take(missing)?;
        let ready: Vec<Zero> = self.ready.drain(..rows - missing).collect();
        let zeros = ready
            .into_iter()
            .map(Ok)
            .chain((0..missing as u64).map(|i| Err(first + i)));
        let pieces = messages
            .chunks(columns)
            .zip(out.chunks_exact_mut(row_bytes));
        let this = &*self;
        try_for_each_with(
            zeros.zip(pieces),
            || this.scratch(),
            |scratch, (zero, (message, out))| {
                let simd = scratch.rng.simd();
                let mut encrypt = |z: &mut [u32]| {
                    kernel::add(simd, &modulus, z, message);
                    wire::pack_reduced(simd, z, modulus.bits(), out);
                };
                match zero {
                    Ok(mut zero) => encrypt(&mut zero.0.0),
                    Err(index) => {
                        let mut z = std::mem::replace(&mut scratch.z, Wiped::new(0));
                        this.fill(index, scratch, &mut z.0)?;
                        encrypt(&mut z.0);
                        scratch.z = z;
                    }
                }
                Ok(())
            },
        )
    }
}

/// Memory of one encryption, reused from row to row and overwritten at the end.
struct Scratch {
    rng: SecureRng,
    error: Wiped<i8>,
    z: Wiped<u32>,
}
