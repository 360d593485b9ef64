//! Polynomial evaluation by splitting (Paterson and Stockmeyer, 1973), in the least depth.
//!
//! With m the largest power of two up to the degree, p = q B_m + r for the basis element B_m (x^m or T_m),
//! and deg q, deg r < m. Let D be ceil(log2(deg p + 1)). B_m takes log2 m = D - 1 levels, so q may take
//! D - 1 and r may take D, in total D. Splitting ends at polynomials of degree below 2^k, sums of c_i B_i,
//! where it is in time: B_i takes ceil(log2 i) levels and the product with c_i one more. The chain of
//! leading quotients is split further, until it is.
//!
//! r is split in turn, so p = sum_m q_m B_m + sum_i c_i B_i: all products meet at one level and scale, and
//! are added before one relinearisation and one rescale (the lazy rescale of eprint 2020/1203, section 5).
//!
//! # Scales
//! The node p is asked for a result at level l and scale S before its rescale. Its c_i B_i with B_i at
//! scale s_i get c_i at scale S / s_i, and q_m, which is multiplied by B_m at scale s_m, is asked for a
//! result at level l + 1 and scale S / s_m q_(l+1) before its own. So all additions are at one scale, up to
//! rounding of doubles, whatever the primes (the same paper, section 5.1, "errorless polynomial evaluation").

use super::{
    Machine, chebyshev,
    polynomial::{Basis, trim},
    twin::prime,
};
use crate::ckks::Error;
use std::collections::{BTreeMap, BTreeSet};

/// Levels of a polynomial of this degree.
pub(super) fn depth(degree: usize) -> usize {
    ceil_log2(degree + 1)
}

/// For x >= 1.
fn ceil_log2(x: usize) -> usize {
    x.next_power_of_two().trailing_zeros() as usize
}

/// How a polynomial is split.
#[derive(Clone, Debug)]
pub(super) struct Program {
    basis: Basis,
    degree: usize,
    /// Indices i of the B_i to compute, without 1: ascending, so that factors come first.
    elements: BTreeSet<usize>,
    root: Node,
}

/// sum_m q_m B_m + sum_i c_i B_i + c_0.
#[derive(Clone, Debug, Default)]
struct Node {
    products: Vec<(usize, Node)>,
    terms: Vec<(usize, f64)>,
    constant: f64,
}

impl Program {
    /// The split with the fewest relinearisations, and of these the one with the fewest products.
    pub(super) fn plan(basis: Basis, coefficients: &[f64]) -> Self {
        let degree = coefficients.len().saturating_sub(1);
        let depth = depth(degree);
        let first = Self::with_leaves(basis, coefficients, 1);
        let others = (2..=depth).map(|bits| Self::with_leaves(basis, coefficients, bits));
        others.fold(first, |best, other| {
            if other.cost() < best.cost() {
                other
            } else {
                best
            }
        })
    }

    /// Leaves have degrees below 2^bits.
    fn with_leaves(basis: Basis, coefficients: &[f64], bits: usize) -> Self {
        let degree = coefficients.len().saturating_sub(1);
        let root = Node::split(basis, coefficients.to_vec(), depth(degree), bits);
        let mut elements = BTreeSet::new();
        root.require(basis, &mut elements);
        Self {
            basis,
            degree,
            elements,
            root,
        }
    }

    /// Each element takes one, and each node with products.
    pub(super) fn relinearizations(&self) -> usize {
        self.elements.len()
            + self
                .root
                .count(&|node| usize::from(!node.products.is_empty()))
    }

    fn cost(&self) -> (usize, usize) {
        let products = self.root.count(&|node| node.products.len());
        (self.relinearizations(), products)
    }

