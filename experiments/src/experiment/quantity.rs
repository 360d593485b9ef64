//! Numbers as people read them: four significant digits, a decimal prefix where the unit takes one, thousands apart.

/// Units with prefixes, from the smallest on: size in the base unit, and name.
const BYTES: &[(f64, &str)] = &[(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")];
const SECONDS: &[(f64, &str)] = &[(1e-9, "ns"), (1e-6, "us"), (1e-3, "ms"), (1.0, "s")];
const RATES: &[(f64, &str)] = &[(1.0, "/s"), (1e6, "M/s"), (1e9, "G/s")];

/// A value with its unit.
///
/// `B` and `s` take prefixes, `1/s` those from a million on; `%` is a share between 0 and 1, `x` a factor. Any other unit stands as it is.
#[must_use]
pub fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "" => number(value),
        "%" => format!("{:.2} %", 100.0 * value),
        "x" => format!("{} x", number(value)),
        "B" => prefixed(value, BYTES),
        "s" => prefixed(value, SECONDS),
        "1/s" => prefixed(value, RATES),
        other => format!("{} {other}", number(value)),
    }
}

fn prefixed(value: f64, units: &[(f64, &'static str)]) -> String {
    let fitting = units.iter().rev().find(|(size, _)| value.abs() >= *size);
    let (size, name) = fitting.or(units.first()).copied().unwrap_or((1.0, ""));
    format!("{} {name}", number(value / size))
}

/// A number: four significant digits, whole from a thousand on, as a power of ten below a thousandth.
#[must_use]
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !(1e-3..f64::INFINITY).contains(&size) {
        return match size {
            0.0 => "0".to_owned(),
            s if s < 1e-3 => format!("{value:.1e}"),
            _ => value.to_string(),
        };
    }
    // The bounds are where the last digit rounds up to one more before the point.
    let decimals = match size {
        s if s >= 999.95 => return thousands(&format!("{value:.0}")),
        s if s >= 99.995 => 1,
        s if s >= 9.9995 => 2,
        s if s >= 0.99995 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Digits with commas between groups of three.
fn thousands(digits: &str) -> String {
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", digits), |rest| ("-", rest));
    let mut text = String::from(sign);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_are_kept() {
        for (value, text) in [
            (0.0, "0"),
            (6.9e-4, "6.9e-4"),
            (0.4375, "0.4375"),
            (3.0, "3"),
            (20.5587, "20.56"),
            (137.885, "137.9"),
            (999.97, "1,000"),
            (5234.6, "5,235"),
            (-1_234_567.0, "-1,234,567"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn units_take_prefixes() {
        for (value, unit, text) in [
            (0.9915, "%", "99.15 %"),
            (38.0, "x", "38 x"),
            (388.0, "B", "388 B"),
            (20_558.8, "B", "20.56 kB"),
            (0.0024, "s", "2.4 ms"),
            (151e-9, "s", "151 ns"),
            (5e-11, "s", "0.05 ns"),
            (5234.6, "1/s", "5,235 /s"),
            (194e6, "1/s", "194 M/s"),
            (3.2e-4, "nats", "3.2e-4 nats"),
            (5234.6, "images/s", "5,235 images/s"),
        ] {
            assert_eq!(quantity(value, unit), text);
        }
    }
}
