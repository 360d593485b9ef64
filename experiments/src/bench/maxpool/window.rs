//! The shape of a window.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Rows and columns of a window at most.
const MOST_SIDE: u32 = 16;

/// Rows and columns of a window, written `2x2`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Window {
    rows: u32,
    columns: u32,
}

impl Window {
    /// Two by two and three by three.
    pub const USUAL: [Self; 2] = [
        Self {
            rows: 2,
            columns: 2,
        },
        Self {
            rows: 3,
            columns: 3,
        },
    ];

    /// Values of it.
    #[must_use]
    pub const fn values(self) -> u32 {
        self.rows * self.columns
    }
}

impl FromStr for Window {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| {
            let side = text.parse().ok();
            side.filter(|side| (1..=MOST_SIDE).contains(side))
        };
        match text.split_once('x').map(|(a, b)| (side(a), side(b))) {
            // A single value is its own maximum.
            Some((Some(rows), Some(columns))) if rows * columns > 1 => Ok(Self { rows, columns }),
            _ => Err(format!(
                "expected ROWSxCOLUMNS, each 1 to {MOST_SIDE}, such as 2x2"
            )),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.rows, self.columns)
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

impl TryFrom<String> for Window {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_written_and_read() {
        for window in Window::USUAL {
            assert_eq!(window.to_string().parse(), Ok(window));
        }
        for bad in ["", "2", "2x", "x2", "0x2", "1x1", "2x2x2", "17x1", "-2x2"] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
    }
}
