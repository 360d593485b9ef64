//! The whole network on sixteen pairs of conjugate points, modulo one prime.
//!
//! Evaluations j and N - 1 - j belong to conjugate points: conj(c)[j] = c[N - 1 - j]. For j < N/2,
//! I = X^(N/2) has one value i there, and -i at the conjugate points, so
//!
//! ```text
//! A = c[j] + c[N-1-j] = 2 c_a      B = -i (c[j] - c[N-1-j]) = 2 c_b
//! ```
//!
//! At the end, the polynomial u in (s_a, s_b) of each image becomes one in s and conj(s), by
//! s_a^p s_b^r = 2^-(p+r) I^-r (s + conj(s))^p (s - conj(s))^r, and both images one element u_a + I u_b.

use super::layer::Layer;
use super::plan::Packing;
use crate::Error;
use halfmask_bridge::ckks::linear::centred::{Centred, STRIP, Strip};
use halfmask_bridge::ckks::{Modulus, Poly, RingContext, Simd};
use std::sync::Arc;

type Rows = Vec<Strip>;

/// Degree of the result in s and its conjugate.
pub(super) const DEGREE: usize = 4;

/// Parts of the rows after the first layer: A and B of both components.
const A0: usize = 0;
const A1: usize = 1;
const B1: usize = 2;
const B0: usize = 3;

/// Products of parts that squares are made of; the first six serve the first image alone.
const PRODUCTS: [(usize, usize); 9] = [
    (A0, A0),
    (A0, A1),
    (A0, B1),
    (A1, A1),
    (A1, B1),
    (B1, B1),
    (B0, B0),
    (B0, B1),
    (B0, A1),
];

/// A power of s_a and one of s_b.
type Monomial = (usize, usize);

const SQUARE: [Monomial; 6] = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)];

/// The square of each image: for every monomial of [`SQUARE`], a product and its factor.
const IMAGES: [[(usize, f64); 6]; 2] = [
    [(0, 1.0), (1, 2.0), (2, -2.0), (3, 1.0), (4, -2.0), (5, 1.0)],
    [(6, 1.0), (7, 2.0), (8, 2.0), (5, 1.0), (4, 2.0), (3, 1.0)],
];

/// Where [`SQUARE`]'s constant terms are among the products.
const CONSTANTS: [usize; 2] = [0, 6];

/// Evaluates the network modulo one prime.
pub(super) struct Pass<'a> {
    layers: &'a [Layer; 3],
    packing: Packing,
    field: Centred,
    /// Of each layer.
    biases: [Vec<f64>; 3],
    /// I at the first half of the points.
    unit: f64,
    /// 1/2.
    half: f64,
    degree: usize,
    limb: usize,
}

/// Words of every input's two components, all limbs.
pub(super) type Inputs<'a> = [[&'a [u64]; 2]];

impl<'a> Pass<'a> {
    /// Prepares limb `limb` of `ring`.
    pub(super) fn new(
        ring: &Arc<RingContext<u64>>,
        limb: usize,
        layers: &'a [Layer; 3],
        packing: Packing,
        simd: Simd,
    ) -> Result<Self, Error> {
        let missing = || Error::Plan(format!("the ring has no limb {limb}"));
        let modulus: &Modulus<u64> = ring.moduli().nth(limb).ok_or_else(missing)?;
        let field = Centred::new(modulus, simd)?;
        let degree = ring.degree();
        let mut monomial = vec![0i64; degree];
        if let Some(middle) = monomial.get_mut(degree / 2) {
            *middle = 1;
        }
        let values = Poly::from_signed(ring, &monomial)?.into_evaluation()?;
        let unit = values.words().get(limb * degree).ok_or_else(missing)?;
        Ok(Self {
            layers,
            packing,
            biases: layers.each_ref().map(|layer| layer.biases(modulus, &field)),
            unit: field.constant(*unit),
            half: field.constant(modulus.value().div_ceil(2)),
            field,
            degree,
            limb,
        })
    }

    /// Strips that cover half of the points.
    pub(super) fn strips(degree: usize) -> usize {
        degree / 2 / STRIP
    }

