use super::*;

fn pool(
    input: [usize; 3],
    kernel: [usize; 2],
    strides: [usize; 2],
    pads: [usize; 4],
) -> Result<MaxPool, NetworkError> {
    MaxPool::new("p", input, kernel, strides, pads)
}

/// The definition, over a copy of the input whose padding is minus infinity.
fn by_definition(pool: &MaxPool, x: &[f64]) -> Vec<f64> {
    let [channels, height, width] = pool.input;
    let [top, left, bottom, end] = pool.pads;
    let (rows, columns) = (height + top + bottom, width + left + end);
    let mut y = Vec::new();
    for c in 0..channels {
        let mut padded = vec![f64::NEG_INFINITY; rows * columns];
        for r in 0..height {
            for s in 0..width {
                padded[(r + top) * columns + s + left] = x[(c * height + r) * width + s];
            }
        }
        for r in (0..=rows - pool.kernel[0]).step_by(pool.strides[0]) {
            for s in (0..=columns - pool.kernel[1]).step_by(pool.strides[1]) {
                let window = (0..pool.kernel[0])
                    .flat_map(|i| (0..pool.kernel[1]).map(move |j| (i, j)))
                    .map(|(i, j)| padded[(r + i) * columns + s + j]);
                y.push(window.fold(f64::NEG_INFINITY, f64::max));
            }
        }
    }
    y
}

fn apply(pool: &MaxPool, x: &[f64]) -> Vec<f64> {
    (0..pool.outputs())
        .map(|p| pool.taps(p).map(|i| x[i]).fold(f64::NEG_INFINITY, f64::max))
        .collect()
}

fn cases() -> Vec<MaxPool> {
    [
        pool([3, 8, 8], [2, 2], [2, 2], [0; 4]),
        pool([2, 7, 9], [3, 3], [2, 2], [1, 1, 1, 1]),
        pool([1, 6, 5], [3, 2], [1, 1], [2, 0, 0, 1]),
        pool([1, 5, 5], [2, 2], [2, 2], [0, 0, 1, 1]),
        // Strides beyond the kernel leave inputs out.
        pool([2, 9, 9], [2, 3], [4, 5], [1, 2, 0, 0]),
        pool([4, 3, 3], [1, 1], [1, 1], [0; 4]),
        MaxPool::global("g", [3, 4, 5]),
    ]
    .into_iter()
    .map(Result::unwrap)
    .collect()
}

#[test]
fn taps_and_windows_match_the_definition() {
    for pool in cases() {
        let x: Vec<f64> = (0..pool.inputs())
            .map(|i| ((i * 37 + 11) % 101) as f64 - 60.0)
            .collect();
        let want = by_definition(&pool, &x);
        assert_eq!(want.len(), pool.outputs());
        assert_eq!(apply(&pool, &x), want, "{pool:?}");
        assert_eq!(pool.taps(pool.outputs()).count(), 0);
        let windows = pool.windows();
        assert_eq!(windows.len(), pool.window() * pool.outputs());
        for (p, want) in want.iter().enumerate() {
            let row = windows.iter().skip(p).step_by(pool.outputs());
            assert_eq!(row.map(|i| x[*i]).fold(f64::NEG_INFINITY, f64::max), *want);
        }
        // In two steps it is the same, for no more comparisons.
        let whole = pool.comparisons();
        let steps = pool.separated();
        let y = steps.iter().fold(x, |x, step| apply(step, &x));
        assert_eq!(y, want);
        assert!(steps.iter().map(MaxPool::comparisons).sum::<usize>() <= whole);
    }
}

#[test]
fn costs_are_counted_on_the_elements_that_are_there() {
    let plain = pool([3, 8, 8], [2, 2], [2, 2], [0; 4]).unwrap();
    assert_eq!(
        (plain.window(), plain.levels(), plain.comparisons()),
        (4, 2, 48 * 3)
    );
    assert_eq!(plain.separated().len(), 1);
    let overlapping = pool([1, 9, 9], [3, 3], [2, 2], [1; 4]).unwrap();
    assert_eq!((overlapping.window(), overlapping.levels()), (9, 4));
    let steps = overlapping.separated();
    assert_eq!(steps.len(), 2);
    // 9 x 5 row windows of 3, then 5 x 5 column windows of 3, for 25 windows of 9.
    assert_eq!(
        steps.iter().map(MaxPool::comparisons).sum::<usize>(),
        90 + 50
    );
    // A kernel that is mostly padding costs what is left of it.
    let wide = pool([1, 2, 2], [3, 3], [1, 1], [1; 4]).unwrap();
    assert_eq!((wide.output, wide.window()), ([1, 2, 2], 4));
    let single = pool([4, 3, 3], [1, 1], [1, 1], [0; 4]).unwrap();
    assert_eq!((single.levels(), single.comparisons()), (0, 0));
}

#[test]
fn the_largest_window_and_empty_ones_are_found_among_all() {
    let mut shapes = 0;
    for (size, kernel) in (1..6).flat_map(|size| (1..8).map(move |kernel| (size, kernel))) {
        for (stride, before) in (1..5).flat_map(|s| (0..7).map(move |before| (s, before))) {
            for after in 0..4 {
                let Some(count) = Conv2d::output_size(size, [before, after], kernel, stride) else {
                    continue;
                };
                let axis = Axis {
                    size,
                    count,
                    kernel,
                    stride,
                    before,
                };
                let lengths: Vec<usize> = (0..count).map(|i| axis.span(i).len()).collect();
                let shape = (size, kernel, stride, before, after);
                assert_eq!(
                    Some(axis.longest()),
                    lengths.iter().max().copied(),
                    "{shape:?}"
                );
                assert_eq!(axis.has_empty(), lengths.contains(&0), "{shape:?}");
                shapes += 1;
            }
        }
    }
    assert!(shapes > 1000, "{shapes}");
}

#[test]
fn refuses_inconsistent_layers() {
    let refuse = |result: Result<MaxPool, NetworkError>, text: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("`p`") && error.contains(text), "{error}");
    };
    refuse(pool([1, 4, 4], [0, 2], [1, 1], [0; 4]), "must be positive");
    refuse(pool([1, 4, 4], [2, 2], [1, 0], [0; 4]), "must be positive");
    refuse(pool([1, 0, 4], [2, 2], [1, 1], [0; 4]), "is empty");
    refuse(pool([1, 4, 4], [5, 2], [1, 1], [0; 4]), "does not follow");
    refuse(
        pool([1, 4, 4], [2, 2], [1, 1], [usize::MAX; 4]),
        "does not follow",
    );
    refuse(
        pool([1, 4, 4], [2, 2], [2, 2], [2, 0, 0, 0]),
        "padding alone",
    );
    refuse(
        pool([1, 4, 4], [2, 2], [3, 2], [0, 0, 0, 4]),
        "padding alone",
    );
    refuse(
        pool([1, 4096, 4096], [2048, 2048], [1, 1], [0; 4]),
        "too many",
    );
    let mut wrong = pool([1, 4, 4], [2, 2], [2, 2], [0; 4]).unwrap();
    wrong.output = [1, 2, 3];
    refuse(wrong.validate().map(|()| wrong), "does not follow");
}
