"""The other side of `training`: the pair of `dcgan_28` in PyTorch.

Run by a Python that has PyTorch and NumPy, and by its path: it imports nothing
of this project.

    python training_side.py FOLDER LOSS

It reads the inputs in FOLDER, prints one line when it is ready, trains, and
writes losses and samples to FOLDER/results.npz.
"""

from __future__ import annotations

import pathlib
import sys

import numpy as np
import torch
from torch import nn

_NORMALIZATION = {"eps": 1e-5, "momentum": 0.1}
# Keras's Adam has this beside the root of the moment as it is, PyTorch's
# beside that of the corrected one.
_KERAS_EPSILON = 1e-7
_BETA_2 = 0.999
_LOSSES = {
    "non_saturating": nn.functional.binary_cross_entropy_with_logits,
    "least_squares": nn.functional.mse_loss,
}


def main(folder: str, loss: str) -> None:
    """Trains for as many steps as there are batches.

    Args:
        folder: of `generator.npz`, `discriminator.npz` (Keras's weights in
            their order) and `data.npz`.
        loss: of `_LOSSES`.
    """
    folder = pathlib.Path(folder)
    data = dict(np.load(folder / "data.npz"))
    real = torch.from_numpy(data["images"]).permute(0, 3, 1, 2)
    latents = torch.from_numpy(data["latents"])[..., None, None]
    fixed = torch.from_numpy(data["sample_latents"])[..., None, None]
    generator = _generator(latents.shape[3], real.shape[1])
    discriminator = _discriminator(real.shape[1])
    _load(generator, folder / "generator.npz")
    _load(discriminator, folder / "discriminator.npz")
    optimizers = [
        torch.optim.Adam(
            network.parameters(),
            float(data["learning_rate"]),
            betas=(float(data["beta_1"]), _BETA_2),
        )
        for network in (generator, discriminator)
    ]
    print(f"PyTorch {torch.__version__}", flush=True)
    losses, samples = [], []
    for step, indices in enumerate(data["indices"], 1):
        for optimizer in optimizers:
            root = (1 - _BETA_2**step) ** 0.5
            optimizer.param_groups[0]["eps"] = _KERAS_EPSILON / root
        losses.append(
            _step(
                generator,
                discriminator,
                optimizers,
                real[torch.from_numpy(indices)].float() / 127.5 - 1,
                latents[step - 1],
                _LOSSES[loss],
            )
        )
        if step % int(data["interval"]) == 0:
            samples.append(_samples(generator, fixed))
    np.savez(folder / "results.npz", losses=losses, samples=samples)


def _step(generator, discriminator, optimizers, real, latents, loss):
    """Updates D on the mean of its halves, then G on noise of its own.

    Returns:
        The losses of G and D.
    """
    with torch.no_grad():
        fake = generator(latents[0])
    of_fake, of_real = discriminator(fake), discriminator(real)
    loss_d = 0.5 * (
        loss(of_fake, torch.zeros_like(of_fake))
        + loss(of_real, torch.ones_like(of_real))
    )
    _descend(loss_d, optimizers[1])
    outputs = discriminator(generator(latents[1]))
    loss_g = loss(outputs, torch.ones_like(outputs))
    _descend(loss_g, optimizers[0])
    return loss_g.item(), loss_d.item()


def _descend(loss, optimizer) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _samples(generator, latents) -> np.ndarray:
    """Returns images [n, height, width, channels] uint8."""
    generator.eval()
    with torch.no_grad():
        outputs = generator(latents).permute(0, 2, 3, 1)
    generator.train()
    return ((outputs + 1) * 127.5).round().to(torch.uint8).numpy()


def _generator(latent_dim: int, channels: int) -> nn.Sequential:
    def up(inputs, outputs, kernel, stride):
        return (
            nn.ConvTranspose2d(inputs, outputs, kernel, stride),
            nn.BatchNorm2d(outputs, **_NORMALIZATION),
            nn.ReLU(),
        )

    return nn.Sequential(
        *up(latent_dim, 256, 3, 2),
        *up(256, 128, 4, 1),
        *up(128, 64, 3, 2),
        nn.ConvTranspose2d(64, channels, 4, 2),
        nn.Tanh(),
    )


def _discriminator(channels: int) -> nn.Sequential:
    def down(inputs, outputs):
        return (
            nn.Conv2d(inputs, outputs, 4, 2),
            nn.BatchNorm2d(outputs, **_NORMALIZATION),
            nn.LeakyReLU(0.2),
        )

    return nn.Sequential(
        *down(channels, 16), *down(16, 32), nn.Conv2d(32, 1, 4, 2)
    )


def _load(network: nn.Sequential, path: pathlib.Path) -> None:
    """Puts Keras's weights, in the order of its layers, into a network."""
    arrays = [torch.from_numpy(array) for array in np.load(path).values()]
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                # Both kinds have the axes the other way round.
                layer.weight.copy_(arrays.pop(0).permute(3, 2, 0, 1))
                layer.bias.copy_(arrays.pop(0))
            elif isinstance(layer, nn.BatchNorm2d):
                layer.weight.copy_(arrays.pop(0))
                layer.bias.copy_(arrays.pop(0))
                layer.running_mean.copy_(arrays.pop(0))
                layer.running_var.copy_(arrays.pop(0))
    if arrays:
        raise ValueError(f"{path} has {len(arrays)} arrays too many")


if __name__ == "__main__":
    main(*sys.argv[1:])
