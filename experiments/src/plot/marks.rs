//! Published points, and where their names go so that they cover nothing.

use std::f64::consts::FRAC_PI_8;

use super::canvas::{Anchor, Area, At, Canvas, Pen, Setting};
use super::legend;
use super::model::Mark;
use super::style::{INK, MARKER, SMALL, draw_star};
use super::text::LEADING;

/// A published point in its place.
struct Placed<'a> {
    at: At,
    /// What is written beside it, if anything.
    name: &'a str,
}

/// Side of the squares that stand for a line where names must not go.
const GRAIN: f64 = 8.0;
/// What a unit of distance between a point and its name costs, in covered square units.
const FAR: f64 = 1.5;
/// What a later place costs than the one before.
const LATER: f64 = 0.5;
/// What a square unit outside of the plot costs.
const OUTSIDE: f64 = 20.0;
/// What a square unit of another mark costs that a name covers.
const NAMED: f64 = 4.0;
/// What a square unit of another mark costs that the line from a point to its name covers: it would seem to come from there.
const CROSSED: f64 = 20.0;
/// Distance from which on a line leads from the point to its name.
const LEADER: f64 = 4.0 * MARKER;
/// Widest line of a name, as a share of the plot.
const WIDEST: f64 = 0.42;

/// Draws stars with their names beside them, where these overlap least with the data, of which `covered` is a part each, and with
/// each other.
pub fn draw(
    canvas: &mut Canvas,
    plot: &Area,
    marks: &[Mark],
    at: impl Fn(&Mark) -> At,
    covered: &[Area],
) {
    let in_legend = legend::only_name(marks).is_some();
    let marks: Vec<Placed> = marks
        .iter()
        .map(|mark| Placed {
            at: at(mark),
            name: if in_legend { "" } else { &mark.label },
        })
        .collect();
    let mut taken = Taken {
        data: covered.to_vec(),
        marks: marks.iter().map(|mark| star(mark.at)).collect(),
    };
    let mut names = Vec::new();
    for mark in marks.iter().filter(|mark| !mark.name.is_empty()) {
        let lines = canvas.face.wrap(mark.name, SMALL, plot.width * WIDEST);
        let width = canvas.face.widest(&lines, SMALL);
        let height = lines.len() as f64 * SMALL * LEADING;
        if let Some(area) = place(mark.at, width, height, plot, &taken) {
            taken.marks.push(area);
            taken.marks.extend(leader(mark.at, &area));
            names.push((mark.at, lines, area));
        }
    }
    for (at, _, area) in &names {
        if distance(*at, area) > LEADER {
            canvas.line(*at, nearest(*at, area), &Pen::solid(INK, 1.5));
        }
    }
    for mark in &marks {
        draw_star(canvas, mark.at);
    }
    for (_, lines, area) in &names {
        write(canvas, lines, area);
    }
}

/// What names must not cover.
struct Taken {
    data: Vec<Area>,
    /// Stars, names and the lines between them.
    marks: Vec<Area>,
}

impl Taken {
    /// How badly an area covers anything.
    fn covered(&self, area: &Area, of_marks: f64) -> f64 {
        let shared = |others: &[Area]| others.iter().map(|other| area.overlap(other)).sum::<f64>();
        shared(&self.data) + of_marks * shared(&self.marks)
    }
}

/// The best place for a name: near its point, inside the plot, on nothing that is taken.
fn place(at: At, width: f64, height: f64, plot: &Area, taken: &Taken) -> Option<Area> {
    let own = star(at);
    let cost = |area: &Area| {
        let outside = width * height - area.overlap(plot);
        let leader = leader(at, area);
        let crossed = leader.iter().filter(|part| part.overlap(&own) == 0.0);
        let crossed: f64 = crossed.map(|part| taken.covered(part, CROSSED)).sum();
        taken.covered(area, NAMED) + crossed + OUTSIDE * outside + FAR * distance(at, area)
    };
    around(at, width, height)
        .enumerate()
        .map(|(rank, area)| (cost(&area) + LATER * rank as f64, area))
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, area)| area)
}

