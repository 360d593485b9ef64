#!/usr/bin/env python3
"""Write an SPFlow network as Halfmask's JSON ("halfmask-spn-1"), in full precision.

From Python:

    import export
    export.save(root, "model.spn.json", names=["age", "smokes"])

From a pickle (which can run any code when it is loaded: only open your own):

    python export.py model.pkl model.spn.json --names age,smokes

Takes networks of SPFlow 0.0.4x (nodes with children) and of SPFlow 1.x (torch modules); see README.md.
"""

import argparse
import json
import math
import pickle
import sys

FORMAT = "halfmask-spn-1"
TOLERANCE = 1e-6


class ExportError(Exception):
    """A network that the format cannot say."""


class Document:
    """Nodes so far, children before parents, and what normalising changed."""

    def __init__(self, normalise=False):
        self.nodes = []
        self.variables = 0
        self.normalise = normalise
        self.normalised = []

    def add(self, kind, **fields):
        self.nodes.append({kind: fields})
        return len(self.nodes) - 1

    def sum(self, children, weights, what="a sum"):
        weights = self.unit([number(w, what) for w in weights], 1.0, f"weights of {what}")
        return self.add("sum", children=list(children), weights=weights)

    def product(self, children):
        return self.add("product", children=list(children))

    def leaf(self, kind, variable, **parameters):
        variable = int(variable)
        self.variables = max(self.variables, variable + 1)
        return self.add(kind, variable=variable, **parameters)

    def unit(self, values, widths, what):
        """Values whose sum (times widths) is one, or an error, or divided by it where that was asked for."""
        if not isinstance(widths, list):
            widths = [widths] * len(values)
        total = math.fsum(v * w for v, w in zip(values, widths))
        if abs(total - 1.0) <= TOLERANCE:
            return values
        if not self.normalise or not total > 0.0:
            raise ExportError(f"{what} add up to {total!r}, not 1; --normalise divides by it")
        self.normalised.append((what, total))
        return [v / total for v in values]

    def finish(self, roots, names=None, prior=None, class_variable=None):
        if names is None:
            names = [f"V{v}" for v in range(self.variables)]
        if len(names) < self.variables:
            raise ExportError(f"{len(names)} names for {self.variables} variables")
        if prior is None:
            prior = [1.0 / len(roots)] * len(roots)
        return {
            "format": FORMAT,
            "variables": [{"name": str(name)} for name in names],
            "nodes": self.nodes,
            "roots": list(roots),
            "prior": [float(p) for p in prior],
            "class": class_variable,
        }


def number(value, what):
    value = float(value)
    if not math.isfinite(value):
        raise ExportError(f"{what} has the parameter {value}")
    return value


def numbers(values, what):
    return [number(value, what) for value in values]


# ---- SPFlow 0.0.4x ----------------------------------------------------------------------------------------------------------------


def legacy(document, root):
    """Adds a network of nodes with `children`; each object once, however many parents it has."""
    done = {}
    path = [(root, False)]
    while path:
        node, ready = path.pop()
        if id(node) in done:
            continue
        children = getattr(node, "children", None)
        if children and not ready:
            path.append((node, True))
            path.extend((child, False) for child in reversed(children) if id(child) not in done)
            continue
        done[id(node)] = legacy_node(document, node, done)
    return done[id(root)]


def legacy_node(document, node, done):
    kind = type(node).__name__
    what = getattr(node, "name", kind)
    if kind in ("Sum", "Product"):
        try:
            children = [done[id(child)] for child in node.children]
        except KeyError:
            raise ExportError(f"{what} is below itself: the network has a cycle") from None
        return document.sum(children, node.weights, what) if kind == "Sum" else document.product(children)
    if len(node.scope) != 1:
        raise ExportError(f"{what} ({kind}) has {len(node.scope)} variables")
    variable = node.scope[0]
    if kind == "Bernoulli":
        return document.leaf("bernoulli", variable, p=number(node.p, what))
    if kind == "Categorical":
        p = document.unit(numbers(node.p, what), 1.0, f"probabilities of {what}")
        return document.leaf("categorical", variable, p=p)
    if kind == "Gaussian":
        return document.leaf("gaussian", variable, mean=number(node.mean, what), stdev=number(node.stdev, what))
    if kind == "Poisson":
        return document.leaf("poisson", variable, rate=number(node.mean, what))
    if kind == "Histogram":
        breaks, densities = numbers(node.breaks, what), numbers(node.densities, what)
        widths = [b - a for a, b in zip(breaks, breaks[1:])]
        densities = document.unit(densities, widths, f"densities of {what}, times widths,")
        return document.leaf("histogram", variable, breaks=breaks, densities=densities)
    raise ExportError(f"{what}: leaves of kind {kind} are not in the format")


# ---- SPFlow 1.x -------------------------------------------------------------------------------------------------------------------
#
# A module stands for an array of nodes [feature, channel, repetition]; each layer is unrolled to that array. Logits are normalised
# here in double precision, so that weights add up to one even where the network was trained in single precision.


