"""Writes the student as ONNX, with the calibrated ranges in its metadata."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8
LINEAR = ("conv1", "fc1", "fc2")


def build(weights: dict[str, np.ndarray], activation: str, metadata: dict[str, str]) -> onnx.ModelProto:
    """The graph Conv, activation, Flatten, Gemm, activation, Gemm. `weights` by PyTorch name."""
    node = helper.make_node

    def act(source: str, name: str) -> onnx.NodeProto:
        if activation == "square":
            return node("Pow", [source, "two"], [name], name=name)
        return node("Relu", [source], [name], name=name)

    first, second = f"{activation}1", f"{activation}2"
    nodes = [
        node(
            "Conv", ["input", "conv1.weight", "conv1.bias"], ["conv1"], name="conv1",
            kernel_shape=[5, 5], strides=[2, 2], pads=[0, 0, 1, 1], dilations=[1, 1], group=1,
        ),
        act("conv1", first),
        node("Flatten", [first], ["flatten"], name="flatten", axis=1),
        node("Gemm", ["flatten", "fc1.weight", "fc1.bias"], ["fc1"], name="fc1", transB=1),
        act("fc1", second),
        node("Gemm", [second, "fc2.weight", "fc2.bias"], ["logits"], name="fc2", transB=1),
    ]
    names = [f"{layer}.{kind}" for layer in LINEAR for kind in ("weight", "bias")]
    initialisers = [
        numpy_helper.from_array(np.ascontiguousarray(weights[name], dtype="<f4"), name) for name in names
    ]
    if activation == "square":
        initialisers.append(numpy_helper.from_array(np.float32(2.0), "two"))
    graph = helper.make_graph(
        nodes,
        f"cryptonets-{activation}",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 10])],
        initialisers,
    )
    model = helper.make_model(
        graph,
        producer_name="halfmask",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(model, dict(sorted(metadata.items())))
    onnx.checker.check_model(model, full_check=True)
    return model


def to_input(images: np.ndarray) -> np.ndarray:
    """Bytes `[n, 28, 28]` to the network's input: float32 `[n, 1, 28, 28]` in 0..1."""
    return (images.astype(np.float32) / np.float32(255.0))[:, None]


def run(model: onnx.ModelProto, images: np.ndarray, outputs: list[str] | None = None) -> list[np.ndarray]:
    """Evaluates the model by onnxruntime; `outputs` may name any inner tensor."""
    wanted = outputs or ["logits"]
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    present = {output.name for output in copy.graph.output}
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted if name not in present)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(copy.SerializeToString(), options, providers=["CPUExecutionProvider"])
    parts = [session.run(wanted, {"input": to_input(images[i : i + 1000])}) for i in range(0, len(images), 1000)]
    return [np.concatenate(column) for column in zip(*parts)]


def calibrate(weights: dict[str, np.ndarray], activation: str, images: np.ndarray) -> dict[str, float]:
    """Largest |pre-activation| of each linear layer, bias included, over `images`."""
    tensors = ["conv1", "fc1", "logits"]
    values = run(build(weights, activation, {}), images, tensors)
    return {layer: float(np.abs(v).max()) for layer, v in zip(LINEAR, values)}


def quantise(weights: dict[str, np.ndarray], levels: int = 255) -> dict[str, np.ndarray]:
    """Weights rounded to integers of at most `levels`, one scale a layer; biases kept."""
    result = dict(weights)
    for layer in LINEAR:
        weight = weights[f"{layer}.weight"].astype(np.float64)
        scale = levels / np.abs(weight).max()
        result[f"{layer}.weight"] = (np.rint(weight * scale) / scale).astype(np.float32)
    return result


def weights_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """The initialisers by name."""
    return {t.name: numpy_helper.to_array(t) for t in model.graph.initializer if t.name != "two"}


def activation_of(model: onnx.ModelProto) -> str:
    """`relu` or `square`."""
    return "square" if any(node.op_type == "Pow" for node in model.graph.node) else "relu"


def save(weights: dict[str, np.ndarray], activation: str, train_images: np.ndarray, path: Path) -> dict[str, float]:
    """Calibrates on `train_images`, writes the file, and returns the ranges."""
    ranges = calibrate(weights, activation, train_images)
    metadata = {f"halfmask.range.{layer}": repr(value) for layer, value in ranges.items()}
    metadata["halfmask.input_max"] = "1.0"
    model = build(weights, activation, metadata)
    temporary = path.with_suffix(".part")
    temporary.write_bytes(model.SerializeToString(deterministic=True))
    temporary.replace(path)
    return ranges


def accuracy(model: onnx.ModelProto, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of images whose largest logit is their label."""
    return float((run(model, images)[0].argmax(axis=1) == labels).mean())