    /// The points of strip `index` and their conjugates.
    pub(super) fn points(degree: usize, index: usize) -> [[u32; STRIP]; 2] {
        let first = std::array::from_fn(|c| (index * STRIP + c) as u32);
        [first, first.map(|j| (degree as u32 - 1).wrapping_sub(j))]
    }

    /// Coefficients of s^i conj(s)^k at one strip's points and their conjugates: k outermost, then i with i + k up to
    /// [`DEGREE`], then the two sides, then the classes.
    pub(super) fn evaluate(&self, inputs: &Inputs<'_>, strip: usize) -> Result<Rows, Error> {
        let [first, second, third] = self.layers;
        let [bias1, bias2, bias3] = &self.biases;
        let images = self.packing.images();

        let mut parts = self.parts(inputs, strip);
        for part in &mut parts {
            *part = first.apply(&self.field, part)?;
        }
        for part in [A0, B0] {
            self.add_bias(parts.get_mut(part), bias1);
        }
        let products = PRODUCTS.iter().take(if images == 2 { 9 } else { 6 });
        let mut squares = Vec::with_capacity(PRODUCTS.len());
        for &(x, y) in products {
            let (x, y) = (rows(&parts, x), rows(&parts, y));
            let mut product = vec![[0.0; STRIP]; x.len()];
            self.field.multiply(&mut product, x, y);
            squares.push(second.apply(&self.field, &product)?);
        }
        for constant in CONSTANTS {
            self.add_bias(squares.get_mut(constant), bias2);
        }

        let mut scores = Vec::with_capacity(images);
        for image in IMAGES.iter().take(images) {
            let hidden = self.hidden(image, &squares);
            let mut of_image = Vec::with_capacity(15);
            for monomial in monomials() {
                let square = self.square_at(&hidden, monomial, second.outputs());
                of_image.push(third.apply(&self.field, &square)?);
            }
            self.add_bias(of_image.first_mut(), bias3);
            scores.push(of_image);
        }
        Ok(self.recombine(&scores))
    }

    /// A0, A1, B1 and, for two images, B0 of all inputs.
    fn parts(&self, inputs: &Inputs<'_>, strip: usize) -> Vec<Rows> {
        let [near, far] = Self::points(self.degree, strip);
        let words = self.limb * self.degree..(self.limb + 1) * self.degree;
        let mut components = Vec::with_capacity(2);
        for component in 0..2 {
            let load = |points: &[u32; STRIP]| -> Rows {
                let limbs = inputs.iter().filter_map(|parts| parts.get(component));
                let limbs = limbs.map(|part| part.get(words.clone()).unwrap_or_default());
                limbs.map(|limb| self.field.load(limb, points)).collect()
            };
            let (x, y) = (load(&near), load(&far));
            let (mut a, mut b) = (vec![[0.0; STRIP]; x.len()], vec![[0.0; STRIP]; x.len()]);
            self.field.combine(&mut a, (1.0, &x), (1.0, &y));
            self.field.combine(&mut b, (1.0, &x), (-1.0, &y));
            self.field.scale(&mut b, -self.unit);
            components.push((a, b));
        }
        let mut components = components.into_iter();
        let (a0, b0) = components.next().unwrap_or_default();
        let (a1, b1) = components.next().unwrap_or_default();
        let mut parts = vec![a0, a1, b1];
        if self.packing == Packing::Complex {
            parts.push(b0);
        }
        parts
    }

    /// An image's hidden values: coefficients of the monomials of [`SQUARE`].
    fn hidden(&self, image: &[(usize, f64); 6], squares: &[Rows]) -> Vec<Rows> {
        let term = |&(product, factor): &(usize, f64)| {
            let product = rows(squares, product);
            let mut out = vec![[0.0; STRIP]; product.len()];
            self.field
                .combine(&mut out, (factor, product), (0.0, product));
            out
        };
        image.iter().map(term).collect()
    }

