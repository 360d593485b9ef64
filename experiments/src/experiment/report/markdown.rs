//! Tables in pages of documentation, between markers that name them.
//!
//! ```text
//! <!-- headline: begin -->
//! (the table `table-headline`)
//! <!-- headline: end -->
//! ```

use std::fmt::Write;
use std::path::Path;

use crate::exit::Error;
use crate::experiment::definition::Table;

/// A page with every generated table replaced by the present one.
///
/// # Errors
/// [`Error::Usage`] if a marker has no partner, no table is named so, or there are no markers at all.
pub fn rewrite(page: &str, path: &Path, tables: &[(Table, String)]) -> Result<String, Error> {
    let refuse = |why: String| Error::Usage(format!("{}: {why}", path.display()));
    let mut text = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, name, after)) = marker(rest, "begin") {
        let end = format!("<!-- {name}: end -->");
        let (_, following) = after
            .split_once(&end)
            .ok_or_else(|| refuse(format!("no {end}")))?;
        let (table, note) = tables
            .iter()
            .find(|(table, _)| table.name.strip_prefix("table-") == Some(name))
            .ok_or_else(|| refuse(format!("no table {name:?} comes of these records")))?;
        let table = render(table);
        let _ = write!(text, "{before}<!-- {name}: begin -->\n{table}");
        if !note.is_empty() {
            let _ = write!(text, "\n{note}\n");
        }
        text.push_str(&end);
        rest = following;
    }
    if text.is_empty() {
        return Err(refuse(
            "no place for a table, such as <!-- headline: begin -->".into(),
        ));
    }
    text.push_str(rest);
    Ok(text)
}

/// What is before the first marker of this kind, its name, and what comes after it.
fn marker<'a>(text: &'a str, kind: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let tail = format!(": {kind} -->");
    let (head, after) = text.split_once(&tail)?;
    let (before, name) = head.rsplit_once("<!-- ")?;
    Some((before, name, after))
}

/// A table in Markdown.
#[must_use]
pub fn render(table: &Table) -> String {
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    };
    line(&mut table.columns.iter().map(|column| escape(&column.header)));
    line(
        &mut table
            .columns
            .iter()
            .map(|column| if column.numeric { "--:" } else { "---" }.to_owned()),
    );
    for row in &table.rows {
        line(&mut row.iter().map(|cell| escape(cell)));
    }
    text
}

fn escape(cell: &str) -> String {
    cell.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::definition::Column;

    fn tables() -> Vec<(Table, String)> {
        let table = Table {
            name: "table-headline",
            caption: String::new(),
            columns: vec![Column::words("what"), Column::numbers("images/s")],
            rows: vec![vec!["a|b".into(), "5,235".into()]],
        };
        vec![(table, "Full run.".into())]
    }

    #[test]
    fn only_the_place_between_the_markers_changes() {
        let page = "# A\n<!-- headline: begin -->\nold\n<!-- headline: end -->\nB\n";
        let path = Path::new("README.md");
        let text = rewrite(page, path, &tables()).unwrap();
        let expected = "# A\n<!-- headline: begin -->\n| what | images/s |\n| --- | --: |\n| a\\|b | 5,235 |\n\nFull run.\n\
                        <!-- headline: end -->\nB\n";
        assert_eq!(text, expected);
        assert_eq!(rewrite(&text, path, &tables()).unwrap(), text);
    }

    #[test]
    fn pages_without_a_right_place_are_refused() {
        for (page, why) in [
            ("text", "no place for a table"),
            ("<!-- headline: begin -->", "no <!-- headline: end -->"),
            (
                "<!-- other: begin --><!-- other: end -->",
                "no table \"other\"",
            ),
        ] {
            let error = rewrite(page, Path::new("P.md"), &tables()).unwrap_err();
            assert!(error.to_string().starts_with("P.md: "), "{error}");
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
