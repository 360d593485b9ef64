//! Every operation against big integers: components as integer polynomials modulo Q_l and X^N + 1,
//! multiplied by the schoolbook rule. The secret plays no part, so results are equal, not close.

use super::*;
use crate::ckks::{Complex64, Parameters, ParametersLiteral};
use crate::ring::rns::RnsBasis;
use crate::{Evaluation, Poly, SecureRng, sample};
use num_bigint::BigInt;

const DEGREE: usize = 32;

fn context_of(log2_scale: u32) -> Arc<Context> {
    let mut literal =
        ParametersLiteral::from_bits(DEGREE, &[50, 50, 40], &[50], log2_scale).unwrap();
    literal.allow_insecure = true;
    Context::new(&Parameters::new(&literal).unwrap()).unwrap()
}

struct Bench {
    context: Arc<Context>,
    evaluator: Evaluator,
    rng: SecureRng,
}

impl Bench {
    fn new() -> Self {
        let context = context_of(30);
        let keys = Arc::new(EvaluationKeys::none(&context));
        Self {
            evaluator: Evaluator::new(&context, keys).unwrap(),
            rng: SecureRng::from_seed([9; 32]),
            context,
        }
    }

    fn poly(&mut self, level: usize) -> Poly<Evaluation, u64> {
        let ring = Arc::clone(self.context.level_ring(level).unwrap());
        let mut words = vec![0; ring.element_words()];
        for (ntt, limb) in ring.limbs().iter().zip(words.chunks_mut(DEGREE)) {
            sample::uniform(&mut self.rng, ntt.modulus(), limb);
        }
        Poly::from_words(&ring, words).unwrap()
    }

    fn ciphertext(&mut self, level: usize, power: usize, scale: f64) -> Ciphertext {
        Ciphertext {
            context: Arc::clone(&self.context),
            parts: (0..=power).map(|_| self.poly(level)).collect(),
            level,
            scale,
        }
    }

    fn plaintext(&mut self, level: usize, scale: f64) -> Plaintext {
        Plaintext {
            context: Arc::clone(&self.context),
            poly: self.poly(level),
            scale,
        }
    }
}

fn basis(poly: &Poly<Evaluation, u64>) -> RnsBasis {
    let moduli: Vec<u64> = poly.context().moduli().map(|m| m.value()).collect();
    RnsBasis::new(&moduli).unwrap()
}

/// Centred coefficients modulo Q_l.
fn integers(poly: &Poly<Evaluation, u64>) -> Vec<BigInt> {
    let words = poly.clone().into_coefficient().unwrap().into_words();
    let basis = basis(poly);
    let coefficient = |k: usize| -> BigInt {
        let residues: Vec<u64> = words.chunks(DEGREE).map(|limb| limb[k]).collect();
        basis.compose_centred(&residues).unwrap()
    };
    (0..DEGREE).map(coefficient).collect()
}

/// x mod Q_l, centred, for the ring of `like`.
fn centred(x: Vec<BigInt>, like: &Poly<Evaluation, u64>) -> Vec<BigInt> {
    let basis = basis(like);
    let centre = |x: &BigInt| basis.compose_centred(&basis.decompose(x)).unwrap();
    x.iter().map(centre).collect()
}

fn product(a: &[BigInt], b: &[BigInt]) -> Vec<BigInt> {
    let mut out = vec![BigInt::ZERO; DEGREE];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            if i + j < DEGREE {
                out[i + j] += x * y;
            } else {
                out[i + j - DEGREE] -= x * y;
            }
        }
    }
    out
}

fn sum(a: &[BigInt], b: &[BigInt]) -> Vec<BigInt> {
    a.iter().zip(b).map(|(x, y)| x + y).collect()
}

fn difference(a: &[BigInt], b: &[BigInt]) -> Vec<BigInt> {
    a.iter().zip(b).map(|(x, y)| x - y).collect()
}

/// Asserts that `got` has the components `want`, as residues modulo its Q_l.
fn assert_parts(got: &Ciphertext, want: &[Vec<BigInt>]) {
    assert_eq!(got.parts.len(), want.len());
    for (part, want) in got.parts.iter().zip(want) {
        assert_eq!(part.context().limbs().len(), got.level + 1);
        assert_eq!(integers(part), centred(want.clone(), part));
    }
}

fn parts(c: &Ciphertext) -> Vec<Vec<BigInt>> {
    c.parts.iter().map(integers).collect()
}

