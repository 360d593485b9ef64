//! What is computed once from the parameters and shared by all that lives under them.

use super::{Error, Parameters, divide::DivisionTables, key_switch::DigitTables};
use crate::RingContext;
use crate::simd::Supported;
use std::sync::Arc;

/// Rings of every level and of the keys.
#[derive(Debug)]
pub struct Context {
    parameters: Parameters,
    /// Over Q P: data primes, then special primes.
    key_ring: Arc<RingContext<u64>>,
    /// `levels[l]` is over Q_l.
    levels: Vec<Arc<RingContext<u64>>>,
    digits: DigitTables,
    division: DivisionTables,
    simd: Supported,
}

impl Context {
    /// Prepares transforms for all primes.
    ///
    /// # Errors
    /// None for checked parameters.
    pub fn new(parameters: &Parameters) -> Result<Arc<Self>, Error> {
        let key_ring = RingContext::<u64>::from_parameters(parameters.chain())?;
        let levels = (0..=parameters.max_level())
            .map(|level| key_ring.sub_ring(0..level + 1))
            .collect::<Result<_, _>>()?;
        let digits = (0..parameters.digits(parameters.max_level()))
            .map(|digit| parameters.digit(digit, parameters.max_level()));
        let moduli: Vec<_> = key_ring.moduli().copied().collect();
        let data = parameters.data_moduli().len();
        Ok(Arc::new(Self {
            digits: DigitTables::new(&moduli, digits),
            division: DivisionTables::new(&moduli, data),
            parameters: parameters.clone(),
            key_ring,
            levels,
            simd: Supported::detect(),
        }))
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Ring degree N.
    pub fn degree(&self) -> usize {
        self.parameters.degree()
    }

    /// N/2.
    pub fn slots(&self) -> usize {
        self.parameters.slots()
    }

    /// The ring over Q P.
    pub fn key_ring(&self) -> &Arc<RingContext<u64>> {
        &self.key_ring
    }

    /// The ring over Q_l.
    ///
    /// # Errors
    /// [`Error::OutOfLevels`] above the highest level.
    pub fn level_ring(&self, level: usize) -> Result<&Arc<RingContext<u64>>, Error> {
        self.levels.get(level).ok_or(Error::OutOfLevels {
            operation: "ring of a level",
            needed: level,
            left: self.parameters.max_level(),
        })
    }

    /// The constants of decompositions.
    pub(super) fn digit_tables(&self) -> &DigitTables {
        &self.digits
    }

    /// The constants of divisions by P.
    pub(super) fn division_tables(&self) -> &DivisionTables {
        &self.division
    }

    /// The instruction set of the kernels.
    pub(crate) fn simd(&self) -> Supported {
        self.simd
    }

    /// Whether both were made from the same parameters.
    pub fn same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || self.parameters == other.parameters
    }
}
