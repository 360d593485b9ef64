//! The numbers of the paper's text: every claim's measured value and published reference, as LaTeX macros.
//!
//! `\measured{ID}` and `\published{ID}` give the number with its unit, `\claimed{ID}` what is claimed. One without a value prints `??` and warns, as an
//! undefined reference does.

use std::fmt::Write;

use super::latex::escape;
use crate::experiment::claims::Assessment;
use crate::experiment::quantity::quantity;

/// The macros, by name.
const MACROS: [&str; 3] = ["measured", "published", "claimed"];

/// The whole file.
#[must_use]
pub fn render(assessments: &[Assessment]) -> String {
    let mut text = String::from("% Written by `halfmask experiment report`.\n\\makeatletter\n");
    for name in MACROS {
        let _ = writeln!(
            text,
            "\\newcommand{{\\{name}}}[1]{{\\ifcsname halfmask@{name}@#1\\endcsname\\csname halfmask@{name}@#1\\endcsname\
             \\else\\textbf{{??}}\\@latex@warning{{Value `{name}' of claim `#1' undefined}}\\fi}}"
        );
    }
    for assessment in assessments {
        let claim = assessment.claim;
        let published = claim.published.map(|p| quantity(p.value, p.unit));
        let values = [assessment.shown(), published, Some(claim.claimed())];
        for (name, value) in MACROS.into_iter().zip(values) {
            if let Some(value) = value {
                let id = claim.id;
                let _ = writeln!(
                    text,
                    "\\@namedef{{halfmask@{name}@{id}}}{{{}}}",
                    tied(&escape(&value))
                );
            }
        }
    }
    text.push_str("\\makeatother\n");
    text
}

/// With its unit on the same line.
fn tied(value: &str) -> String {
    match value.rsplit_once(' ') {
        Some((number, unit)) => format!("{number}~{unit}"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::claims;
    use crate::experiment::selection::Selection;

    #[test]
    fn values_are_defined_and_absent_ones_are_not() {
        let [first, second] = ["rate-loopback", "rate-lan"].map(|id| {
            let claim = claims::all().find(|claim| claim.id == id).unwrap();
            Assessment {
                claim,
                run: Selection::default(),
                measured: (id == "rate-loopback").then_some(5234.6),
            }
        });
        let text = render(&[first, second]);
        for line in [
            "\\@namedef{halfmask@measured@rate-loopback}{5,235~images/s}\n",
            "\\@namedef{halfmask@published@rate-lan}{33.3~images/s}\n",
            "\\@namedef{halfmask@claimed@rate-lan}{at least 1,000~images/s}\n",
        ] {
            assert!(text.contains(line), "no {line} in {text}");
        }
        assert!(!text.contains("measured@rate-lan"), "{text}");
        assert_eq!(text.matches("\\newcommand").count(), 3);
    }
}
