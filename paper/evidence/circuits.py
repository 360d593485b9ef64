"""Floating-point circuits in ABY's format, evaluated on many inputs at once: circuits.py FOLDER_WITH_fp_nostatus_FILES."""

import sys
from pathlib import Path

import numpy as np

FOLDER = Path(sys.argv[1])


def evaluate(name, inputs):
    """The circuit's outputs for these floating-point numbers."""
    words = inputs.view(np.uint32 if inputs.dtype == np.float32 else np.uint64).astype(np.uint64)
    count = len(words)
    wires = {-2: np.packbits(np.zeros(count, np.uint8)), -3: np.packbits(np.ones(count, np.uint8))}
    sources, outputs = [], []
    for line in (FOLDER / f"fp_nostatus_{name}.aby").read_text().splitlines():
        kind, *numbers = line.split() or ["#"]
        if kind not in ("S", "C", "O", "X", "A", "I", "M"):
            continue
        w = [int(number) for number in numbers]
        if kind in "SC":
            for wire in w:
                bit = words >> np.uint64(len(sources)) & np.uint64(1)
                wires[wire] = np.packbits(bit.astype(np.uint8))
                sources.append(wire)
        elif kind == "O":
            outputs += w
        elif kind == "X":
            wires[w[2]] = wires[w[0]] ^ wires[w[1]]
        elif kind == "A":
            wires[w[2]] = wires[w[0]] & wires[w[1]]
        elif kind == "I":
            wires[w[1]] = ~wires[w[0]]
        else:
            wires[w[3]] = wires[w[0]] ^ (wires[w[0]] ^ wires[w[1]]) & wires[w[2]]
    results = np.zeros(count, np.uint64)
    for i, wire in enumerate(outputs):
        results |= np.unpackbits(wires[wire])[:count].astype(np.uint64) << np.uint64(i)
    return results.astype(np.uint32).view(np.float32) if inputs.dtype == np.float32 else results.view(np.float64)


def show(name, value):
    print(rf"\defineevidence{{{name}}}{{{value}}}")


mantissas = 1 + (np.arange(1 << 20) + 0.5) / (1 << 20)
errors = np.abs(evaluate("log2_64", mantissas) - np.log2(mantissas))
wrong = errors > 1e-12
edges = mantissas[1:][np.diff(wrong.astype(int)) != 0]
show("log2-error", f"{errors.max():.4f}")
show("log2-share", rf"{100 * wrong.mean():.2f}\,\%")
show("log2-elsewhere", rf"$2^{{{np.log2(errors[~wrong].max()):.0f}}}$")
show("log2-intervals", ", ".join(f"[{low:.4f}, {high:.4f})" for low, high in zip(edges[::2], edges[1::2])))
for bits, kind in ((32, np.float32), (64, np.float64)):
    exponents = np.arange(-1100, 0, dtype=kind)
    powers = evaluate(f"exp2_{bits}", exponents)
    show(f"exp2-{bits}-zero-below", f"$2^{{{int(exponents[powers > 0].min())}}}$")