/// The area of a star.
pub fn star(at: At) -> Area {
    Area::around(at, 1.7 * MARKER)
}

/// What the line from a point to its name covers, if there is one.
fn leader(at: At, area: &Area) -> Vec<Area> {
    match distance(at, area) > LEADER {
        true => along(&[at, nearest(at, area)]),
        false => Vec::new(),
    }
}

/// Places for a name around its point, close by and further off; those beside, above and below it first.
fn around(at: At, width: f64, height: f64) -> impl Iterator<Item = Area> {
    let turns = [0, 8, 4, 12, 2, 14, 6, 10, 1, 15, 7, 9, 3, 13, 5, 11];
    [2.1, 3.0, 4.5, 6.5, 9.0, 12.0, 16.0]
        .into_iter()
        .flat_map(move |gaps| {
            let gap = gaps * MARKER;
            turns.into_iter().map(move |turn| {
                let (up, right) = (f64::from(turn) * FRAC_PI_8).sin_cos();
                Area {
                    left: at.x + right * (gap + width / 2.0) - width / 2.0,
                    top: at.y - up * (gap + height / 2.0) - height / 2.0,
                    width,
                    height,
                }
            })
        })
}

/// The point of an area that is nearest to another.
fn nearest(at: At, area: &Area) -> At {
    At {
        x: at.x.clamp(area.left, area.right()),
        y: at.y.clamp(area.top, area.bottom()),
    }
}

fn distance(at: At, area: &Area) -> f64 {
    let near = nearest(at, area);
    (at.x - near.x).hypot(at.y - near.y)
}

fn write(canvas: &mut Canvas, lines: &[String], area: &Area) {
    let setting = Setting {
        size: SMALL,
        anchor: Anchor::Middle,
        angle: 0.0,
        colour: INK,
        halo: true,
    };
    for (index, line) in lines.iter().enumerate() {
        let at = At {
            x: area.left + area.width / 2.0,
            y: area.top + (index as f64 + 0.82) * SMALL * LEADING,
        };
        canvas.text(line, at, &setting);
    }
}

/// Squares along a line from point to point.
pub fn along(points: &[At]) -> Vec<Area> {
    let mut squares = Vec::new();
    for (from, to) in points.iter().zip(points.iter().skip(1)) {
        let steps = ((to.x - from.x).hypot(to.y - from.y) / GRAIN)
            .ceil()
            .max(1.0);
        squares.extend((0..=steps as u32).map(|step| {
            let part = f64::from(step) / steps;
            let at = At {
                x: from.x + part * (to.x - from.x),
                y: from.y + part * (to.y - from.y),
            };
            Area::around(at, GRAIN / 2.0)
        }));
    }
    squares
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLOT: Area = Area {
        left: 0.0,
        top: 0.0,
        width: 400.0,
        height: 300.0,
    };

    fn taken(at: At, data: &[Area]) -> Taken {
        Taken {
            data: data.to_vec(),
            marks: vec![star(at)],
        }
    }

    #[test]
    fn names_stand_right_of_their_points_where_there_is_room() {
        let at = At { x: 100.0, y: 100.0 };
        let area = place(at, 80.0, 20.0, &PLOT, &taken(at, &[])).unwrap();
        assert!(area.left > at.x && area.top < at.y && area.bottom() > at.y);
    }

    #[test]
    fn names_avoid_edges_and_what_is_there() {
        let at = At { x: 390.0, y: 100.0 };
        let crossing = along(&[At { x: 0.0, y: 100.0 }, at]);
        let area = place(at, 80.0, 20.0, &PLOT, &taken(at, &crossing)).unwrap();
        assert!(area.right() <= PLOT.right());
        assert!(crossing.iter().all(|square| area.overlap(square) == 0.0));
    }

    #[test]
    fn names_of_one_point_do_not_overlap() {
        let at = At { x: 200.0, y: 150.0 };
        let mut taken = taken(at, &[]);
        for _ in 0..4 {
            let area = place(at, 100.0, 25.0, &PLOT, &taken).unwrap();
            assert_eq!(taken.covered(&area, 1.0), 0.0);
            taken.marks.push(area);
        }
    }
}
