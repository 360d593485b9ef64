//! The secret matrix, in the clear and in the forms that each packing multiplies with.

use super::layout::Layout;
use super::spec::{DEGREE, ExactSpec};
use crate::Error;
use halfmask_ckks::linear::digits::DigitMatrix;
use halfmask_ckks::wide::Responder;
use halfmask_ckks::{Coefficient, Poly, RingContext};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use zeroize::Zeroizing;

/// Weight polynomials are kept from call to call up to this number of bytes for one layout, and else made anew: 256 MiB.
const KEPT_BYTES: usize = 1 << 28;

/// Weight polynomials of one layout in evaluations, `[answer][piece]`, an element each.
type Polynomials = Arc<Zeroizing<Vec<u32>>>;

/// W and b of W x + b.
pub struct ExactMatrix {
    spec: ExactSpec,
    context: Arc<RingContext<u32>>,
    coefficients: Zeroizing<Vec<i32>>,
    constants: Zeroizing<Vec<i64>>,
    digits: OnceLock<DigitMatrix>,
    polynomials: Mutex<BTreeMap<usize, Polynomials>>,
}

impl std::fmt::Debug for ExactMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ExactMatrix {{ spec: {:?}, .. }}", self.spec)
    }
}

impl ExactMatrix {
    /// Takes `outputs * inputs` coefficients, row-major, and a constant an output.
    ///
    /// # Errors
    /// A shape out of range, another number of coefficients or constants, or a coefficient past its bound (named by its
    /// place).
    pub fn new(spec: &ExactSpec, coefficients: &[i64], constants: &[i64]) -> Result<Self, Error> {
        spec.check()?;
        for (what, got, rows, images) in [
            (
                "coefficients",
                coefficients.len(),
                spec.outputs,
                spec.inputs,
            ),
            ("constants", constants.len(), spec.outputs, 1),
        ] {
            if got != rows * images {
                return Err(Error::Shape {
                    what,
                    got,
                    rows,
                    images,
                });
            }
        }
        let mut narrow = Zeroizing::new(Vec::with_capacity(coefficients.len()));
        for (i, &w) in coefficients.iter().enumerate() {
            if w.unsigned_abs() >> spec.coefficient_bits != 0 {
                return Err(Error::Coefficient {
                    output: i / spec.inputs,
                    input: i % spec.inputs,
                    bits: spec.coefficient_bits,
                });
            }
            narrow.push(w as i32); // at most 31 bits
        }
        Ok(Self {
            spec: *spec,
            context: spec.context()?,
            coefficients: narrow,
            constants: Zeroizing::new(constants.to_vec()),
            digits: OnceLock::new(),
            polynomials: Mutex::default(),
        })
    }

    /// The public shape.
    #[must_use]
    pub fn spec(&self) -> &ExactSpec {
        &self.spec
    }

    /// W x + b, exactly: reduced modulo 2^L it is what the shares hold.
    ///
    /// # Errors
    /// [`Error::Shape`] if `x` has another length.
    pub fn plain(&self, x: &[u32]) -> Result<Vec<i64>, Error> {
        if x.len() != self.spec.inputs {
            return Err(Error::Shape {
                what: "inputs",
                got: x.len(),
                rows: 1,
                images: self.spec.inputs,
            });
        }
        let product = |row: &[i32]| -> i64 {
            row.iter()
                .zip(x)
                .map(|(w, x)| i64::from(*w).wrapping_mul(i64::from(*x)))
                .fold(0, i64::wrapping_add)
        };
        let rows = self.coefficients.chunks_exact(self.spec.inputs);
        Ok(rows
            .zip(self.constants.iter())
            .map(|(row, b)| product(row).wrapping_add(*b))
            .collect())
    }

    /// Makes ahead what `rows` rows are multiplied with, as many as fit; without it the first call does.
    ///
    /// # Errors
    /// No rows, or too many.
    pub fn prepare(&self, rows: usize) -> Result<(), Error> {
        match self.spec.packing(rows)? {
            super::Packing::Batch => self.digits().map(|_| ()),
            super::Packing::Coefficient { rows } => {
                let layout = Layout::new(&self.spec, rows);
                if self.kept(&layout) {
                    self.polynomials(&layout, 0..layout.answers())?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn constants(&self) -> &[i64] {
        &self.constants
    }

    /// The form for batch packing.
    pub(super) fn digits(&self) -> Result<&DigitMatrix, Error> {
        if let Some(digits) = self.digits.get() {
            return Ok(digits);
        }
        let (terms, bits) = (self.spec.inputs, self.spec.coefficient_bits);
        let made = DigitMatrix::new(&self.context, terms, bits, &self.coefficients)?;
        Ok(self.digits.get_or_init(|| made))
    }

    fn kept(&self, layout: &Layout) -> bool {
        let element = 4 * self.context.element_words();
        layout.answers() * layout.pieces() <= KEPT_BYTES / element
    }

    /// The weight polynomials of some answers of a layout, `[answer][piece]`, and the place of the first in what is returned.
    pub(super) fn polynomials(
        &self,
        layout: &Layout,
        answers: std::ops::Range<usize>,
    ) -> Result<(Polynomials, usize), Error> {
        if !self.kept(layout) {
            return Ok((Arc::new(self.transformed(layout, answers)?), 0));
        }
        let lock = || {
            self.polynomials
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let place = answers.start * layout.pieces() * self.context.element_words();
        if let Some(made) = lock().get(&layout.rows()) {
            return Ok((Arc::clone(made), place));
        }
        let made = Arc::new(self.transformed(layout, 0..layout.answers())?);
        let mut all = lock();
        let held: usize = all.values().map(|p| p.len()).sum();
        if 4 * (held + made.len()) > KEPT_BYTES {
            all.clear(); // those in use live on in their Arc
        }
        all.insert(layout.rows(), Arc::clone(&made));
        Ok((made, place))
    }

    fn transformed(
        &self,
        layout: &Layout,
        answers: std::ops::Range<usize>,
    ) -> Result<Zeroizing<Vec<u32>>, Error> {
        let element = self.context.element_words();
        let length = answers.len() * layout.pieces() * element;
        let mut words = Zeroizing::new(Vec::with_capacity(length));
        let mut signed = Zeroizing::new(vec![0i64; DEGREE]);
        for answer in answers {
            for piece in 0..layout.pieces() {
                layout.weights(&self.coefficients, answer, piece, &mut signed);
                let lifted = Poly::<Coefficient, u32>::from_signed(&self.context, &signed)?;
                words.extend_from_slice(&Zeroizing::new(lifted.into_words()));
            }
        }
        Responder::transform_weights(&self.context, &mut words)?;
        Ok(words)
    }
}
