//! Plots and tables as whole floats, to be `\input`: `graphicx`, `booktabs` and `tabularx` are all they need.
//!
//! A plot includes `NAME.pdf`, made of its SVG and found by `\graphicspath`. A float takes one column of the page if it fits there, else
//! both; a table that is still too wide is scaled down.

use std::fmt::Write;

use crate::experiment::definition::{Column, Plot, Table};
use crate::plot::Figure;

/// The most characters of a row that fit one column of a page, at the size of footnotes.
const COLUMN: usize = 52;
/// A column of words longer than this is broken into lines.
const LONG: usize = 36;
/// A header longer than this is broken into two lines, if it has a space.
const HEADER: usize = 12;

/// A plot's `figure`. `note` ends the caption.
#[must_use]
pub fn figure(plot: &Plot, note: &str) -> String {
    let environment = match plot.figure {
        Figure::Panels(_) => "figure*",
        Figure::Lines(_) | Figure::Bars(_) => "figure",
    };
    let name = plot.name;
    let caption = caption(&plot.caption, note);
    format!(
        "\\begin{{{environment}}}[t]\n\\centering\n\\includegraphics[width=\\linewidth]{{{name}.pdf}}\n\
         \\caption{{{caption}}}\n\\label{{fig:{name}}}\n\\end{{{environment}}}\n"
    )
}

/// A `table`. `note` ends the caption.
#[must_use]
pub fn table(table: &Table, note: &str) -> String {
    let widths = widths(table);
    let long = |(column, &width): (&Column, &usize)| !column.numeric && width > LONG;
    let broken = table.columns.iter().zip(&widths).any(long);
    let total: usize = widths.iter().map(|width| width + 2).sum();
    let environment = if total > COLUMN { "table*" } else { "table" };
    let label = table.name.strip_prefix("table-").unwrap_or(table.name);
    let mut text = format!(
        "\\begin{{{environment}}}[t]\n\\centering\n\\footnotesize\n\\caption{{{}}}\n\\label{{tab:{label}}}\n",
        caption(&table.caption, note)
    );
    let specification: String = table
        .columns
        .iter()
        .zip(&widths)
        .map(|column| match column {
            (column, _) if column.numeric => "r",
            column if long(column) => ">{\\raggedright\\arraybackslash}X",
            _ => "l",
        })
        .collect();
    let (begin, end) = if broken {
        (
            format!("\\begin{{tabularx}}{{\\linewidth}}{{{specification}}}"),
            "\\end{tabularx}",
        )
    } else {
        let shrink = "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%";
        (
            format!("{shrink}\n\\begin{{tabular}}{{{specification}}}"),
            "\\end{tabular}}",
        )
    };
    let _ = writeln!(text, "{begin}\n\\toprule");
    row(&mut text, table.columns.iter().map(header));
    text.push_str("\\midrule\n");
    for cells in &table.rows {
        row(&mut text, cells.iter().map(|cell| escape(cell)));
    }
    let _ = writeln!(text, "\\bottomrule\n{end}\n\\end{{{environment}}}");
    text
}

/// The characters that each column takes.
fn widths(table: &Table) -> Vec<usize> {
    let cell = |row: &Vec<String>, i: usize| row.get(i).map_or(0, |cell| cell.chars().count());
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(i, column)| {
            let (first, second) = halves(&column.header);
            let header = first.chars().count().max(second.chars().count());
            table
                .rows
                .iter()
                .map(|row| cell(row, i))
                .max()
                .unwrap_or(0)
                .max(header)
        })
        .collect()
}

/// A header, in two lines if it is long.
fn header(column: &Column) -> String {
    let (first, second) = halves(&column.header);
    if second.is_empty() {
        return escape(first);
    }
    let side = if column.numeric { 'r' } else { 'l' };
    format!(
        "\\shortstack[{side}]{{{}\\\\{}}}",
        escape(first),
        escape(second)
    )
}

/// A long header, broken at the space nearest to its middle.
fn halves(header: &str) -> (&str, &str) {
    let middle = header.len() / 2;
    let spaces = header.match_indices(' ').map(|(at, _)| at);
    match spaces.min_by_key(|at| at.abs_diff(middle)) {
        Some(at) if header.chars().count() > HEADER => {
            let (first, second) = header.split_at(at);
            (first, second.trim_start())
        }
        _ => (header, ""),
    }
}

fn row(text: &mut String, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    let _ = writeln!(text, "{} \\\\", cells.join(" & "));
}

fn caption(caption: &str, note: &str) -> String {
    escape(format!("{} {note}", caption.trim()).trim())
}

