import dataclasses

import keras
import networks
import pytest
import tensorflow as tf

from tf_dcgan.common import devices
from tf_dcgan.config import overrides, schema
from tf_dcgan.gan import cyclegan, cyclegan_state, gan
from tf_dcgan.models.fast import winograd
from tf_dcgan.training import cost, kinds

# Two operations, a product and a sum, at each of the kernel's positions.
G_SMALL = 2 * (
    100 * 7 * 7 * 128  # project
    + 7 * 7 * (5 * 5 * 128 * 64)  # from 7x7x128 to 14x14x64
    + 14 * 14 * (5 * 5 * 64 * 1)  # from 14x14x64 to 28x28x1
)
D_SMALL = 2 * (
    14 * 14 * (5 * 5 * 1 * 64)  # from 28x28x1 to 14x14x64
    + 7 * 7 * (5 * 5 * 64 * 128)  # from 14x14x64 to 7x7x128
    + 7 * 7 * 128  # logits
)
SHAPE = (28, 28, 1)


def small(**settings):
    return schema.Config(recipe="dcgan_small", **settings)


def operations(**settings):
    return cost.estimate(small(**settings), SHAPE).operations


@pytest.mark.slow
def test_a_forward_pass_costs_what_its_kernels_multiply():
    generator, discriminator = networks.of_config(small(), SHAPE)
    assert cost.forward_operations(generator) == G_SMALL == 21_952_000
    assert cost.forward_operations(discriminator) == D_SMALL == 20_710_144


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings, forwards_g, forwards_d",
    [
        # G: two passes forth, two back of two each. D: two with its update
        # of three each, and for each of G's updates one forth and one back.
        ({}, 2 + 2 * 2, 2 * 3 + 2 * 2),
        ({"discriminator_updates": "joint"}, 2 + 2 * 2, 2 * 3 + 2 * 2),
        ({"generator_updates": 1}, 1 + 2, 2 * 3 + 2),
        ({"generator_latents": "new"}, 3 + 2 * 2, 2 * 3 + 2 * 2),
    ],
)
def test_a_step_costs_the_passes_of_its_schedule(
    settings, forwards_g, forwards_d
):
    per_image = forwards_g * G_SMALL + forwards_d * D_SMALL
    assert operations(**settings) == 64 * per_image
    assert operations(**settings, batch_size=3) == 3 * per_image


def live_operations(graph):
    """Names of the operations that a result or a variable depends on."""
    waiting = [tensor.op for tensor in graph.outputs]
    waiting += [o for o in graph.get_operations() if "Assign" in o.type]
    live = set()
    while waiting:
        operation = waiting.pop()
        if operation.name not in live:
            live.add(operation.name)
            waiting += [tensor.op for tensor in operation.inputs]
            waiting += operation.control_inputs
    return live


def profiled_operations(config, image_shape):
    """What TensorFlow's profiler counts in one traced step."""
    return operations_of_graph(
        lambda: gan.create_state(config, image_shape),
        lambda state: lambda images: gan.update(state, config, images),
        [tf.TensorSpec([config.batch_size, *image_shape], tf.float32)],
    )


