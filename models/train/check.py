#!/usr/bin/env python3
"""Measures an exported model and writes its reference vectors.

Accuracy by onnxruntime on the MNIST test set and on the shipped digits, with
float weights and with 9-bit integer weights; ranges against their metadata.

    python check.py --model ../cryptonets-relu/model.onnx --data DIR \\
        --digits ../../experiments/digits --reference ../cryptonets-relu/reference.json
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx

import export
from idx import load_split

REFERENCES = 20


def plain_logits(weights: dict[str, np.ndarray], activation: str, images: np.ndarray) -> np.ndarray:
    """The network in float64 numpy, written out: an oracle for onnxruntime itself."""
    w = {k: v.astype(np.float64) for k, v in weights.items()}
    act = np.square if activation == "square" else lambda v: np.maximum(v, 0.0)
    x = np.pad(images.astype(np.float64) / 255.0, ((0, 0), (0, 1), (0, 1)))
    patches = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))[:, ::2, ::2]
    maps = np.einsum("nyxij,cij->ncyx", patches, w["conv1.weight"][:, 0], optimize=True)
    hidden = act(maps + w["conv1.bias"][:, None, None]).reshape(len(x), -1)
    hidden = act(hidden @ w["fc1.weight"].T + w["fc1.bias"])
    return hidden @ w["fc2.weight"].T + w["fc2.bias"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder with the MNIST files; left out: digits alone")
    parser.add_argument("--digits", type=Path, required=True)
    parser.add_argument("--reference", type=Path, help="write reference vectors of the digits here")
    args = parser.parse_args()

    file = args.model.read_bytes()
    model = onnx.load_from_string(file)
    onnx.checker.check_model(model, full_check=True)
    weights, activation = export.weights_of(model), export.activation_of(model)
    quantised = export.build(export.quantise(weights), activation, {})
    print(f"{args.model.name}: {len(file)} bytes, nodes {[n.op_type for n in model.graph.node]}")
    for layer in export.LINEAR:
        weight = weights[f"{layer}.weight"]
        print(f"{layer}: max|w| {np.abs(weight).max():.4f}, {np.abs(weight).max() / weight.std():.2f} sigma,"
              f" max|b| {np.abs(weights[f'{layer}.bias']).max():.4f},"
              f" max l1 row {np.abs(weight).reshape(len(weight), -1).sum(axis=1).max():.3f}")

    digits, digit_labels = load_split(args.digits, "t10k")
    sets = {"digits": (digits, digit_labels)}
    if args.data:
        sets["mnist-test"] = load_split(args.data, "t10k")
    for name, (images, labels) in sets.items():
        got = export.run(model, images)[0]
        error = np.abs(got - plain_logits(weights, activation, images)).max()
        same = (got.argmax(axis=1) == export.run(quantised, images)[0].argmax(axis=1)).mean()
        print(f"{name}: float {export.accuracy(model, images, labels):.4f},"
              f" 9-bit weights {export.accuracy(quantised, images, labels):.4f} (labels equal {same:.4f}),"
              f" largest distance to float64 numpy {error:.1e}")

    metadata = {p.key: p.value for p in model.metadata_props}
    if args.data:
        train, _ = load_split(args.data, "train")
        tensors = dict(zip(export.LINEAR, ("conv1", "fc1", "logits")))
        for (layer, tensor), values in zip(tensors.items(), export.run(model, train, list(tensors.values()))):
            declared, largest = float(metadata[f"halfmask.range.{layer}"]), float(np.abs(values).max())
            rms = float(np.sqrt((values.astype(np.float64) ** 2).mean()))
            if declared != largest:
                raise SystemExit(f"{layer}: metadata says {declared}, training set says {largest}")
            test = float(np.abs(export.run(model, sets["mnist-test"][0], [tensor])[0]).max())
            extra = float(np.abs(export.run(model, digits, [tensor])[0]).max())
            print(f"{layer}: range {largest:.4f} (training set), {largest / rms:.1f} x rms;"
                  f" test set {test:.4f}, digits {extra:.4f}")

    if args.reference:
        # Even steps through the file: all writers and classes take part.
        indices = [i * (len(digits) // REFERENCES) for i in range(REFERENCES)]
        logits = export.run(model, digits[indices])[0]
        record = {
            "model_sha256": hashlib.sha256(file).hexdigest(),
            "data": "experiments/digits/t10k-images-idx3-ubyte.gz",
            "made_by": "models/train/check.py, onnxruntime, float32",
            "images": [
                {"index": i, "label": int(digit_labels[i]), "logits": [float(v) for v in row]}
                for i, row in zip(indices, logits)
            ],
        }
        body = ",\n".join("    " + json.dumps(image) for image in record.pop("images"))
        head = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in record.items())
        args.reference.write_text(f'{{\n{head},\n  "images": [\n{body}\n  ]\n}}\n')
        json.loads(args.reference.read_text())


if __name__ == "__main__":
    main()
