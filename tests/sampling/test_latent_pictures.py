import numpy as np
import pytest

from tf_dcgan.sampling import latent_pictures


def _shades(*shape, channels):
    """Images of one colour each, no two alike."""
    count = int(np.prod(shape))
    shades = np.arange(100, 100 + count, dtype=np.uint8)
    shades = shades.reshape(*shape, 1, 1, 1)
    return np.broadcast_to(shades, [*shape, 28, 28, channels]).copy()


def _place(picture, shade):
    """(top, left) of the 56 x 56 pixels of one shade, which are there once."""
    mask = (picture == shade).all(axis=-1)
    # Single pixels of the captions may have the shade too.
    rows = np.flatnonzero(mask.sum(axis=1) >= 56)
    columns = np.flatnonzero(mask.sum(axis=0) >= 56)
    top, left = int(rows[0]), int(columns[0])
    assert len(rows) == len(columns) == 56
    assert mask[top : top + 56, left : left + 56].all()
    return top, left


def test_a_strip_has_a_row_for_each_walk():
    walks = _shades(2, 3, channels=3)
    picture = latent_pictures.strip(walks, ["a", "b"], caption="c")
    assert picture.shape[2] == 3
    places = [_place(picture, 100 + k) for k in range(6)]
    assert [top for top, _ in places] == [32, 32, 32, 92, 92, 92]
    lefts = [left for _, left in places]
    assert lefts[:3] == lefts[3:]
    assert np.diff(lefts[:3]).tolist() == [60, 60]


def test_a_walk_of_many_frames_goes_on_in_further_rows():
    walks = _shades(2, 33, channels=1)
    picture = latent_pictures.strip(walks, ["a", "b"], caption="c")
    places = [_place(picture, 100 + k) for k in range(66)]
    tops = [32] * 17 + [92] * 16 + [152] * 17 + [212] * 16
    assert [top for top, _ in places] == tops
    lefts = [left for _, left in places[:17]]
    assert [left for _, left in places[50:]] == lefts[:16]


@pytest.mark.slow
def test_the_longest_walk_is_about_as_wide_as_high():
    walks = np.zeros((10, 1000, 4, 4, 1), np.uint8)
    height, width, _ = latent_pictures.strip(
        walks, ["a"] * 10, caption=""
    ).shape
    assert 0.5 < width / height < 2


def test_the_animation_of_a_loop_leaves_out_the_end_of_each_segment():
    walks = _shades(2, 3, channels=1)
    frames = latent_pictures.animation(walks, loop=True)
    assert [frame[0, 0, 0] for frame in frames] == [100, 101, 103, 104]
    frames = latent_pictures.animation(walks, loop=False)
    assert [frame[0, 0, 0] for frame in frames] == [100, 101, 103, 104, 105]
    assert frames[0].shape == (280, 280, 1)


def test_the_arithmetic_stands_in_columns_that_lead_to_the_framed_result():
    tiles = _shades(27, channels=3)
    columns = [
        latent_pictures.Column(
            name, "title", "1,2", tiles[5 * k : 5 * k + 5], tiles[15 + k]
        )
        for k, name in enumerate("ABC")
    ]
    picture = latent_pictures.arithmetic(
        columns, tiles[18:], note="note", caption="caption"
    )
    places = [_place(picture, 100 + k) for k in range(27)]
    # Five samples take two columns of four rows, the means are in one line
    # with the last row of the result, and nothing is left of what it leads to.
    assert [top for top, _ in places[:5]] == [116, 116, 176, 176, 236]
    means, results = places[15:18], places[18:]
    assert {top for top, _ in means} == {results[-1][0]}
    lefts = [left for _, left in means]
    assert lefts == sorted(lefts)
    assert lefts[-1] < results[0][1]
    # White, just around the image in the middle.
    top, left = results[4]
    assert (picture[top - 3, left : left + 56] == 255).all()
    assert (picture[top : top + 56, left - 3] == 255).all()
    top, left = results[0]
    assert (picture[top - 3, left : left + 56] == 48).all()


def test_few_samples_leave_room_for_the_result():
    tiles = _shades(15, channels=1)
    columns = [
        latent_pictures.Column(name, "", "1", tiles[k : k + 1], tiles[3 + k])
        for k, name in enumerate("ABC")
    ]
    picture = latent_pictures.arithmetic(
        columns, tiles[6:], note="", caption=""
    )
    places = [_place(picture, 100 + k) for k in range(15)]
    assert {top for top, _ in places[:3]} == {116}
    assert {top for top, _ in places[3:6]} == {places[-1][0]}


def test_the_arithmetic_states_what_repeats_it(monkeypatch):
    written = {}
    write = latent_pictures._Canvas.write

    def spy(canvas, text, x, y, *arguments, **more):
        written[text] = x, y
        write(canvas, text, x, y, *arguments, **more)

    monkeypatch.setattr(latent_pictures._Canvas, "write", spy)
    tiles = _shades(15, channels=1)
    numbers = ",".join(f"2147483647:{k}" for k in range(9_000_000, 9_000_016))
    columns = [
        latent_pictures.Column(name, "", those, tiles[k : k + 1], tiles[3 + k])
        for k, (name, those) in enumerate(
            (("A", "7,19"), ("B", numbers), ("C", "5"))
        )
    ]
    latent_pictures.arithmetic(columns, tiles[6:], note="", caption="seed 3")
    assert written["seed 3"][1] < written["A"][1] < written["7, 19"][1]
    assert written["7, 19"][0] == written["A"][0]
    lines = [text.rstrip(",") for text in written if "2147483647" in text]
    assert ",".join(lines) == numbers