    /// The polynomial of x at `scale`; the caller has checked that x has levels enough.
    pub(super) fn run<K: Machine>(
        &self,
        machine: &K,
        x: &K::Value,
        scale: f64,
    ) -> Result<K::Value, Error> {
        let mut run = Run {
            machine,
            elements: BTreeMap::from([(1, x.clone())]),
        };
        for &index in &self.elements {
            let element = run.element(self.basis, index)?;
            run.elements.insert(index, element);
        }
        let depth = depth(self.degree);
        let level = (machine.level(x) + 1).checked_sub(depth);
        let level = level.filter(|&level| level > 0).ok_or(Error::OutOfLevels {
            operation: "polynomial evaluation",
            needed: depth,
            left: machine.level(x),
        })?;
        run.rescaled(&self.root, level, scale)
    }
}

impl Node {
    /// Splits a polynomial of degree below 2^budget so that it takes at most `budget` levels.
    fn split(basis: Basis, mut coefficients: Vec<f64>, budget: usize, bits: usize) -> Self {
        let mut node = Self::default();
        loop {
            trim(&mut coefficients);
            let degree = coefficients.len().saturating_sub(1);
            let highest_power = (degree + 1).next_power_of_two() / 2;
            if degree < 1 << bits && ceil_log2(degree.max(1)) < budget {
                let mut terms = coefficients.into_iter().enumerate();
                node.constant = terms.next().map_or(0.0, |(_, constant)| constant);
                node.terms.extend(terms.filter(|&(_, c)| c != 0.0));
                return node;
            }
            let (quotient, remainder) = match basis {
                Basis::Power => {
                    let quotient = coefficients.split_off(highest_power);
                    (quotient, coefficients)
                }
                Basis::Chebyshev { .. } => chebyshev::divide(coefficients, highest_power),
            };
            match quotient.as_slice() {
                [constant] => node.terms.push((highest_power, *constant)),
                _ => {
                    let quotient = Self::split(basis, quotient, budget - 1, bits);
                    node.products.push((highest_power, quotient));
                }
            }
            coefficients = remainder;
        }
    }

    /// Enters the basis elements it needs, and their factors.
    fn require(&self, basis: Basis, elements: &mut BTreeSet<usize>) {
        let own = self.terms.iter().map(|&(i, _)| i);
        for i in own.chain(self.products.iter().map(|&(m, _)| m)) {
            require(basis, i, elements);
        }
        for (_, quotient) in &self.products {
            quotient.require(basis, elements);
        }
    }

    fn count(&self, of: &impl Fn(&Self) -> usize) -> usize {
        let quotients = self.products.iter().map(|(_, quotient)| quotient.count(of));
        of(self) + quotients.sum::<usize>()
    }
}

/// B_n is made of B_i and B_j with i the largest power of two below n and j = n - i: no deeper than
/// need be, and of odd elements and powers of two alone for odd n.
fn factors(n: usize) -> (usize, usize) {
    let i = n.next_power_of_two() / 2;
    (i, n - i)
}

fn require(basis: Basis, n: usize, elements: &mut BTreeSet<usize>) {
    if n < 2 || !elements.insert(n) {
        return;
    }
    let (i, j) = factors(n);
    require(basis, i, elements);
    require(basis, j, elements);
    if matches!(basis, Basis::Chebyshev { .. }) {
        require(basis, i - j, elements);
    }
}

/// One evaluation.
struct Run<'a, K: Machine> {
    machine: &'a K,
    /// B_i, each at the highest level that it can have.
    elements: BTreeMap<usize, K::Value>,
}

