"""The comparison of a file with the Keras model that it was made of."""

import numpy as np
import pytest
import small_generators

from tf_dcgan.common import errors
from tf_dcgan.sampling.exports import agreement, interface


def _network(run, model):
    (network,) = interface.of_generation(run, model)
    return network


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    run = small_generators.run(tmp_path_factory.mktemp("run"))
    return _network(run, small_generators.generator())


@pytest.fixture(scope="module")
def reference(network):
    return agreement.Reference(network)


def _outputs(network, change=lambda images: images):
    def predict(latents):
        return change(network.model(latents, training=False).numpy())

    return predict


def test_the_largest_difference_of_all_images_is_found(network, reference):
    def change(images):
        images[-1, 27, 27, 0] += 0.25
        return images

    comparison = reference.compare(
        _outputs(network, change), takes_any_number=True
    )
    assert comparison.difference == pytest.approx(0.25, abs=1e-6)
    assert comparison.images == 9  # Eight at once, and one alone.


@pytest.mark.parametrize("takes_any_number", [True, False])
def test_the_model_agrees_with_itself(network, reference, takes_any_number):
    counts = []

    def predict(latents):
        counts.append(len(latents))
        return _outputs(network)(latents)

    comparison = reference.compare(predict, takes_any_number=takes_any_number)
    assert comparison.difference < 1e-6
    assert counts == ([8, 1] if takes_any_number else [1] * 8)


@pytest.mark.parametrize(
    "change",
    [
        lambda images: images * np.nan,
        lambda images: images[..., 0],
        lambda images: images.astype(np.float64),
    ],
)
def test_what_is_no_image_differs_without_end(network, reference, change):
    comparison = reference.compare(
        _outputs(network, change), takes_any_number=True
    )
    assert comparison.difference == np.inf


def test_every_class_is_compared(tmp_path):
    run = small_generators.run(tmp_path, 12)
    model = small_generators.generator(12)
    reference = agreement.Reference(_network(run, model))

    def predict(latents, labels):
        images = model([latents, labels], training=False).numpy()
        images[labels == 11] = 0.0
        return images

    comparison = reference.compare(predict, takes_any_number=True)
    assert comparison.difference > 0.1
    assert comparison.images == 13


def test_too_large_a_difference_is_refused_with_what_to_do():
    fine = agreement.Agreement(1e-6, 9)
    agreement.require(fine, "g.onnx", precision="float32", runtime="ort 1")
    coarse = agreement.Agreement(0.0011, 9)
    agreement.require(coarse, "g.onnx", precision="float16", runtime="ort 1")
    with pytest.raises(errors.UserError) as caught:
        agreement.require(
            coarse, "g.onnx", precision="float32", runtime="ort 1"
        )
    assert str(caught.value) == (
        "g.onnx, loaded by ort 1, differs from the Keras model by 0.0011 in "
        "[-1, 1], and 0.00098 is allowed: nothing is written; install another "
        "version of it, or leave this format out"
    )
    wrong = agreement.Agreement(np.inf, 9)
    with pytest.raises(errors.UserError, match="give --precision=float32"):
        agreement.require(wrong, "g", precision="float16", runtime="ort 1")
