//! Why a figure cannot be drawn.

/// Why a figure cannot be drawn; a chart is named by its title, else by its axes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// Nothing to draw.
    #[error("plot \"{plot}\": no data")]
    Empty {
        /// The chart.
        plot: String,
    },
    /// A value that has no place on its axis.
    #[error("plot \"{plot}\": {what}: {why}")]
    Value {
        /// The chart.
        plot: String,
        /// The series, category or axis.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The font that comes with the program cannot be read.
    #[error("plot: bundled font: {0}")]
    Font(String),
    /// Not an SVG document that can be drawn.
    #[error("plot: SVG to PNG: {0}")]
    Raster(String),
}
