//! Charts: a model of what is drawn, written as SVG, and SVG turned into PNG.
//!
//! * [`model`]: lines over two axes, bars over categories, panels side by side;
//! * [`svg`]: the model as a self-contained SVG document, the same bytes for the same figure;
//! * [`png`]: that document as an image of twice its size, drawn with the font that comes with the program.
//!
//! A chart is 720 units wide and a third less high: 24 units are 8 pt in a column of 8.5 cm. Colours are those of Okabe and
//! Ito; markers, dashes and hatching differ too, so that series stay apart in grey. Bars of uncertainty are quartiles.

mod axis;
mod bars;
mod canvas;
mod check;
mod error;
mod legend;
mod lines;
mod marks;
pub mod model;
mod number;
mod raster;
mod scale;
mod sheet;
mod style;
mod text;
mod ticks;

#[cfg(test)]
mod tests;

pub use error::PlotError;
pub use model::{Axis, AxisScale, Bars, Figure, Lines, Mark, Sample, Series, Stack};
pub use raster::png;
pub use sheet::svg;
