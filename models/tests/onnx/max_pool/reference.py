#!/usr/bin/env python3
"""Writes reference.json: small models with MaxPool, and what onnxruntime makes of them.

    python reference.py > reference.json        # onnx 1.23.2, onnxruntime 1.31.1

Nothing in the build or the tests runs this; the tests read reference.json.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

# Name, input (channels, rows, columns), attributes.
CASES = [
    ("two by two", (3, 8, 6), dict(kernel_shape=[2, 2], strides=[2, 2])),
    ("strides left out", (1, 4, 5), dict(kernel_shape=[3, 2])),
    ("overlapping, padded", (2, 7, 9), dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])),
    ("uneven pads", (1, 6, 5), dict(kernel_shape=[3, 2], strides=[1, 2], pads=[2, 0, 0, 1])),
    ("strides beyond the kernel", (2, 9, 9), dict(kernel_shape=[2, 3], strides=[4, 5], pads=[1, 2, 0, 0])),
    ("rounded up", (1, 5, 6), dict(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)),
    ("rounded up, exact", (1, 6, 6), dict(kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)),
    ("rounded up, padded", (1, 7, 8), dict(kernel_shape=[3, 3], strides=[2, 3], pads=[1, 1, 0, 1], ceil_mode=1)),
    ("rounded up, nothing starts in the padding", (1, 4, 4), dict(kernel_shape=[2, 2], strides=[3, 3], pads=[1, 1, 1, 1], ceil_mode=1)),
    ("rounded up, strides beyond the kernel", (1, 6, 7), dict(kernel_shape=[1, 2], strides=[4, 5], ceil_mode=1)),
    ("rounded up, far", (1, 3, 3), dict(kernel_shape=[3, 3], strides=[5, 2], pads=[1, 1, 2, 2], ceil_mode=1)),
    ("same, upper", (2, 5, 6), dict(kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER")),
    ("same, lower", (2, 5, 6), dict(kernel_shape=[3, 2], strides=[2, 1], auto_pad="SAME_LOWER")),
    ("valid", (1, 5, 6), dict(kernel_shape=[3, 2], strides=[2, 2], auto_pad="VALID")),
    ("dilations of one", (1, 4, 4), dict(kernel_shape=[2, 2], dilations=[1, 1], storage_order=0, auto_pad="NOTSET")),
]


def values(count: int) -> np.ndarray:
    """Mostly negative, so that a padding of zeros would win; multiples of 1/4, exact in float32."""
    return ((np.arange(count) * 29 + 5) % 31) / 4.0 - 6.0


def model(nodes, shape, constants=(), rank="bcyx") -> onnx.ModelProto:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *shape])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * len(rank))
    graph = helper.make_graph(nodes, "pooling", [x], [y], list(constants))
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(file)
    return file


def entry(name: str, shape, file: onnx.ModelProto) -> dict:
    content = file.SerializeToString()
    x = values(int(np.prod(shape))).astype(np.float32).reshape(1, *shape)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # onnx infers one window more where the last would start in the padding
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": x})
    return {"name": name, "model": content.hex(), "input": x.ravel().tolist(), "output_shape": list(y.shape[1:]), "output": y.ravel().tolist()}


def network() -> onnx.ModelProto:
    rng = np.random.default_rng(1)
    constants = [
        numpy_helper.from_array(rng.integers(-8, 9, size=size).astype(np.float32) / 8, name)
        for name, size in [("k", (3, 1, 3, 3)), ("kb", (3,)), ("w", (4, 18)), ("b", (4,))]
    ]
    nodes = [
        helper.make_node("Conv", ["x", "k", "kb"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("MaxPool", ["r"], ["p"], name="pool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1),
        helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "w", "b"], ["y"], name="fc", transB=1),
    ]
    return model(nodes, (1, 6, 4), constants, rank="by")


def main() -> None:
    node = lambda operator, attributes: helper.make_node(operator, ["x"], ["y"], name="pool", **attributes)
    entries = [entry(name, shape, model([node("MaxPool", attributes)], shape)) for name, shape, attributes in CASES]
    entries.append(entry("global", (3, 4, 5), model([node("GlobalMaxPool", {})], (3, 4, 5))))
    entries.append(entry("network", (1, 6, 4), network()))
    out = ",\n".join(json.dumps(e) for e in entries)
    sys.stdout.write(f"[\n{out}\n]\n")


if __name__ == "__main__":
    main()
