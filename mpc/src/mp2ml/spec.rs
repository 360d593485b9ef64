//! What the layer computes, exactly, given the shares.

use crate::Error;

/// Public parameters of a ReLU layer in the published form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mp2mlSpec {
    /// `m`: inputs are shared modulo this number, `2 <= m <= 2^32`.
    pub input_modulus: u64,
    /// `h`: outputs are inputs over `2^h`, halves rounded up.
    pub shift: u32,
    /// `q`: outputs are shared modulo this number below `2^31`.
    pub modulus: u32,
    /// `w`: bits of the circuit's words, so many that no sum wraps; 64 in the publication.
    pub word_bits: u32,
    /// Values of a segment: what is in memory at once.
    pub segment: u32,
}

impl Mp2mlSpec {
    /// Word length of the publication.
    pub const PUBLISHED_WORD_BITS: u32 = 64;

    /// Checks the parameters against each other.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the first rule that is broken.
    pub fn validate(&self) -> Result<(), Error> {
        let Self {
            input_modulus: m,
            shift: h,
            modulus: q,
            word_bits: w,
            segment,
        } = *self;
        let fail = |detail: String| {
            Err(Error::Malformed {
                what: "MP2ML ReLU parameters".into(),
                detail,
            })
        };
        if !(2..=1 << 32).contains(&m) {
            return fail(format!("input modulus {m}, expected 2 to 2^32"));
        }
        if h >= 32 {
            return fail(format!("shift {h}, expected below 32"));
        }
        if q >> 31 != 0 || u64::from(q) <= self.shifted(self.largest()) {
            let largest = self.shifted(self.largest());
            return fail(format!(
                "modulus {q}, expected above the largest output {largest} and below 2^31"
            ));
        }
        let sum = 2 * (m - 1).max(u64::from(q) - 1);
        if w > 64 || sum >> (w.min(63)) != 0 {
            return fail(format!(
                "words of {w} bits, expected to hold {sum}, and at most 64"
            ));
        }
        if segment == 0 || segment > 1 << 20 {
            return fail(format!("segment {segment}, expected 1 to 2^20"));
        }
        Ok(())
    }

    /// The largest positive residue; those above it are negative numbers.
    pub(super) const fn largest(&self) -> u64 {
        (self.input_modulus - 1) / 2
    }

    /// `floor(x / 2^h + 1/2)`.
    const fn shifted(&self, x: u64) -> u64 {
        match self.shift {
            0 => x,
            h => (x + (1 << (h - 1))) >> h,
        }
    }
}

/// The value `y` in `[0, q)` that the protocol shares, given both input shares: its plaintext twin.
#[must_use]
pub fn mp2ml_reference(spec: &Mp2mlSpec, evaluator: u32, garbler: u32) -> u32 {
    let sum = (u64::from(evaluator) + u64::from(garbler)) % spec.input_modulus.max(1);
    if sum > spec.largest() {
        0
    } else {
        spec.shifted(sum) as u32
    }
}
