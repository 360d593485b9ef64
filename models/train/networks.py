"""The networks: the student that is shipped, and the teacher that helps to train it."""

import torch
from torch import nn
from torch.nn import functional as F


ACTIVATIONS = {"relu": F.relu, "square": torch.square}


class Student(nn.Module):
    """The network of CryptoNets. Input `[n, 1, 28, 28]` in 0..1, output logits `[n, 10]`.

    One row of zeros at the bottom and one column at the right, conv 5x5 stride 2
    with 5 maps (5 x 13 x 13 = 845), activation, 845 -> 100, activation, 100 -> 10;
    biases. The activation is a name of `ACTIVATIONS`.
    """

    def __init__(self, activation: str) -> None:
        super().__init__()
        self.activation = ACTIVATIONS[activation]
        self.conv1 = nn.Conv2d(1, 5, 5, stride=2)
        self.fc1 = nn.Linear(845, 100)
        self.fc2 = nn.Linear(100, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.activation(self.conv1(F.pad(x, (0, 1, 0, 1))))
        x = self.activation(self.fc1(x.flatten(1)))
        return self.fc2(x)


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class Teacher(nn.Module):
    """A plain convolutional network, only ever used to make soft labels."""

    def __init__(self, width: int = 20) -> None:
        super().__init__()
        w = width
        self.features = nn.Sequential(
            _block(1, w, 1),
            _block(w, 2 * w, 2),
            _block(2 * w, 2 * w, 1),
            _block(2 * w, 4 * w, 2),
            _block(4 * w, 4 * w, 1),
            _block(4 * w, 4 * w, 2),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(4 * w * 16, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(x))


class Average:
    """Exponential moving average of a module's parameters and buffers."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.step = 0
        self.state = {k: v.detach().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self.step += 1
        # A short memory at first, so that the start is forgotten soon.
        decay = min(self.decay, self.step / (self.step + 10.0))
        for key, value in module.state_dict().items():
            if value.is_floating_point():
                self.state[key].lerp_(value, 1.0 - decay)
            else:
                self.state[key].copy_(value)


@torch.no_grad()
def clip_outliers(module: nn.Module, sigmas: float) -> None:
    """Clamps every weight tensor to `sigmas` standard deviations.

    Weights are later quantised with one scale a layer, so a single outlier costs
    all others their precision.
    """
    for name, parameter in module.named_parameters():
        if name.endswith("weight"):
            bound = sigmas * parameter.std().item()
            parameter.clamp_(-bound, bound)
