//! The same passes in portable Rust, for moduli of any size: what the other kernels are tested against.
//! Documented in [`super`].

use super::Factor;
use crate::Modulus;

pub(super) fn mul_assign(modulus: &Modulus<u64>, x: &mut [u64], y: &[u64]) {
    let modulus = *modulus;
    for (x, &y) in x.iter_mut().zip(y) {
        *x = modulus.mul(*x, y);
    }
}

pub(super) fn mul(modulus: &Modulus<u64>, out: &mut [u64], x: &[u64], y: &[u64]) {
    let modulus = *modulus;
    for (out, (&x, &y)) in out.iter_mut().zip(x.iter().zip(y)) {
        *out = modulus.mul(x, y);
    }
}

pub(super) fn mul_add(modulus: &Modulus<u64>, out: &mut [u64], x: &[u64], y: &[u64]) {
    let modulus = *modulus;
    for (out, (&x, &y)) in out.iter_mut().zip(x.iter().zip(y)) {
        *out = modulus.add(*out, modulus.mul(x, y));
    }
}

pub(super) fn inner_product(modulus: &Modulus<u64>, out: &mut [u64], pairs: &[(&[u64], &[u64])]) {
    let shortest = |length: usize, (x, y): &(&[u64], &[u64])| length.min(x.len()).min(y.len());
    let length = pairs.iter().fold(out.len(), shortest);
    let (out, _) = out.split_at_mut(length);
    out.fill(0);
    let modulus = *modulus;
    for (x, y) in pairs {
        for (out, (&x, &y)) in out.iter_mut().zip(x.iter().zip(*y)) {
            *out = modulus.add(*out, modulus.mul(x, y));
        }
    }
}

pub(super) fn combine(modulus: &Modulus<u64>, _: u32, out: &mut [u64], terms: &[(&[u64], u64)]) {
    let length = terms
        .iter()
        .fold(out.len(), |length, (x, _)| length.min(x.len()));
    let (out, _) = out.split_at_mut(length);
    out.fill(0);
    for &(x, w) in terms {
        let w = Factor::new(modulus, w);
        for (out, &x) in out.iter_mut().zip(x) {
            *out = modulus.add(*out, w.times(modulus, x));
        }
    }
}

pub(super) fn tensor(modulus: &Modulus<u64>, out: [&mut [u64]; 3], x: [&[u64]; 2], y: [&[u64]; 2]) {
    let modulus = *modulus;
    let [out0, out1, out2] = out;
    let outs = out0.iter_mut().zip(out1).zip(out2);
    let left = x[0].iter().zip(x[1]);
    let right = y[0].iter().zip(y[1]);
    for (((o0, o1), o2), ((&x0, &x1), (&y0, &y1))) in outs.zip(left.zip(right)) {
        *o0 = modulus.mul(x0, y0);
        *o1 = modulus.add(modulus.mul(x0, y1), modulus.mul(x1, y0));
        *o2 = modulus.mul(x1, y1);
    }
}

pub(super) fn scale(modulus: &Modulus<u64>, x: &mut [u64], w: Factor) {
    let modulus = *modulus;
    for x in x {
        *x = w.times(&modulus, *x);
    }
}

pub(super) fn sub_scale(modulus: &Modulus<u64>, x: &mut [u64], y: &[u64], w: Factor) {
    let modulus = *modulus;
    for (x, &y) in x.iter_mut().zip(y) {
        *x = w.times(&modulus, modulus.sub(*x, y));
    }
}

pub(super) fn reduce_centred(
    modulus: &Modulus<u64>,
    from: &Modulus<u64>,
    out: &mut [u64],
    x: &[u64],
) {
    let (modulus, from) = (*modulus, *from);
    // x + (p-1)/2 mod p is the centred value plus (p-1)/2, and not negative.
    let half = from.value() / 2;
    let shift = modulus.reduce(half);
    for (out, &x) in out.iter_mut().zip(x) {
        *out = modulus.sub(modulus.reduce(from.add(x, half)), shift);
    }
}
