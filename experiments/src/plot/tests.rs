use resvg::tiny_skia::Pixmap;
use resvg::usvg::roxmltree::Document;

use super::*;

fn samples(values: &[(f64, f64)]) -> Vec<Sample> {
    let sample = |&(x, y): &(f64, f64)| Sample {
        low: y * 0.8,
        high: y * 1.1,
        ..Sample::exact(x, y)
    };
    values.iter().map(sample).collect()
}

fn lines() -> Lines {
    Lines {
        title: "Throughput & cost".into(),
        x: Axis::new("batch size (images)", AxisScale::Log2),
        y: Axis {
            range: Some((5.0, 20_000.0)),
            ..Axis::new("throughput (images/s)", AxisScale::Log10)
        },
        series: vec![
            Series::line("look-ups", samples(&[(256.0, 900.0), (2048.0, 5e3)])),
            Series::scatter("circuit <64>", samples(&[(256.0, 12.0), (2048.0, 130.0)])),
        ],
        marks: [("MP2ML", 33.3), ("nGraph-HE2", 2959.0)]
            .map(|(label, y)| Mark {
                x: 2000.0,
                y,
                label: label.into(),
            })
            .into(),
    }
}

fn bars() -> Bars {
    let stack = |label: &str, group: &str, values: [f64; 2]| Stack {
        group: Some(group.into()),
        ..Stack::new(label, values.to_vec())
    };
    Bars {
        title: "Time".into(),
        categories: vec!["loopback".into(), "a long way".into()],
        stacks: vec![
            stack("setup", "client", [0.2, 0.9]),
            stack("ReLU", "client", [1.0, 2.5]),
            stack("setup", "server", [0.3, 0.0]),
            stack("ReLU", "server", [0.5, 3.5]),
        ],
        stacked: true,
        horizontal: false,
        value: Axis::new("time (s)", AxisScale::Linear),
        marks: Vec::new(),
    }
}

/// Every text of a document, with its place.
fn texts(svg: &str) -> Vec<(String, f64, f64)> {
    let document = Document::parse(svg).unwrap();
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    texts
        .map(|text| {
            let number = |name| text.attribute(name).unwrap().parse().unwrap();
            (text.text().unwrap().to_owned(), number("x"), number("y"))
        })
        .collect()
}

#[test]
fn lines_show_every_label() {
    let svg = svg(&Figure::Lines(lines())).unwrap();
    let texts = texts(&svg);
    for label in [
        "Throughput & cost",
        "batch size (images)",
        "throughput (images/s)",
        "look-ups",
        "circuit <64>",
        "MP2ML",
        "nGraph-HE2",
        "others",
        "2,048",
        "1 k",
    ] {
        assert!(texts.iter().any(|(text, ..)| text == label), "{label}");
    }
}

#[test]
fn bars_show_every_label_once_in_the_legend() {
    for horizontal in [false, true] {
        let bars = Bars {
            horizontal,
            ..bars()
        };
        let svg = svg(&Figure::Bars(bars)).unwrap();
        let count = |label| {
            texts(&svg)
                .iter()
                .filter(|(text, ..)| text == label)
                .count()
        };
        assert_eq!([count("setup"), count("ReLU")], [1, 1]);
        assert_eq!([count("client"), count("server")], [2, 2]);
        assert_eq!([count("loopback"), count("a long way")], [1, 1]);
        assert_eq!(
            [count("1.20"), count("3.40"), count("0.80"), count("3.50")],
            [1; 4]
        );
    }
}

#[test]
fn one_name_of_marks_is_in_the_legend_alone() {
    let mut lines = lines();
    lines.marks[1].label.clear();
    let svg = svg(&Figure::Lines(lines)).unwrap();
    let texts = texts(&svg);
    let below = texts
        .iter()
        .find(|(text, ..)| text == "batch size (images)")
        .unwrap()
        .2;
    let names: Vec<f64> = texts
        .iter()
        .filter(|(text, ..)| text == "MP2ML")
        .map(|(_, _, y)| *y)
        .collect();
    assert!(names.len() == 1 && names[0] > below, "{names:?}");
    assert!(texts.iter().all(|(text, ..)| text != "others"));
}

#[test]
fn panels_of_one_measure_compare() {
    let mut higher = lines();
    higher.y.range = None;
    let mut lower = higher.clone();
    lower.series.truncate(1);
    lower.marks.clear();
    let panels = [higher.clone(), lower.clone()].map(Figure::Lines);
    let svg = svg(&Figure::Panels(panels.into())).unwrap();
    let ticks: Vec<f64> = texts(&svg)
        .iter()
        .filter(|(text, ..)| text == "100")
        .map(|(_, _, y)| *y)
        .collect();
    assert!(ticks.len() == 2 && ticks[0] == ticks[1], "{ticks:?}");

    let count = |panels: [Lines; 2]| {
        let svg = super::svg(&Figure::Panels(panels.map(Figure::Lines).into())).unwrap();
        texts(&svg)
            .iter()
            .filter(|(text, ..)| text == "look-ups")
            .count()
    };
    assert_eq!(count([higher.clone(), lower]), 2);
    assert_eq!(count([higher.clone(), higher]), 1);
}

#[test]
fn decades_are_evenly_spaced() {
    let svg = svg(&Figure::Lines(lines())).unwrap();
    let texts = texts(&svg);
    let height = |label| texts.iter().find(|(text, ..)| text == label).unwrap().2;
    let (ten, hundred, thousand) = (height("10"), height("100"), height("1 k"));
    assert!(ten - hundred > 50.0);
    assert!(((ten - hundred) - (hundred - thousand)).abs() < 0.3);
}

