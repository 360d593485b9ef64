//! Which values an axis names.

use super::model::AxisScale;
use super::number::{self, Notation};
use super::scale::Scale;

/// Labels that an axis has at most.
const MOST: usize = 12;

/// The values that an axis shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticks {
    /// Values with their labels.
    pub named: Vec<(f64, String)>,
    /// Values with a short tick alone.
    pub minor: Vec<f64>,
}

impl Ticks {
    /// The densest ticks whose labels fit, else the sparsest there are.
    pub fn new(scale: &Scale, fits: impl Fn(&[(f64, String)]) -> bool) -> Self {
        let mut chosen = None;
        for ticks in candidates(scale) {
            let usable = (2..=MOST).contains(&ticks.named.len());
            let good = usable && fits(&ticks.named);
            if usable || chosen.is_none() {
                chosen = Some(ticks);
            }
            if good {
                break;
            }
        }
        chosen.unwrap_or(Self {
            named: Vec::new(),
            minor: Vec::new(),
        })
    }
}

/// Densest first.
fn candidates(scale: &Scale) -> Vec<Ticks> {
    let (low, high) = scale.bounds();
    let even = || (0..9).map(|size| evenly(scale, size));
    match scale.kind {
        AxisScale::Linear => even().collect(),
        AxisScale::Log10 => {
            let decades = (high / low).log10();
            let first = low.log10().floor() as i32;
            let last = high.log10().ceil() as i32;
            let mut candidates: Vec<Ticks> = Vec::new();
            if decades < 0.9 {
                candidates.extend(even());
            }
            if decades < 2.2 {
                candidates.push(within_decades(scale, first..=last));
            }
            candidates.extend((1..=8).map(|stride| decade_ticks(scale, first..=last, stride)));
            candidates
        }
        AxisScale::Log2 => {
            let powers = low.log2().floor() as i32..=high.log2().ceil() as i32;
            let mut candidates: Vec<Ticks> = (1..=8)
                .map(|stride| powers_of_two(scale, powers.clone(), stride))
                .filter(|ticks| ticks.named.len() > 1)
                .collect();
            if candidates.is_empty() {
                candidates.extend(even());
            }
            candidates
        }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten, the more the smaller `size` is.
fn evenly(scale: &Scale, size: i32) -> Ticks {
    let (low, high) = scale.bounds();
    let finest = ((high - low) / 10.0).log10().floor() as i32;
    let mantissa = [1.0, 2.0, 5.0]
        .get(size.rem_euclid(3) as usize)
        .copied()
        .unwrap_or(1.0);
    let step = mantissa * 10_f64.powi(finest + size.div_euclid(3));
    let (first, last) = ((low / step).floor() as i64, (high / step).ceil() as i64);
    let values = (first..=last).map(|index| index as f64 * step);
    let shown: Vec<f64> = values.filter(|value| scale.shows(*value)).collect();
    let most = shown
        .iter()
        .fold(0.0, |most: f64, value| most.max(value.abs()));
    Ticks {
        named: shown
            .iter()
            .map(|&value| (value, number::evenly(value, step, most)))
            .collect(),
        minor: Vec::new(),
    }
}

/// 1, 2 and 5 times each power of ten.
fn within_decades(scale: &Scale, decades: impl Iterator<Item = i32>) -> Ticks {
    let mut ticks = (Vec::new(), Vec::new());
    for decade in decades {
        for mantissa in 1..10 {
            let value = f64::from(mantissa) * 10_f64.powi(decade);
            match mantissa {
                _ if !scale.shows(value) => {}
                1 | 2 | 5 => ticks.0.push(value),
                _ => ticks.1.push(value),
            }
        }
    }
    Ticks {
        named: named(&ticks.0),
        minor: ticks.1,
    }
}

/// Every `stride`th power of ten.
fn decade_ticks(scale: &Scale, decades: impl Iterator<Item = i32>, stride: i32) -> Ticks {
    let mut ticks = (Vec::new(), Vec::new());
    for decade in decades {
        let power = 10_f64.powi(decade);
        if decade.rem_euclid(stride) == 0 {
            ticks.0.push(power);
        } else {
            ticks.1.push(power);
        }
        if stride == 1 {
            ticks
                .1
                .extend((2..10).map(|mantissa| f64::from(mantissa) * power));
        }
    }
    ticks.0.retain(|value| scale.shows(*value));
    ticks.1.retain(|value| scale.shows(*value));
    Ticks {
        named: named(&ticks.0),
        minor: ticks.1,
    }
}

fn powers_of_two(scale: &Scale, exponents: impl Iterator<Item = i32>, stride: i32) -> Ticks {
    let mut ticks = Ticks {
        named: Vec::new(),
        minor: Vec::new(),
    };
    for exponent in exponents {
        let value = f64::from(exponent).exp2();
        if !scale.shows(value) {
        } else if exponent.rem_euclid(stride) == 0 {
            ticks.named.push((value, number::power_of_two(exponent)));
        } else {
            ticks.minor.push(value);
        }
    }
    ticks
}

fn named(values: &[f64]) -> Vec<(f64, String)> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let notation = Notation::of(least, most);
    values
        .iter()
        .map(|&value| (value, number::label(value, notation)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::model::Axis;
    use super::super::scale::Origin;
    use super::*;

    fn labels(kind: AxisScale, values: &[f64], most: usize) -> Vec<String> {
        let scale = Scale::new(&Axis::new("", kind), values, Origin::Near(0.5));
        let ticks = Ticks::new(&scale, |named| named.len() <= most);
        ticks.named.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(
            labels(AxisScale::Linear, &[0.0, 23.0], 6),
            ["0", "5", "10", "15", "20"]
        );
        assert_eq!(
            labels(AxisScale::Linear, &[98.6, 99.1], 4),
            ["98.6", "98.8", "99.0"]
        );
    }

    #[test]
    fn decades_are_named_and_thinned_out() {
        assert_eq!(
            labels(AxisScale::Log10, &[90.0, 1.2e6], 6),
            ["100", "1 k", "10 k", "100 k", "1 M"]
        );
        assert_eq!(
            labels(AxisScale::Log10, &[1e-9, 1.0], 6),
            ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]
        );
        assert_eq!(
            labels(AxisScale::Log10, &[2.0, 110.0], 6),
            ["2", "5", "10", "20", "50", "100"]
        );
    }

    #[test]
    fn powers_of_two_are_in_full() {
        assert_eq!(
            labels(AxisScale::Log2, &[256.0, 2048.0], 6),
            ["256", "512", "1,024", "2,048"]
        );
        assert_eq!(labels(AxisScale::Log2, &[1.0, 2.0], 6), ["1", "2"]);
    }

    #[test]
    fn one_value_still_has_labels() {
        for kind in [AxisScale::Linear, AxisScale::Log10, AxisScale::Log2] {
            assert!(labels(kind, &[7.0], 6).len() > 1, "{kind:?}");
        }
    }
}
