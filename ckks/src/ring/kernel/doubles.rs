//! The passes over registers of doubles, for q < 2^50: one generic body for every width.
//! Documented in [`super`]; the arithmetic and its bounds in [`crate::ring::lanes`].
//!
//! # Safety
//! Every function may be called only where the instructions of `V` are present.

use super::Factor;
use crate::Modulus;
use crate::ring::lanes::{Field, Lanes};

/// Words of the widest register.
const WIDEST: usize = 8;

/// Sums of |r| < q, added to an |x| < q, that stay below 2^53.
const LAZY_TERMS: usize = 7;

/// Replaces one register of every `to` by `f` of them and of `from`.
///
/// # Safety
/// The pointers must be good for a register's words.
#[inline(always)]
unsafe fn update_register<V: Lanes, const O: usize, const I: usize>(
    to: [*mut u64; O],
    from: [*const u64; I],
    f: impl Copy + Fn([V; O], [V; I]) -> [V; O],
) {
    // Loops and no `map`, whose calls the compiler leaves in place.
    // SAFETY: the caller's contract.
    unsafe {
        let (mut x, mut y) = ([V::splat(0.0); O], [V::splat(0.0); I]);
        for (x, &to) in x.iter_mut().zip(&to) {
            *x = V::load_words(to);
        }
        for (y, &from) in y.iter_mut().zip(&from) {
            *y = V::load_words(from);
        }
        for (result, &to) in f(x, y).iter().zip(&to) {
            result.store_words(to);
        }
    }
}

/// Replaces `out` by `f(out, input)`, a register at a time, the last one padded with zeros.
#[inline(always)]
unsafe fn update<V: Lanes, const O: usize, const I: usize>(
    mut out: [&mut [u64]; O],
    input: [&[u64]; I],
    f: impl Copy + Fn([V; O], [V; I]) -> [V; O],
) {
    let lengths = out.iter().map(|o| o.len());
    let length = lengths
        .chain(input.iter().map(|i| i.len()))
        .min()
        .unwrap_or(0);
    let (mut to, mut from) = ([std::ptr::null_mut(); O], [std::ptr::null(); I]);
    let mut at = 0;
    while at + V::COUNT <= length {
        // SAFETY: no slice is shorter than `length`.
        unsafe {
            for (to, out) in to.iter_mut().zip(&mut out) {
                *to = out.as_mut_ptr().add(at);
            }
            for (from, input) in from.iter_mut().zip(&input) {
                *from = input.as_ptr().add(at);
            }
            update_register(to, from, f);
        }
        at += V::COUNT;
    }
    if at == length {
        return;
    }
    let (mut tails, mut inputs) = ([[0; WIDEST]; O], [[0; WIDEST]; I]);
    let tail = |words: &[u64], pad: &mut [u64; WIDEST]| {
        let rest = words.get(at..length).unwrap_or_default();
        pad.iter_mut()
            .zip(rest)
            .for_each(|(pad, &word)| *pad = word);
    };
    for ((to, pad), out) in to.iter_mut().zip(&mut tails).zip(&out) {
        tail(out, pad);
        *to = pad.as_mut_ptr();
    }
    for ((from, pad), input) in from.iter_mut().zip(&mut inputs).zip(&input) {
        tail(input, pad);
        *from = pad.as_ptr();
    }
    // SAFETY: a register is at most WIDEST words.
    unsafe { update_register(to, from, f) };
    for (out, pad) in out.iter_mut().zip(&tails) {
        let rest = out.get_mut(at..length).unwrap_or_default();
        rest.iter_mut().zip(pad).for_each(|(out, &pad)| *out = pad);
    }
}

#[inline(always)]
pub(super) unsafe fn mul_assign<V: Lanes>(modulus: &Modulus<u64>, x: &mut [u64], y: &[u64]) {
    // SAFETY: the caller's contract, as for every function here.
    unsafe {
        let field = Field::<V>::new(modulus.value());
        update::<V, _, _>(
            [x],
            [y],
            #[inline(always)]
            |[x], [y]| [field.lift(field.mul(x, y))],
        );
    }
}

