//! Signed division of shared values by a power of two, into another ring, without a sign test.
//!
//! Input: `x = x_e + x_g mod 2^k` with `-2^(k-2) <= x < 2^(k-2)`. Output: `y = y_e + y_g mod q` with `y = round(x / 2^h)` within one.
//!
//! The garbler adds `2^(k-2)` to its share; then `x' = x + 2^(k-2)` lies in `[0, 2^(k-1))`, where the wrap of the two shares is
//! `w = t_e OR t_g` of the top bits ([`crate::share`], *Truncation*). So
//! `y = round(x_e / 2^h) + round(x_g' / 2^h) - (t_e + t_g - t_e t_g) 2^(k-h) - 2^(k-2-h)`, `h <= k - 2`; the product takes one correlated OT in
//! which the garbler chooses. With `h = 0` the result is exact: it only changes the ring.
//!
//! **Flow.** `g -> e` OT extension and choices; `e -> g` a residue a value. One round for a layer of any size; the evaluator may
//! send while the garbler sends (see [`crate::relu::garbled`]). **Simulator.** Choices are masked by the random OT's, residues by a pad
//! that the garbler does not know.

use crate::Error;
use crate::block::Block;
use crate::channel::{Channel, Part, Phase, Step};
use crate::garble::{LANES, pad_below};
use crate::session::{EvaluatorSession, GarblerSession, correct};
use crate::share::{
    MAX_SHARE_BITS, add_mod, low_mask, read_residues, read_words, round_shift, select, slice_bits,
    sub_mod, write_residues, write_words,
};
use zeroize::Zeroizing;

/// Values whose OTs are extended at once.
const SEGMENT: usize = 1 << 14;

/// Public parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RescaleSpec {
    /// `k`: inputs are shared modulo `2^k`.
    pub share_bits: u32,
    /// `h`: outputs are inputs over `2^h`.
    pub shift: u32,
    /// `q`: outputs are shared modulo this number.
    pub modulus: u32,
}

impl RescaleSpec {
    /// Checks the parameters against each other.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the first rule that is broken.
    pub fn validate(&self) -> Result<(), Error> {
        let Self {
            share_bits: k,
            shift: h,
            modulus: q,
        } = *self;
        let detail = if !(3..=MAX_SHARE_BITS).contains(&k) {
            format!("{k} share bits, expected 3 to {MAX_SHARE_BITS}")
        } else if h > k - 2 {
            format!("shift {h}, expected up to {}", k - 2)
        } else if q >> 31 != 0 || u64::from(q) <= (1u64 << (k - h)) + 2 {
            format!("modulus {q}, expected above 2^{} + 2 and below 2^31", k - h)
        } else {
            return Ok(());
        };
        Err(Error::Malformed {
            what: "rescaling parameters".into(),
            detail,
        })
    }

    fn check(&self, x: &[u32], y: &[u32]) -> Result<(), Error> {
        self.validate()?;
        if x.len() == y.len() {
            return Ok(());
        }
        Err(Error::Length {
            what: "rescaled outputs",
            length: y.len(),
            expected: x.len().to_string(),
        })
    }

    fn top(&self, x: u32) -> u32 {
        x >> (self.share_bits - 1)
    }

    fn wrap(&self) -> u32 {
        1 << (self.share_bits - self.shift)
    }

    /// The garbler's share of `x + 2^(k-2)`.
    fn lifted(&self, x: u32) -> u32 {
        x.wrapping_add(1 << (self.share_bits - 2)) & low_mask(self.share_bits)
    }

    /// A party's own terms of the wrapped sum.
    fn own_term(&self, x: u32) -> u32 {
        let wrap = select(self.top(x), self.wrap());
        sub_mod(round_shift(x, self.shift), wrap, self.modulus)
    }

    /// What lifting added to the output.
    fn offset(&self) -> u32 {
        1 << (self.share_bits - 2 - self.shift)
    }
}

/// The value in `[0, q)` that the protocol shares, given both input shares: its plaintext twin.
#[must_use]
pub fn rescale_reference(spec: &RescaleSpec, evaluator: u32, garbler: u32) -> u32 {
    let garbler = spec.lifted(garbler);
    let wrap = i64::from(spec.top(evaluator) | spec.top(garbler)) << (spec.share_bits - spec.shift);
    let sum = i64::from(round_shift(evaluator, spec.shift))
        + i64::from(round_shift(garbler, spec.shift))
        - wrap
        - i64::from(spec.offset());
    sum.rem_euclid(i64::from(spec.modulus)) as u32
}

