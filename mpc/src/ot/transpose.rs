//! Transposition of a 128-row bit matrix into 128-bit columns.

use crate::{Error, block::Block, simd::Simd};

use super::kernel;

/// Rows of the matrix: the bits of a block.
pub const ROWS: usize = 128;

/// Transposes 128 rows of `columns.len()` bits: bit r of `columns[c]` is bit c of row r.
///
/// Row r begins at `rows[r * stride]`; its bit c is bit `c % 128` of block `c / 128`. A stride that is an odd multiple of
/// four blocks (64 bytes) spreads the rows over all cache sets.
///
/// # Errors
/// [`Error::Length`] unless `columns.len()` is a multiple of 128, a row fits its stride, and `rows` holds 128 rows.
pub fn transpose(
    simd: Simd,
    rows: &[Block],
    stride: usize,
    columns: &mut [Block],
) -> Result<(), Error> {
    let width = columns.len() / ROWS;
    if !columns.len().is_multiple_of(ROWS) {
        let expected = format!("a multiple of {ROWS}");
        return Err(Error::Length {
            what: "columns of a bit matrix",
            length: columns.len(),
            expected,
        });
    }
    if width > stride {
        return Err(Error::Length {
            what: "stride of a bit matrix",
            length: stride,
            expected: format!("at least {width}"),
        });
    }
    if rows.len() < (ROWS - 1) * stride + width {
        let expected = format!("at least {}", (ROWS - 1) * stride + width);
        return Err(Error::Length {
            what: "rows of a bit matrix",
            length: rows.len(),
            expected,
        });
    }
    kernel::transpose(simd.checked()?, rows, stride, columns);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SecureRng;

    #[test]
    fn every_level_agrees_with_the_definition() {
        let mut rng = SecureRng::from_seed([5; 32]);
        for width in [1, 2, 3, 4, 5, 8, 11, 16] {
            for stride in [width, width + 4] {
                let mut rows = vec![Block::ZERO; ROWS * stride];
                rng.fill_blocks(&mut rows);
                let bit = |block: Block, i: usize| (block.0[i / 64] >> (i % 64)) & 1;
                for simd in Simd::all_supported() {
                    let mut columns = vec![Block::ZERO; width * ROWS];
                    transpose(simd, &rows, stride, &mut columns).unwrap();
                    for (c, column) in columns.iter().enumerate() {
                        for r in 0..ROWS {
                            let expected = bit(rows[r * stride + c / 128], c % 128);
                            assert_eq!(
                                bit(*column, r),
                                expected,
                                "{simd}: row {r}, column {c} of {width} blocks"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn wrong_shapes_are_refused() {
        let rows = vec![Block::ZERO; ROWS * 2];
        let message = |stride, columns| {
            let mut columns = vec![Block::ZERO; columns];
            transpose(Simd::Scalar, &rows, stride, &mut columns)
                .unwrap_err()
                .to_string()
        };
        assert!(message(2, 130).contains("130"));
        assert!(message(1, 256).contains("stride"));
        assert!(message(3, 256).contains("rows"));
    }
}