#[inline(always)]
pub(super) unsafe fn mul<V: Lanes>(modulus: &Modulus<u64>, out: &mut [u64], x: &[u64], y: &[u64]) {
    // SAFETY: as above.
    unsafe {
        let field = Field::<V>::new(modulus.value());
        update::<V, _, _>(
            [out],
            [x, y],
            #[inline(always)]
            |_, [x, y]| [field.lift(field.mul(x, y))],
        );
    }
}

#[inline(always)]
pub(super) unsafe fn mul_add<V: Lanes>(
    modulus: &Modulus<u64>,
    out: &mut [u64],
    x: &[u64],
    y: &[u64],
) {
    // SAFETY: as above.
    unsafe {
        let field = Field::<V>::new(modulus.value());
        update::<V, _, _>(
            [out],
            [x, y],
            #[inline(always)]
            |[sum], [x, y]| [field.lift(field.mul_add(x, y, sum))],
        );
    }
}

#[inline(always)]
pub(super) unsafe fn inner_product<V: Lanes>(
    modulus: &Modulus<u64>,
    out: &mut [u64],
    pairs: &[(&[u64], &[u64])],
) {
    let shortest = |length: usize, (x, y): &(&[u64], &[u64])| length.min(x.len()).min(y.len());
    let length = pairs.iter().fold(out.len(), shortest);
    let (out, _) = out.split_at_mut(length);
    let (first, rest) = pairs.split_at(pairs.len().min(LAZY_TERMS));
    // SAFETY: the caller's contract; no slice is shorter than `out`.
    unsafe {
        sum_of_products::<V, false>(modulus, out, first);
        for more in rest.chunks(LAZY_TERMS) {
            sum_of_products::<V, true>(modulus, out, more);
        }
    }
}

/// out = sum of at most [`LAZY_TERMS`] products, plus out itself if `ONTO`.
///
/// # Safety
/// No slice of `pairs` may be shorter than `out`.
#[inline(always)]
unsafe fn sum_of_products<V: Lanes, const ONTO: bool>(
    modulus: &Modulus<u64>,
    out: &mut [u64],
    pairs: &[(&[u64], &[u64])],
) {
    // SAFETY: the caller's contract.
    let field = unsafe { Field::<V>::new(modulus.value()) };
    let mut at = 0;
    let whole = out.len() - out.len() % V::COUNT;
    let to = out.as_mut_ptr();
    while at < whole {
        // SAFETY: at + COUNT <= the length of every slice.
        unsafe {
            let mut sum = match ONTO {
                true => V::load_words(to.add(at)),
                false => V::splat(0.0),
            };
            for (x, y) in pairs {
                let (x, y) = (x.as_ptr().add(at), y.as_ptr().add(at));
                sum = sum.add(field.mul(V::load_words(x), V::load_words(y)));
            }
            field.canonical(sum).store_words(to.add(at));
        }
        at += V::COUNT;
    }
    let (_, out) = out.split_at_mut(whole);
    if !ONTO {
        out.fill(0);
    }
    for (x, y) in pairs {
        super::portable::mul_add(
            modulus,
            out,
            x.get(whole..).unwrap_or_default(),
            y.get(whole..).unwrap_or_default(),
        );
    }
}

/// For words below 2^50: then K < 1 although they are not reduced.
#[inline(always)]
pub(super) unsafe fn combine<V: Lanes>(
    modulus: &Modulus<u64>,
    _: u32,
    out: &mut [u64],
    terms: &[(&[u64], u64)],
) {
    let length = terms
        .iter()
        .fold(out.len(), |length, (x, _)| length.min(x.len()));
    let to = out.as_mut_ptr();
    let mut at = 0;
    // SAFETY: as above; registers end before `length`.
    unsafe {
        let field = Field::<V>::new(modulus.value());
        while at + V::COUNT <= length {
            let mut sum = V::splat(0.0);
            for terms in terms.chunks(LAZY_TERMS) {
                for &(x, w) in terms {
                    let x = V::load_words(x.as_ptr().add(at));
                    sum = sum.add(field.mul(x, V::splat(w as f64)));
                }
                sum = field.reduce(sum);
            }
            field.lift(sum).store_words(to.add(at));
            at += V::COUNT;
        }
    }
    let rest = out.get_mut(at..length).unwrap_or_default();
    for (k, out) in rest.iter_mut().enumerate() {
        let mut sum = 0;
        for &(x, w) in terms {
            let x = x.get(at + k).copied().unwrap_or_default();
            sum = modulus.add(sum, modulus.mul(modulus.reduce(x), w));
        }
        *out = sum;
    }
}

