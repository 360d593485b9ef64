#!/usr/bin/env python3
"""Trains a CryptoNets network on the MNIST training set and exports it as ONNX.

A larger convolutional teacher is trained first; the student then learns the
teacher's soft labels on randomly distorted digits. 5,000 training images are
held out, and every choice is made on them; the test set is never read here
(check.py measures it on the exported file). The student's averaged weights
after the last epoch are the result: no epoch is picked.

    python train.py --data DIR --out DIR [--activation relu|square] [--epochs 200] [--seed 1]
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import export
from augment import augment
from idx import load_split
from networks import ACTIVATIONS, Average, Student, Teacher, clip_outliers

HELD_OUT = 5_000
CHUNK = 5_000  # images distorted at once
CLIP_SIGMAS = 6.0


def rate(step: int, steps: int, peak: float) -> float:
    """Linear warm-up over 3 % of the steps, then half a cosine to zero."""
    warm = max(1, steps * 3 // 100)
    if step < warm:
        return peak * (step + 1) / warm
    return peak * 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def half():
    """Brain floats for the teacher: its soft labels need no more, and CPUs with AMX or AVX-512 are 2-3 times faster."""
    return torch.autocast("cpu", dtype=torch.bfloat16)


@torch.no_grad()
def soft_labels(teachers: list[nn.Module], images: torch.Tensor) -> torch.Tensor:
    """Mean logits of the teachers."""
    with half():
        parts = [sum(m(batch).float() for m in teachers) / len(teachers) for batch in images.split(500)]
    return torch.cat(parts)


def share_right(logits: torch.Tensor, labels: torch.Tensor) -> float:
    return (logits.argmax(dim=1) == labels).float().mean().item()


def frozen(module: nn.Module, average: Average) -> nn.Module:
    """The module with averaged weights, for evaluation only."""
    module.load_state_dict(average.state)
    return module.eval().requires_grad_(False)


class Data:
    """The training images, the held-out images, and one random stream."""

    def __init__(self, directory: Path, seed: int) -> None:
        images, labels = load_split(directory, "train")
        self.raw = images
        order = torch.from_numpy(np.random.default_rng(seed).permutation(len(images)))
        x = torch.from_numpy(export.to_input(images))
        y = torch.from_numpy(labels.astype(np.int64))
        self.held_x, self.held_y = x[order[:HELD_OUT]], y[order[:HELD_OUT]]
        self.x, self.y = x[order[HELD_OUT:]], y[order[HELD_OUT:]]
        self.generator = torch.Generator().manual_seed(seed)

    def chunks(self, strength: float):
        """One epoch of distorted images in random order."""
        for part in torch.randperm(len(self.x), generator=self.generator).split(CHUNK):
            yield augment(self.x[part], strength, self.generator), self.y[part]


def train_teacher(data: Data, epochs: int, width: int, batch: int = 128) -> nn.Module:
    # Convolutions run faster on CPUs in this layout.
    model = Teacher(width).to(memory_format=torch.channels_last)
    average = Average(model, 0.998)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.0, weight_decay=0.02)
    steps, step = epochs * math.ceil(len(data.x) / batch), 0
    for epoch in range(epochs):
        begin = time.monotonic()
        model.train()
        for images, labels in data.chunks(1.0):
            for x, y in zip(images.split(batch), labels.split(batch)):
                for group in optimiser.param_groups:
                    group["lr"] = rate(step, steps, 4e-3)
                with half():
                    out = model(x)
                loss = F.cross_entropy(out.float(), y, label_smoothing=0.05)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                average.update(model)
                step += 1
        snapshot = frozen(Teacher(width), average)
        right = share_right(soft_labels([snapshot], data.held_x), data.held_y)
        print(f"teacher {epoch + 1}/{epochs} loss {loss.item():.4f} held-out {right:.4f}"
              f" {time.monotonic() - begin:.1f} s", flush=True)
    return frozen(Teacher(width), average).to(memory_format=torch.channels_last)


def train_student(data: Data, teachers: list[nn.Module], args: argparse.Namespace) -> None:
    model = Student(args.activation)
    average = Average(model, args.ema)
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.0, weight_decay=args.weight_decay)
    steps, step = args.epochs * math.ceil(len(data.x) / args.batch), 0
    heat = args.temperature
    last = args.stop or args.epochs
    for epoch in range(last):
        begin = time.monotonic()
        for images, labels in data.chunks(args.strength):
            soft = soft_labels(teachers, images) if teachers else None
            for i in range(0, len(images), args.batch):
                x, y = images[i : i + args.batch], labels[i : i + args.batch]
                for group in optimiser.param_groups:
                    group["lr"] = rate(step, steps, args.rate)
                out = model(x)
                loss = F.cross_entropy(out, y)
                if soft is not None:
                    target = F.log_softmax(soft[i : i + args.batch] / heat, dim=1)
                    distance = F.kl_div(F.log_softmax(out / heat, dim=1), target, log_target=True, reduction="batchmean")
                    loss = 0.1 * loss + 0.9 * heat * heat * distance
                optimiser.zero_grad()
                loss.backward()
                if args.clip_gradient > 0.0:
                    nn.utils.clip_grad_norm_(model.parameters(), args.clip_gradient)
                optimiser.step()
                average.update(model)
                step += 1
            clip_outliers(model, CLIP_SIGMAS)
        snapshot = frozen(Student(args.activation), average)
        clip_outliers(snapshot, CLIP_SIGMAS)
        with torch.no_grad():
            out = snapshot(data.held_x)
        print(f"student {epoch + 1}/{args.epochs} loss {loss.item():.4f} held-out {share_right(out, data.held_y):.4f}"
              f" entropy {F.cross_entropy(out, data.held_y).item():.4f} {time.monotonic() - begin:.1f} s", flush=True)
        # A usable file early; the last one is the result.
        if epoch % 10 == 9 or epoch + 1 == last:
            weights = {k: v.numpy() for k, v in snapshot.state_dict().items()}
            ranges = export.save(weights, args.activation, data.raw, args.out / "model.onnx")
            print(f"exported, ranges {ranges}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the IDX files, or with mnist/")
    parser.add_argument("--out", type=Path, required=True, help="model.onnx and teacher checkpoints go here")
    parser.add_argument("--activation", choices=sorted(ACTIVATIONS), default="relu")
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--stop", type=int, help="end after so many of the epochs; the rate falls as if all were run")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--teachers", type=int, default=1)
    parser.add_argument("--teacher-epochs", type=int, default=15)
    parser.add_argument("--teacher-width", type=int, default=20)
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--clip-gradient", type=float, default=0.0, help="largest norm of a step's gradient; 0: any")
    parser.add_argument("--ema", type=float, default=0.999)
    parser.add_argument("--strength", type=float, default=0.7)
    parser.add_argument("--temperature", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    data = Data(args.data, args.seed)
    teachers = []
    for index in range(args.teachers):
        torch.manual_seed(args.seed * 1000 + index)
        path = args.out / f"teacher-{args.seed}-{index}.pt"
        if path.is_file():
            teacher = Teacher(args.teacher_width)
            teacher.load_state_dict(torch.load(path, weights_only=True))
            teacher = teacher.eval().requires_grad_(False).to(memory_format=torch.channels_last)
            print(f"teacher {index}: from {path.name}")
        else:
            teacher = train_teacher(data, args.teacher_epochs, args.teacher_width)
            torch.save(teacher.state_dict(), path)
        teachers.append(teacher)
    torch.manual_seed(args.seed)
    data.generator.manual_seed(args.seed + 1)
    train_student(data, teachers, args)


if __name__ == "__main__":
    main()
