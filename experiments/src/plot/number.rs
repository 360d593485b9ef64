//! Numbers as people read them on an axis: 512; 1,024; 20 k; 1.5 M; 10⁻⁴.

/// How the labels of one axis are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Notation {
    /// All digits, in groups of three.
    Plain,
    /// With the prefixes k, M, G and T.
    Prefix,
    /// With a power of ten.
    Power,
}

impl Notation {
    /// The one for an axis with labels from `least` (in magnitude, not zero) to `most`.
    pub fn of(least: f64, most: f64) -> Self {
        if most >= 1e15 || least < 0.999e-3 {
            Self::Power
        } else if most >= 9_999.0 {
            Self::Prefix
        } else {
            Self::Plain
        }
    }
}

/// A value with no more digits than it needs.
pub fn label(value: f64, notation: Notation) -> String {
    match notation {
        Notation::Plain => plain(value),
        Notation::Prefix => prefixed(value),
        Notation::Power => power_of_ten(value),
    }
}

/// One of several values that are `step` apart, up to `most` in magnitude: all with the same prefix and decimals.
pub fn evenly(value: f64, step: f64, most: f64) -> String {
    match Notation::of(step, most) {
        _ if value == 0.0 => "0".into(),
        Notation::Plain => grouped(value, decimals(step)),
        Notation::Prefix => {
            let (unit, prefix) = prefix(most);
            format!("{} {prefix}", grouped(value / unit, decimals(step / unit)))
        }
        Notation::Power => power_of_ten(value),
    }
}

/// One of several values up to `most`, written beside what shows it: the greatest to three significant digits.
pub fn alike(value: f64, most: f64) -> String {
    let digit = 10_f64.powi(most.abs().log10().floor() as i32 - 2);
    evenly((value / digit).round() * digit, digit, most.abs())
}

/// A value to three significant digits, written beside what shows it.
pub fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let digit = 10_f64.powi(value.abs().log10().floor() as i32 - 2);
    let rounded = (value / digit).round() * digit;
    label(rounded, Notation::of(rounded.abs(), rounded.abs()))
}

/// A power of two, in full while that is short.
pub fn power_of_two(exponent: i32) -> String {
    if (-4..=16).contains(&exponent) {
        plain(2_f64.powi(exponent))
    } else {
        format!("2{}", superscript(exponent))
    }
}

const PREFIXES: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];

/// The largest prefix not above a value; a rounding error must not turn 1 M into 1,000 k.
fn prefix(value: f64) -> (f64, &'static str) {
    let magnitude = value.abs() * (1.0 + 1e-12);
    let fitting = PREFIXES.iter().find(|(unit, _)| magnitude >= *unit);
    *fitting.unwrap_or(&(1.0, ""))
}

fn prefixed(value: f64) -> String {
    let (unit, prefix) = prefix(value);
    format!("{} {prefix}", plain(value / unit))
        .trim_end()
        .to_owned()
}

/// Decimals that tell multiples of a step apart.
fn decimals(step: f64) -> usize {
    (-(step.log10() + 1e-9).floor()).clamp(0.0, 15.0) as usize
}

/// To twelve digits, without trailing zeros.
fn plain(value: f64) -> String {
    let text = grouped(value, decimals(value.abs().max(1e-3) * 1e-11));
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    if value < 0.0 {
        grouped.push('\u{2212}');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if !fraction.is_empty() {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

fn power_of_ten(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let exponent = (value.abs().log10() + 1e-9).floor() as i32;
    let mantissa = plain(value / 10_f64.powi(exponent));
    let power = format!("10{}", superscript(exponent));
    match mantissa.as_str() {
        "1" => power,
        _ => format!("{mantissa}×{power}"),
    }
}

fn superscript(exponent: i32) -> String {
    exponent
        .to_string()
        .chars()
        .map(|c| match c {
            '0' => '⁰',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '4' => '⁴',
            '5' => '⁵',
            '6' => '⁶',
            '7' => '⁷',
            '8' => '⁸',
            '9' => '⁹',
            _ => '⁻',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_what_people_write() {
        assert_eq!(label(1024.0, Notation::Plain), "1,024");
        assert_eq!(label(0.30000000000000004, Notation::Plain), "0.3");
        assert_eq!(label(-2.5, Notation::Plain), "−2.5");
        assert_eq!(label(20_000.0, Notation::Prefix), "20 k");
        assert_eq!(label(999_999.999_999_999_9, Notation::Prefix), "1 M");
        assert_eq!(label(500.0, Notation::Prefix), "500");
        assert_eq!(label(1e-4, Notation::Power), "10⁻⁴");
        assert_eq!(label(2e-5, Notation::Power), "2×10⁻⁵");
        assert_eq!(label(1e15, Notation::Power), "10¹⁵");
    }

    #[test]
    fn evenly_spaced_values_look_alike() {
        let written = |values: [f64; 3], step| values.map(|value| evenly(value, step, values[2]));
        assert_eq!(written([98.5, 99.0, 99.5], 0.5), ["98.5", "99.0", "99.5"]);
        assert_eq!(written([0.0, 500_000.0, 1e6], 5e5), ["0", "0.5 M", "1.0 M"]);
        assert_eq!(
            written([0.0, 1000.0, 2000.0], 1000.0),
            ["0", "1,000", "2,000"]
        );
    }

    #[test]
    fn values_have_three_digits() {
        assert_eq!(short(5_012.3), "5,010");
        assert_eq!(short(15_049.0), "15 k");
        assert_eq!(short(15_149.0), "15.1 k");
        assert_eq!(short(0.012_345), "0.0123");
        assert_eq!(short(0.000_123_45), "1.23×10⁻⁴");
        assert_eq!(short(0.0), "0");
    }

    #[test]
    fn powers_of_two_are_full_while_short() {
        assert_eq!(power_of_two(10), "1,024");
        assert_eq!(power_of_two(-1), "0.5");
        assert_eq!(power_of_two(20), "2²⁰");
    }
}
