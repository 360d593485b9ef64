//! The ring's moduli and transforms, shared by everything that lives in it.

use super::{Modulus, Ntt, Word};
use crate::{Error, Parameters, params};
use std::{ops::Range, sync::Arc};

/// Degree, moduli and transforms of one ring. Elements are limb-major: N words for the first prime,
/// N for the second, and so on.
#[derive(Clone, Debug)]
pub struct RingContext<W: Word> {
    degree: usize,
    limbs: Vec<Arc<Ntt<W>>>,
}

impl<W: Word> RingContext<W> {
    /// Builds the ring of degree `degree` over distinct primes. Security is not checked here: see
    /// [`RingContext::from_parameters`].
    ///
    /// # Errors
    /// Bad degree or moduli, as in [`Parameters::new`].
    pub fn new(degree: usize, moduli: &[W]) -> Result<Arc<Self>, Error> {
        params::check_degree(degree)?;
        if moduli.is_empty() {
            return Err(Error::NoModulus);
        }
        let mut limbs = Vec::with_capacity(moduli.len());
        for (i, &modulus) in moduli.iter().enumerate() {
            if moduli.iter().take(i).any(|&m| m == modulus) {
                return Err(Error::RepeatedModulus(modulus.widen()));
            }
            limbs.push(Arc::new(Ntt::new(degree, modulus)?));
        }
        Ok(Arc::new(Self { degree, limbs }))
    }

    /// Builds the ring of a checked parameter set.
    ///
    /// # Errors
    /// [`Error::ModulusSize`] if a modulus does not fit the word.
    pub fn from_parameters(parameters: &Parameters) -> Result<Arc<Self>, Error> {
        let fits = |&q: &u64| {
            if q >> W::MAX_MODULUS_BITS == 0 {
                return Ok(W::truncate(q));
            }
            Err(Error::ModulusSize {
                modulus: q,
                max_bits: W::MAX_MODULUS_BITS,
            })
        };
        let moduli: Vec<W> = parameters
            .moduli()
            .iter()
            .map(fits)
            .collect::<Result<_, _>>()?;
        Self::new(parameters.degree(), &moduli)
    }

    /// The ring over some of this one's limbs, which share their transforms.
    ///
    /// # Errors
    /// [`Error::NoModulus`] if `limbs` is empty or reaches past the last limb.
    pub fn sub_ring(&self, limbs: Range<usize>) -> Result<Arc<Self>, Error> {
        match self.limbs.get(limbs) {
            Some(limbs) if !limbs.is_empty() => Ok(Arc::new(Self {
                degree: self.degree,
                limbs: limbs.to_vec(),
            })),
            _ => Err(Error::NoModulus),
        }
    }

    /// N.
    #[inline]
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// The transforms, one a limb.
    #[inline]
    pub fn limbs(&self) -> &[Arc<Ntt<W>>] {
        &self.limbs
    }

    /// The moduli, one a limb.
    pub fn moduli(&self) -> impl Iterator<Item = &Modulus<W>> {
        self.limbs.iter().map(|ntt| ntt.modulus())
    }

    /// Words of one element: N times the number of limbs.
    #[inline]
    pub fn element_words(&self) -> usize {
        self.degree * self.limbs.len()
    }

    /// Whether two contexts describe the same ring.
    pub fn same_ring(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || (self.degree == other.degree && self.moduli().eq(other.moduli()))
    }

    /// Refuses operands of different rings.
    pub(crate) fn check_same(&self, other: &Self) -> Result<(), Error> {
        if self.same_ring(other) {
            return Ok(());
        }
        Err(Error::RingMismatch {
            left: self.degree,
            right: other.degree,
        })
    }

    /// Refuses residues that are not below their modulus; `values` is a whole number of elements.
    pub(crate) fn check_residues(&self, what: &'static str, values: &[W]) -> Result<(), Error> {
        let mut offset = 0;
        for element in values.chunks(self.element_words()) {
            for (modulus, limb) in self.moduli().zip(element.chunks(self.degree)) {
                check_below(what, limb, modulus.value(), offset)?;
                offset += limb.len();
            }
        }
        Ok(())
    }
}

impl<W: Word> PartialEq for RingContext<W> {
    fn eq(&self, other: &Self) -> bool {
        self.same_ring(other)
    }
}

/// Refuses values that are not below `modulus`; `offset` is added to the reported index.
pub(crate) fn check_below<W: Word>(
    what: &'static str,
    values: &[W],
    modulus: W,
    offset: usize,
) -> Result<(), Error> {
    let largest = values.iter().copied().max().unwrap_or_default();
    if largest < modulus {
        return Ok(());
    }
    let found = values.iter().enumerate().find(|(_, v)| **v >= modulus);
    let (index, value) = found.map_or((0, largest), |(i, v)| (i, *v));
    Err(Error::Residue {
        what,
        index: offset + index,
        value: value.widen(),
        modulus: modulus.widen(),
    })
}
