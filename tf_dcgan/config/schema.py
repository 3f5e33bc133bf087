"""Every setting of a training run: name, default, help and bounds, once."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

from tf_dcgan.common import errors, words
from tf_dcgan.config import (
    device_field,
    fields,
    kinds,
    losses,
    recipes,
    sizes,
    step_ranges,
    value_ranges,
)

_SYSTEM = "System"
_DATA = "Data"
_LENGTH = "Length and cadence"
_OPTIMIZATION = "Optimization"
_MACHINE = "Machine and reproducibility"

EVALUATION = "Evaluation during training"  # Heading of --help.
DATASETS = ("dataset", "dataset_a", "dataset_b")
# Settings with folders and files that may be elsewhere when a run goes on.
MAY_MOVE = (*DATASETS, "labels")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
# The number of features of each layer of Inception that images are scored by.
FEATURE_DIMS = (64, 192, 768, 1280, 2048)
FEATURE_DIMS_IN_WORDS = (
    f"{', '.join(map(str, FEATURE_DIMS[:-1]))} or {FEATURE_DIMS[-1]}"
)
FITS = {
    "crop": "the largest central part of that shape is resized",
    "pad": "the whole image is resized and laid on background",
    "stretch": "the whole image is resized, also to another shape",
}
AUGMENTATIONS = ("color", "translation", "cutout")
_GENERATION = (kinds.GENERATION,)
_TRANSLATION = (kinds.TRANSLATION,)
_WITH_EXTRA_LAYERS = recipes.names(lambda recipe: recipe.takes_extra_layers)
_WITHOUT_BATCH_NORM = recipes.names(
    lambda recipe: (
        recipe.kind is kinds.GENERATION and not recipe.normalizes_discriminator
    )
)
_WITH_LABELS = recipes.names(lambda recipe: bool(recipe.conditionings))
_WITHOUT_LABELS = recipes.names(lambda recipe: not recipe.conditionings)
_WITHOUT_MAPS = recipes.names(
    lambda recipe: recipe.conditionings == ("projection",)
)


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings that determine a run and how it is watched.

    The defaults are the settings of the recipe `dcgan`; every other recipe is a
    set of differences from them. When a run starts, a field that is None gets
    its value from the other fields or from the data.
    """

    recipe: str = fields.setting(
        "dcgan",
        "which system to train",
        group=_SYSTEM,
        choices={k: v.summary for k, v in recipes.RECIPES.items()},
        shapes_networks=True,
    )
    width: float = fields.setting(
        1.0,
        "factor on every channel count of both networks",
        group=_SYSTEM,
        above=0,
        maximum=16,
        shapes_networks=True,
    )
    discriminator_width: float = fields.setting(
        1.0,
        "a further factor on the channel counts of D, after --width",
        group=_SYSTEM,
        above=0,
        maximum=16,
        shapes_networks=True,
    )
    latent_dim: int = fields.setting(
        100,
        "length of the latent vector",
        group=_SYSTEM,
        minimum=1,
        maximum=65_536,
        kinds=_GENERATION,
        shapes_networks=True,
    )
    image_size: str | None = fields.setting(
        None,
        "side of the images that the networks make, 32 or 48x64 (height x "
        "width); auto takes the shape of the images themselves",
        group=_SYSTEM,
        unit="pixels",
        unset="the smallest square the network can make that holds the data "
        "set's images, at most 64; for cyclegan at most 256",
    )
    residual_blocks: int | None = fields.setting(
        None,
        "residual blocks in the middle of each generator",
        group=_SYSTEM,
        minimum=1,
        maximum=64,
        unset="9 from 256 pixels on, 6 below",
        kinds=_TRANSLATION,
        shapes_networks=True,
    )
    extra_layers: int = fields.setting(
        0,
        "stride-1 convolutions added after each network's narrowest "
        f"resolution; for {' and '.join(_WITH_EXTRA_LAYERS)}",
        group=_SYSTEM,
        minimum=0,
        maximum=16,
        kinds=_GENERATION,
        shapes_networks=True,
    )
    batch_norm_scale: str = fields.setting(
        "one",
        "where the scales of batch normalisation start",
        group=_SYSTEM,
        choices={
            "one": "all at 1",
            "normal": "drawn from N(0, 0.02), as the kernels: a start at which "
            "the networks do next to nothing",
        },
        kinds=_GENERATION,
    )
    initial_bias: str = fields.setting(
        "zero",
        "where the biases of dense layers and convolutions start",
        group=_SYSTEM,
        choices={
            "zero": "all at 0",
            "uniform": "PyTorch's default, uniform in ±1/sqrt(inputs)",
        },
        kinds=_GENERATION,
    )
    discriminator_batch_norm: bool = fields.setting(
        True,
        "batch normalisation in D; without it penalties, consistency and "
        "--spectral_norm mean what their sources say; for all recipes but "
        f"{' and '.join(_WITHOUT_BATCH_NORM)}, which have none",
        group=_SYSTEM,
        kinds=_GENERATION,
        shapes_networks=True,
    )
    conditional: bool = fields.setting(
        False,
        "tell G and D the class of each image, so that sampling can choose a "
        "class; for labelled sets, in all recipes but "
        f"{' and '.join(_WITHOUT_LABELS)}",
        group=_SYSTEM,
        kinds=_GENERATION,
        shapes_networks=True,
    )
    conditioning: str = fields.setting(
        "concatenation",
        "how the networks of --conditional are told the class",
        group=_SYSTEM,
        choices={
            "concatenation": "more numbers of the latent vector, and more maps "
            f"of the image; not for {' and '.join(_WITHOUT_MAPS)}",
            "projection": "scales and shifts of each class in G, and a "
            "direction of each class among D's last features",
        },
        kinds=_GENERATION,
        shapes_networks=True,
    )
    loss: str = fields.setting(
        "non_saturating",
        "what D and G minimise",
        group=_SYSTEM,
        choices=losses.SUMMARIES,
    )
    init_from: str | None = fields.setting(
        None,
        "a run with the same networks, whose weights and averages this run "
        "begins with: its folder for its last checkpoint, or RUN:best for its "
        "best; the optimizers and the steps begin anew",
        group=_SYSTEM,
        unset="weights drawn by --seed",
    )
    dataset: str | None = fields.setting(
        "mnist",
        "mnist, fashion_mnist, kmnist, cifar10, celeb_a, any other TFDS name "
        "with an image feature, glyphs (digits drawn from fonts, no download), "
        "or a folder of images, also as .zip or .tar (.tar.gz), or an .npy or "
        ".npz of images, written as a path: ./photos, ~/photos; a bare name is "
        "never a folder. For cyclegan a TFDS name or a folder with trainA and "
        "trainB",
        group=_DATA,
        unset="--dataset_a and --dataset_b",
    )
    dataset_a: str | None = fields.setting(
        None,
        "images to translate: a name or a folder, as --dataset takes them for "
        "other recipes; name:class takes one class alone, such as "
        "cifar10:horse",
        group=_DATA,
        unset="trainA of --dataset",
        kinds=_TRANSLATION,
    )
    dataset_b: str | None = fields.setting(
        None,
        "the images to translate into: a name or a folder, as for --dataset_a",
        group=_DATA,
        unset="trainB of --dataset",
        kinds=_TRANSLATION,
    )
    data_dir: str | None = fields.setting(
        None,
        "folder with prepared data sets: a TFDS folder, or for the MNIST "
        "family the raw *-ubyte[.gz] files or mnist.npz",
        group=_DATA,
        unset="TFDS's own default, downloading what is missing",
        on_resume="free",
    )
    cache_dir: str | None = fields.setting(
        None,
        "folder for the prepared, memory-mapped arrays",
        group=_DATA,
        unset="tf_dcgan in the user's cache folder",
        on_resume="free",
    )
    labels: str | None = fields.setting(
        None,
        "a .csv (file, class) or .json ({file: class}) with the classes of a "
        "folder's images; images without a row are left out",
        group=_DATA,
        unset="the folders of images are the classes, if there are any",
        kinds=_GENERATION,
    )
    batch_size: int = fields.setting(
        64,
        "images per update; an epoch's last incomplete batch is dropped",
        group=_DATA,
        unit="images",
        minimum=1,
        maximum=65_536,
    )
    crop: str | None = fields.setting(
        None,
        "central part of the original images to take before they are resized, "
        "178 or 178x128 (height x width)",
        group=_DATA,
        unit="pixels",
        unset="178x178 for celeb_a, the whole image for all others",
    )
    value_range: str | None = fields.setting(
        None,
        "of images of more than 8 bits, the values that become black and "
        "white, such as 0,4095; for cyclegan also 0,4095:-1000,3000, of A and "
        "of B",
        group=_DATA,
        unset="the lowest and the highest value of all images of the set",
    )
    frames: str = fields.setting(
        "first",
        "which images of a file with many, such as a TIFF of several pages or "
        "an animation",
        group=_DATA,
        choices={
            "first": "the first alone",
            "all": "each is an image of the set",
        },
    )
    fit: str | None = fields.setting(
        None,
        "how the original images get the shape that the networks make",
        group=_DATA,
        choices=FITS,
        unset="images smaller by at most a fifth are laid on background, all "
        "others cropped",
    )
    horizontal_flip: bool = fields.setting(
        False,
        "mirror each real image with probability 1/2, anew in every step; for "
        "images in which left and right mean the same, such as faces",
        group=_DATA,
    )
    random_crop: bool = fields.setting(
        False,
        "bring real images to 286/256 of the size, and cut the size out at a "
        "random place, anew in every step",
        group=_DATA,
        kinds=_TRANSLATION,
    )
    load_size: str | None = fields.setting(
        None,
        "size that real images are brought to before the random crop, 286 or "
        "600x800 (height x width)",
        group=_DATA,
        unit="pixels",
        unset="286/256 of the size; with --crop_size the images' own",
        kinds=_TRANSLATION,
    )
    crop_size: str | None = fields.setting(
        None,
        "size of the random crops and of the networks, instead of "
        "--image_size, so that images are trained at the scale that they have "
        "at --load_size; 256 or 256x512 (height x width)",
        group=_DATA,
        unit="pixels",
        unset="--image_size",
        kinds=_TRANSLATION,
    )
    epochs: int = fields.setting(
        50,
        "passes over the training images; may grow when a run goes on",
        group=_LENGTH,
        unit="epochs",
        minimum=1,
        maximum=1_000_000,
        on_resume="free",
    )
    steps: int | None = fields.setting(
        None,
        "iterations in all, instead of --epochs; may grow when a run goes on",
        group=_LENGTH,
        unit="steps",
        minimum=1,
        maximum=1_000_000_000,
        unset="the steps of --epochs",
        on_resume="free",
    )
    log_every: int = fields.setting(
        50,
        "interval of the scalars in metrics.jsonl and TensorBoard",
        group=_LENGTH,
        unit="steps",
        minimum=1,
        maximum=1_000_000_000,
        on_resume="free",
    )
    sample_every: int = fields.setting(
        500,
        "interval of the sample grids; there is one after the first step too",
        group=_LENGTH,
        unit="steps",
        minimum=1,
        maximum=1_000_000_000,
        on_resume="free",
    )
    checkpoint_every: int = fields.setting(
        500,
        "interval of the checkpoints; there is one at least every five minutes",
        group=_LENGTH,
        unit="steps",
        minimum=1,
        maximum=1_000_000_000,
        on_resume="free",
    )
    evaluate_every: int = fields.setting(
        0,
        "interval of the scores, which find the best checkpoint; 0 for none",
        group=EVALUATION,
        unit="steps",
        minimum=0,
        maximum=1_000_000_000,
        on_resume="free",
    )
    on_collapse: str = fields.setting(
        "warn",
        "what to do when samples collapse, D is dead or numbers are not finite",
        group=_LENGTH,
        choices={
            "warn": "say so; numbers that are not finite end the run, as they "
            "do with stop",
            "rollback": "go back to the best checkpoint, or without "
            "--evaluate_every to the last good one (further, if it has "
            "collapsed from there too), and on with other noise and smaller "
            "learning rates",
            "stop": "save the run and end",
        },
        on_resume="free",
    )
    max_rollbacks: int = fields.setting(
        3,
        "how often a run may go back before it ends; for "
        "--on_collapse=rollback",
        group=_LENGTH,
        minimum=1,
        maximum=1000,
        on_resume="free",
    )
    rollback_rate: float = fields.setting(
        0.5,
        "factor on both learning rates after each rollback; for "
        "--on_collapse=rollback",
        group=_LENGTH,
        above=0,
        maximum=1.0,
        on_resume="free",
    )
    evaluate_metric: str = fields.setting(
        "fid",
        "which score to take; less is better",
        group=EVALUATION,
        choices={"fid": "Fréchet distance", "kid": "kernel distance"},
        on_resume="free",
    )
    evaluate_features: str = fields.setting(
        "classifier",
        "the network whose features of the images are compared",
        group=EVALUATION,
        choices={
            "classifier": "a small network trained on the labelled set",
            "inception": "the network of published FIDs, up to a layer",
            "keras_inception": "Keras's own, whole; slow on a CPU",
        },
        on_resume="free",
    )
    evaluate_feature_dim: int = fields.setting(
        64,
        f"which layer of inception: {FEATURE_DIMS_IN_WORDS}",
        group=EVALUATION,
        minimum=64,
        maximum=2048,
        on_resume="free",
    )
    inception_weights: str | None = fields.setting(
        None,
        "file with inception's weights: the official .tgz or .pb, or an .npz",
        group=EVALUATION,
        unset="the cache, else a download",
        on_resume="free",
    )
    evaluate_samples: int = fields.setting(
        2048,
        "images made for each score; a translation takes at most so many of "
        "each set",
        group=EVALUATION,
        unit="images",
        minimum=100,
        maximum=1_000_000,
        on_resume="free",
    )
    evaluate_split: str = fields.setting(
        "test",
        "the split of --dataset to compare generated images with; at most "
        "10,000 of its images",
        group=EVALUATION,
        on_resume="free",
        kinds=_GENERATION,
    )
    real_label: float = fields.setting(
        0.9,
        "D's target for real images (one-sided label smoothing); 1 where the "
        "loss has no targets",
        group=_OPTIMIZATION,
        minimum=0.0,
        maximum=1.0,
    )
    fake_label: float = fields.setting(
        0.0,
        "D's target for generated images; 0.1 is the two-sided smoothing of "
        "AIRI's slides",
        group=_OPTIMIZATION,
        minimum=0.0,
        maximum=1.0,
    )
    generator_learning_rate: float = fields.setting(
        2e-4,
        "Adam's learning rate for G",
        group=_OPTIMIZATION,
        above=0,
        maximum=1.0,
    )
    discriminator_learning_rate: float = fields.setting(
        2e-4,
        "Adam's learning rate for D",
        group=_OPTIMIZATION,
        above=0,
        maximum=1.0,
    )
    learning_rate_decay: str = fields.setting(
        "none",
        "how both learning rates change; fixes the length of the run",
        group=_OPTIMIZATION,
        choices={
            "none": "they stay as they are",
            "linear": "they fall linearly to 0 over all steps",
            "second_half": "they fall linearly to 0 in the second half of the "
            "steps",
        },
    )
    beta_1: float = fields.setting(
        0.5,
        "Adam's decay of the first moment, for G and D",
        group=_OPTIMIZATION,
        minimum=0.0,
        maximum=0.9999,
    )
    discriminator_updates: str = fields.setting(
        "separate",
        "how D learns in each step",
        group=_OPTIMIZATION,
        choices={
            "separate": "one update on generated, one on real images",
            "joint": "one update on the sum of both losses",
        },
        kinds=_GENERATION,
    )
    discriminator_loss: str = fields.setting(
        "sum",
        "how D's losses on real and on generated images are put together",
        group=_OPTIMIZATION,
        choices={"sum": "their sum", "mean": "their mean"},
        kinds=_GENERATION,
    )
    r1_gamma: float = fields.setting(
        0.0,
        "weight of the penalty R1, gamma / 2 times the mean squared slope of "
        "D at real images; 0 turns it off",
        group=_OPTIMIZATION,
        minimum=0.0,
        maximum=1_000_000.0,
    )
    r2_gamma: float = fields.setting(
        0.0,
        "weight of the penalty R2, which is R1 at generated images; 0 turns it "
        "off",
        group=_OPTIMIZATION,
        minimum=0.0,
        maximum=1_000_000.0,
    )
    consistency: float = fields.setting(
        0.0,
        "weight of the squared change of D's output, of real and of generated "
        "images, when an image moves by up to 4 pixels (and is mirrored, with "
        "--horizontal_flip); 10 in its source, 0 turns it off",
        group=_OPTIMIZATION,
        minimum=0.0,
        maximum=1_000_000.0,
    )
    augment: str | None = fields.setting(
        None,
        "random changes to every image that D sees, real and generated, for "
        "small sets: color, translation and cutout, separated by commas; G's "
        "own images stay as they are",
        group=_OPTIMIZATION,
        unset="none",
    )
    minibatch_stddev: bool = fields.setting(
        False,
        "tell D before its last layer how much the images of a batch differ",
        group=_OPTIMIZATION,
        kinds=_GENERATION,
        shapes_networks=True,
    )
    spectral_norm: bool = fields.setting(
        False,
        "divide each weight matrix of D by its largest singular value",
        group=_OPTIMIZATION,
        shapes_networks=True,
    )
    generator_updates: int = fields.setting(
        2,
        "updates of G in each step",
        group=_OPTIMIZATION,
        minimum=1,
        maximum=16,
        kinds=_GENERATION,
    )
    generator_latents: str = fields.setting(
        "shared",
        "which latent vectors G's updates use",
        group=_OPTIMIZATION,
        choices={
            "shared": "the vectors of D's update, and their forward pass",
            "new": "new vectors, with a forward pass of their own",
        },
        kinds=_GENERATION,
    )
    generator_batch: int = fields.setting(
        1,
        "the batch of G's updates as a multiple of --batch_size; above 1 needs "
        "--generator_latents=new",
        group=_OPTIMIZATION,
        minimum=1,
        maximum=16,
        kinds=_GENERATION,
    )
    lambda_cycle: float = fields.setting(
        10.0,
        "weight of the cycle consistency",
        group=_OPTIMIZATION,
        minimum=0.0,
        maximum=1_000_000.0,
        kinds=_TRANSLATION,
    )
    lambda_identity: float = fields.setting(
        0.5,
        "weight of the identity loss, as a share of --lambda_cycle",
        group=_OPTIMIZATION,
        minimum=0.0,
        maximum=1_000_000.0,
        kinds=_TRANSLATION,
    )
    ema_decay: float = fields.setting(
        0.999,
        "decay of the moving average of G's weights, with which samples and "
        "exported files are made; 0 turns averaging off",
        group=_OPTIMIZATION,
        minimum=0.0,
        maximum=0.999999,
    )
    seed: int = fields.setting(
        0,
        "determines initial weights, data order and noise",
        group=_MACHINE,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )
    deterministic: bool | None = fields.setting(
        None,
        "bit-identical results on the same machine and thread count",
        group=_MACHINE,
        unset="on for a CPU, off for a GPU",
    )
    precision: str = fields.setting(
        "float32",
        "arithmetic of the training step; mixed_float16 scales the losses",
        group=_MACHINE,
        choices=PRECISIONS,
    )
    device: str = device_field.device(_MACHINE)
    xla: str = fields.setting(
        "auto",
        "whether XLA compiles the training step",
        group=_MACHINE,
        choices={
            "auto": "on for a GPU with cuDNN 9.24 or newer, off for a CPU",
            "on": "always",
            "off": "never",
        },
        on_resume="free",
    )
    distribute: str = fields.setting(
        "none",
        "whether a step is split over several devices",
        group=_MACHINE,
        choices={
            "none": "one device: the first GPU, or the CPU",
            "mirrored": "all GPUs of this machine, or --devices of them",
            "multi_worker": "the processes that TF_CONFIG names, on one "
            "machine or on many",
        },
        on_resume="free",
    )
    devices: int | None = fields.setting(
        None,
        "how many devices --distribute=mirrored takes; without a GPU so many "
        "parts of the CPU",
        group=_MACHINE,
        minimum=1,
        maximum=1024,
        unset="all GPUs",
        on_resume="free",
    )
    sync_batch_norm: bool = fields.setting(
        True,
        "whether batch normalisation takes the statistics of the whole batch "
        "where it is split over devices, not of each part",
        group=_MACHINE,
    )
    profile_steps: str | None = fields.setting(
        None,
        "first and last step of a trace for TensorBoard of what the device "
        "and the host do, such as 100:120",
        group=_MACHINE,
        unset="no trace",
        on_resume="free",
    )

    def __post_init__(self):
        """Checks every value, and the values that depend on each other."""
        fields.check(self)
        loss = losses.LOSSES[self.loss]
        if not loss.has_labels:
            object.__setattr__(self, "real_label", 1.0)
            object.__setattr__(self, "fake_label", 0.0)
        if loss.joint_updates:
            object.__setattr__(self, "discriminator_updates", "joint")
        self._check_sets()
        self._check_abilities()
        if self.real_label <= self.fake_label:
            raise errors.UserError(
                f"--real_label={self.real_label} must be above "
                f"--fake_label={self.fake_label}: D learns to tell them apart"
            )
        check_feature_dim("evaluate_feature_dim", self.evaluate_feature_dim)
        for name in ("image_size", "crop", "load_size", "crop_size"):
            text = getattr(self, name)
            if text is None or (name == "image_size" and text == sizes.AUTO):
                continue
            height, width = sizes.parse(name, text)
            object.__setattr__(self, name, f"{height}x{width}")
        if self.generator_batch > 1 and self.generator_latents != "new":
            raise errors.UserError(
                f"--generator_batch={self.generator_batch} needs more latent "
                "vectors than D's update has: give --generator_latents=new too"
            )
        if self.augment is not None:
            object.__setattr__(self, "augment", _augment(self.augment))
        self._check_random_crops()
        self._check_value_range()
        self._check_distribution()
        if self.profile_steps is not None:
            first, last = step_ranges.parse("profile_steps", self.profile_steps)
            object.__setattr__(self, "profile_steps", f"{first}:{last}")

    def _check_random_crops(self):
        """Checks what says how large random crops are, and of what."""
        flags = [
            f"--{name}={getattr(self, name)}"
            for name in ("load_size", "crop_size")
            if getattr(self, name) is not None
        ]
        if flags and not self.random_crop and self.kind is kinds.TRANSLATION:
            raise errors.UserError(
                f"{' and '.join(flags)} would do nothing with --random_crop="
                "false: leave one of them out"
            )
        if self.crop_size is None:
            return
        if self.image_size not in (None, self.crop_size):
            raise errors.UserError(
                f"--image_size={self.image_size} and "
                f"--crop_size={self.crop_size} both give the size of the "
                "networks: give one of them"
            )
        object.__setattr__(self, "image_size", self.crop_size)

    def _check_distribution(self):
        """Checks that what is asked for can be done on several devices."""
        if self.devices is not None and self.distribute != "mirrored":
            raise errors.UserError(
                f"--devices={self.devices} means something to "
                "--distribute=mirrored alone: give that too, or leave it out"
            )
        if not self.is_split:
            return
        refused = [
            ("xla", "on", "off"),
            ("precision", "mixed_float16", "float32 or mixed_bfloat16"),
        ]
        if self.distribute == "multi_worker":
            refused.append(("on_collapse", "rollback", "warn or stop"))
        for name, value, others in refused:
            if getattr(self, name) == value:
                raise errors.UserError(
                    f"--{name}={value} cannot be combined with "
                    f"--distribute={self.distribute}: give --{name}={others}"
                )

    def _check_abilities(self):
        """Checks that the recipe can do what the settings ask of it."""
        recipe = recipes.RECIPES[self.recipe]
        if (
            not self.discriminator_batch_norm
            and self.recipe in _WITHOUT_BATCH_NORM
        ):
            raise errors.UserError(
                "--nodiscriminator_batch_norm means nothing to recipe "
                f"{self.recipe}, whose D has none anyway: leave it out, or "
                "take another --recipe, such as dcgan"
            )
        if self.extra_layers and not recipe.takes_extra_layers:
            raise errors.UserError(
                f"--extra_layers={self.extra_layers} means nothing to recipe "
                f"{self.recipe}: give it to "
                f"{' or '.join(_WITH_EXTRA_LAYERS)}, or leave it out"
            )
        if self.conditional and not recipe.conditionings:
            raise errors.UserError(
                f"--conditional means nothing to recipe {self.recipe}, which "
                f"is told no classes: give it to {', '.join(_WITH_LABELS)}, or "
                "leave it out"
            )
        if self.conditional and self.conditioning not in recipe.conditionings:
            raise errors.UserError(
                f"--conditioning={self.conditioning} needs a discriminator "
                f"that sees maps, and recipe {self.recipe} has none: give "
                f"--conditioning={' or '.join(recipe.conditionings)}"
            )
        if self.conditioning == "projection" and not self.conditional:
            raise errors.UserError(
                "--conditioning=projection means something with --conditional "
                "alone: give that too, or leave it out"
            )
        losses_of_kind = losses.of_kind(recipe.kind)
        if self.loss not in losses_of_kind:
            raise errors.UserError(
                f"--loss={self.loss} does not train recipe {self.recipe}: "
                f"give {' or '.join(losses_of_kind)}"
            )

    def _check_value_range(self):
        """Checks `value_range`, and writes it in one way."""
        if self.value_range is None:
            return
        ranges = value_ranges.parse(self.value_range)
        is_of_one = ":" not in self.value_range
        if not is_of_one and not self.translates:
            raise errors.UserError(
                f"--value_range={self.value_range} has the ranges of two sets, "
                f"and recipe {self.recipe} has one: give one range, as in "
                "0,4095"
            )
        text = value_ranges.write(*ranges[: 1 if is_of_one else 2])
        object.__setattr__(self, "value_range", text)

    def _check_sets(self):
        """Checks that one data set is named, or two for a translation."""
        pair = (self.dataset_a, self.dataset_b)
        if self.kind is kinds.GENERATION:
            if self.dataset is None:
                raise errors.UserError(
                    "--dataset needs a value: give a data set or a folder"
                )
            return
        if (pair.count(None), self.dataset is None) not in (
            (0, True),
            (2, False),
        ):
            named_sets = [
                f"--{name}={getattr(self, name)}"
                for name in DATASETS
                if getattr(self, name) is not None
            ]
            raise errors.UserError(
                f"recipe {self.recipe} needs two sets of images, and got "
                f"{' '.join(named_sets) or 'none'}: give --dataset_a and "
                "--dataset_b, or a --dataset that has both, such as "
                "cycle_gan/horse2zebra"
            )

    @property
    def kind(self) -> kinds.Kind:
        """Whether the recipe makes images from noise or from other images."""
        return recipes.RECIPES[self.recipe].kind

    @property
    def translates(self) -> bool:
        """Whether the recipe makes images from other images."""
        return self.kind is kinds.TRANSLATION

    @property
    def is_split(self) -> bool:
        """Whether a step is split over devices, or over processes."""
        return self.distribute != "none"

    @property
    def rates_fall(self) -> bool:
        """Whether learning rates fall over the run, which fixes its length."""
        return self.learning_rate_decay != "none"

    @property
    def mean_label(self) -> float:
        """The mean of D's targets for real and for generated images.

        A D that cannot tell these images apart does best with this answer.
        """
        return (self.real_label + self.fake_label) / 2

    @property
    def title(self) -> str:
        """The data in a word or two, for names and headings."""
        if self.dataset is not None:
            return self.dataset
        return f"{self.dataset_a} and {self.dataset_b}"

    @property
    def network(self) -> str:
        """Key into `tf_dcgan.models.families.NETWORKS`."""
        return recipes.RECIPES[self.recipe].network

    @property
    def augmentations(self) -> tuple[str, ...]:
        """The random changes of `augment`, in the order of `AUGMENTATIONS`."""
        return tuple(self.augment.split(",")) if self.augment else ()

    @property
    def central_crop(self) -> tuple[int, int] | None:
        """(height, width) of `crop` in pixels, or None."""
        return None if self.crop is None else sizes.parse("crop", self.crop)

    @property
    def ranges_of_values(
        self,
    ) -> tuple[value_ranges.Range | None, value_ranges.Range | None]:
        """`value_range` of A and of B; of one set twice the same."""
        if self.value_range is None:
            return None, None
        return value_ranges.parse(self.value_range)

    @property
    def steps_to_profile(self) -> tuple[int, int] | None:
        """The first and the last step of `profile_steps`, or None."""
        if self.profile_steps is None:
            return None
        return step_ranges.parse("profile_steps", self.profile_steps)

    def steps_per_epoch(self, num_images: int, of: str | None = None) -> int:
        """Returns the whole batches in an epoch.

        Args:
            num_images: size of the training split.
            of: the data set with these images, in words; None for `title`.

        Raises:
            errors.UserError: there are fewer images than in one batch.
        """
        if self.batch_size > num_images:
            raise errors.UserError(
                f"--batch_size={self.batch_size} is more than the "
                f"{words.counted(num_images, 'image')} of {of or self.title}: "
                f"allowed is {words.at_least_1(num_images)}; the command "
                "inspect recommends settings for so few"
            )
        return num_images // self.batch_size

    def total_steps(self, steps_per_epoch: int) -> int:
        """Returns the length of the run in steps.

        Args:
            steps_per_epoch: whole batches in the training split.
        """
        return self.steps or self.epochs * steps_per_epoch


