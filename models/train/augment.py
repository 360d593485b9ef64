"""Random affine and elastic distortion of a whole batch in one `grid_sample`."""

import math

import torch
from torch.nn import functional as F


def augment(images: torch.Tensor, strength: float, generator: torch.Generator) -> torch.Tensor:
    """Distorts `[n, 1, 28, 28]`; `strength` 0 leaves the images as they are.

    At strength 1: rotation +-12 degrees, scale +-12 %, shear +-0.2, shift +-2
    pixels (all uniform) and a smooth displacement of about 0.8 pixels rms.
    """
    if strength == 0.0:
        return images
    n, _, height, width = images.shape

    def uniform(limit: float, *shape: int) -> torch.Tensor:
        return (torch.rand(*shape, generator=generator) * 2.0 - 1.0) * (limit * strength)

    angle = uniform(math.radians(12.0), n)
    scale_x, scale_y = 1.0 + uniform(0.12, n), 1.0 + uniform(0.12, n)
    shear = uniform(0.2, n)
    shift = uniform(2.0 * 2.0 / width, n, 2)
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.stack(
        [
            torch.stack([cos * scale_x, -sin * scale_y + shear * cos, shift[:, 0]], dim=1),
            torch.stack([sin * scale_x, cos * scale_y + shear * sin, shift[:, 1]], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)

    # Elastic part: a coarse random field, interpolated smoothly to every pixel.
    coarse = torch.randn(n, 2, 6, 6, generator=generator) * (1.1 * strength * 2.0 / width)
    fine = F.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=True)
    grid = grid + fine.permute(0, 2, 3, 1)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
