//! Exact modular arithmetic in double precision, several residues to a register.
//!
//! For integers a, b with |ab| <= K 2^50 q, q < 2^50 and K <= 8:
//!
//! ```text
//! h = fl(ab),  l = ab - h (one fused multiply-add),  t = round(fl(h fl(1/q))),  r = (h - tq) + l
//! ```
//!
//! Three roundings of relative error 2^-53 put h fl(1/q) within 3/8 K of ab/q, so |t - ab/q| <= 1/2 + 3/8 K
//! and |r| <= (1/2 + 3/8 K) q < 2^52. The fused h - tq = r - l is an integer below 2^53, so it is exact,
//! and so is r = ab - tq (van der Hoeven, Lecerf, Quintin, "Modular SIMD arithmetic in Mathemagix",
//! section 3; the same in FLINT's `fft_small`). A product of residues has K < 1, so |r| < q and one conditional
//! addition makes it canonical.
//!
//! No sum below is ever -0: an exact zero of opposite terms is +0 under rounding to nearest, and l is +0
//! when it is zero. So the sign bit tells what is negative.

pub(super) mod avx2;
pub(super) mod avx512;

/// A register of doubles.
///
/// # Safety
/// Every function may be called only where the implementing type's instructions are present, and
/// pointers must be good for [`Lanes::COUNT`] words.
pub(super) trait Lanes: Copy {
    /// Doubles of a register.
    const COUNT: usize;

    /// x in every lane.
    unsafe fn splat(x: f64) -> Self;
    /// Reads doubles.
    unsafe fn load(from: *const f64) -> Self;
    /// Writes doubles.
    unsafe fn store(self, to: *mut f64);
    /// Reads integers below 2^52.
    unsafe fn load_words(from: *const u64) -> Self;
    /// Writes integers in [0, 2^52).
    unsafe fn store_words(self, to: *mut u64);
    /// self + other.
    unsafe fn add(self, other: Self) -> Self;
    /// self - other.
    unsafe fn sub(self, other: Self) -> Self;
    /// self other, rounded.
    unsafe fn mul(self, other: Self) -> Self;
    /// a b - c, rounded once.
    unsafe fn product_less(a: Self, b: Self, c: Self) -> Self;
    /// self - a b, rounded once.
    unsafe fn less_product(self, a: Self, b: Self) -> Self;
    /// The nearest integer.
    unsafe fn round(self) -> Self;
    /// self + other where self has its sign bit set, else self.
    unsafe fn add_if_negative(self, other: Self) -> Self;
}

/// A modulus in every lane. Its functions inherit the safety contract of [`Lanes`].
#[derive(Clone, Copy)]
pub(super) struct Field<V> {
    /// q
    pub(super) q: V,
    /// fl(1/q)
    pub(super) inverse: V,
}

impl<V: Lanes> Field<V> {
    #[inline(always)]
    pub(super) unsafe fn new(q: u64) -> Self {
        let q = q as f64;
        // SAFETY: the caller's contract.
        unsafe {
            Self {
                q: V::splat(q),
                inverse: V::splat(1.0 / q),
            }
        }
    }

    /// a b modulo q, of absolute value at most (1/2 + 3/8 K) q.
    #[inline(always)]
    pub(super) unsafe fn mul(self, a: V, b: V) -> V {
        // SAFETY: the caller's contract.
        unsafe {
            let h = a.mul(b);
            let l = V::product_less(a, b, h);
            let t = h.mul(self.inverse).round();
            h.less_product(t, self.q).add(l)
        }
    }

    /// a b + c modulo q for residues: within (-q, q). The sum h + c is a fourth rounding, so t is off by
    /// less than 1/2 + K/2, where K < 1 since a b + c <= (q - 1) q.
    #[inline(always)]
    pub(super) unsafe fn mul_add(self, a: V, b: V, c: V) -> V {
        // SAFETY: the caller's contract.
        unsafe {
            let h = a.mul(b);
            let l = V::product_less(a, b, h);
            let t = h.add(c).mul(self.inverse).round();
            h.less_product(t, self.q).add(l.add(c))
        }
    }

    /// x modulo q for |x| < 2^53: within q/2 + 2^-52 |x|, since two roundings put x fl(1/q) within
    /// 2^-52 |x|/q of x/q. Below q for every odd q > 3, and q/2 (1 + 2^-48) for |x| <= 8 q.
    #[inline(always)]
    pub(super) unsafe fn reduce(self, x: V) -> V {
        // SAFETY: the caller's contract.
        unsafe {
            let t = x.mul(self.inverse).round();
            x.less_product(t, self.q)
        }
    }

    /// The residue in [0, q) of an x in (-q, q).
    #[inline(always)]
    pub(super) unsafe fn lift(self, x: V) -> V {
        // SAFETY: the caller's contract.
        unsafe { x.add_if_negative(self.q) }
    }

    /// The residue in [0, q) of an x with |x| < 2^53.
    #[inline(always)]
    pub(super) unsafe fn canonical(self, x: V) -> V {
        // SAFETY: the caller's contract.
        unsafe { self.lift(self.reduce(x)) }
    }
}
