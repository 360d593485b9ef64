#!/usr/bin/env python3
"""Exports SPFlow 1.x networks and compares their log-likelihoods with the library's. Needs torch and spflow 1.x; see README.md."""

import math
import sys

import torch
from spflow.modules.leaves import Bernoulli, Categorical, Normal, Poisson
from spflow.modules.ops.split import SplitMode
from spflow.modules.products import ElementwiseProduct, OuterProduct, Product
from spflow.modules.sums import ElementwiseSum, Sum
from spflow.zoo.rat import RatSPN

import export

ROWS = 50


def leaf(kind, fields, x):
    if kind == "gaussian":
        z = (x - fields["mean"]) / fields["stdev"]
        return -0.5 * z * z - math.log(fields["stdev"]) - 0.5 * math.log(2 * math.pi)
    if kind == "bernoulli":
        return math.log(fields["p"] if x else 1 - fields["p"])
    if kind == "categorical":
        return math.log(fields["p"][int(x)])
    return x * math.log(fields["rate"]) - fields["rate"] - math.lgamma(x + 1)


def evaluate(document, row):
    values = []
    for node in document["nodes"]:
        ((kind, fields),) = node.items()
        if kind == "sum":
            terms = [values[c] + math.log(w) for c, w in zip(fields["children"], fields["weights"])]
            largest = max(terms)
            values.append(largest + math.log(sum(math.exp(term - largest) for term in terms)))
        elif kind == "product":
            values.append(sum(values[c] for c in fields["children"]))
        else:
            x = row[fields["variable"]]
            values.append(0.0 if math.isnan(x) else leaf(kind, fields, x))
    return values[document["roots"][0]]


def check(name, network, data):
    data = torch.where(torch.rand(data.shape) < 0.2, torch.nan, data)
    document = export.document(network)
    with torch.no_grad():
        expected = network.log_likelihood(data).reshape(-1).tolist()
    worst = max(abs(e - evaluate(document, row)) for e, row in zip(expected, data.tolist()))
    print(f"{name}: {len(document['nodes'])} nodes, largest difference {worst:.1e} nats")
    return worst < 1e-9


def pair():
    return Product(inputs=[Normal(scope=v, out_channels=2) for v in range(2)])


def main():
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(3)
    normal = Normal(scope=list(range(6)), out_channels=2)
    a, b = pair(), pair()
    mixed = [Bernoulli(scope=0, out_channels=4), Categorical(scope=1, out_channels=4, K=3), Poisson(scope=2, out_channels=4)]
    counts = torch.stack([torch.randint(0, n, (ROWS,)) for n in (2, 3, 9)], 1).double()
    by_index = SplitMode.by_index(indices=[[0, 3, 5], [1, 2, 4]])
    checks = [
        check("kinds of leaves", Sum(inputs=Product(inputs=mixed)), counts),
        check("concatenated", Sum(inputs=[a, b]), torch.randn(ROWS, 2)),
        check("ElementwiseSum", Sum(inputs=ElementwiseSum(inputs=[a, b], out_channels=3)), torch.randn(ROWS, 2)),
        check(
            "OuterProduct by index",
            Sum(inputs=Product(inputs=OuterProduct(inputs=normal, split_mode=by_index, num_splits=2))),
            torch.randn(ROWS, 6),
        ),
        check(
            "ElementwiseProduct of three",
            Sum(inputs=Product(inputs=ElementwiseProduct(inputs=normal, num_splits=3))),
            torch.randn(ROWS, 6),
        ),
    ]
    for mode in (SplitMode.consecutive(num_splits=2), SplitMode.interleaved(num_splits=2)):
        network = RatSPN(
            leaf_modules=[Normal(scope=list(range(8)), out_channels=3, num_repetitions=2)],
            n_root_nodes=3,
            n_region_nodes=3,
            num_repetitions=2,
            depth=2,
            outer_product=True,
            split_mode=mode,
        )
        checks.append(check("RatSPN", network, torch.randn(ROWS, 8)))
    sys.exit(0 if all(checks) else "a difference is too large")


if __name__ == "__main__":
    main()
