"""Translations between two sets of images, as the training knows them."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np
import tensorflow as tf

from tf_dcgan.common import errors, images, replicas, words
from tf_dcgan.config import schema, value_ranges
from tf_dcgan.data import augmentation, batches, domain_images, domains
from tf_dcgan.gan import cyclegan, cyclegan_state, updates
from tf_dcgan.metrics import diversity
from tf_dcgan.runs import runs
from tf_dcgan.sampling import translators
from tf_dcgan.sampling.exports import keras_formats
from tf_dcgan.training import fitting, steps, system

_REAL_GRID_ROWS = 4  # Of each set.
# Of a grid of samples: more would not fit on a screen.
_COLUMNS = 8
_COLUMNS_OF_LARGE = 4
_LARGE = 128  # Pixels.


def resolve(config: schema.Config) -> system.Resolved:
    """Fixes what is open in a config; see `system.Kind`.

    Raises:
        errors.UserError: the networks cannot make the size, or a data set is
            unknown.
    """
    pair = domains.find(config)
    unprepared = [domain_images.Unprepared(config, domain) for domain in pair]
    shapes = [each.shape for each in unprepared]
    sides = [side for shape in shapes for side in shape[:2]]
    largest = None if None in sides else max(sides)
    config, size, notes = fitting.fix_size(
        config,
        (largest, largest),
        *(
            fitting.Originals(
                each.sizes,
                domain_images.read_as(config, domain),
                may_be_padded=False,
                title=f"{letter}: ",
                whole_size=each.size_to_crop,
            )
            for letter, domain, each in zip("AB", pair, unprepared, strict=True)
        ),
    )
    for domain, each in zip(pair, unprepared, strict=True):
        _check_size_to_crop(config, domain, each.size_to_crop, size)
    ranges = [each.value_range for each in unprepared]
    if any(ranges):
        config = dataclasses.replace(
            config, value_range=value_ranges.write(*ranges)
        )
    note = domain_images.channels_note(
        *pair, shape_a=shapes[0], shape_b=shapes[1]
    )
    return system.Resolved(
        config,
        (*size, domain_images.channels(*shapes)),
        notes=(*notes, *([note] if note else [])),
    )


def load(resolved: system.Resolved) -> system.Loaded:
    """Opens the images of both sets; see `system.Kind`.

    Raises:
        errors.UserError: images cannot be had, or are fewer than a batch.
    """
    config = resolved.config
    *size, channels = resolved.image_shape
    trained, shown, lines = [], [], []
    for letter, domain in zip("AB", domains.find(config), strict=True):
        before_crop = domain_images.Unprepared(
            config, domain
        ).size_to_crop or augmentation.size_before_crop(config, tuple(size))
        dataset = domain_images.load(config, domain, before_crop)
        config.steps_per_epoch(len(dataset.images), domain.title)
        to_show, is_held_out = domain_images.images_to_show(
            config, domain, tuple(size)
        )
        trained.append(dataset)
        shown.append(to_show)
        lines.append(
            f"data {letter}: {domain.title}, "
            f"{words.counted(len(dataset.images), 'image')}, "
            f"{dataset.preparation}; "
            + (
                f"{len(to_show.images):,} held out"
                if is_held_out
                else "no held-out images: training images are shown"
            )
        )
    return system.Loaded(
        tuple(trained),
        shown=tuple(dataset.images for dataset in shown),
        facts=tuple(
            dataclasses.replace(
                system.facts(dataset),
                height=size[0],
                width=size[1],
                channels=channels,
                content_box=(0, 0, *size),
                shown_fingerprint=to_show.fingerprint,
            )
            for dataset, to_show in zip(trained, shown, strict=True)
        ),
        lines=(*lines, *system.notes(trained)),
    )


def _check_size_to_crop(
    config: schema.Config,
    domain: domains.Domain,
    whole: tuple[int, int] | None,
    size: tuple[int, int],
) -> None:
    """Checks that random crops fit into the images that they are cut from."""
    if whole is None or (whole[0] >= size[0] and whole[1] >= size[1]):
        return
    crops = f"random crops of {size[0]}x{size[1]}"
    if config.load_size is not None:
        raise errors.UserError(
            f"--load_size={config.load_size} is smaller than the {crops}: "
            f"allowed is at least {size[0]}x{size[1]} (height x width)"
        )
    raise errors.UserError(
        f"{domain.flag_and_title} has images of {whole[0]}x{whole[1]}, smaller "
        f"than the {crops}: give a smaller --crop_size, or a --load_size to "
        "enlarge them"
    )


def passes(config: schema.Config) -> system.Passes:
    """Counts the passes of one image in a step; see `system.Kind`."""
    # Each generator translates an image, closes a cycle and may map an image
    # of its target.
    generator_calls = 3 if config.lambda_identity > 0 else 2
    return system.Passes(
        generator=3 * generator_calls,
        # Each judges a new image for G, a real one and one of the buffer.
        discriminator=2 + 2 * 3 + system.forwards_of_penalties(config),
        generator_calls=generator_calls,
        # At the generators' update. The discriminators' keeps more of their
        # maps, but none of the generators', which are larger.
        discriminator_calls=1,
    )


def images_of_step(config: schema.Config) -> str:
    """Says how many images a step takes."""
    return f"{words.counted(config.batch_size, 'image')} of A, as many of B"


class System:
    """A CycleGAN between A and B; see `system.System`."""

    def __init__(self, run: runs.Run, loaded: system.Loaded):
        """Builds the networks.

        Args:
            run: new, or trained before; its checkpoints are not read.
            loaded: the images as `load` returns them. The training images are
                as large as `augmentation.size_before_crop` says; the images
                to show are held-out ones if the sets have any.
        """
        train_a, train_b = loaded.train
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
        self._to_show = loaded.shown
        self._orders = [
            _order(len(shown), config, stream)
            for stream, shown in enumerate(self._to_show)
        ]
        self._shown = [
            self._take(stream, slice(diversity.REAL_IMAGES))
            for stream in range(2)
        ]
        side = max(run.data.image_shape[:2])
        columns = _COLUMNS if side < _LARGE else _COLUMNS_OF_LARGE
        self._columns = min(columns, *map(len, loaded.shown))
        self._translate = [
            translators.Translator(generator)
            for generator in self.state.averaged_generators
        ]
        self._diversities = [
            diversity.Diversity(shown) for shown in self._shown
        ]

    def notes(self) -> list[str]:
        """Returns what the user should know before the first step."""
        return updates.batch_notes(self._run.config, self.state.discriminator_a)

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
            the lower one of both translations.
        """
        rows, diversities = [], []
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
            diversities.append(measure(translated))
        diversities = [each for each in diversities if each is not None]
        return system.Samples(
            images.grid(np.concatenate(rows), columns=self._columns),
            min(diversities, default=None),
        )

    def draw(self, first: int, count: int) -> np.ndarray:
        """Translates images for a score, first images of A, then of B.

        Returns:
            [count, height, width, channels] uint8.
        """
        translated = []
        for stream, translate in enumerate(self._translate):
            scored = translators.scored_images(
                self._run.config, len(self._to_show[stream])
            )
            start, stop = (
                min(max(0, place), scored) for place in (first, first + count)
            )
            if start < stop:
                batch = self._take(stream, slice(start, stop))
                translated.append(translate(batch))
            first -= scored
        return np.concatenate(translated)

    def lead(self) -> dict[str, float]:
        """Returns nothing: both sets may be too small to spare images."""
        return {}

    def export(self) -> None:
        """Writes `saved_model/` and both generators into the run."""
        keras_formats.export_translation(
            self._run.path,
            self._run.config,
            self.state.averaged_generators,
            image_shape=self._run.data.image_shape,
        )

    def _take(self, stream: int, places: slice) -> np.ndarray:
        """Reads some images to show or to score, of A (0) or of B (1)."""
        batch = batches.gather(
            self._to_show[stream], self._orders[stream][places]
        )
        return images.to_channels(batch, self._run.data.channels)


def train_steps(
    state: cyclegan_state.CycleGanState,
    run: runs.Run,
    *,
    shapes: Sequence[tuple[int, int, int]],
) -> steps.Steps:
    """Returns the call that does several steps; see `system.several`.

    Args:
        state: changed by the call.
        run: its config and image shape are used.
        shapes: (height, width, channels) of the training images of A and of
            B, before crops and with the channels of their own set.

    Returns:
        A function from what `batches.PairReader` reads, [steps, batch,
        *shape] uint8 of A and of B, to [steps] float32 for each of
        `cyclegan.scalars`.
    """
    config = run.step_config
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
            part = images.to_channels(replicas.shard(cut), channels)
            pair.append(images.to_float(part))
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
