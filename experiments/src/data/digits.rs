//! The handwritten digits that ship with the program (1,797 of them, 28x28; see `digits/ATTRIBUTION.md`).

use super::idx::{IdxError, Images, Labels};

const IMAGES: &[u8] = include_bytes!("../../digits/t10k-images-idx3-ubyte.gz");
const LABELS: &[u8] = include_bytes!("../../digits/t10k-labels-idx1-ubyte.gz");

/// Images and labels.
///
/// # Errors
/// None for the files as they were committed.
pub(super) fn read() -> Result<(Images, Labels), IdxError> {
    Ok((Images::read(IMAGES)?, Labels::read(LABELS)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_digits() {
        let (images, labels) = read().unwrap();
        assert_eq!((images.count, images.rows, images.cols), (1797, 28, 28));
        assert_eq!(labels.values.len(), images.count);
        for digit in 0..10 {
            let count = labels
                .values
                .iter()
                .filter(|&&label| label == digit)
                .count();
            assert!((170..=190).contains(&count), "{count} of {digit}");
        }
        for index in 0..images.count {
            let image = images.image(index).unwrap();
            let ink: u32 = image.iter().map(|&pixel| u32::from(pixel)).sum();
            let border = image[..28]
                .iter()
                .chain(&image[27 * 28..])
                .all(|&pixel| pixel == 0);
            assert!(ink > 5_000 && border, "image {index}");
        }
    }
}
