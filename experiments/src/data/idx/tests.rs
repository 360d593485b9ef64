use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn images() -> Images {
    Images {
        count: 3,
        rows: 2,
        cols: 4,
        pixels: (0..24).map(|i| i * 10).collect(),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn header(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[test]
fn reads_what_it_writes_plain_or_compressed() {
    let bytes = images().encode().unwrap();
    assert_eq!(bytes[..16], header(&[2051, 3, 2, 4]));
    assert_eq!(Images::read(bytes.as_slice()).unwrap(), images());
    assert_eq!(Images::read(gzip(&bytes).as_slice()).unwrap(), images());
    let labels = Labels {
        values: vec![7, 0, 9],
    };
    let bytes = labels.encode().unwrap();
    assert_eq!(bytes[..8], header(&[2049, 3]));
    assert_eq!(Labels::read(bytes.as_slice()).unwrap(), labels);
    assert_eq!(Labels::read(gzip(&bytes).as_slice()).unwrap(), labels);
}

#[test]
fn images_by_index() {
    let mut images = images();
    assert_eq!(
        images.image(1),
        Some(&[80, 90, 100, 110, 120, 130, 140, 150][..])
    );
    assert_eq!((images.image(3), images.image(usize::MAX)), (None, None));
    images.truncate(2);
    assert_eq!(
        (images.count, images.pixels.len(), images.image(2)),
        (2, 16, None)
    );
    images.truncate(5);
    assert_eq!(images.count, 2);
}

#[test]
fn says_how_many_bytes_are_missing() {
    let bytes = images().encode().unwrap();
    for end in 16..bytes.len() {
        let error = Images::read(&bytes[..end]).unwrap_err();
        assert!(
            matches!(error, IdxError::Truncated { expected: 24, got } if got == end as u64 - 16),
            "{error}"
        );
    }
    for end in 0..16 {
        let error = Images::read(&bytes[..end]).unwrap_err();
        assert!(
            matches!(error, IdxError::Header { expected: 16, got, .. } if got == end),
            "{error}"
        );
    }
}

#[test]
fn truncated_gzip_is_truncated() {
    let large = Images {
        count: 50,
        rows: 28,
        cols: 28,
        pixels: (0..39_200).map(|i| (i * i % 251) as u8).collect(),
    };
    let bytes = gzip(&large.encode().unwrap());
    for end in [2, 5, 9] {
        assert!(matches!(
            Images::read(&bytes[..end]),
            Err(IdxError::Header { got: 0, .. })
        ));
    }
    let error = Images::read(&bytes[..bytes.len() / 2]).unwrap_err();
    assert!(
        matches!(
            error,
            IdxError::Truncated {
                expected: 39_200,
                got: 1..
            }
        ),
        "{error}"
    );
    // All pixels are there, but gzip's checksum is not.
    let mut wrong = bytes.clone();
    let checksum = wrong.len() - 8;
    wrong[checksum] ^= 1;
    assert!(matches!(
        Images::read(wrong.as_slice()),
        Err(IdxError::Read(_))
    ));
    assert_eq!(Images::read(bytes.as_slice()).unwrap(), large);
}

#[test]
fn refuses_trailing_bytes() {
    let mut bytes = images().encode().unwrap();
    bytes.push(0);
    assert!(matches!(
        Images::read(bytes.as_slice()),
        Err(IdxError::Trailing { expected: 24 })
    ));
    assert!(matches!(
        Images::read(gzip(&bytes).as_slice()),
        Err(IdxError::Trailing { expected: 24 })
    ));
}

#[test]
fn refuses_foreign_files() {
    let labels = Labels {
        values: vec![1; 20],
    }
    .encode()
    .unwrap();
    assert!(matches!(
        Images::read(labels.as_slice()),
        Err(IdxError::Magic {
            expected: 2051,
            got: 2049,
            ..
        })
    ));
    let images = images().encode().unwrap();
    assert!(matches!(
        Labels::read(images.as_slice()),
        Err(IdxError::Magic {
            expected: 2049,
            got: 2051,
            ..
        })
    ));
    assert!(matches!(
        Images::read(&b"P5 28 28 255\n................"[..]),
        Err(IdxError::Magic { .. })
    ));
    assert!(matches!(
        Images::read(&[0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10][..]),
        Err(IdxError::Read(_))
    ));
}

#[test]
fn a_header_alone_allocates_nothing() {
    for dims in [
        [u32::MAX; 3],
        [0, 28, 28],
        [1, 0, 28],
        [1, 28, 0],
        [1 << 21, 1 << 5, 1 << 5],
    ] {
        let bytes = header(&[&[2051], &dims[..]].concat());
        assert!(
            matches!(
                Images::read(bytes.as_slice()),
                Err(IdxError::Dimensions { .. })
            ),
            "{dims:?}"
        );
    }
    let bytes = header(&[2051, 1 << 20, 1 << 5, 1 << 5]);
    assert!(matches!(
        Images::read(bytes.as_slice()),
        Err(IdxError::Truncated {
            expected: MAX_BYTES,
            got: 0
        })
    ));
}
