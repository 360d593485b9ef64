"""IDX files (MNIST's format): big-endian header, then unsigned bytes."""

import gzip
import struct
from pathlib import Path

import numpy as np

IMAGES_MAGIC, LABELS_MAGIC = 2051, 2049


def read_idx(path: Path) -> np.ndarray:
    """Reads one IDX file of bytes, gzipped or not; its length must fit its header."""
    data = Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    magic = struct.unpack(">I", data[:4])[0]
    if magic not in (IMAGES_MAGIC, LABELS_MAGIC):
        raise ValueError(f"{path}: magic {magic}, expected {IMAGES_MAGIC} or {LABELS_MAGIC}")
    rank = magic & 0xFF
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    body = np.frombuffer(data, dtype=np.uint8, offset=4 + 4 * rank)
    if body.size != int(np.prod(shape)):
        raise ValueError(f"{path}: {body.size} bytes of data, header says {shape}")
    return body.reshape(shape)


def load_split(directory: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images `[n, 28, 28]` u8 and labels `[n]` u8 of `train` or `t10k`, in DIR/mnist or DIR."""
    for folder in (Path(directory) / "mnist", Path(directory)):
        for suffix in (".gz", ""):
            images = folder / f"{split}-images-idx3-ubyte{suffix}"
            labels = folder / f"{split}-labels-idx1-ubyte{suffix}"
            if images.is_file() and labels.is_file():
                x, y = read_idx(images), read_idx(labels)
                if x.shape[1:] != (28, 28) or len(x) != len(y):
                    raise ValueError(f"{images}: shape {x.shape}, {len(y)} labels")
                return x, y
    raise FileNotFoundError(f"no {split} IDX files under {directory}/mnist or {directory}")
