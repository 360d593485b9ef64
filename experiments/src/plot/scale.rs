//! From values to places along an axis.

use super::model::{Axis, AxisScale};

/// Maps values to 0 (left, bottom) to 1 (right, top).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// How values are mapped.
    pub kind: AxisScale,
    low: f64,
    high: f64,
}

/// Where an axis begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Origin {
    /// At zero, if all values are positive and the least is below this share of the greatest; else by the values.
    Near(f64),
    /// At zero, or on a logarithmic axis at a power below all values: bars stand there.
    Base,
}

/// Share of an axis left free at each end.
const MARGIN: f64 = 0.05;

impl Scale {
    /// A scale that shows all values and the range that the axis asks for. Values must be finite, and positive on
    /// logarithmic axes.
    pub fn new(axis: &Axis, values: &[f64], origin: Origin) -> Self {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let kind = axis.scale;
        let (mut low, mut high) = (forward(kind, least), forward(kind, most));
        if high - low < 1e-9 * high.abs().max(1e-9) {
            let half = match kind {
                AxisScale::Linear => (high.abs() / 2.0).max(0.5),
                AxisScale::Log10 | AxisScale::Log2 => 0.5,
            };
            (low, high) = (low - half, high + half);
        }
        let span = high - low;
        high += span * MARGIN;
        low = match (kind, origin) {
            (AxisScale::Linear, Origin::Base) => low.min(0.0),
            (AxisScale::Linear, Origin::Near(share)) if least >= 0.0 && least < share * most => 0.0,
            (AxisScale::Log10, Origin::Base) => (low - 0.2).floor(),
            (AxisScale::Log2, Origin::Base) => (low - 0.5).floor(),
            (_, Origin::Near(_)) => low - span * MARGIN,
        };
        if let Some((from, to)) = axis.range {
            let (from, to) = (forward(kind, from), forward(kind, to));
            low = if from <= forward(kind, least) {
                from
            } else {
                low
            };
            high = if to >= forward(kind, most) { to } else { high };
        }
        Self { kind, low, high }
    }

    /// Where a value lies; outside of 0 to 1 if it is not shown.
    pub fn place(&self, value: f64) -> f64 {
        (forward(self.kind, value) - self.low) / (self.high - self.low)
    }

    /// The least and the greatest value shown.
    pub fn bounds(&self) -> (f64, f64) {
        let back = |place: f64| match self.kind {
            AxisScale::Linear => place,
            AxisScale::Log10 => 10_f64.powf(place),
            AxisScale::Log2 => place.exp2(),
        };
        (back(self.low), back(self.high))
    }

    /// Whether a value is shown, but for rounding.
    pub fn shows(&self, value: f64) -> bool {
        (-1e-9..=1.0 + 1e-9).contains(&self.place(value))
    }
}

fn forward(kind: AxisScale, value: f64) -> f64 {
    match kind {
        AxisScale::Linear => value,
        AxisScale::Log10 => value.log10(),
        AxisScale::Log2 => value.log2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(kind: AxisScale, values: &[f64], origin: Origin) -> Scale {
        Scale::new(&Axis::new("", kind), values, origin)
    }

    #[test]
    fn decades_lie_evenly() {
        let scale = scale(AxisScale::Log10, &[0.01, 1e6], Origin::Near(0.5));
        let steps: Vec<f64> = (-2..6)
            .map(|decade| scale.place(10_f64.powi(decade + 1)) - scale.place(10_f64.powi(decade)))
            .collect();
        assert!(steps.iter().all(|step| (step - steps[0]).abs() < 1e-12));
        assert!(steps[0] > 0.1);
    }

    #[test]
    fn bars_stand_on_a_base_below_them() {
        assert_eq!(
            scale(AxisScale::Linear, &[3.0, 4.0], Origin::Base)
                .bounds()
                .0,
            0.0
        );
        let base = scale(AxisScale::Log10, &[1.0, 50.0], Origin::Base)
            .bounds()
            .0;
        assert!((base - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_range_never_hides_data() {
        let axis = Axis {
            range: Some((0.0, 10.0)),
            ..Axis::new("", AxisScale::Linear)
        };
        let inside = Scale::new(&axis, &[2.0, 3.0], Origin::Near(0.5));
        assert_eq!(inside.bounds(), (0.0, 10.0));
        let beyond = Scale::new(&axis, &[2.0, 30.0], Origin::Near(0.5));
        assert!(beyond.shows(0.0) && beyond.shows(30.0));
    }

    #[test]
    fn an_axis_begins_at_zero_if_values_come_near_it() {
        let begins = |values: &[f64]| {
            scale(AxisScale::Linear, values, Origin::Near(0.5))
                .bounds()
                .0
        };
        assert_eq!(begins(&[4.0, 10.0]), 0.0);
        assert!(begins(&[98.0, 99.0]) > 97.0);
        assert!(begins(&[-1.0, 10.0]) < -1.0);
    }

    #[test]
    fn a_single_value_has_room_around_it() {
        for kind in [AxisScale::Linear, AxisScale::Log10, AxisScale::Log2] {
            let place = scale(kind, &[7.0], Origin::Near(0.5)).place(7.0);
            assert!((place - 0.5).abs() < 0.1, "{kind:?}: {place}");
        }
    }
}