def to_json(config: Config) -> dict[str, Any]:
    """Returns the settings by name, ready for JSON."""
    return dataclasses.asdict(config)


def from_json(values: Mapping[str, Any]) -> Config:
    """Makes a config from what `to_json` returned.

    A setting that is younger than the run takes its default, never the value
    of the recipe: a new setting's default is what runs did without it.

    Args:
        values: the settings by name.

    Raises:
        errors.UserError: a setting is unknown, or its value is not allowed.
    """
    names = {field.name for field in dataclasses.fields(Config)}
    unknown = sorted(set(values) - names)
    if unknown:
        raise errors.UserError(
            "this version of tf_dcgan does not know its settings "
            f"{', '.join(unknown)}: use the version that wrote them"
        )
    return Config(**values)


def _augment(text: str) -> str:
    """Checks `--augment`, and writes it in one way."""
    changes = [word.strip() for word in text.split(",")]
    for word in changes:
        if word not in AUGMENTATIONS:
            raise errors.UserError(
                f"--augment={text} has {word!r}: give one or more of "
                f"{', '.join(AUGMENTATIONS)}, separated by commas"
            )
    return ",".join(name for name in AUGMENTATIONS if name in changes)


def augment_for(channels: int) -> str:
    """Returns the `augment` to recommend for few images.

    Args:
        channels: 1 or 3; gray images have no colours to change.
    """
    return ",".join(AUGMENTATIONS if channels == 3 else AUGMENTATIONS[1:])


def check_feature_dim(name: str, feature_dim: int) -> None:
    """Checks that a setting names a layer of Inception.

    Args:
        name: the setting's name.
        feature_dim: the number of features.

    Raises:
        errors.UserError: no layer has so many features.
    """
    if feature_dim not in FEATURE_DIMS:
        raise errors.UserError(
            f"--{name}={feature_dim} is no layer: give {FEATURE_DIMS_IN_WORDS}"
        )