#[test]
fn sums_meet_at_the_lower_level_and_keep_the_higher_power() {
    let mut b = Bench::new();
    for (left, right) in [((2, 1), (2, 1)), ((2, 1), (1, 2)), ((0, 2), (2, 1))] {
        let x = b.ciphertext(left.0, left.1, 1e9);
        let y = b.ciphertext(right.0, right.1, 1e9 * (1.0 + 1e-7));
        let (mut p, mut q) = (parts(&x), parts(&y));
        let length = p.len().max(q.len());
        p.resize(length, vec![BigInt::ZERO; DEGREE]);
        q.resize(length, vec![BigInt::ZERO; DEGREE]);
        let zip = |op: fn(&[BigInt], &[BigInt]) -> Vec<BigInt>| -> Vec<_> {
            p.iter().zip(&q).map(|(x, y)| op(x, y)).collect()
        };
        let e = &b.evaluator;
        let added = e.add(&x, &y).unwrap();
        assert_eq!((added.level, added.scale), (left.0.min(right.0), 1e9));
        assert_parts(&added, &zip(sum));
        assert_parts(&e.sub(&x, &y).unwrap(), &zip(difference));
        let zero = vec![BigInt::ZERO; DEGREE];
        let negated: Vec<_> = parts(&x).iter().map(|p| difference(&zero, p)).collect();
        assert_parts(&e.negate(&x).unwrap(), &negated);
    }
}

#[test]
fn plaintexts_add_to_the_first_component_and_multiply_all() {
    let mut b = Bench::new();
    for (level, plain_level, power) in [(2, 2, 1), (1, 2, 2), (2, 0, 1)] {
        let x = b.ciphertext(level, power, 1e6);
        let m = b.plaintext(plain_level, 1e6);
        let (p, q) = (parts(&x), integers(&m.poly));
        let e = &b.evaluator;
        let mut want = p.clone();
        want[0] = sum(&p[0], &q);
        let added = e.add_plain(&x, &m).unwrap();
        assert_eq!(added.level, level.min(plain_level));
        assert_parts(&added, &want);
        want[0] = difference(&p[0], &q);
        assert_parts(&e.sub_plain(&x, &m).unwrap(), &want);
        let multiplied = e.multiply_plain(&x, &m).unwrap();
        assert_eq!(multiplied.scale, 1e12);
        let products: Vec<_> = p.iter().map(|p| product(p, &q)).collect();
        assert_parts(&multiplied, &products);
        let mut assigned = x.clone();
        e.multiply_plain_assign(&mut assigned, &m).unwrap();
        assert_eq!((assigned.scale, assigned.level), (1e12, multiplied.level));
        assert_parts(&assigned, &products);
    }
}

#[test]
fn the_tensor_product_and_the_square_are_products_of_polynomials_in_s() {
    let mut b = Bench::new();
    for (left, right) in [(2, 2), (2, 1), (0, 1)] {
        let (x, y) = (b.ciphertext(left, 1, 1e6), b.ciphertext(right, 1, 1e7));
        let (p, q) = (parts(&x), parts(&y));
        let cross = sum(&product(&p[0], &q[1]), &product(&p[1], &q[0]));
        let want = [product(&p[0], &q[0]), cross, product(&p[1], &q[1])];
        let got = b.evaluator.multiply(&x, &y).unwrap();
        assert_eq!((got.scale, got.power()), (1e13, 2));
        assert_parts(&got, &want);
        let square = b.evaluator.square(&x).unwrap();
        let twice = b.evaluator.multiply(&x, &x).unwrap();
        assert_eq!(square.parts, twice.parts);
    }
}

#[test]
fn rescaling_rounds_the_quotient_by_the_last_prime() {
    let mut b = Bench::new();
    for level in [2, 1] {
        let x = b.ciphertext(level, 2, 2f64.powi(60));
        let prime = b.context.parameters().data_moduli()[level];
        let got = b.evaluator.rescale(&x).unwrap();
        assert_eq!(got.scale, 2f64.powi(60) / prime as f64);
        assert_eq!(got.level, level - 1);
        let q = BigInt::from(prime);
        // round(c / q) = floor((2 c + q) / (2 q)), with a floor for negative numbers as well.
        let round = |c: &BigInt| -> BigInt {
            let (numerator, denominator): (BigInt, BigInt) = (c * 2 + &q, &q * 2);
            let quotient: BigInt = &numerator / &denominator;
            let exact = &quotient * &denominator == numerator;
            let below = numerator.sign() == num_bigint::Sign::Minus && !exact;
            if below { quotient - 1 } else { quotient }
        };
        let want: Vec<Vec<BigInt>> = parts(&x)
            .iter()
            .map(|p| p.iter().map(round).collect())
            .collect();
        assert_parts(&got, &want);
    }
}