/// Plain text for LaTeX: specials escaped, `6.9e-4` as a power of ten, `38 x` and `5 us` with their signs.
#[must_use]
pub fn escape(plain: &str) -> String {
    let mut text = String::with_capacity(plain.len());
    let mut number = false;
    for (i, word) in plain.split(' ').enumerate() {
        let core = word.trim_end_matches([',', '.', ';', ':', ')']);
        let end = word.get(core.len()..).unwrap_or_default();
        let bare = core.trim_start_matches('(');
        let replaced = match bare {
            "x" if number => Some("$\\times$".to_owned()),
            "us" if number => Some("$\\mu$s".to_owned()),
            _ => power(bare),
        };
        // A number and what counts it stay on one line.
        let unit = number && !bare.is_empty() && bare.len() <= 3;
        if i > 0 {
            text.push_str(if unit { "~" } else { " " });
        }
        match replaced {
            Some(replaced) => {
                text.extend(std::iter::repeat_n('(', core.len() - bare.len()));
                text.push_str(&replaced);
                text.push_str(end);
            }
            None => word.chars().for_each(|c| character(&mut text, c)),
        }
        number = end.is_empty() && bare.replace(',', "").parse::<f64>().is_ok();
    }
    text
}

/// `6.9e-4` as a power of ten.
fn power(word: &str) -> Option<String> {
    let (digits, exponent) = word.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    digits.parse::<f64>().ok()?;
    Some(format!("${digits}\\cdot 10^{{{exponent}}}$"))
}

fn character(text: &mut String, c: char) {
    match c {
        '&' | '%' | '$' | '#' | '_' | '{' | '}' => text.extend(['\\', c]),
        '~' => text.push_str("\\textasciitilde{}"),
        '^' => text.push_str("\\textasciicircum{}"),
        '\\' => text.push_str("\\textbackslash{}"),
        '<' | '>' | '|' => text.extend(['$', c, '$']),
        '×' => text.push_str("$\\times$"),
        '·' => text.push_str("$\\cdot$"),
        '±' => text.push_str("$\\pm$"),
        '≤' => text.push_str("$\\le$"),
        '≥' => text.push_str("$\\ge$"),
        'µ' | 'μ' => text.push_str("$\\mu$"),
        c => text.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specials_are_escaped() {
        for (plain, text) in [
            ("a_b & 5 % {x} $", "a\\_b \\& 5~\\% \\{x\\} \\$"),
            (
                "x < y ~ z^2 \\ #1",
                "x $<$ y \\textasciitilde{} z\\textasciicircum{}2 \\textbackslash{} \\#1",
            ),
            ("up to 6.9e-4 nats", "up to $6.9\\cdot 10^{-4}$ nats"),
            (
                "(1.3e-16), 2 x 112 cores",
                "($1.3\\cdot 10^{-16}$), 2~$\\times$ 112 cores",
            ),
            ("5,235 /s in 218 us.", "5,235~/s in 218~$\\mu$s."),
            ("3e, e-4 and x us", "3e, e-4 and x us"),
        ] {
            assert_eq!(escape(plain), text);
        }
    }

    fn sample(words: &str, columns: usize) -> Table {
        let mut all = vec![Column::words("model")];
        all.extend((1..columns).map(|_| Column::numbers("largest error, nats")));
        let mut cells = vec![words.to_owned()];
        cells.extend((1..columns).map(|_| "1,234".to_owned()));
        Table {
            name: "table-sample",
            caption: "A sample.".into(),
            columns: all,
            rows: vec![cells],
        }
    }

    #[test]
    fn tables_fit_their_place() {
        let narrow = table(&sample("nltcs", 3), "Full run.");
        assert!(narrow.contains("\\begin{table}[t]"), "{narrow}");
        assert!(
            narrow.contains("\\caption{A sample. Full run.}\n\\label{tab:sample}"),
            "{narrow}"
        );
        assert!(narrow.contains("\\begin{tabular}{lrr}"), "{narrow}");
        assert!(
            narrow.contains("\\shortstack[r]{largest\\\\error, nats}"),
            "{narrow}"
        );
        assert!(
            narrow.contains("nltcs & 1,234 & 1,234 \\\\\n\\bottomrule"),
            "{narrow}"
        );
        let wide = table(&sample("nltcs", 6), "");
        assert!(
            wide.contains("\\begin{table*}[t]") && wide.contains("\\resizebox"),
            "{wide}"
        );
        let long = table(&sample(&"words ".repeat(20), 2), "");
        assert!(long.contains("\\arraybackslash}Xr}"), "{long}");
        for text in [narrow, wide, long] {
            assert_eq!(
                text.matches('{').count(),
                text.matches('}').count(),
                "{text}"
            );
        }
    }
}
