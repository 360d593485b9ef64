//! The bundled font, and how wide it sets a text.

use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider, charmap::Charmap};

use super::error::PlotError;

/// Families tried in turn where an SVG is shown; the first is bundled.
pub const FAMILIES: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";
/// Its name.
pub const BUNDLED: &str = "DejaVu Sans";
/// From one line to the next, in heights of the font.
pub const LEADING: f64 = 1.2;
/// Height of a capital letter, in heights of the font.
pub const CAPITAL: f64 = 0.73;

/// The bytes of the bundled font.
pub fn bundled() -> &'static [u8] {
    dejavu::sans::regular()
}

/// The bundled font, measured.
pub struct Face {
    characters: Charmap<'static>,
    advances: GlyphMetrics<'static>,
    em: f64,
}

impl Face {
    /// Reads the bundled font.
    ///
    /// # Errors
    /// [`PlotError::Font`] if it is damaged.
    pub fn load() -> Result<Self, PlotError> {
        let font = FontRef::new(bundled()).map_err(|error| PlotError::Font(error.to_string()))?;
        let (size, location) = (Size::unscaled(), LocationRef::default());
        Ok(Self {
            characters: font.charmap(),
            advances: font.glyph_metrics(size, location),
            em: f64::from(font.metrics(size, location).units_per_em),
        })
    }

    /// Width of a line of text in a font `size` units high. A character that the font lacks takes half its height.
    pub fn width(&self, text: &str, size: f64) -> f64 {
        text.chars()
            .map(|c| {
                let glyph = self.characters.map(c);
                glyph
                    .and_then(|glyph| self.advances.advance_width(glyph))
                    .map_or(size / 2.0, |units| f64::from(units) * size / self.em)
            })
            .sum()
    }

    /// Width of the widest line.
    pub fn widest<'a>(&self, lines: impl IntoIterator<Item = &'a String>, size: f64) -> f64 {
        lines
            .into_iter()
            .map(|line| self.width(line, size))
            .fold(0.0, f64::max)
    }

    /// Lines of like width, as few as are no wider than `room`, broken at spaces; a longer word stands alone.
    pub fn wrap(&self, text: &str, size: f64, room: f64) -> Vec<String> {
        let mut lines = self.fill(text, size, room);
        let mut narrower = room;
        while lines.len() > 1 && narrower > size {
            narrower -= size / 2.0;
            let even = self.fill(text, size, narrower);
            if even.len() > lines.len() || self.widest(&even, size) > room {
                break;
            }
            lines = even;
        }
        lines
    }

    fn fill(&self, text: &str, size: f64, room: f64) -> Vec<String> {
        let mut lines = Vec::new();
        for part in text.split('\n') {
            let mut line = String::new();
            for word in part.split(' ').filter(|word| !word.is_empty()) {
                let longer = if line.is_empty() {
                    word.to_owned()
                } else {
                    format!("{line} {word}")
                };
                if line.is_empty() || self.width(&longer, size) <= room {
                    line = longer;
                } else {
                    lines.push(std::mem::replace(&mut line, word.to_owned()));
                }
            }
            if !line.is_empty() {
                lines.push(line);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_text_is_wider() {
        let face = Face::load().unwrap();
        assert!(face.width("iii", 10.0) < face.width("mmm", 10.0));
        assert!((face.width("ab", 20.0) - 2.0 * face.width("ab", 10.0)).abs() < 1e-9);
    }

    #[test]
    fn lines_break_at_spaces() {
        let face = Face::load().unwrap();
        let room = face.width("one two", 10.0);
        assert_eq!(face.wrap("one two", 10.0, room), ["one two"]);
        assert_eq!(face.wrap("one two six", 10.0, room), ["one two", "six"]);
        assert_eq!(face.wrap("1 1 1 1", 10.0, room * 0.7), ["1 1", "1 1"]);
        assert_eq!(face.wrap("indivisible", 10.0, 1.0), ["indivisible"]);
        assert_eq!(face.wrap("a\nb", 10.0, room), ["a", "b"]);
    }
}