impl<K: Machine> Run<'_, K> {
    fn get(&self, index: usize) -> Result<&K::Value, Error> {
        self.elements.get(&index).ok_or(Error::Polynomial {
            reason: "a basis element is missing from the plan",
        })
    }

    /// x^(i+j) = x^i x^j, T_(i+j) = 2 T_i T_j - T_(i-j).
    fn element(&self, basis: Basis, n: usize) -> Result<K::Value, Error> {
        let machine = self.machine;
        let (i, j) = factors(n);
        let (left, right) = (self.get(i)?, self.get(j)?);
        let product = if i == j {
            machine.square(left)?
        } else {
            machine.multiply(left, right)?
        };
        let element = match basis {
            Basis::Power => product,
            Basis::Chebyshev { .. } => {
                let doubled = machine.add(&product, &product)?;
                if i == j {
                    machine.add_scalar(&doubled, -1.0)?
                } else {
                    let level = machine.level(&doubled);
                    let lower = &machine.drop_to_level(self.get(i - j)?, level)?;
                    let factor = machine.scale(&doubled) / machine.scale(lower);
                    let lower = machine.multiply_scalar(lower, 1.0, factor)?;
                    machine.sub(&doubled, &lower)?
                }
            }
        };
        machine.rescale(&machine.relinearize(&element)?)
    }

    /// The node at level `level` - 1 and scale `scale`.
    fn rescaled(&self, node: &Node, level: usize, scale: f64) -> Result<K::Value, Error> {
        let machine = self.machine;
        let before = scale * prime(machine.context(), level)?;
        let mut total: Option<K::Value> = None;
        let mut add = |value: K::Value| -> Result<(), Error> {
            total = Some(match &total {
                None => value,
                Some(total) => machine.add(total, &value)?,
            });
            Ok(())
        };
        let element = |index| machine.drop_to_level(self.get(index)?, level);
        for (m, quotient) in &node.products {
            let element = element(*m)?;
            let quotient = self.rescaled(quotient, level + 1, before / machine.scale(&element))?;
            add(machine.multiply(&quotient, &element)?)?;
        }
        for (i, c) in &node.terms {
            let element = element(*i)?;
            add(machine.multiply_scalar(&element, *c, before / machine.scale(&element))?)?;
        }
        let total = total.ok_or(Error::Polynomial {
            reason: "it is constant: encode the constant instead",
        })?;
        let total = machine.add_scalar(&total, node.constant)?;
        machine.rescale(&machine.relinearize(&total)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::circuits::fixture;

    const CHEBYSHEV: Basis = Basis::Chebyshev {
        from: -1.0,
        to: 1.0,
    };

    /// No node asks for more levels than its budget, whatever the degree and the leaves.
    #[test]
    fn every_split_keeps_to_the_least_depth() {
        fn levels(node: &Node) -> usize {
            let products = node.products.iter();
            let products = products.map(|(m, q)| levels(q).max(ceil_log2(*m)) + 1);
            let terms = node.terms.iter().map(|&(i, _)| ceil_log2(i) + 1);
            products.chain(terms).max().unwrap()
        }
        for basis in [Basis::Power, CHEBYSHEV] {
            for degree in 1..200 {
                let coefficients = vec![1.0; degree + 1];
                for bits in 1..=depth(degree) {
                    let program = Program::with_leaves(basis, &coefficients, bits);
                    assert_eq!(levels(&program.root), depth(degree), "degree {degree}");
                }
            }
        }
    }

    /// About sqrt(2 d) elements, and half as many nodes as the tree has splits.
    #[test]
    fn relinearizations_are_few() {
        let count =
            |degree: usize| Program::plan(CHEBYSHEV, &vec![1.0; degree + 1]).relinearizations();
        let counts = [3, 7, 15, 31, 63].map(count);
        assert!(
            counts
                .iter()
                .zip([2, 4, 7, 11, 17])
                .all(|(&c, most)| c <= most),
            "{counts:?}"
        );
    }

    #[test]
    fn odd_polynomials_skip_even_elements() {
        let all = fixture::values(64, 1);
        let odd = all.iter().enumerate();
        let odd: Vec<f64> = odd.map(|(i, c)| c * (i % 2) as f64).collect();
        let program = Program::plan(CHEBYSHEV, &odd);
        let even = |i: &&usize| i.is_multiple_of(2) && !i.is_power_of_two();
        assert_eq!(program.elements.iter().filter(even).count(), 0);
        let full = Program::plan(CHEBYSHEV, &all);
        assert!(program.relinearizations() < full.relinearizations());
    }
}
