"""The other side of `frameworks`: the same training in PyTorch, timed.

Run by a Python that has PyTorch and NumPy, and by its path: it imports nothing
of this project but its neighbour `torch_networks`.

    python torch_side.py FOLDER VARIANT

It builds the networks that FOLDER/job.json describes and prints one line of
JSON: PyTorch's version, the trainable weights of each network, and the kind of
Adam. On a line of input it trains on FOLDER/images_*.npy, and prints a JSON
list of the images per second of each interval.

The step is written as PyTorch's users write a fast one: weights of D frozen in
G's update, gradients set to None, Adam in one operation where the build has
that. Nothing else is done: no average of weights, no logs, no flips.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import itertools
import json
import pathlib
import random
import sys
import time

import numpy as np
import torch
import torch_networks

# Keras's own, beside the root of the second moment.
_EPSILON = 1e-7
_BETA_2 = 0.999
_BUFFER_SIZE = 50


def main(folder: str, variant: str) -> None:
    """Trains for the steps of the job.

    Args:
        folder: of `job.json` and the images.
        variant: `channels_first` or `channels_last`, after `compile_` to
            compile the networks.
    """
    folder = pathlib.Path(folder)
    job = json.loads((folder / "job.json").read_text())
    torch.set_num_threads(job["threads"])
    channels_last = variant.endswith("channels_last")
    networks = {
        group: [
            torch_networks.Network(
                each,
                channels_last=channels_last,
                bfloat16=job["config"]["precision"] == "mixed_bfloat16",
            )
            for each in job[group]
        ]
        for group in ("generators", "discriminators")
    }
    optimizers, adam = _optimizers(networks, job["config"])
    hello = {
        "version": torch.__version__,
        "adam": adam,
        "weights": {
            description["name"]: torch_networks.trainable_weights(network)
            for group, built in networks.items()
            for description, network in zip(job[group], built, strict=True)
        },
    }
    print(json.dumps(hello), flush=True)
    if not sys.stdin.readline():
        return
    if variant.startswith("compile_"):
        networks = {
            group: [torch.compile(network) for network in built]
            for group, built in networks.items()
        }
    image_sets = [
        torch.from_numpy(np.load(path))
        for path in sorted(folder.glob("images_*.npy"))
    ]
    step = _step_of(networks, optimizers, job["config"])
    batches = [
        _batches(images, job["config"]["batch_size"], channels_last)
        for images in image_sets
    ]
    speeds = []
    for _ in range(job["intervals"]):
        began = time.perf_counter()
        for _ in range(job["interval"]):
            step(*[next(each) for each in batches])
        seconds = time.perf_counter() - began
        count = job["interval"] * job["config"]["batch_size"]
        speeds.append(count / seconds)
    print(json.dumps(speeds), flush=True)


def _optimizers(networks: dict, config: dict) -> tuple[list, str]:
    """Makes an Adam for the generators and one for the discriminators.

    Returns:
        ([G's, D's], kind): the kind is `fused` where this build has it on the
        CPU, else `foreach`.
    """
    rates = ("generator_learning_rate", "discriminator_learning_rate")
    groups = [
        (list(_parameters(networks[group])), config[rate])
        for group, rate in zip(networks, rates, strict=True)
    ]
    for kind in ("fused", "foreach"):
        try:
            return [
                torch.optim.Adam(
                    parameters,
                    rate,
                    betas=(config["beta_1"], _BETA_2),
                    eps=_EPSILON,
                    **{kind: True},
                )
                for parameters, rate in groups
            ], kind
        except RuntimeError:
            if kind == "foreach":
                raise
    raise AssertionError


def _parameters(networks: Sequence) -> Iterator[torch.nn.Parameter]:
    return itertools.chain(*[network.parameters() for network in networks])


def _batches(
    images: torch.Tensor, batch_size: int, channels_last: bool
) -> Iterator[torch.Tensor]:
    """Yields batches [n, channels, height, width] float32 in [-1, 1].

    Args:
        images: [n, height, width, channels] uint8.
        batch_size: images in each; an epoch's last incomplete one is dropped.
        channels_last: how they lie in memory.
    """
    layout = torch.channels_last if channels_last else torch.contiguous_format
    while True:
        order = torch.randperm(len(images))
        for start in range(0, len(images) - batch_size + 1, batch_size):
            batch = images[order[start : start + batch_size]]
            batch = batch.permute(0, 3, 1, 2).float() / 127.5 - 1
            yield batch.contiguous(memory_format=layout)


def _step_of(
    networks: dict, optimizers: list, config: dict
) -> Callable[..., None]:
    """Returns a function from batches of images to nothing: one step."""
    loss = _LOSSES[config["loss"]]
    if len(networks["generators"]) == 2:
        return _Translation(networks, optimizers, config, loss)
    return _Generation(networks, optimizers, config, loss)


class _Generation:
    """A step of `gan.update`: D on both halves, then G."""

    def __init__(self, networks, optimizers, config, loss):
        (self._generator,) = networks["generators"]
        (self._discriminator,) = networks["discriminators"]
        self._optimizer_g, self._optimizer_d = optimizers
        self._config = config
        self._loss = loss

    def __call__(self, images: torch.Tensor) -> None:
        """Updates D, then G."""
        config = self._config
        is_shared = config["generator_latents"] == "shared"
        latents = self._latents()
        with torch.set_grad_enabled(is_shared):
            fake = self._generator(latents)
        self._update_discriminator(images, fake.detach())
        self._discriminator.requires_grad_(False)
        for number in range(config["generator_updates"]):
            if not is_shared:
                latents = self._latents()
            if number > 0 or not is_shared:
                fake = self._generator(latents)
            outputs = self._discriminator(fake)
            _descend(self._loss(outputs, 1.0), self._optimizer_g)
        self._discriminator.requires_grad_(True)

    def _update_discriminator(self, images, fake) -> None:
        config = self._config
        weight = 0.5 if config["discriminator_loss"] == "mean" else 1.0
        halves = ((fake, config["fake_label"]), (images, config["real_label"]))
        losses = (
            weight * self._loss(self._discriminator(half), label)
            for half, label in halves
        )
        if config["discriminator_updates"] == "joint":
            losses = [sum(losses)]
        for loss in losses:
            _descend(loss, self._optimizer_d)

    def _latents(self) -> torch.Tensor:
        config = self._config
        return torch.randn(config["batch_size"], config["latent_dim"])


class _Translation:
    """A step of `cyclegan.update`: both Gs, then both Ds on buffered images."""

    def __init__(self, networks, optimizers, config, loss):
        self._a_to_b, self._b_to_a = networks["generators"]
        self._discriminators = networks["discriminators"]
        self._optimizer_g, self._optimizer_d = optimizers
        self._config = config
        self._loss = loss
        self._buffers = [_Buffer(), _Buffer()]

    def __call__(self, a: torch.Tensor, b: torch.Tensor) -> None:
        """Updates both generators, then both discriminators."""
        for discriminator in self._discriminators:
            discriminator.requires_grad_(False)
        fakes = self._update_generators(a, b)
        for discriminator in self._discriminators:
            discriminator.requires_grad_(True)
        config = self._config
        loss = 0.0
        for discriminator, buffer, real, fake in zip(
            self._discriminators, self._buffers, (a, b), fakes, strict=True
        ):
            halves = (
                (real, config["real_label"]),
                (buffer.exchange(fake), config["fake_label"]),
            )
            for images, label in halves:
                loss = loss + 0.5 * self._loss(discriminator(images), label)
        _descend(loss, self._optimizer_d)

    def _update_generators(self, a, b):
        """Returns the new images of A and of B, without their gradients."""
        l1 = torch.nn.functional.l1_loss
        weight = self._config["lambda_cycle"]
        fake_b, same_b = self._translate(self._a_to_b, a, b)
        fake_a, same_a = self._translate(self._b_to_a, b, a)
        cycle = l1(self._b_to_a(fake_b), a) + l1(self._a_to_b(fake_a), b)
        loss = weight * cycle
        for discriminator, fake in zip(
            self._discriminators, (fake_a, fake_b), strict=True
        ):
            loss = loss + self._loss(discriminator(fake), 1.0)
        if same_a is not None:
            identity = l1(same_a, a) + l1(same_b, b)
            loss = loss + weight * self._config["lambda_identity"] * identity
        _descend(loss, self._optimizer_g)
        return fake_a.detach(), fake_b.detach()

    def _translate(self, generator, images, images_of_target):
        """Returns translations and identity mappings, or None for these."""
        if self._config["lambda_identity"] == 0:
            return generator(images), None
        both = generator(torch.cat([images, images_of_target]))
        return both.chunk(2)


class _Buffer:
    """Earlier generated images, as CycleGAN's authors keep them."""

    def __init__(self):
        self._images = []

    def exchange(self, images: torch.Tensor) -> torch.Tensor:
        """Returns as many images, some of them from earlier steps."""
        returned = []
        for image in images.split(1):
            if len(self._images) < _BUFFER_SIZE:
                self._images.append(image)
            elif random.random() < 0.5:
                place = random.randrange(_BUFFER_SIZE)
                self._images[place], image = image, self._images[place]
            returned.append(image)
        return torch.cat(returned)


def _descend(loss: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _cross_entropy(outputs: torch.Tensor, label: float) -> torch.Tensor:
    return torch.nn.functional.binary_cross_entropy_with_logits(
        outputs, torch.full_like(outputs, label)
    )


def _squared_error(outputs: torch.Tensor, label: float) -> torch.Tensor:
    return (outputs - label).square().mean()


_LOSSES = {
    "non_saturating": _cross_entropy,
    "least_squares": _squared_error,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
