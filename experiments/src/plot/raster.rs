//! SVG turned into PNG.

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use super::error::PlotError;
use super::text::{BUNDLED, bundled};

/// Pixels a user unit.
pub const ZOOM: f32 = 2.0;

/// Draws an SVG document at twice its size, with the bundled font alone, whatever fonts the machine has.
///
/// # Errors
/// [`PlotError::Raster`] if the document is not SVG or too large.
pub fn png(svg: &str) -> Result<Vec<u8>, PlotError> {
    let wrong = |what: &dyn std::fmt::Display| PlotError::Raster(what.to_string());
    let mut options = Options {
        font_family: BUNDLED.into(),
        ..Options::default()
    };
    options.fontdb_mut().load_font_data(bundled().to_vec());
    let tree = Tree::from_str(svg, &options).map_err(|error| wrong(&error))?;
    let size = tree
        .size()
        .to_int_size()
        .scale_by(ZOOM)
        .ok_or_else(|| wrong(&"no size"))?;
    let mut image = Pixmap::new(size.width(), size.height()).ok_or_else(|| wrong(&"too large"))?;
    image.fill(Color::WHITE);
    let zoom = Transform::from_scale(ZOOM, ZOOM);
    resvg::render(&tree, zoom, &mut image.as_mut());
    image.encode_png().map_err(|error| wrong(&error))
}
