import numpy as np
import PIL.Image

from tf_dcgan.config import schema
from tf_dcgan.data.folders import listings
from tf_dcgan.training import generation


def test_all_that_a_start_asks_of_a_folder_is_one_listing(
    tmp_path, monkeypatch
):
    for name in "ab":
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(3):
            values = np.full((8 + 2 * number, 12), 1000 * number, np.uint16)
            image = PIL.Image.fromarray(values)
            image.save(tmp_path / "set" / name / f"{number}.png")
    asked = []
    find = listings.find
    monkeypatch.setattr(
        listings,
        "find",
        lambda *args, **kw: asked.append(1) or find(*args, **kw),
    )
    config = schema.Config(
        recipe="dcgan_small",
        dataset=str(tmp_path / "set"),
        cache_dir=str(tmp_path / "cache"),
        image_size="auto",
        conditional=True,
    )
    found = generation.resolve(config)
    assert found.num_classes == 2
    assert found.config.value_range == "0,2000"
    assert found.image_shape == (16, 20, 1)
    assert len(asked) == 1
