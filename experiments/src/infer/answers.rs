//! What the batches of a run opened, and how it is written.

use std::fmt::Write;

use halfmask_models::nn::party::Results;

/// The answers of all batches so far, image by image.
#[derive(Debug, Default)]
pub(super) struct Answers {
    classes: Vec<u32>,
    /// Header and rows of scores; empty if classes are opened.
    scores: String,
    step: Option<f64>,
}

impl Answers {
    /// Adds a batch.
    pub(super) fn add(&mut self, results: Results) {
        if let Results::Logits { scores, step } = &results {
            self.step = Some(*step);
            for image in scores {
                if self.scores.is_empty() {
                    let header = (0..image.len()).map(|class| format!("class_{class}"));
                    self.row(header);
                }
                // The shortest decimals that read back as the same numbers.
                self.row(image.iter().map(f64::to_string));
            }
        }
        self.classes.extend(results.classes());
    }

    fn row(&mut self, cells: impl Iterator<Item = String>) {
        let cells: Vec<String> = cells.collect();
        self.scores.push_str(&cells.join(","));
        self.scores.push('\n');
    }

    /// The class of every image; where scores are opened, that of the largest.
    pub(super) fn classes(&self) -> &[u32] {
        &self.classes
    }

    /// What scores are multiples of, if they are opened.
    pub(super) fn step(&self) -> Option<f64> {
        self.step
    }

    /// A class a line; or, where scores are opened, CSV with a header.
    pub(super) fn text(&self) -> String {
        if self.step.is_some() {
            return self.scores.clone();
        }
        let mut lines = String::with_capacity(2 * self.classes.len());
        for class in &self.classes {
            let _ = writeln!(lines, "{class}");
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_lines() {
        let mut answers = Answers::default();
        answers.add(Results::Classes(vec![7, 1]));
        answers.add(Results::Classes(vec![10]));
        assert_eq!(answers.text(), "7\n1\n10\n");
        assert_eq!((answers.classes(), answers.step()), (&[7, 1, 10][..], None));
    }

    #[test]
    fn scores_are_csv_and_still_classes() {
        let mut answers = Answers::default();
        for scores in [vec![vec![0.0, -0.375, 12.0]], vec![vec![2.5, 2.5, -1.0]]] {
            answers.add(Results::Logits {
                scores,
                step: 0.125,
            });
        }
        let text = "class_0,class_1,class_2\n0,-0.375,12\n2.5,2.5,-1\n";
        assert_eq!(answers.text(), text);
        // Of equal scores the lowest index.
        assert_eq!(answers.classes(), [2, 0]);
        assert_eq!(answers.step(), Some(0.125));
    }
}