def array(tensor):
    return tensor.detach().cpu().double().numpy()


def softmax(logits, axis):
    import numpy as np

    weights = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


class Layers:
    """Unrolls modules, each once."""

    def __init__(self, document):
        self.document = document
        self.done = {}

    def nodes(self, module):
        if id(module) not in self.done:
            kind = type(module).__name__
            unroll = getattr(self, "of_" + kind, None)
            if unroll is None:
                raise ExportError(f"modules of kind {kind} are not in the exporter")
            self.done[id(module)] = unroll(module)
        return self.done[id(module)]

    def build(self, shape, node):
        import numpy as np

        nodes = np.empty(shape, dtype=int)
        for index in np.ndindex(*shape):
            nodes[index] = node(*index)
        return nodes

    def product(self, children):
        children = [int(child) for child in children]
        return children[0] if len(children) == 1 else self.document.product(children)

    # Leaves.

    def leaves(self, module, parameters, node):
        if getattr(module, "parameter_fn", None) is not None:
            raise ExportError(f"a {type(module).__name__} whose parameters are a network of its input")
        variables = list(module.scope.query)
        if parameters.ndim < 3 or parameters.shape[0] != len(variables):
            raise ExportError(f"a {type(module).__name__} of shape {parameters.shape} over {len(variables)} variables")
        return self.build(parameters.shape[:3], lambda f, c, r: node(variables[f], parameters[f, c, r], (f, c, r)))

    def of_Bernoulli(self, module):
        import numpy as np

        p = 1.0 / (1.0 + np.exp(-array(module.logits)))
        return self.leaves(module, p, lambda v, p, _: self.document.leaf("bernoulli", v, p=number(p, "a Bernoulli")))

    def of_Categorical(self, module):
        p = softmax(array(module.logits), -1)
        return self.leaves(
            module, p, lambda v, p, _: self.document.leaf("categorical", v, p=numbers(p, "a Categorical"))
        )

    def of_Normal(self, module):
        scale = array(module.scale)
        return self.leaves(
            module,
            array(module.loc),
            lambda v, mean, at: self.document.leaf(
                "gaussian", v, mean=number(mean, "a Normal"), stdev=number(scale[at], "a Normal")
            ),
        )

    def of_Poisson(self, module):
        return self.leaves(
            module,
            array(module.rate),
            lambda v, rate, _: self.document.leaf("poisson", v, rate=number(rate, "a Poisson")),
        )

    # Sums.

    def of_Sum(self, module):
        inputs, weights = self.nodes(module.inputs), softmax(array(module.logits), 1)
        features, channels, outputs, repetitions = weights.shape
        inputs = self.stretch(inputs, (features, channels, repetitions))
        return self.build(
            (features, outputs, repetitions),
            lambda f, o, r: self.document.sum((int(i) for i in inputs[f, :, r]), weights[f, :, o, r], "a Sum"),
        )

    def of_ElementwiseSum(self, module):
        weights = softmax(array(module.logits), 3)
        features, channels, outputs, count, repetitions = weights.shape
        inputs = [self.stretch(self.nodes(m), (features, channels, repetitions)) for m in module.inputs]
        assert count == len(inputs)
        return self.build(
            (features, channels * outputs, repetitions),
            lambda f, c, r: self.document.sum(
                (int(i[f, c // outputs, r]) for i in inputs),
                weights[f, c // outputs, c % outputs, :, r],
                "an ElementwiseSum",
            ),
        )

    def of_RepetitionMixingLayer(self, module):
        weights = softmax(array(module.logits), 2)
        inputs = self.stretch(self.nodes(module.inputs), weights.shape)
        features, channels, _ = weights.shape
        return self.build(
            (features, channels, 1),
            lambda f, c, _: self.document.sum(
                (int(i) for i in inputs[f, c, :]), weights[f, c, :], "a RepetitionMixingLayer"
            ),
        )

    # Products.

    def of_Product(self, module):
        inputs = self.nodes(module.inputs)
        _, channels, repetitions = inputs.shape
        return self.build((1, channels, repetitions), lambda _, c, r: self.product(inputs[:, c, r]))

    def of_ElementwiseProduct(self, module):
        inputs = self.parts(module)
        shape = tuple(max(part.shape[axis] for part in inputs) for axis in range(3))
        inputs = [self.stretch(part, shape) for part in inputs]
        return self.build(shape, lambda f, c, r: self.product(part[f, c, r] for part in inputs))

    def of_OuterProduct(self, module):
        import numpy as np

        inputs = self.parts(module)
        features, repetitions = inputs[0].shape[0], max(part.shape[2] for part in inputs)
        inputs = [self.stretch(part, (features, part.shape[1], repetitions)) for part in inputs]
        channels = [part.shape[1] for part in inputs]

        def node(f, c, r):
            # The last input's channel counts fastest.
            chosen = np.unravel_index(c, channels)
            return self.product(part[f, k, r] for part, k in zip(inputs, chosen))

        return self.build((features, math.prod(channels), repetitions), node)

    def of_Factorize(self, module):
        (source,) = module.inputs
        inputs, chosen = self.nodes(source), array(module.indices) > 0
        features, outputs, repetitions = chosen.shape
        inputs = self.stretch(inputs, (features, inputs.shape[1], repetitions))
        return self.build(
            (outputs, inputs.shape[1], repetitions), lambda o, c, r: self.product(inputs[chosen[:, o, r], c, r])
        )

    # What only moves nodes.

    def parts(self, module):
        """The inputs of a product: a split's parts, or modules."""
        if getattr(module, "input_is_split", False):
            return self.nodes(module.inputs[0])
        return [self.nodes(m) for m in module.inputs]

    def stretch(self, nodes, shape):
        import numpy as np

        return np.broadcast_to(nodes, shape)

    def of_Cat(self, module):
        import numpy as np

        return np.concatenate([self.nodes(m) for m in module.inputs], axis=module.dim - 1)

    def of_SplitConsecutive(self, module):
        import numpy as np

        return np.split(self.nodes(module.inputs), module.num_splits, axis=module.dim - 1)

    def of_SplitInterleaved(self, module):
        nodes = self.nodes(module.inputs)
        return [nodes[part :: module.num_splits] for part in range(module.num_splits)]

    def of_SplitByIndex(self, module):
        nodes = self.nodes(module.inputs)
        return [nodes[list(part)] for part in module.indices]

    def of_RatSPN(self, module):
        return self.nodes(module.root_node)


def layers(document, module, classes=False):
    """Adds a network of modules. The roots, and with `classes` the prior: the inputs and weights of the sum at the top."""
    unrolled = Layers(document)
    if classes:
        top = getattr(module, "root_node", module)
        if type(top).__name__ != "Sum":
            raise ExportError(f"classes are the inputs of a Sum at the top, which is a {type(top).__name__}")
        prior = softmax(array(top.logits), 1)[0, :, 0, 0]
        return [int(root) for root in unrolled.nodes(top.inputs)[0, :, 0]], prior
    nodes = unrolled.nodes(module)
    if nodes.size != 1:
        raise ExportError(f"the network has {nodes.size} roots, of shape {nodes.shape}")
    return [int(nodes.flat[0])], None


# ---- Both -------------------------------------------------------------------------------------------------------------------------


def document(network, names=None, prior=None, class_variable=None, classes=False, normalise=False):
    """The network as a dictionary.

    network: an SPFlow 0.0.4x node, a list of such nodes (one a class), or an SPFlow 1.x module.
    names: the variables' names. prior: the probability of each root's class (equal if not given).
    class_variable: the variable that class queries ask for. classes: take the inputs of an SPFlow 1.x network's top sum as classes.
    normalise: divide weights, probabilities and histograms by their sum where that is not one.
    """
    out = Document(normalise)
    if hasattr(network, "out_shape"):
        roots, found = layers(out, network, classes)
        prior = found if prior is None else prior
    else:
        networks = network if isinstance(network, (list, tuple)) else [network]
        roots = [legacy(out, root) for root in networks]
    finished = out.finish(roots, names, prior, class_variable)
    for what, total in out.normalised:
        print(f"note: {what} added up to {total!r} and were divided by it", file=sys.stderr)
    return finished


def save(network, path, **options):
    """Writes the network to a file, one node a line."""
    out = document(network, **options)
    with open(path, "w", encoding="utf-8") as file:
        file.write(dumps(out))


def dumps(out):
    def line(value):
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))

    fields = [f"{line(key)}:{line(value)}" for key, value in out.items() if key != "nodes"]
    nodes = ",\n".join(line(node) for node in out["nodes"])
    return "{" + ",\n".join([*fields[:2], f'"nodes":[\n{nodes}\n]', *fields[2:]]) + "}\n"


def main():
    parser = argparse.ArgumentParser(description="Write a pickled SPFlow network as Halfmask's JSON.")
    parser.add_argument("pickle", help="the network; a pickle can run any code when it is loaded: open only your own")
    parser.add_argument("output", help="the file to write, usually NAME.spn.json")
    parser.add_argument("--names", help="the variables' names, between commas")
    parser.add_argument("--class-variable", type=int, help="the variable that class queries ask for, from 0")
    parser.add_argument("--classes", action="store_true", help="SPFlow 1.x: the inputs of the top sum are classes")
    parser.add_argument("--normalise", action="store_true", help="divide what should add up to one by its sum")
    arguments = parser.parse_args()
    try:
        with open(arguments.pickle, "rb") as file:
            network = pickle.load(file)
        names = arguments.names.split(",") if arguments.names else None
        save(
            network,
            arguments.output,
            names=names,
            class_variable=arguments.class_variable,
            classes=arguments.classes,
            normalise=arguments.normalise,
        )
    except (ExportError, OSError, pickle.UnpicklingError, EOFError, ImportError, AttributeError) as error:
        sys.exit(f"export.py: error: {error}")


if __name__ == "__main__":
    main()
