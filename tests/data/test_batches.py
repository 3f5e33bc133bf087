import threading

import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.data import batches


def indices(
    first_step, num_steps, *, batch_size=4, num_images=18, seed=0, stream=0
):
    return batches.batch_indices(
        first_step,
        num_steps,
        batch_size=batch_size,
        num_images=num_images,
        seed=seed,
        stream=stream,
    )


def test_an_epoch_shows_no_image_twice_and_drops_the_incomplete_batch():
    epoch = indices(0, 4)
    assert epoch.shape == (4, 4)
    assert epoch.dtype == np.int64
    assert len(set(epoch.ravel())) == 16
    assert set(epoch.ravel()) <= set(range(18))


def test_a_whole_number_of_batches_shows_every_image_once():
    epoch = indices(0, 3, batch_size=6)
    assert sorted(epoch.ravel()) == list(range(18))


def test_the_fifth_step_of_four_begins_a_new_epoch():
    steps = indices(0, 8)
    assert len(set(steps[4:].ravel())) == 16
    assert not np.array_equal(steps[:4], steps[4:])


def test_how_a_run_is_cut_into_calls_changes_no_batch():
    whole = indices(0, 23)
    pieces = [indices(0, 3), indices(3, 9), indices(12, 1), indices(13, 10)]
    np.testing.assert_array_equal(whole, np.concatenate(pieces))


def test_no_steps_are_an_empty_array():
    assert indices(5, 0).shape == (0, 4)


@pytest.mark.parametrize("other", [1, 2**31 - 1, 2**31, 2**32 + 1])
def test_another_seed_gives_another_order(other):
    assert not np.array_equal(indices(0, 4), indices(0, 4, seed=other))


def test_streams_have_orders_of_their_own():
    orders = [indices(0, 4, stream=stream).tolist() for stream in range(3)]
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_a_pair_is_read_from_both_sets_each_in_its_own_epochs():
    sets = [
        np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1)
        for count in (10, 6)
    ]
    pair = batches.PairReader(
        *(
            batches.Reader(images, batch_size=2, seed=0, stream=stream)
            for stream, images in enumerate(sets)
        )
    )
    pair.prefetch(3, 4)
    a, b = pair.take()
    pair.close()
    for stream, (pixels, images) in enumerate(zip((a, b), sets, strict=True)):
        expected = batches.batch_indices(
            3,
            4,
            batch_size=2,
            num_images=len(images),
            seed=0,
            stream=stream,
        )
        np.testing.assert_array_equal(pixels[..., 0, 0, 0], expected)
    # B's second epoch has begun and ended within A's.
    assert sorted(b[:3].ravel()) == list(range(6))
    assert pair.bytes_per_step == 4


def test_the_order_of_seed_0_stays_what_it_was():
    assert indices(0, 2).tolist() == [[14, 4, 17, 16], [9, 2, 10, 6]]


def test_the_orders_of_consecutive_epochs_do_not_correlate():
    orders = indices(0, 80, batch_size=3000, num_images=60_000)
    epochs = orders.reshape(4, 60_000)
    correlations = np.corrcoef([np.arange(60_000), *epochs])
    off_diagonal = correlations[np.triu_indices(5, k=1)]
    # The standard deviation of independent orders is 0.0041.
    assert np.all(np.abs(off_diagonal) < 0.016)


def test_a_set_of_one_image_has_an_order():
    assert indices(7, 2, batch_size=1, num_images=1).tolist() == [[0], [0]]


def test_a_batch_larger_than_the_set_is_refused():
    with pytest.raises(errors.UserError, match="--batch_size=19 .* 18 images"):
        indices(0, 1, batch_size=19)


def test_gather_reads_the_images_asked_for_from_a_memory_map(tmp_path):
    images = np.arange(10 * 2 * 2, dtype=np.uint8).reshape(10, 2, 2, 1)
    np.save(tmp_path / "images.npy", images)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    gathered = batches.gather(mapped, np.array([[3, 0, 3], [9, 1, 2]]))
    assert gathered.shape == (2, 3, 2, 2, 1)
    assert type(gathered) is np.ndarray
    assert gathered.flags.c_contiguous
    assert gathered.flags.writeable
    np.testing.assert_array_equal(gathered[0, 2], images[3])
    np.testing.assert_array_equal(gathered[1, 0], images[9])


NUMBERED = np.arange(18 * 2, dtype=np.uint8).reshape(18, 1, 2, 1)


@pytest.fixture
def reader():
    reader = batches.Reader(NUMBERED, batch_size=4, seed=3)
    yield reader
    reader.close()


def test_a_reader_takes_the_batches_of_its_seed_and_steps(reader):
    for step, count in ((0, 3), (3, 5), (1, 1)):
        reader.prefetch(step, count)
        expected = NUMBERED[indices(step, count, seed=3)]
        np.testing.assert_array_equal(reader.take()[0], expected)


def test_a_reader_reads_the_labels_of_the_same_images():
    labels = np.arange(18, dtype=np.int64) % 5
    reader = batches.Reader(NUMBERED, labels, batch_size=4, seed=3)
    reader.prefetch(3, 2)
    taken = reader.take()
    reader.close()
    image_indices = indices(3, 2, seed=3)
    np.testing.assert_array_equal(taken[0], NUMBERED[image_indices])
    np.testing.assert_array_equal(taken[1], image_indices % 5)
    assert taken[1].shape == (2, 4) and taken[1].dtype == np.int32
    images, of_images = reader.first(7)
    np.testing.assert_array_equal(of_images, images[:, 0, 0, 0] // 2 % 5)


def test_a_reader_gives_what_was_begun_last(reader):
    reader.prefetch(0, 2)
    reader.prefetch(2, 1)
    np.testing.assert_array_equal(
        reader.take()[0], NUMBERED[indices(2, 1, seed=3)]
    )


def test_a_reader_reads_while_others_work(reader, monkeypatch):
    may_read, gather = threading.Event(), batches.gather

    def wait(images, image_indices):
        assert may_read.wait(timeout=300)
        return gather(images, image_indices)

    monkeypatch.setattr(batches, "gather", wait)
    reader.prefetch(0, 1)  # Would wait here if it read at once.
    may_read.set()
    assert reader.take()[0].shape == (1, 4, 1, 2, 1)


def test_what_fails_in_a_readers_thread_is_raised_when_it_is_taken(
    reader, monkeypatch
):
    def fail(images, image_indices):
        raise OSError(5, "broken disk")

    monkeypatch.setattr(batches, "gather", fail)
    reader.prefetch(0, 1)
    with pytest.raises(OSError, match="broken disk"):
        reader.take()


def test_a_readers_first_images_are_those_of_the_first_epochs_order(reader):
    expected = NUMBERED[indices(0, 1, batch_size=7, seed=3)[0]]
    np.testing.assert_array_equal(reader.first(7)[0], expected)


def test_a_reader_knows_what_a_step_weighs(reader):
    assert reader.bytes_per_step == 4 * 2


def test_a_closed_reader_has_dropped_what_it_had_not_begun(reader, monkeypatch):
    begun, may_read = threading.Event(), threading.Event()
    read = []

    def wait(images, image_indices):
        begun.set()
        assert may_read.wait(timeout=300)
        read.append(len(image_indices))

    monkeypatch.setattr(batches, "gather", wait)
    threads = threading.active_count()
    reader.prefetch(0, 1)
    reader.prefetch(1, 2)
    assert begun.wait(timeout=300)
    threading.Timer(0.2, may_read.set).start()
    reader.close()
    assert read == [1]
    assert threading.active_count() <= threads
