//! What a figure shows, and nothing of how it looks.

/// A figure: one chart, or several side by side.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// Series of points over two axes.
    Lines(Lines),
    /// Bars over categories.
    Bars(Bars),
    /// Charts side by side, as wide as two columns of a page. Vertical axes that measure the same have one range, and legends that say
    /// the same are one.
    Panels(Vec<Figure>),
}

impl Figure {
    /// Whether the figure needs the width of two columns.
    #[must_use]
    pub const fn is_wide(&self) -> bool {
        matches!(self, Self::Panels(panels) if panels.len() > 1)
    }
}

/// How an axis maps values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisScale {
    /// Evenly.
    Linear,
    /// By decades. Values must be positive.
    Log10,
    /// By powers of two. Values must be positive.
    Log2,
}

/// An axis of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it measures, with the unit.
    pub label: String,
    /// How it maps values.
    pub scale: AxisScale,
    /// Least range shown: data beyond it widen it. Without one, the data decide.
    pub range: Option<(f64, f64)>,
}

impl Axis {
    /// An axis whose range is that of the data.
    #[must_use]
    pub fn new(label: impl Into<String>, scale: AxisScale) -> Self {
        Self {
            label: label.into(),
            scale,
            range: None,
        }
    }
}

/// Series of points over two axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// Written above the chart, unless empty.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What was measured.
    pub series: Vec<Series>,
    /// What others published.
    pub marks: Vec<Mark>,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend; without a name it has no entry there.
    pub label: String,
    /// In the order in which a line joins them.
    pub points: Vec<Sample>,
    /// Whether a line joins them.
    pub line: bool,
}

impl Series {
    /// Points joined by a line.
    #[must_use]
    pub fn line(label: impl Into<String>, points: Vec<Sample>) -> Self {
        Self {
            label: label.into(),
            points,
            line: true,
        }
    }

    /// Points alone.
    #[must_use]
    pub fn scatter(label: impl Into<String>, points: Vec<Sample>) -> Self {
        Self {
            line: false,
            ..Self::line(label, points)
        }
    }
}

/// A measured point, with the quartiles of its repetitions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// On the horizontal axis.
    pub x: f64,
    /// On the vertical axis.
    pub y: f64,
    /// The lower quartile; `y` where there is none.
    pub low: f64,
    /// The upper quartile; `y` where there is none.
    pub high: f64,
}

impl Sample {
    /// A value without uncertainty.
    #[must_use]
    pub const fn exact(x: f64, y: f64) -> Self {
        Self {
            x,
            y,
            low: y,
            high: y,
        }
    }
}

/// A published value: drawn hollow, so that nobody takes it for a measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// On the horizontal axis; among bars, the category's number, from zero.
    pub x: f64,
    /// On the axis of values.
    pub y: f64,
    /// Whose it is; written beside it, or in the legend where only one name occurs. Those without belong to the one named.
    pub label: String,
}

/// Bars over categories.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// Written above the chart, unless empty.
    pub title: String,
    /// What the bars stand over.
    pub categories: Vec<String>,
    /// One value a category each.
    pub stacks: Vec<Stack>,
    /// Whether stacks of one group stand on each other instead of side by side.
    pub stacked: bool,
    /// Whether bars lie, which leaves room for long categories.
    pub horizontal: bool,
    /// The axis of values.
    pub value: Axis,
    /// What others published.
    pub marks: Vec<Mark>,
}

/// One value a category: a bar, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// Its name in the legend. Stacks of one name look the same and have one entry there.
    pub label: String,
    /// Stacks of one group share a bar where bars are stacked; the group is written beside it.
    pub group: Option<String>,
    /// One value a category. Zero draws nothing, on logarithmic axes too.
    pub values: Vec<f64>,
    /// Quartiles, one pair a category.
    pub spread: Option<Vec<(f64, f64)>>,
}

impl Stack {
    /// Values without group or uncertainty.
    #[must_use]
    pub fn new(label: impl Into<String>, values: Vec<f64>) -> Self {
        Self {
            label: label.into(),
            group: None,
            values,
            spread: None,
        }
    }
}
