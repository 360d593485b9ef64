#!/usr/bin/env python3
"""Makes the fixtures beside it with SPFlow 0.0.48: networks in each of its formats, synthetic rows, and its answers.

    python3.11 -m venv venv && venv/bin/pip install numpy==1.23.5 scipy==1.10.1 networkx==2.8.8 lark-parser==0.9.0 tqdm joblib
    venv/bin/pip install --no-deps spflow==0.0.48
    venv/bin/python generate.py

Every network has shared nodes in some sums, weights and parameters drawn at random from a seed. Explanations are by max-product:
SPFlow's own way down, with maxima instead of sums on its way up, and a histogram's mode where its density is largest, not where the
mass of a bucket is (`mpe`); what SPFlow gives by itself is there too (`mpe_of_sums`).
"""

import json
import os
import sys

import numpy as np

from spn.algorithms.Inference import log_likelihood
from spn.algorithms.Marginalization import marginalize
from spn.algorithms.MPE import _node_bottom_up_mpe_log, _node_top_down_mpe, get_mpe_top_down_leaf, mpe
from spn.io.Text import spn_to_str_equation, spn_to_str_ref_graph, to_JSON
from spn.structure.Base import Product, Sum, assign_ids, rebuild_scopes_bottom_up
from spn.structure.leaves.histogram.Histograms import Histogram
from spn.structure.leaves.histogram.Inference import add_histogram_inference_support, histogram_log_likelihood
from spn.structure.leaves.histogram.MPE import add_histogram_mpe_support
from spn.structure.leaves.histogram.Text import add_histogram_text_support
from spn.structure.leaves.parametric.Inference import add_parametric_inference_support
from spn.structure.leaves.parametric.MPE import add_parametric_mpe_support
from spn.structure.leaves.parametric.Parametric import Bernoulli, Categorical, Gaussian, Poisson
from spn.structure.leaves.parametric.Text import add_parametric_text_support

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "spn-export"))
import export  # noqa: E402

for support in (
    add_histogram_inference_support,
    add_histogram_mpe_support,
    add_histogram_text_support,
    add_parametric_inference_support,
    add_parametric_mpe_support,
    add_parametric_text_support,
):
    support()

ROWS = 24
BORDERS = np.array([0.0, 0.25, 1.0, 1.5, 3.0])


def weights(rng, count):
    w = rng.dirichlet(np.full(count, 2.0))
    return (w / w.sum()).tolist()


def leaf(rng, kind, variable):
    if kind == "bernoulli":
        return Bernoulli(p=float(rng.uniform(0.02, 0.98)), scope=variable)
    if kind == "categorical":
        return Categorical(p=weights(rng, 4), scope=variable)
    if kind == "gaussian":
        return Gaussian(mean=float(rng.normal(0, 2)), stdev=float(rng.uniform(0.3, 2)), scope=variable)
    if kind == "poisson":
        return Poisson(mean=float(rng.uniform(0.2, 12)), scope=variable)
    if kind == "counts":
        return Histogram(list(range(7)), weights(rng, 6), list(range(6)), scope=variable)
    widths = np.diff(BORDERS)
    densities = np.array(weights(rng, len(widths))) / widths
    points = (BORDERS[:-1] + BORDERS[1:]) / 2
    return Histogram(BORDERS.tolist(), densities.tolist(), points.tolist(), scope=variable)


def network(rng, kinds, variables):
    """A sum of products over a random cut; the children of each part's sums are shared among the products."""
    if len(variables) == 1:
        children = [leaf(rng, kinds[variables[0]], variables[0]) for _ in range(3)]
        return Sum(weights=weights(rng, 3), children=children)
    cut = [int(v) for v in rng.permutation(variables)]
    half = len(variables) // 2
    parts = [[network(rng, kinds, sorted(part)) for _ in range(2)] for part in (cut[:half], cut[half:])]
    products = [Product(children=[a, b]) for a in parts[0] for b in parts[1]]
    return Sum(weights=weights(rng, len(products)), children=products)


def value(rng, kind):
    if kind == "bernoulli":
        return int(rng.integers(2))
    if kind == "categorical":
        return int(rng.integers(4))
    if kind == "gaussian":
        return float(np.round(rng.normal(0, 3), 6))
    if kind == "poisson":
        return int(rng.poisson(6) * (10 if rng.random() < 0.1 else 1))
    if kind == "counts":
        return int(rng.integers(6))
    return float(rng.choice([0.0, 0.25, 2.75, np.round(rng.uniform(0, 3), 6) % 3.0]))


