#!/usr/bin/env python3
"""Makes the fallback digits: the UCI 8x8 digits in MNIST's 28x28 layout.

Source: `sklearn.datasets.load_digits` (1,797 digits, 8x8, values 0..16; see
ATTRIBUTION.md). Every image goes through one fixed mapping that repeats
MNIST's own preparation (LeCun, Bottou, Bengio, Haffner, 1998):

1. enlarge 8x8 to 64x64 by cubic interpolation;
2. sharpen with a fixed linear ramp, which undoes the blur of the 4x4 block
   counts the source was made by;
3. fit the bounding box of the ink into 20x20, aspect ratio kept, by area
   averaging;
4. move the centre of mass to the centre of a 28x28 field, by whole pixels;
5. round to bytes 0..255.

The output (IDX, gzip without a time stamp) is deterministic for the pinned
versions in ../../models/train/requirements.txt.

    python make_digits.py [--out DIR] [--sheet FILE.pgm]
"""

import argparse
import gzip
import struct
from pathlib import Path

import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits

ENLARGE = 8  # 8x8 -> 64x64
RAMP_LOW, RAMP_HIGH = 0.30, 0.70  # ink below LOW becomes 0, above HIGH becomes 1
BOX, FIELD = 20, 28  # MNIST: ink in 20x20, centred in 28x28


def area_matrix(n_out: int, n_in: int) -> np.ndarray:
    """Row i averages the input cells that output cell i covers, exactly."""
    edges = np.linspace(0.0, n_in, n_out + 1)
    cell = np.arange(n_in)
    low = np.maximum(edges[:-1, None], cell[None, :])
    high = np.minimum(edges[1:, None], cell[None, :] + 1.0)
    overlap = np.clip(high - low, 0.0, None)
    return overlap / overlap.sum(axis=1, keepdims=True)


def to_mnist_layout(digit: np.ndarray) -> np.ndarray:
    """Maps one 8x8 image with values 0..16 to 28x28 bytes."""
    # A border of paper, so that strokes at the edge keep their outline.
    padded = np.pad(digit / 16.0, 1)
    fine = zoom(padded, ENLARGE, order=3, mode="grid-constant", grid_mode=True)
    ink = np.clip((fine - RAMP_LOW) / (RAMP_HIGH - RAMP_LOW), 0.0, 1.0)

    rows = np.flatnonzero(ink.max(axis=1) > 0.0)
    cols = np.flatnonzero(ink.max(axis=0) > 0.0)
    ink = ink[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    height, width = ink.shape
    scale = BOX / max(height, width)
    h, w = max(1, round(height * scale)), max(1, round(width * scale))
    small = area_matrix(h, height) @ ink @ area_matrix(w, width).T

    mass = small.sum()
    centre_y = (small.sum(axis=1) @ (np.arange(h) + 0.5)) / mass
    centre_x = (small.sum(axis=0) @ (np.arange(w) + 0.5)) / mass
    top = int(np.clip(round(FIELD / 2 - centre_y), 0, FIELD - h))
    left = int(np.clip(round(FIELD / 2 - centre_x), 0, FIELD - w))
    field = np.zeros((FIELD, FIELD))
    field[top : top + h, left : left + w] = small
    return np.floor(field * 255.0 + 0.5).clip(0, 255).astype(np.uint8)


def write_idx(path: Path, magic: int, array: np.ndarray) -> None:
    """Writes IDX bytes, gzipped with neither name nor time in the header."""
    header = struct.pack(f">I{array.ndim}I", magic, *array.shape)
    with open(path, "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as f:
            f.write(header + array.tobytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--sheet", type=Path, help="also write a contact sheet (PGM) of the first 200")
    args = parser.parse_args()

    source = load_digits()
    images = np.stack([to_mnist_layout(d) for d in source.images])
    labels = source.target.astype(np.uint8)
    args.out.mkdir(parents=True, exist_ok=True)
    write_idx(args.out / "t10k-images-idx3-ubyte.gz", 2051, images)
    write_idx(args.out / "t10k-labels-idx1-ubyte.gz", 2049, labels)
    print(f"{len(images)} digits, mean byte {images.mean():.2f} (MNIST: 33.3)")
    if args.sheet:
        sheet = images[:200].reshape(10, 20, FIELD, FIELD).transpose(0, 2, 1, 3).reshape(10 * FIELD, 20 * FIELD)
        args.sheet.write_bytes(b"P5 %d %d 255\n" % (20 * FIELD, 10 * FIELD) + sheet.tobytes())


if __name__ == "__main__":
    main()
