//! The two layers of a step on four registers, one from each quarter of a node. Bounds in [`super`].
//!
//! Everywhere: AVX2 and FMA must be present, and four registers' words at `data` and every `quarter` after.

use crate::ring::lanes::{Field, Lanes, avx2::Avx2};

/// x0 .. x3, or y0 .. y3.
#[derive(Clone, Copy)]
pub(super) struct Quarters(Avx2, Avx2, Avx2, Avx2);

/// w1, w2, w3.
#[derive(Clone, Copy)]
pub(super) struct Factors(pub(super) Avx2, pub(super) Avx2, pub(super) Avx2);

/// The residue of x w.
#[inline(always)]
pub(super) unsafe fn finish(field: Field<Avx2>, x: Avx2, w: Avx2) -> Avx2 {
    // SAFETY: the caller's contract, as everywhere here.
    unsafe { field.canonical(field.mul(x, w)) }
}

impl Quarters {
    #[inline(always)]
    pub(super) unsafe fn load(data: *const f64, quarter: usize) -> Self {
        // SAFETY: as above.
        unsafe {
            Self(
                Avx2::load(data),
                Avx2::load(data.add(quarter)),
                Avx2::load(data.add(2 * quarter)),
                Avx2::load(data.add(3 * quarter)),
            )
        }
    }

    #[inline(always)]
    pub(super) unsafe fn store(self, data: *mut f64, quarter: usize) {
        // SAFETY: as above.
        unsafe {
            self.0.store(data);
            self.1.store(data.add(quarter));
            self.2.store(data.add(2 * quarter));
            self.3.store(data.add(3 * quarter));
        }
    }

    #[inline(always)]
    pub(super) unsafe fn load_words(data: *const u64, quarter: usize) -> Self {
        // SAFETY: as above.
        unsafe {
            Self(
                Avx2::load_words(data),
                Avx2::load_words(data.add(quarter)),
                Avx2::load_words(data.add(2 * quarter)),
                Avx2::load_words(data.add(3 * quarter)),
            )
        }
    }

    #[inline(always)]
    pub(super) unsafe fn store_words(self, data: *mut u64, quarter: usize) {
        // SAFETY: as above.
        unsafe {
            self.0.store_words(data);
            self.1.store_words(data.add(quarter));
            self.2.store_words(data.add(2 * quarter));
            self.3.store_words(data.add(3 * quarter));
        }
    }

    #[inline(always)]
    pub(super) unsafe fn transpose(self) -> Self {
        // SAFETY: as above.
        let [a, b, c, d] = unsafe { Avx2::transpose([self.0, self.1, self.2, self.3]) };
        Self(a, b, c, d)
    }

    /// Residues of |x| < 2^53.
    #[inline(always)]
    pub(super) unsafe fn canonical(self, field: Field<Avx2>) -> Self {
        // SAFETY: as above.
        unsafe {
            Self(
                field.canonical(self.0),
                field.canonical(self.1),
                field.canonical(self.2),
                field.canonical(self.3),
            )
        }
    }

    /// A forward step.
    #[inline(always)]
    pub(super) unsafe fn split(self, field: Field<Avx2>, w: Factors) -> Self {
        // SAFETY: as above.
        unsafe {
            let (x0, x1) = (field.reduce(self.0), self.1);
            let (x2, x3) = (field.mul(self.2, w.0), field.mul(self.3, w.0));
            let (a0, a2) = (x0.add(x2), x0.sub(x2));
            let (a1, a3) = (field.mul(x1.add(x3), w.1), field.mul(x1.sub(x3), w.2));
            Self(a0.add(a1), a0.sub(a1), a2.add(a3), a2.sub(a3))
        }
    }

    /// The first layer of an inverse step: a0 .. a3.
    #[inline(always)]
    unsafe fn pairs(self, field: Field<Avx2>, w: Factors) -> Self {
        // SAFETY: as above.
        unsafe {
            Self(
                self.0.add(self.1),
                field.mul(self.0.sub(self.1), w.1),
                self.2.add(self.3),
                field.mul(self.2.sub(self.3), w.2),
            )
        }
    }

    /// An inverse step.
    #[inline(always)]
    pub(super) unsafe fn join(self, field: Field<Avx2>, w: Factors) -> Self {
        // SAFETY: as above.
        unsafe {
            let Self(a0, a1, a2, a3) = self.pairs(field, w);
            Self(
                field.reduce(a0.add(a2)),
                field.reduce(a1.add(a3)),
                field.mul(a0.sub(a2), w.0),
                field.mul(a1.sub(a3), w.0),
            )
        }
    }

    /// The last inverse step, to residues times `scale`; w1 is already.
    #[inline(always)]
    pub(super) unsafe fn join_scaled(self, field: Field<Avx2>, w: Factors, scale: Avx2) -> Self {
        // SAFETY: as above.
        unsafe {
            let Self(a0, a1, a2, a3) = self.pairs(field, w);
            Self(
                finish(field, a0.add(a2), scale),
                finish(field, a1.add(a3), scale),
                finish(field, a0.sub(a2), w.0),
                finish(field, a1.sub(a3), w.0),
            )
        }
    }
}