impl GarblerSession {
    /// This party's shares of the rescaled values. Starts by sending and ends by receiving.
    ///
    /// # Errors
    /// Of the channel; [`Error::Malformed`] for bad parameters or a residue out of range; [`Error::Length`].
    pub fn rescale(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &RescaleSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        spec.check(x, y)?;
        self.in_step.begin()?;
        let q = spec.modulus;
        // The garbler runs ahead by all segments: a refill of silent OT must not meet their messages.
        ch.enter(Phase::Online, layer, Part::Relu(Step::Ot));
        self.choices
            .reserve(ch, x.len().next_multiple_of(LANES) as u64)?;
        for (x, y) in x.chunks(SEGMENT).zip(y.chunks_mut(SEGMENT)) {
            let blocks = x.len().div_ceil(LANES);
            ch.enter(Phase::Online, layer, Part::Relu(Step::Ot));
            let mut choices = vec![0u16; blocks];
            let mut strings = Zeroizing::new(vec![Block::ZERO; blocks * LANES]);
            self.choices.extend(ch, &mut choices, &mut strings)?;
            let group = self.pads.reverse_groups.take(blocks)?;
            let mut scratch = Zeroizing::new(Vec::new());
            self.pads.reverse.hash(group, &mut strings, &mut scratch);
            ch.enter(Phase::Online, layer, Part::Relu(Step::Truncation));
            for (word, x) in choices.iter_mut().zip(x.chunks(LANES)) {
                let mut tops = [0; LANES];
                for (top, x) in tops.iter_mut().zip(x) {
                    *top = spec.top(spec.lifted(*x));
                }
                let mut sliced = [0u16; 1];
                slice_bits(&tops, &mut sliced);
                let [top] = sliced;
                *word ^= top;
            }
            ch.send_with(2 * blocks, |b| write_words(&choices, b))?;
            // All but what the evaluator sends.
            for ((y, x), hash) in y.iter_mut().zip(x).zip(strings.iter()) {
                let own = sub_mod(spec.own_term(spec.lifted(*x)), spec.offset(), q);
                *y = add_mod(own, pad_below(*hash, q), q);
            }
        }
        for (x, y) in x.chunks(SEGMENT).zip(y.chunks_mut(SEGMENT)) {
            let mut message = vec![0u32; x.len()];
            ch.recv_with(4 * message.len(), |b| {
                read_residues("rescaled value", b, q, &mut message)
            })??;
            for ((y, x), m) in y.iter_mut().zip(x).zip(message) {
                *y = add_mod(*y, select(spec.top(spec.lifted(*x)), m), q);
            }
        }
        self.in_step.finish();
        Ok(())
    }
}

impl EvaluatorSession {
    /// This party's shares of the rescaled values. Starts by receiving and ends by sending; the last message is left in the
    /// channel's buffer.
    ///
    /// # Errors
    /// As [`GarblerSession::rescale`].
    pub fn rescale(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &RescaleSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        spec.check(x, y)?;
        self.in_step.begin()?;
        let q = spec.modulus;
        // The garbler runs ahead by all segments: a refill of silent OT must not meet their messages.
        ch.enter(Phase::Online, layer, Part::Relu(Step::Ot));
        self.choices
            .reserve(ch, x.len().next_multiple_of(LANES) as u64)?;
        for (x, y) in x.chunks(SEGMENT).zip(y.chunks_mut(SEGMENT)) {
            let blocks = x.len().div_ceil(LANES);
            ch.enter(Phase::Online, layer, Part::Relu(Step::Ot));
            let mut strings = Zeroizing::new(vec![Block::ZERO; blocks * LANES]);
            self.choices.extend(ch, &mut strings)?;
            ch.enter(Phase::Online, layer, Part::Relu(Step::Truncation));
            let mut choices = vec![0u16; blocks];
            ch.recv_with(2 * blocks, |b| read_words(b, &mut choices))?;
            correct(&mut strings, &choices, self.delta().block());
            let group = self.pads.reverse_groups.take(blocks)?;
            let pads = self.sender_pads(&strings, group, q);
            let mut message = vec![0u32; x.len()];
            let outputs = message.iter_mut().zip(y);
            for ((m, y), (x, (p0, p1))) in outputs.zip(x.iter().zip(pads.iter())) {
                let wrap = select(spec.top(*x), spec.wrap());
                *m = sub_mod(add_mod(*p0, wrap, q), *p1, q);
                *y = sub_mod(spec.own_term(*x), *p0, q);
            }
            ch.send_with(4 * message.len(), |b| write_residues(&message, b))?;
        }
        self.in_step.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