    /// The coefficient of `monomial` in the square of `hidden`.
    fn square_at(&self, hidden: &[Rows], monomial: Monomial, count: usize) -> Rows {
        let mut sum = vec![[0.0; STRIP]; count];
        for (x, (p, r)) in hidden.iter().zip(SQUARE) {
            let other = SQUARE
                .iter()
                .position(|&(p2, r2)| (p + p2, r + r2) == monomial);
            if let Some(y) = other.and_then(|y| hidden.get(y)) {
                self.field.multiply_add(&mut sum, x, y);
            }
        }
        sum
    }

    fn add_bias(&self, rows: Option<&mut Rows>, biases: &[f64]) {
        for (row, &bias) in rows.into_iter().flatten().zip(biases) {
            self.field.add(row, bias);
        }
    }

    /// From polynomials in s_a and s_b to one in s and conj(s): see [`Pass::evaluate`].
    fn recombine(&self, scores: &[Vec<Rows>]) -> Rows {
        let classes = self.layers[2].outputs();
        // Of each side: the coefficient of every monomial, times 2^-(p+r) I^-r.
        let sides = [1.0, -1.0].map(|side| {
            let terms = monomials().enumerate().map(|(m, (p, r))| {
                let mut value = scores
                    .first()
                    .map_or_else(Vec::new, |s| rows(s, m).to_vec());
                if let Some(second) = scores.get(1) {
                    let mut imaginary = rows(second, m).to_vec();
                    self.field.scale(&mut imaginary, side * self.unit);
                    let real = value.clone();
                    self.field
                        .combine(&mut value, (1.0, &real), (1.0, &imaginary));
                }
                for _ in 0..p + r {
                    self.field.scale(&mut value, self.half);
                }
                for _ in 0..r {
                    // I^-1 = -I
                    self.field.scale(&mut value, -side * self.unit);
                }
                value
            });
            terms.collect::<Vec<Rows>>()
        });
        let mut out = Vec::with_capacity(30 * classes);
        for k in 0..=DEGREE {
            for i in 0..=DEGREE - k {
                for terms in &sides {
                    let mut sum = vec![[0.0; STRIP]; classes];
                    for (term, (p, r)) in terms.iter().zip(monomials()) {
                        if p + r == i + k {
                            let before = sum.clone();
                            let factor = coefficient(p, r, i);
                            self.field.combine(&mut sum, (1.0, &before), (factor, term));
                        }
                    }
                    out.extend(sum);
                }
            }
        }
        out
    }

    /// Writes one class's strip to its points.
    pub(super) fn store(&self, strip: usize, side: usize, row: &Strip, limb: &mut [u64]) {
        let points = Self::points(self.degree, strip);
        if let Some(points) = points.get(side) {
            self.field.store(row, points, limb);
        }
    }
}

/// All monomials of degree up to [`DEGREE`], the constant first.
fn monomials() -> impl Iterator<Item = Monomial> {
    (0..=DEGREE).flat_map(|d| (0..=d).map(move |r| (d - r, r)))
}

fn rows(all: &[Rows], index: usize) -> &[Strip] {
    all.get(index).map_or(&[], Vec::as_slice)
}

/// The coefficient of x^i y^(p + r - i) in (x + y)^p (x - y)^r.
fn coefficient(p: usize, r: usize, i: usize) -> f64 {
    let terms = (0..=r.min(i)).map(|t| {
        let sign = if (r - t).is_multiple_of(2) { 1.0 } else { -1.0 };
        sign * binomial(r, t) * binomial(p, i - t)
    });
    terms.sum()
}

fn binomial(n: usize, k: usize) -> f64 {
    if k > n {
        return 0.0;
    }
    (0..k).fold(1.0, |b, t| b * (n - t) as f64 / (t + 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_are_those_of_the_product() {
        let (x, y) = (3.0f64, 5.0f64);
        for (p, r) in monomials() {
            let sum: f64 = (0..=p + r)
                .map(|i| coefficient(p, r, i) * x.powi(i as i32) * y.powi((p + r - i) as i32))
                .sum();
            assert_eq!(sum, (x + y).powi(p as i32) * (x - y).powi(r as i32));
            assert!((0..=p + r).all(|i| coefficient(p, r, i).abs() <= 6.0));
        }
        assert_eq!(monomials().count(), 15);
        assert_eq!(monomials().next(), Some((0, 0)));
    }
}