#[test]
fn dropping_keeps_the_residues_that_stay() {
    let mut b = Bench::new();
    let x = b.ciphertext(2, 1, 1e9);
    for level in 0..=2 {
        let got = b.evaluator.drop_to_level(&x, level).unwrap();
        assert_eq!((got.level, got.scale), (level, 1e9));
        assert_parts(&got, &parts(&x));
    }
}

/// a + b X^(N/2).
fn gaussian(a: BigInt, b: BigInt) -> Vec<BigInt> {
    let mut constant = vec![BigInt::ZERO; DEGREE];
    constant[0] = a;
    constant[DEGREE / 2] = b;
    constant
}

#[test]
fn scalars_are_gaussian_integers_in_every_limb() {
    let mut b = Bench::new();
    let scale = 2f64.powi(70);
    let x = b.ciphertext(2, 2, scale);
    let p = parts(&x);
    let e = &b.evaluator;
    // Beyond 2^64, exact: 1.5 2^70 and -0.375 2^70.
    let constant = gaussian(BigInt::from(3) << 69, BigInt::from(-3) << 67);
    let mut want = p.clone();
    want[0] = sum(&p[0], &constant);
    let value = Complex64::new(1.5, -0.375);
    assert_parts(&e.add_scalar(&x, value).unwrap(), &want);

    let got = e.multiply_scalar(&x, value, 2f64.powi(20)).unwrap();
    assert_eq!(got.scale, 2f64.powi(90));
    let constant = gaussian(BigInt::from(3) << 19, BigInt::from(-3) << 17);
    let products: Vec<_> = p.iter().map(|p| product(p, &constant)).collect();
    assert_parts(&got, &products);
    // Rounded to nearest, away from zero at the half.
    let got = e.multiply_scalar(&x, -2.625, 4.0).unwrap();
    let constant = gaussian(BigInt::from(-11), BigInt::ZERO);
    let products: Vec<_> = p.iter().map(|p| product(p, &constant)).collect();
    assert_parts(&got, &products);

    for integer in [0, 1, -1, i64::MIN, i64::MAX] {
        let constant = gaussian(BigInt::from(integer), BigInt::ZERO);
        let products: Vec<_> = p.iter().map(|p| product(p, &constant)).collect();
        let got = e.multiply_integer(&x, integer).unwrap();
        assert_eq!(got.scale, scale);
        assert_parts(&got, &products);
    }
    let i = gaussian(BigInt::ZERO, BigInt::from(1));
    let products: Vec<_> = p.iter().map(|p| product(p, &i)).collect();
    let turned = e.multiply_by_i(&x).unwrap();
    assert_parts(&turned, &products);
    let twice = e.multiply_by_i(&turned).unwrap();
    assert_parts(&twice, &parts(&e.negate(&x).unwrap()));
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let mut b = Bench::new();
            let (x, y) = (b.ciphertext(2, 1, 1e9), b.ciphertext(2, 1, 1e9));
            let e = &b.evaluator;
            let mut product = e.multiply(&x, &y).unwrap();
            e.add_scalar_assign(&mut product, 0.5).unwrap();
            e.sub(&e.rescale(&product).unwrap(), &e.rescale(&product).unwrap())
                .unwrap();
            parts(&e.rescale(&product).unwrap())
        })
    };
    assert_eq!(run(1), run(2));
    assert_eq!(run(1), run(5));
}

#[test]
fn scales_are_brought_within_reach() {
    let mut b = Bench::new();
    let x = b.ciphertext(2, 1, 2f64.powi(95));
    let moduli: Vec<f64> = b
        .context
        .parameters()
        .data_moduli()
        .iter()
        .map(|&q| q as f64)
        .collect();
    let e = &b.evaluator;
    // By one prime, by none, by both.
    let once = e.rescale_to(&x, 2f64.powi(55)).unwrap();
    assert_eq!((once.level, once.scale), (1, 2f64.powi(95) / moduli[2]));
    assert_eq!(e.rescale_to(&x, 2f64.powi(60)).unwrap().level, 2);
    let twice = e.rescale_to(&x, 2f64.powi(5)).unwrap();
    assert_eq!(twice.level, 0);
    assert_eq!(twice.scale, once.scale / moduli[1]);

    let y = b.ciphertext(1, 1, 2f64.powi(25) * 1.2345);
    let adjusted = b.evaluator.adjust_scale(&y, 2f64.powi(26)).unwrap();
    assert_eq!(adjusted.level, 0);
    assert!((adjusted.scale / 2f64.powi(26) - 1.0).abs() < 2f64.powi(-21));
    let factor = (2f64.powi(26) * moduli[1] / y.scale).round();
    assert_eq!(adjusted.scale, y.scale * factor / moduli[1]);
}

mod refusals;