#[inline(always)]
pub(super) unsafe fn tensor<'a, V: Lanes>(
    modulus: &Modulus<u64>,
    out: [&mut [u64]; 3],
    x: [&'a [u64]; 2],
    y: [&'a [u64]; 2],
) {
    let ([out0, out1, out2], [x0, x1], [y0, y1]) = (out, x, y);
    let lengths = [&*out0, out1, out2, x0, x1, y0, y1].map(<[u64]>::len);
    let length = lengths.into_iter().min().unwrap_or(0);
    let mut at = 0;
    // SAFETY: as above; registers end before `length`.
    unsafe {
        let field = Field::<V>::new(modulus.value());
        while at + V::COUNT <= length {
            let x0 = V::load_words(x0.as_ptr().add(at));
            let x1 = V::load_words(x1.as_ptr().add(at));
            let y0 = V::load_words(y0.as_ptr().add(at));
            let y1 = V::load_words(y1.as_ptr().add(at));
            let cross = field.mul(x0, y1).add(field.mul(x1, y0));
            let first = field.lift(field.mul(x0, y0));
            let last = field.lift(field.mul(x1, y1));
            first.store_words(out0.as_mut_ptr().add(at));
            field
                .canonical(cross)
                .store_words(out1.as_mut_ptr().add(at));
            last.store_words(out2.as_mut_ptr().add(at));
            at += V::COUNT;
        }
    }
    let rest = |x: &'a [u64]| x.get(at..).unwrap_or_default();
    super::portable::tensor(
        modulus,
        [out0, out1, out2].map(|out| out.get_mut(at..).unwrap_or_default()),
        [rest(x0), rest(x1)],
        [rest(y0), rest(y1)],
    );
}

#[inline(always)]
pub(super) unsafe fn scale<V: Lanes>(modulus: &Modulus<u64>, x: &mut [u64], w: Factor) {
    // SAFETY: as above.
    unsafe {
        let field = Field::<V>::new(modulus.value());
        let w = V::splat(w.value() as f64);
        update::<V, _, _>(
            [x],
            [],
            #[inline(always)]
            |[x], []| [field.lift(field.mul(x, w))],
        );
    }
}

#[inline(always)]
pub(super) unsafe fn sub_scale<V: Lanes>(
    modulus: &Modulus<u64>,
    x: &mut [u64],
    y: &[u64],
    w: Factor,
) {
    // SAFETY: as above.
    unsafe {
        let field = Field::<V>::new(modulus.value());
        let w = V::splat(w.value() as f64);
        update::<V, _, _>(
            [x],
            [y],
            #[inline(always)]
            |[x], [y]| [field.lift(field.mul(x.sub(y), w))],
        );
    }
}

/// For p < 2^50.
#[inline(always)]
pub(super) unsafe fn reduce_centred<V: Lanes>(
    modulus: &Modulus<u64>,
    from: &Modulus<u64>,
    out: &mut [u64],
    x: &[u64],
) {
    let p = from.value();
    // SAFETY: as above.
    unsafe {
        let field = Field::<V>::new(modulus.value());
        let (p, half) = (V::splat(p as f64), V::splat((p / 2) as f64));
        update::<V, _, _>(
            [out],
            [x],
            #[inline(always)]
            |_, [x]| {
                // (p-1)/2 - centred(x) is never negative.
                let distance = half.sub(x).add_if_negative(p);
                [field.canonical(half.sub(distance))]
            },
        );
    }
}