#[test]
fn the_legend_is_below_the_data() {
    let svg = svg(&Figure::Lines(lines())).unwrap();
    let lowest = |wanted: fn(&str) -> bool| {
        let chosen = texts(&svg).into_iter().filter(|(text, ..)| wanted(text));
        chosen.map(|(_, _, y)| y).fold(f64::INFINITY, f64::min)
    };
    let axis = lowest(|text| text == "batch size (images)");
    assert!(lowest(|text| text == "look-ups" || text == "others") > axis);
}

#[test]
fn uncertainty_is_drawn_unless_there_is_none() {
    let strokes = |figure: &Lines| {
        svg(&Figure::Lines(figure.clone()))
            .unwrap()
            .matches("<line ")
            .count()
    };
    let mut exact = lines();
    for point in exact
        .series
        .iter_mut()
        .flat_map(|series| &mut series.points)
    {
        *point = Sample::exact(point.x, point.y);
    }
    // A line and two cross-strokes for each of four points.
    assert_eq!(strokes(&lines()), strokes(&exact) + 12);
}

#[test]
fn the_same_figure_gives_the_same_document() {
    let panels = Figure::Panels(vec![Figure::Lines(lines()), Figure::Bars(bars())]);
    assert_eq!(svg(&panels), svg(&panels.clone()));
    assert!(panels.is_wide());
}

#[test]
fn images_are_twice_as_large_and_not_blank() {
    let figure = Figure::Lines(lines());
    let image = Pixmap::decode_png(&png(&svg(&figure).unwrap()).unwrap()).unwrap();
    assert_eq!((image.width(), image.height()), (1440, 960));
    let dark = |pixel: &&resvg::tiny_skia::PremultipliedColorU8| pixel.green() < 0x80;
    let share = image.pixels().iter().filter(dark).count() as f64 / (1440.0 * 960.0);
    assert!((0.005..0.3).contains(&share), "{share}");

    let mut nameless = lines();
    nameless.x.label.clear();
    let without = png(&svg(&Figure::Lines(nameless)).unwrap()).unwrap();
    assert_ne!(image, Pixmap::decode_png(&without).unwrap());
}

#[test]
fn no_svg_is_no_image() {
    assert!(matches!(png("<svg"), Err(PlotError::Raster(_))));
}

#[test]
fn nonsense_is_told_by_plot_and_series() {
    let told = |change: fn(&mut Lines)| {
        let mut lines = lines();
        change(&mut lines);
        svg(&Figure::Lines(lines)).unwrap_err().to_string()
    };
    assert_eq!(
        told(|lines| lines.series[0].points[0].y = f64::NAN),
        "plot \"Throughput & cost\": look-ups: NaN on axis \"throughput (images/s)\""
    );
    assert_eq!(
        told(|lines| lines.series[1].points[1].x = 0.0),
        "plot \"Throughput & cost\": circuit <64>: 0 on logarithmic axis \"batch size (images)\""
    );
    assert_eq!(
        told(|lines| lines.series.clear()),
        "plot \"Throughput & cost\": no data"
    );
    assert_eq!(
        told(|lines| {
            lines.title.clear();
            lines.series.clear();
        }),
        "plot \"throughput (images/s) against batch size (images)\": no data"
    );
    assert!(told(|lines| lines.y.range = Some((5.0, 1.0))).contains("from 5 to 1"));
    assert!(told(|lines| lines.marks[0].y = f64::INFINITY).contains("MP2ML: inf"));
}

#[test]
fn bars_that_make_no_sense_are_refused() {
    let told = |change: fn(&mut Bars)| {
        let mut bars = bars();
        change(&mut bars);
        svg(&Figure::Bars(bars)).unwrap_err().to_string()
    };
    assert!(told(|bars| bars.value.scale = AxisScale::Log10).contains("linear"));
    assert!(told(|bars| bars.categories.push("more".into())).contains("3 categories"));
    assert!(told(|bars| bars.stacks[0].values[0] = -1.0).contains("negative"));
    assert!(told(|bars| bars.stacks.clear()).contains("no data"));
    assert!(told(|bars| bars.stacks[0].spread = Some(vec![(0.0, f64::NAN); 2])).contains("NaN"));
    assert_eq!(
        svg(&Figure::Panels(Vec::new())),
        Err(PlotError::Empty {
            plot: "panels".into()
        })
    );
}

#[test]
fn extremes_are_drawn() {
    for (low, high) in [(1e-100, 1e100), (-1e12, 1e12), (7.0, 7.0), (0.0, 0.0)] {
        for scale in [AxisScale::Linear, AxisScale::Log10, AxisScale::Log2] {
            if scale != AxisScale::Linear && low <= 0.0 {
                continue;
            }
            let points = vec![Sample::exact(low, low), Sample::exact(high, high)];
            let figure = Figure::Lines(Lines {
                x: Axis::new("x", scale),
                y: Axis::new("y", scale),
                series: vec![Series::line("extremes", points)],
                marks: Vec::new(),
                ..lines()
            });
            let svg = svg(&figure).unwrap();
            assert!(
                !svg.contains("NaN") && !svg.contains("inf"),
                "{low} {high} {scale:?}"
            );
        }
    }
}
