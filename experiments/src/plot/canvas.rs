//! An SVG document being written: shapes in user units, numbers with a fixed number of digits.

use std::fmt::Write;

use super::text::{FAMILIES, Face};

/// A point, in units from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// Rightwards.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Area {
    /// The right edge.
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// The lower edge.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// A square around a point, `reach` units to each side.
    pub fn around(at: At, reach: f64) -> Self {
        Self {
            left: at.x - reach,
            top: at.y - reach,
            width: 2.0 * reach,
            height: 2.0 * reach,
        }
    }

    /// What is left after these margins.
    pub fn inside(&self, left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self {
            left: self.left + left,
            top: self.top + top,
            width: self.width - left - right,
            height: self.height - top - bottom,
        }
    }

    /// The area that two rectangles share, in square units.
    pub fn overlap(&self, other: &Self) -> f64 {
        let width = self.right().min(other.right()) - self.left.max(other.left);
        let height = self.bottom().min(other.bottom()) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }
}

/// How a text lies at its point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Height of the font in units.
    pub size: f64,
    /// Which part of the text is at the point.
    pub anchor: Anchor,
    /// Degrees, anticlockwise.
    pub angle: f64,
    /// Its colour.
    pub colour: &'static str,
    /// Whether a white edge sets it off from what lies below.
    pub halo: bool,
}

/// Which part of a text is at its point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pen {
    /// Its colour.
    pub colour: &'static str,
    /// Its width in units.
    pub width: f64,
    /// Lengths of dashes and gaps; empty for a solid line.
    pub dashes: &'static str,
}

impl Pen {
    /// A solid line.
    pub const fn solid(colour: &'static str, width: f64) -> Self {
        Self {
            colour,
            width,
            dashes: "",
        }
    }

    fn attributes(&self) -> String {
        let mut text = format!(
            "stroke=\"{}\" stroke-width=\"{}\"",
            self.colour,
            number(self.width)
        );
        if !self.dashes.is_empty() {
            let _ = write!(text, " stroke-dasharray=\"{}\"", self.dashes);
        }
        text
    }
}

/// An SVG document being written.
pub struct Canvas<'a> {
    /// Measures what is written.
    pub face: &'a Face,
    body: String,
}

impl<'a> Canvas<'a> {
    /// An empty document.
    pub const fn new(face: &'a Face) -> Self {
        Self {
            face,
            body: String::new(),
        }
    }

    /// The document, `width` times `height` units, with what its shapes refer to.
    pub fn finish(self, width: f64, height: f64, definitions: &str) -> String {
        let (width, height) = (number(width), number(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILIES}\">\n\
             {definitions}<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.body
        )
    }

    /// A straight line.
    pub fn line(&mut self, from: At, to: At, pen: &Pen) {
        self.push(&format!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {}/>",
            number(from.x),
            number(from.y),
            number(to.x),
            number(to.y),
            pen.attributes()
        ));
    }

    /// Straight lines from point to point.
    pub fn polyline(&mut self, points: &[At], pen: &Pen) {
        self.push(&format!(
            "<polyline points=\"{}\" fill=\"none\" stroke-linejoin=\"round\" {}/>",
            coordinates(points),
            pen.attributes()
        ));
    }

    /// A closed shape with corners.
    pub fn polygon(&mut self, points: &[At], fill: &str, pen: &Pen) {
        self.push(&format!(
            "<polygon points=\"{}\" fill=\"{fill}\" stroke-linejoin=\"round\" {}/>",
            coordinates(points),
            pen.attributes()
        ));
    }

    /// A circle.
    pub fn circle(&mut self, centre: At, radius: f64, fill: &str, pen: &Pen) {
        self.push(&format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\" {}/>",
            number(centre.x),
            number(centre.y),
            number(radius),
            pen.attributes()
        ));
    }

    /// A rectangle.
    pub fn rectangle(&mut self, area: &Area, fill: &str, pen: &Pen) {
        self.push(&format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\" {}/>",
            number(area.left),
            number(area.top),
            number(area.width),
            number(area.height),
            pen.attributes()
        ));
    }

    /// A line of text with its baseline at a point.
    pub fn text(&mut self, text: &str, at: At, setting: &Setting) {
        let (x, y) = (number(at.x), number(at.y));
        let anchor = match setting.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let mut attributes = format!(
            "x=\"{x}\" y=\"{y}\" font-size=\"{}\" text-anchor=\"{anchor}\" fill=\"{}\"",
            number(setting.size),
            setting.colour
        );
        if setting.angle != 0.0 {
            let degrees = number(-setting.angle);
            let _ = write!(attributes, " transform=\"rotate({degrees} {x} {y})\"");
        }
        if setting.halo {
            attributes.push_str(" stroke=\"#ffffff\" stroke-width=\"5\" paint-order=\"stroke\"");
        }
        self.push(&format!("<text {attributes}>{}</text>", escape(text)));
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

fn coordinates(points: &[At]) -> String {
    let pairs: Vec<String> = points
        .iter()
        .map(|at| format!("{},{}", number(at.x), number(at.y)))
        .collect();
    pairs.join(" ")
}

/// A tenth of a unit is finer than print; no trailing zeros, no negative zero.
fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0 + 0.0;
    format!("{tenths}")
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(-0.04), "0");
        assert_eq!(number(12.0), "12");
        assert_eq!(number(1.0 / 3.0), "0.3");
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("a<b & c>\u{7}"), "a&lt;b &amp; c&gt; ");
    }
}
