"""Translations between two sets of images, as the training loop sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tf_dcgan.common import images
from tf_dcgan.config import schema
from tf_dcgan.data import augmentation, batches, loading
from tf_dcgan.gan import cyclegan, cyclegan_state
from tf_dcgan.metrics import diversity
from tf_dcgan.runs import runs
from tf_dcgan.sampling import export, translators
from tf_dcgan.training import system

_REAL_GRID_ROWS = 4  # Of each set.
# Of a grid of samples: more would not fit on a screen.
_COLUMNS = 8
_COLUMNS_OF_LARGE = 4
_LARGE = 128  # Pixels.


class Translation:
    """A CycleGAN between A and B; see `system.System`."""

    def __init__(
        self,
        run: runs.Run,
        train_a: loading.ImageArray,
        train_b: loading.ImageArray,
        shown_a: np.ndarray,
        shown_b: np.ndarray,
    ):
        """Builds the networks.

        Args:
            run: the run.
            train_a: its training images of A, as large as
                `augmentation.size_before_crop` says.
            train_b: likewise, of B.
            shown_a: [n, height, width, 1 or 3] uint8 of the networks' size,
                images of A to show and to score, held out where there are
                such.
            shown_b: likewise, of B.
        """
        self._run = run
        config = run.config
        self.state = cyclegan_state.create_state(config, run.data.image_shape)
        self.train_steps = train_steps(
            self.state,
            run,
            shapes=[train_a.images.shape[1:], train_b.images.shape[1:]],
        )
        self.batches = batches.PairReader(
            *(
                batches.Reader(
                    dataset.images,
                    batch_size=config.batch_size,
                    seed=config.seed,
                    stream=stream,
                )
                for stream, dataset in enumerate((train_a, train_b))
            )
        )
        self._held = (shown_a, shown_b)
        self._orders = [
            _order(len(held), config, stream)
            for stream, held in enumerate(self._held)
        ]
        self._shown = [
            self._take(stream, slice(diversity.REAL_IMAGES))
            for stream in range(2)
        ]
        side = max(run.data.image_shape[:2])
        columns = _COLUMNS if side < _LARGE else _COLUMNS_OF_LARGE
        self._columns = min(columns, len(shown_a), len(shown_b))
        self._translate = [
            translators.Translator(generator)
            for generator in self.state.averaged_generators
        ]
        self._diversities = [
            diversity.Diversity(shown) for shown in self._shown
        ]

    def notes(self) -> list[str]:
        """Returns what the user should know before the first step."""
        return []

    def real_grid(self) -> np.ndarray:
        """Returns rows of images of A, then of B, [height, width, c] uint8."""
        count = self._columns * _REAL_GRID_ROWS
        rows = [
            shown[: min(count, len(shown)) // self._columns * self._columns]
            for shown in self._shown
        ]
        return images.grid(np.concatenate(rows), columns=self._columns)

    def samples(self) -> system.Samples:
        """Translates the fixed images there and back.

        Returns:
            Six rows, A, B(A), A(B(A)), B, A(B) and B(A(B)). The diversity is
            that of the less diverse translation.
        """
        rows, found = [], []
        a_to_b, b_to_a = self._translate
        for shown, there, back, measure in zip(
            self._shown,
            (a_to_b, b_to_a),
            (b_to_a, a_to_b),
            reversed(self._diversities),
            strict=True,
        ):
            fixed = shown[: self._columns]
            translated = there(fixed)
            rows += [fixed, translated, back(translated)]
            found.append(measure(translated))
        known = [value for value in found if value is not None]
        return system.Samples(
            images.grid(np.concatenate(rows), columns=self._columns),
            min(known, default=None),
        )

    def draw(self, first: int, count: int) -> np.ndarray:
        """Translates images for a score, those of A first, then those of B.

        Returns:
            [count, height, width, channels] uint8.
        """
        made = []
        for stream, translate in enumerate(self._translate):
            scored = translators.scored_images(
                self._run.config, len(self._held[stream])
            )
            start, stop = (
                min(max(0, place), scored) for place in (first, first + count)
            )
            if start < stop:
                made.append(translate(self._take(stream, slice(start, stop))))
            first -= scored
        return np.concatenate(made)

    def export(self) -> None:
        """Writes `saved_model/` and both generators into the run."""
        export.export_translation(
            self._run.path,
            self._run.config,
            self.state.averaged_generators,
            image_shape=self._run.data.image_shape,
        )

    def _take(self, stream: int, places: slice) -> np.ndarray:
        """Reads some images to show or to score, of A (0) or of B (1)."""
        taken = batches.gather(self._held[stream], self._orders[stream][places])
        return images.to_channels(taken, self._run.data.channels)


def train_steps(
    state: cyclegan_state.CycleGanState,
    run: runs.Run,
    *,
    shapes: Sequence[tuple[int, int, int]],
) -> Callable[[tuple[np.ndarray, ...]], dict[str, tf.Tensor]]:
    """Makes the call that does several steps; see `steps.several`.

    Args:
        state: changed by the call.
        run: its config and image shape.
        shapes: (height, width, channels) of the training images of A and of
            B, before crops and with channels of their own.

    Returns:
        What `batches.PairReader` reads, [steps, batch, *shape] uint8 of A and
        of B, to [steps] float32 of each of `cyclegan.scalars`.
    """
    config = run.config
    height, width, channels = run.data.image_shape

    def step(*uint8_images):
        number = state.step.value()
        pair = []
        for stream, batch in enumerate(uint8_images):
            cut = augmentation.random_crop(
                batch,
                (height, width),
                seed=config.seed,
                step=number,
                stream=stream,
            )
            cut = augmentation.augment(
                cut,
                config,
                step=number,
                content_box=(0, 0, height, width),
                stream=stream,
            )
            pair.append(images.to_float(images.to_channels(cut, channels)))
        return cyclegan.update(state, config, *pair)

    return system.several(
        step,
        state,
        run,
        signature=[
            tf.TensorSpec([None, config.batch_size, *shape], tf.uint8)
            for shape in shapes
        ],
        names=cyclegan.scalars(config),
    )


def _order(num_images: int, config: schema.Config, stream: int) -> np.ndarray:
    """Returns the numbers of all images that can be shown, as the seed says."""
    (order,) = batches.batch_indices(
        0,
        1,
        batch_size=num_images,
        num_images=num_images,
        seed=config.seed,
        stream=stream,
    )
    return order