def largest(node, children, dtype=np.float64, **_):
    return np.max(np.concatenate(children, axis=1) + np.log(np.array(node.weights)), axis=1).reshape(-1, 1)


def densest(node):
    return node.bin_repr_points[int(np.argmax(node.densities))]


def densest_up(node, data=None, dtype=np.float64, **_):
    completed = np.where(np.isnan(data), densest(node), data)
    return histogram_log_likelihood(node, data=completed, dtype=dtype)


def densest_down(node, input_vals, data=None, lls_per_node=None):
    get_mpe_top_down_leaf(node, input_vals, data=data, mode=densest(node))


def listed(table):
    return [[None if np.isnan(x) else x for x in row] for row in table]


def make(name, seed, kinds):
    rng = np.random.default_rng(seed)
    root = network(rng, kinds, list(range(len(kinds))))
    rebuild_scopes_bottom_up(root)
    assign_ids(root)
    rows = np.array([[value(rng, kind) for kind in kinds] for _ in range(ROWS)], dtype=float)
    missing = rng.random(rows.shape) < 0.3
    missing[-1] = True
    # Explanations need something to explain.
    missing[~missing.any(axis=1), 0] = True
    partial = np.where(missing, np.nan, rows)
    given = sorted(rng.permutation(len(kinds))[: len(kinds) // 2].tolist())
    condition = np.full(rows.shape, np.nan)
    condition[:, given] = rows[:, given]
    up = {**_node_bottom_up_mpe_log, Sum: largest, Histogram: densest_up}
    down = {**_node_top_down_mpe, Histogram: densest_down}
    expected = {
        "rows": listed(rows),
        "missing": missing.astype(int).tolist(),
        "given": given,
        "full": log_likelihood(root, rows)[:, 0].tolist(),
        "marginal": log_likelihood(root, partial)[:, 0].tolist(),
        "conditional": (log_likelihood(root, rows) - log_likelihood(root, condition))[:, 0].tolist(),
        "mpe": mpe(root, partial, node_top_down_mpe=down, node_bottom_up_mpe_log=up).tolist(),
        "mpe_value": log_likelihood(root, partial, node_log_likelihood=up)[:, 0].tolist(),
        "mpe_of_sums": mpe(root, partial).tolist(),
    }
    # The marginal network of the library's own agrees with missing evidence.
    smaller = log_likelihood(marginalize(root, given), condition)[:, 0]
    assert np.allclose(smaller, log_likelihood(root, condition)[:, 0], atol=1e-12)

    write(f"{name}.spn.json", export.dumps(export.document(root)))
    lines = ",\n".join(f"{json.dumps(key)}:{json.dumps(answer, separators=(',', ':'))}" for key, answer in expected.items())
    write(f"{name}.expected.json", "{" + lines + "}\n")


def write(name, text):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
        file.write(text)


def make_formats():
    """A small network with every kind of leaf and a shared node, in each format; the last leaf's text is rounded to four decimals."""
    rng = np.random.default_rng(16)
    kinds = ["bernoulli", "categorical", "gaussian", "poisson", "counts", "interval"]
    shared = Product(children=[leaf(rng, kinds[v], v) for v in (2, 3, 4, 5)])
    left, right = (
        Sum(
            weights=weights(rng, 2),
            children=[Product(children=[leaf(rng, kinds[v], v) for v in (0, 1)]) for _ in range(2)],
        )
        for _ in range(2)
    )
    other = Product(children=[leaf(rng, kinds[v], v) for v in (2, 3, 4, 5)])
    products = [Product(children=[left, shared]), Product(children=[shared, right]), Product(children=[right, other])]
    root = Sum(weights=weights(rng, 3), children=products)
    rebuild_scopes_bottom_up(root)
    assign_ids(root)
    write("formats.eq.txt", spn_to_str_equation(root) + "\n")
    write("formats.graph.txt", spn_to_str_ref_graph(root))
    write("formats.legacy.json", to_JSON(root) + "\n")
    write("formats.spn.json", export.dumps(export.document(root)))


make("gaussian", 11, ["gaussian"] * 3)
make("poisson", 12, ["poisson"] * 3)
make("categorical", 13, ["categorical"] * 3)
make("histogram", 14, ["counts", "interval", "counts"])
make("mixed", 15, ["bernoulli", "gaussian", "poisson", "categorical", "interval"])
make_formats()