def operations_of_graph(create, step, specs):
    """What TensorFlow's profiler counts in a step of a state, once traced.

    Without the forms of convolutions that need fewer multiplications, which
    some processors take.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "pays", lambda *_, **__: False)
        function = tf.function(step(create()), autograph=False)
        graph = function.get_concrete_function(*specs).graph
    profiler = tf.compat.v1.profiler
    options = (
        profiler.ProfileOptionBuilder(
            profiler.ProfileOptionBuilder.float_operation()
        )
        .with_accounted_types(["MatMul", "Conv2D.*"])
        .with_empty_output()
        .build()
    )
    # The traced graph has gradients that nobody asked for; they never run.
    live = live_operations(graph)
    total, waiting = 0, [profiler.profile(graph, options=options)]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.name in live:
            total += node.float_ops
    return total


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"generator_latents": "new", "generator_updates": 1},
        {"extra_layers": 1, "width": 0.5},
        {"r1_gamma": 1.0, "spectral_norm": True},
        {"loss": "wasserstein_gp"},
        {"loss": "relativistic", "r1_gamma": 1.0, "r2_gamma": 1.0},
        {"consistency": 10.0},
        {"generator_latents": "new", "generator_batch": 2},
    ],
)
def test_the_estimate_is_what_tensorflow_counts_in_a_step(settings):
    config = small(batch_size=2, **settings)
    counted = profiled_operations(config, SHAPE)
    estimated = cost.estimate(config, SHAPE).operations
    # The first layers' inputs need no gradients, which it leaves out.
    assert estimated == pytest.approx(counted, rel=0.03)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lambda_identity": 0.0},
        {"r1_gamma": 1.0, "r2_gamma": 1.0, "consistency": 10.0},
    ],
    ids=["as_it_is", "no_identity", "penalised"],
)
def test_a_translation_costs_what_tensorflow_counts(settings):
    config = overrides.from_flags(
        {
            "recipe": "cyclegan",
            "dataset_a": "glyphs",
            "dataset_b": "mnist",
            "width": 0.125,
            "residual_blocks": 2,
            "batch_size": 1,
            **settings,
        }
    )
    shape = (512, 512, 3)
    counted = operations_of_graph(
        lambda: cyclegan_state.create_state(config, shape),
        lambda state: lambda a, b: cyclegan.update(state, config, a, b),
        [tf.TensorSpec([1, *shape], tf.float32)] * 2,
    )
    estimated = cost.estimate(config, shape).operations
    # The profiler counts padding as if it were image; here it is narrow.
    assert estimated == pytest.approx(counted, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe, shape, products_g, products_d",
    [
        (
            "vanilla_gan",
            (28, 28, 1),
            100 * 256 + 256 * 512 + 512 * 1024 + 1024 * 784,
            784 * 512 + 512 * 256 + 256,
        ),
        (
            "dcgan_upsampling",
            (32, 32, 1),
            100 * 8192
            + 16 * 16 * (3 * 3 * 128 * 128)
            + 32 * 32 * (3 * 3 * 128 * 64 + 3 * 3 * 64 * 1),
            16 * 16 * (3 * 3 * 1 * 16)
            + 8 * 8 * (3 * 3 * 16 * 32)
            + 4 * 4 * (3 * 3 * 32 * 64)
            + 2 * 2 * (3 * 3 * 64 * 128)
            + 512,
        ),
        # Transposed, every input pixel meets the kernel; TensorFlow's
        # profiler takes stride and padding for granted and counts more.
        (
            "dcgan_28",
            (28, 28, 1),
            3 * 3 * 64 * 256
            + 3 * 3 * (4 * 4 * 256 * 128)
            + 6 * 6 * (3 * 3 * 128 * 64)
            + 13 * 13 * (4 * 4 * 64 * 1),
            13 * 13 * (4 * 4 * 1 * 16) + 5 * 5 * (4 * 4 * 16 * 32) + 4 * 4 * 32,
        ),
    ],
)
def test_every_layer_costs_what_its_kernel_multiplies(
    recipe, shape, products_g, products_d
):
    config = overrides.from_flags({"recipe": recipe})
    pair = networks.of_config(config, shape)
    assert [cost.forward_operations(model) for model in pair] == [
        2 * products_g,
        2 * products_d,
    ]


def test_an_estimate_makes_no_weights(monkeypatch):
    def refuse(*unused, **unused_too):
        raise RuntimeError("a weight was made")

    monkeypatch.setattr(keras.initializers.RandomNormal, "__call__", refuse)
    with pytest.raises(RuntimeError, match="a weight was made"):
        networks.of_config(small(), SHAPE)
    assert operations() > 0


@pytest.mark.slow
def test_memory_grows_with_weights_and_activations(monkeypatch):
    monkeypatch.setattr(winograd, "pays", lambda *_, **__: False)

    def gibibytes(**settings):
        config = schema.Config(**settings)
        return cost.estimate(config, (32, 32, 1)).memory_bytes / 2**30

    # 19.1 million weights, of G five and of D four numbers each, twice.
    weights = 2 * 4 * (5 * 18_049_793 + 4 * 1_031_489) / 2**30
    small_batch, large_batch = gibibytes(batch_size=1), gibibytes()
    assert small_batch == pytest.approx(0.684 + weights, rel=0.02)
    per_image = (large_batch - small_batch) / 63 * 2**30 / 4
    # The maps of G and D below, each with what normalises and activates it,
    # and their gradients.
    maps_g = 16384 + 3 * (8 * 8 * 512 + 16 * 16 * 256) + 2 * 32 * 32 + 100
    maps_d = 32 * 32 + 3 * (16 * 16 * 64 + 8 * 8 * 128 + 4 * 4 * 256) + 1
    assert per_image == pytest.approx(2 * (maps_g + maps_d), rel=0.01)
    assert gibibytes(width=16) > 40


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ({}, 1),
        ({"r1_gamma": 1.0}, 2),
        ({"consistency": 10.0}, 2),
        ({"r1_gamma": 1.0, "r2_gamma": 1.0, "consistency": 10.0}, 3),
        ({"loss": "wasserstein_gp"}, 2),
        ({"loss": "relativistic"}, 2),
        ({"loss": "relativistic", "r1_gamma": 1.0, "r2_gamma": 1.0}, 4),
        ({"generator_latents": "new", "generator_batch": 3}, 3),
    ],
)
def test_what_d_keeps_for_an_update_depends_on_its_loss(settings, calls):
    config = schema.Config(**settings)
    assert kinds.of(config).passes(config).discriminator_calls == calls


@pytest.mark.slow
def test_memory_grows_with_what_d_keeps(monkeypatch):
    monkeypatch.setattr(winograd, "pays", lambda *_, **__: False)

    def bytes_taken(**settings):
        return cost.estimate(small(**settings), SHAPE).memory_bytes

    maps_d = 28 * 28 + 3 * (14 * 14 * 64 + 7 * 7 * 128) + 1
    taken = bytes_taken(r1_gamma=1.0) - bytes_taken()
    assert taken == pytest.approx(64 * 2 * 4 * maps_d, rel=0.01)


@pytest.mark.parametrize("spectral_norm", [False, True])
def test_fewer_products_take_memory_beside_the_maps(monkeypatch, spectral_norm):
    def bytes_taken():
        config = schema.Config(spectral_norm=spectral_norm)
        return cost.estimate(config, (32, 32, 1)).memory_bytes

    monkeypatch.setattr(devices, "cpu", lambda: devices.Cpu.AMX)
    taken = bytes_taken()
    monkeypatch.setattr(winograd, "pays", lambda *_, **__: False)
    # Of 36 values in float32 those of inputs, outputs and kernel: of 8x8x512 to
    # 16x16x256, and twice of 8x8x128 to 4x4x256, in tiles of 4x4.
    generator = 256 * 512 + 256 * 4 * 256 + 512 * 4 * 256
    discriminator = 64 * 4 * 128 + 64 * 256 + 4 * 128 * 256
    expected = 36 * 4 * (generator + 2 * discriminator)
    assert taken - bytes_taken() == expected


@pytest.mark.slow
def test_an_estimate_can_be_made_of_the_widest_network():
    config = schema.Config(width=16)
    ratio = cost.estimate(config, (32, 32, 1)).operations / (
        cost.estimate(
            dataclasses.replace(config, width=1.0), (32, 32, 1)
        ).operations
    )
    assert 200 < ratio < 256


def test_an_estimate_leaves_nothing_to_be_allocated_later():
    class Doubled(keras.layers.Layer):
        def call(self, inputs):  # Its shape is found in a stateless scope.
            return 2.0 * inputs

    # Allocated, its first dense layer alone would take 64 GiB.
    config = schema.Config(width=16, latent_dim=65_536)
    cost.estimate(config, (32, 32, 1))
    assert Doubled()(keras.Input([3])).shape == (None, 3)
