"""The page in `examples/browser`, in a headless browser."""

import json

import numpy as np
import pytest
import small_generators

from benchmarks import browser
from tf_dcgan.common import images
from tf_dcgan.sampling.exports import export, formats

# What a person does at the page: waits, moves a slider, chooses a class.
_PAGE = """
const frame = document.createElement("iframe");
frame.src = "index.html";
document.body.append(frame);
const until = async (holds) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
const body = () => frame.contentDocument?.body;
await until(() => body()?.dataset.state !== undefined);
const element = (id) => frame.contentDocument.getElementById(id);
const seen = () => [
  element("position-value").textContent,
  element("picture").toDataURL(),
];
const states = [seen()];
const move = async (id, value) => {
  element(id).value = value;
  element(id).dispatchEvent(new Event("input"));
  const before = states.at(-1)[1];
  await until(() => element("picture").toDataURL() !== before);
  states.push(seen());
};
if (body().dataset.state === "ready") {
  await move("position", 2.5);
  await move("class", 2);
  await move("seed", 7);
}
await report({
  state: body().dataset.state,
  error: element("error").textContent,
  origin: element("origin").textContent,
  classes: element("class").length,
  states,
});
"""
_IMAGES = """
import { load } from "./generator.js";
import { standardNormal, spherical } from "./latents.js";
const generator = await load("model");
const latents = [0, 1, 2].map((seed) =>
  standardNormal(seed, generator.latentDim));
const pictures = await generator.images(latents, 1);
await report({
  latents: latents.map((each) => Array.from(each)),
  pixels: pictures.map((each) => Array.from(each.data)),
  moments: Array.from(standardNormal(5, 10000)),
  walk: [0, 0.25, 1].map((share) => Array.from(
    spherical(new Float32Array([2, 0]), new Float32Array([0, 4]), share))),
});
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An exported folder of a conditional generator, and the generator."""
    reason = browser.reason_against()
    if reason is not None:
        pytest.skip(f"the page needs a browser and its runtime: {reason}")
    for module in formats.FORMATS["onnx"].needs:
        pytest.importorskip(module, reason=f"needs {module}, an extra")
    folder = tmp_path_factory.mktemp("browser")
    run = small_generators.run(folder / "run", 3, content_box=(1, 2, 26, 24))
    generator = small_generators.generator(3)
    export.export(
        folder / "model",
        run,
        generator,
        format_names=["onnx"],
        precision="float32",
        step=1234,
        weights="ema",
        checkpoint="last",
    )
    return folder / "model", generator


@pytest.mark.slow
def test_the_page_answers_to_its_sliders(model):
    report = browser.run(_PAGE, model=model[0])
    assert (report["state"], report["error"]) == ("ready", "")
    assert report["origin"] == "dcgan_small, step 1,234, trained on glyphs"
    assert report["classes"] == 3
    positions, pictures = zip(*report["states"], strict=True)
    assert positions == ("0.50", "2.50", "2.50", "2.50")
    assert len(set(pictures)) == 4


@pytest.mark.slow
def test_the_browser_makes_the_images_of_the_keras_model(model):
    folder, generator = model
    report = browser.run(_IMAGES, model=folder)
    latents = np.array(report["latents"], np.float32)
    labels = np.full(3, 1, np.int32)
    expected = images.to_uint8(
        generator([latents, labels], training=False)[:, 1:27, 2:26]
    ).numpy()
    pixels = np.array(report["pixels"]).reshape(3, 26, 24, 4)
    for colour in range(3):
        difference = pixels[..., colour] - expected[..., 0].astype(int)
        assert abs(difference).max() <= 1
    assert (pixels[..., 3] == 255).all()
    numbers = np.array(report["moments"])
    # Five standard errors of the mean, and of the standard deviation.
    assert abs(numbers.mean()) < 0.05
    assert abs(numbers.std() - 1) < 0.036
    np.testing.assert_allclose(
        report["walk"],
        [
            [2, 0],
            [2.5 * np.cos(np.pi / 8), 2.5 * np.sin(np.pi / 8)],
            [0, 4],
        ],
        atol=1e-6,
    )


@pytest.mark.slow
def test_a_model_that_is_not_there_is_told_on_the_page(model, tmp_path):
    report = browser.run(_PAGE, model=tmp_path)
    assert report["state"] == "failed"
    assert report["error"] == "model/model.json is not there (404)"


def test_the_example_names_the_runtime_that_its_page_loads():
    package = json.loads((browser.EXAMPLE / "package.json").read_text())
    (name,) = package["dependencies"]
    text = (browser.EXAMPLE / "generator.js").read_text()
    assert f'from "./node_modules/{name}/dist/' in text
    ignored = (browser.EXAMPLE.parents[1] / ".gitignore").read_text()
    assert "/examples/browser/node_modules\n" in ignored
