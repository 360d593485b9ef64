//! Ideal functionalities of what the two-party layer does not offer yet: the evaluator hands its shares over, the garbler
//! computes on the values and deals fresh shares. For tests of what surrounds them.

use super::{LogitsSpec, MaxPoolSpec, Nonlinear, RescaleSpec, rescale_reference};
use crate::Error;
use halfmask_bridge::mpc::channel::Channel;
use halfmask_bridge::mpc::relu::ReluSpec;
use halfmask_bridge::mpc::session::{EvaluatorSession, GarblerSession};
use halfmask_bridge::mpc::share::{low_mask, signed};

fn send(ch: &mut Channel, values: impl Iterator<Item = u32>) -> Result<(), Error> {
    for v in values {
        ch.send_u32(v)?;
    }
    Ok(ch.flush()?)
}

fn receive(ch: &mut Channel, values: &mut [u32]) -> Result<(), Error> {
    for v in values {
        *v = ch.recv_u32()?;
    }
    Ok(())
}

/// A stream of numbers.
fn numbers() -> impl FnMut() -> u32 {
    let mut state = 1u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as u32
    }
}

impl Nonlinear for EvaluatorSession {
    fn relu(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        Ok(EvaluatorSession::relu(self, ch, layer, spec, x, y)?)
    }

    fn max_pool(
        &mut self,
        ch: &mut Channel,
        _: &str,
        _: &MaxPoolSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        send(ch, x.iter().copied())?;
        receive(ch, y)
    }

    fn rescale(
        &mut self,
        ch: &mut Channel,
        _: &str,
        _: &RescaleSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        send(ch, x.iter().copied())?;
        receive(ch, y)
    }
}

impl Nonlinear for GarblerSession {
    fn relu(
        &mut self,
        ch: &mut Channel,
        layer: &str,
        spec: &ReluSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        Ok(GarblerSession::relu(self, ch, layer, spec, x, y)?)
    }

    /// A tournament whose comparisons may go either way below two units.
    fn max_pool(
        &mut self,
        ch: &mut Channel,
        _: &str,
        spec: &MaxPoolSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        let (k, positions) = (spec.share_bits, y.len());
        assert_eq!(x.len(), positions * spec.window as usize, "whole windows");
        let mut theirs = vec![0; x.len()];
        receive(ch, &mut theirs)?;
        let value = |i: usize| signed(x[i].wrapping_add(theirs[i]) & low_mask(k), k);
        let mut random = numbers();
        for (p, y) in y.iter_mut().enumerate() {
            let mut left: Vec<i32> = (0..spec.window as usize)
                .map(|t| value(t * positions + p))
                .collect();
            while left.len() > 1 {
                left = left
                    .chunks(2)
                    .map(|pair| {
                        let [a, b] = *pair else { return pair[0] };
                        assert!(
                            i64::from(a - b).abs() < (1 << (k - 1)) - (3 << (k - spec.width)),
                            "{a} - {b} wraps"
                        );
                        if (a - b).abs() < 2 << (k - spec.width) && random() & 1 == 0 {
                            a.min(b)
                        } else {
                            a.max(b)
                        }
                    })
                    .collect();
            }
            *y = random() & low_mask(k);
            ch.send_u32((left[0] as u32).wrapping_sub(*y) & low_mask(k))?;
        }
        Ok(ch.flush()?)
    }

    fn rescale(
        &mut self,
        ch: &mut Channel,
        _: &str,
        spec: &RescaleSpec,
        x: &[u32],
        y: &mut [u32],
    ) -> Result<(), Error> {
        let mut theirs = vec![0; x.len()];
        receive(ch, &mut theirs)?;
        let mut random = numbers();
        for (y, (x, t)) in y.iter_mut().zip(x.iter().zip(&theirs)) {
            *y = random() % spec.modulus;
            let value = rescale_reference(spec, *t, *x);
            ch.send_u32((value + spec.modulus - *y) % spec.modulus)?;
        }
        Ok(ch.flush()?)
    }
}

pub(in crate::nn::party) fn evaluate_logits(
    _: &mut EvaluatorSession,
    ch: &mut Channel,
    _: &LogitsSpec,
    x: &[u32],
) -> Result<Vec<i32>, Error> {
    send(ch, x.iter().copied())?;
    let mut y = vec![0; x.len()];
    receive(ch, &mut y)?;
    Ok(y.into_iter().map(|y| y as i32).collect())
}

pub(in crate::nn::party) fn garble_logits(
    _: &mut GarblerSession,
    ch: &mut Channel,
    spec: &LogitsSpec,
    x: &[u32],
) -> Result<(), Error> {
    let mut theirs = vec![0; x.len()];
    receive(ch, &mut theirs)?;
    let k = spec.share_bits;
    let h = spec.dropped_bits;
    send(
        ch,
        x.iter().zip(&theirs).map(|(a, b)| {
            let x = i64::from(signed(a.wrapping_add(*b) & low_mask(k), k));
            ((2 * x + (1 << h)) >> (h + 1)) as u32
        }),
    )
}
