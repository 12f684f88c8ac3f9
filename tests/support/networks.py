"""Networks of the size that people work with, made of nothing but their structure: no Keras is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kerastui.engine.project.document import MODEL, Call, Graph, Input, Layer, Project, Value


class Builder:
    """Write a graph layer by layer; every layer is called once and has the id of its call."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.inputs = {"input": Input(shape)}
        self.layers: dict[str, Layer] = {}
        self.calls: dict[str, Call] = {}

    def add(self, class_name: str, *sources: str, named: Mapping[str, str] | None = None, **config: Value) -> str:
        """Add a layer and return the id of its call."""
        key = f"{class_name.lower()}_{len(self.layers)}"
        self.layers[key] = Layer(class_name, config)
        self.calls[key] = Call(key, sources, named or {})
        return key

    def chain(self, source: str, *class_names: str) -> str:
        """Add layers one below the other and return the last."""
        for class_name in class_names:
            source = self.add(class_name, source)
        return source

    def graph(self, output: str) -> Graph:
        """Return the graph with one output."""
        return Graph(self.inputs, self.layers, self.calls, {"output": output})


UNIT = ("Conv2D", "BatchNormalization", "Activation")


def resnet50() -> Project:
    """Return ResNet50 as `keras.applications` builds it."""
    net = Builder((224, 224, 3))
    x = net.chain("input", "ZeroPadding2D", *UNIT, "ZeroPadding2D", "MaxPooling2D")
    for blocks in (3, 4, 6, 3):
        for block in range(blocks):
            short = x if block else net.chain(x, "Conv2D", "BatchNormalization")
            main = net.chain(x, *UNIT, *UNIT, "Conv2D", "BatchNormalization")
            x = net.chain(net.add("Add", short, main), "Activation")
    return Project("resnet50", graph=net.graph(net.chain(x, "GlobalAveragePooling2D", "Dense")))


def inception_v3() -> Project:
    """Return InceptionV3 as `keras.applications` builds it: branches of several lengths side by side."""
    net = Builder((299, 299, 3))
    x = net.chain("input", *UNIT * 3, "MaxPooling2D", *UNIT * 2, "MaxPooling2D")

    def mixed(source: str, lengths: Sequence[int], pool: str, pooled: int) -> str:
        branches = [net.chain(source, *UNIT * length) for length in lengths]
        branches.append(net.chain(source, pool, *UNIT * pooled))
        return net.add("Concatenate", *branches)

    def split(source: str, length: int) -> str:
        last = net.chain(source, *UNIT * length)
        return net.add("Concatenate", net.chain(last, *UNIT), net.chain(last, *UNIT))

    for _ in range(3):
        x = mixed(x, (1, 2, 3), "AveragePooling2D", 1)
    x = mixed(x, (1, 3), "MaxPooling2D", 0)
    for _ in range(4):
        x = mixed(x, (1, 3, 5), "AveragePooling2D", 1)
    x = mixed(x, (2, 4), "MaxPooling2D", 0)
    for _ in range(2):
        branches = [net.chain(x, *UNIT), split(x, 1), split(x, 2), net.chain(x, "AveragePooling2D", *UNIT)]
        x = net.add("Concatenate", *branches)
    return Project("inception_v3", graph=net.graph(net.chain(x, "GlobalAveragePooling2D", "Dense")))


def efficientnet_b0() -> Project:
    """Return EfficientNetB0 as `keras.applications` builds it: squeeze and excite in every block."""
    net = Builder((224, 224, 3))
    x = net.chain("input", "Rescaling", "Normalization", "ZeroPadding2D", *UNIT)
    for stage, repeats in enumerate((1, 2, 2, 3, 3, 4, 1)):
        for block in range(repeats):
            start = x
            x = net.chain(x, *UNIT) if stage else x
            x = net.chain(x, "ZeroPadding2D") if stage in (1, 2, 3, 5) and not block else x
            x = net.chain(x, "DepthwiseConv2D", "BatchNormalization", "Activation")
            gate = net.chain(x, "GlobalAveragePooling2D", "Reshape", "Conv2D", "Conv2D")
            x = net.chain(net.add("Multiply", x, gate), "Conv2D", "BatchNormalization")
            x = net.add("Add", net.chain(x, "Dropout"), start) if block else x
    return Project(
        "efficientnet_b0", graph=net.graph(net.chain(x, *UNIT, "GlobalAveragePooling2D", "Dropout", "Dense"))
    )


def unet() -> Project:
    """Return a U-Net of four levels, whose skips lie one around the other."""
    net, skips, x = Builder((256, 256, 3)), [], "input"
    for _ in range(4):
        skips.append(net.chain(x, *UNIT * 2))
        x = net.chain(skips[-1], "MaxPooling2D")
    x = net.chain(x, *UNIT * 2)
    for skip in reversed(skips):
        x = net.chain(net.add("Concatenate", net.chain(x, "Conv2DTranspose"), skip), *UNIT * 2)
    return Project("unet", graph=net.graph(net.chain(x, "Conv2D")))


def _block(net: Builder, x: str) -> str:
    """Add a transformer block: attention and a feed-forward part, each with its skip."""
    normed = net.chain(x, "LayerNormalization")
    attended = net.add("MultiHeadAttention", normed, normed, num_heads=8, key_dim=64)
    x = net.add("Add", x, net.chain(attended, "Dropout"))
    return net.add("Add", x, net.chain(x, "LayerNormalization", "Dense", "Dense", "Dropout"))


def transformer_flat(blocks: int = 12) -> Project:
    """Return a transformer, every layer of its blocks in one graph."""
    net = Builder((256,))
    x = net.chain("input", "Embedding", "Dropout")
    for _ in range(blocks):
        x = _block(net, x)
    head = net.chain(x, "LayerNormalization", "GlobalAveragePooling1D", "Dense")
    return Project("transformer_flat", graph=net.graph(head))


def transformer(blocks: int = 12) -> Project:
    """Return a transformer whose blocks are models inside."""
    net, models = Builder((256,)), {}
    x = net.chain("input", "Embedding", "Dropout")
    for number in range(blocks):
        inner = Builder((256, 512))
        models[f"block_{number}"] = inner.graph(_block(inner, "input"))
        x = net.add(MODEL, x, model=f"block_{number}")
    head = net.chain(x, "LayerNormalization", "GlobalAveragePooling1D", "Dense")
    return Project("transformer", graph=net.graph(head), models=models)


NETWORKS: tuple[Callable[[], Project], ...] = (
    resnet50,
    inception_v3,
    efficientnet_b0,
    unet,
    transformer,
    transformer_flat,
)
