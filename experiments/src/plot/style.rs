//! How the series of a chart differ: colour, marker, dashes, hatching. Sizes and greys of all charts.

use std::fmt::Write;

use super::canvas::{Area, At, Canvas, Pen};

/// Height of titles and of the names of axes.
pub const LABEL: f64 = 24.0;
/// Height of all other text.
pub const SMALL: f64 = 21.0;
/// Text, axes.
pub const INK: &str = "#222222";
/// Lines of the grid.
pub const GRID: &str = "#dddddd";
/// Half of a marker's size.
pub const MARKER: f64 = 7.0;

const PAPER: &str = "#ffffff";
/// Opacity of a bar's colour below its hatching.
const TINT: f64 = 0.25;
/// Sides of the square that a hatching repeats.
const TILE: f64 = 12.0;

/// How a series looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Of everything.
    pub colour: &'static str,
    index: usize,
    form: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Wedge,
    Plus,
    Cross,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Hatching {
    Solid,
    Dots,
    /// Lines at this angle, in degrees.
    Lines(i32),
    /// Lines both ways.
    Crossed,
}

/// Colours of Okabe and Ito without yellow, which is too faint for lines.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#000000",
];
/// What goes with them where colours are not seen.
const FORMS: [(Marker, &str, Hatching); 7] = [
    (Marker::Circle, "", Hatching::Solid),
    (Marker::Square, "12 5", Hatching::Lines(45)),
    (Marker::Triangle, "4 4", Hatching::Dots),
    (Marker::Diamond, "14 4 3 4", Hatching::Lines(-45)),
    (Marker::Wedge, "7 4", Hatching::Lines(0)),
    (Marker::Plus, "18 5", Hatching::Crossed),
    (Marker::Cross, "2 5", Hatching::Lines(90)),
];

impl Style {
    /// That of a chart's series number `index`. After seven, colours come again with other forms.
    pub fn of(index: usize) -> Self {
        let round = index / COLOURS.len();
        Self {
            colour: COLOURS.get(index % COLOURS.len()).copied().unwrap_or(INK),
            index,
            form: (index + round) % FORMS.len(),
        }
    }

    fn form(&self) -> (Marker, &'static str, Hatching) {
        let solid = (Marker::Circle, "", Hatching::Solid);
        FORMS.get(self.form).copied().unwrap_or(solid)
    }

    /// The line between points.
    pub fn pen(&self) -> Pen {
        Pen {
            colour: self.colour,
            width: 3.0,
            dashes: self.form().1,
        }
    }

    /// A measured point.
    pub fn draw_marker(&self, canvas: &mut Canvas, at: At) {
        let edge = Pen::solid(PAPER, 1.5);
        let corner = |x: f64, y: f64| At {
            x: at.x + x * MARKER,
            y: at.y + y * MARKER,
        };
        let corners = match self.form().0 {
            Marker::Circle => {
                canvas.circle(at, MARKER, self.colour, &edge);
                return;
            }
            Marker::Square => vec![(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            Marker::Triangle => vec![(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
            Marker::Diamond => vec![(0.0, -1.3), (1.1, 0.0), (0.0, 1.3), (-1.1, 0.0)],
            Marker::Wedge => vec![(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
            Marker::Plus => plus(0.0),
            Marker::Cross => plus(std::f64::consts::FRAC_PI_4),
        };
        let corners: Vec<At> = corners.into_iter().map(|(x, y)| corner(x, y)).collect();
        canvas.polygon(&corners, self.colour, &edge);
    }

    /// The part of a bar.
    pub fn draw_bar(&self, canvas: &mut Canvas, area: &Area) {
        let fill = format!("url(#hatch{})", self.index);
        canvas.rectangle(area, &fill, &Pen::solid(self.colour, 2.0));
    }
}

/// The outline of a plus sign, turned by an angle.
fn plus(angle: f64) -> Vec<(f64, f64)> {
    let (long, short) = (1.25, 0.4);
    let quarter = [(short, -long), (short, -short), (long, -short)];
    (0..4)
        .flat_map(|turn| {
            let (sin, cos) = (angle + f64::from(turn) * std::f64::consts::FRAC_PI_2).sin_cos();
            quarter.map(|(x, y)| (x * cos - y * sin, x * sin + y * cos))
        })
        .collect()
}

/// A published point: a hollow star.
pub fn draw_star(canvas: &mut Canvas, at: At) {
    let corners: Vec<At> = (0..10)
        .map(|corner| {
            let radius = MARKER * if corner % 2 == 0 { 1.7 } else { 0.75 };
            let (sin, cos) = (f64::from(corner) * std::f64::consts::PI / 5.0).sin_cos();
            At {
                x: at.x + radius * sin,
                y: at.y - radius * cos,
            }
        })
        .collect();
    // What it lies on shows through; an edge of paper sets it off.
    canvas.polygon(&corners, "none", &Pen::solid(PAPER, 5.0));
    canvas.polygon(&corners, "none", &Pen::solid(INK, 2.0));
}

/// The hatchings that [`Style::draw_bar`] refers to, of the first `count` styles: one is solid, the others are on a tint.
pub fn definitions(count: usize) -> String {
    if count == 0 {
        return String::new();
    }
    let half = TILE / 2.0;
    let mut text = String::from("<defs>\n");
    for style in (0..count).map(Style::of) {
        let colour = style.colour;
        let lines =
            |path: String| format!("<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"3\"/>");
        let (angle, tint, shapes) = match style.form().2 {
            Hatching::Solid => (0, 1.0, String::new()),
            Hatching::Dots => {
                let dot =
                    format!("<circle cx=\"{half}\" cy=\"{half}\" r=\"2.6\" fill=\"{colour}\"/>");
                (0, TINT, dot)
            }
            Hatching::Lines(angle) => (angle, TINT, lines(format!("M0 {half}H{TILE}"))),
            Hatching::Crossed => (45, TINT, lines(format!("M0 {half}H{TILE}M{half} 0V{TILE}"))),
        };
        let _ = writeln!(
            text,
            "<pattern id=\"hatch{}\" width=\"{TILE}\" height=\"{TILE}\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate({angle})\"><rect width=\"{TILE}\" height=\"{TILE}\" fill=\"{PAPER}\"/>\
             <rect width=\"{TILE}\" height=\"{TILE}\" fill=\"{colour}\" fill-opacity=\"{tint}\"/>{shapes}</pattern>",
            style.index
        );
    }
    text.push_str("</defs>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_of_many_look_the_same() {
        let looks: Vec<_> = (0..40)
            .map(|index| (Style::of(index).colour, Style::of(index).form))
            .collect();
        for (index, look) in looks.iter().enumerate() {
            assert!(!looks[..index].contains(look), "{index}");
        }
        assert!((1..7).all(|index| Style::of(index).form != Style::of(0).form));
    }
}
