import concurrent.futures
import gzip
import io
import os
import pathlib
import tarfile
import zipfile

import PIL.Image
import pytest

from tf_dcgan.common import errors
from tf_dcgan.data import domain_images, loading
from tf_dcgan.data.folders import archives, decoding, trees

KINDS = ("zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz")
_MODES = {"tar": "w", "tar.gz": "w:gz", "tgz": "w:gz"} | {
    f"tar.{kind}": f"w:{kind}" for kind in ("bz2", "xz")
}


def png(colour, size=(4, 4)):
    """An image as the bytes of a file, with a corner of another colour."""
    file = io.BytesIO()
    image = PIL.Image.new("L", size, colour)
    image.putpixel((size[0] - 1, size[1] - 1), 255)
    image.save(file, "PNG")
    return file.getvalue()


def write(path, members, *, kind="zip"):
    """Packs name → bytes; a name that ends in a slash is a folder."""
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return
    with tarfile.open(path, _MODES[kind]) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if name.endswith("/"):
                info.type = tarfile.DIRTYPE
            archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def load(tmp_path):
    def load_archive(path, split="train", **keywords):
        return loading.load(
            str(path),
            split,
            image_size=(4, 4),
            cache_dir=str(tmp_path / "cache"),
            **keywords,
        )

    return load_archive


MEMBERS = {
    "train/": b"",
    "train/dog/b.png": png(2),
    "train/cat/a.png": png(1),
    "valid/dog/c.png": png(3),
    "readme.txt": b"x",
    ".DS_Store": b"",
}


@pytest.mark.parametrize("top", ["", "photos/", "./a/b/"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_is_read_as_the_folder_that_it_was_made_of(
    load, tmp_path, kind, top
):
    path = tmp_path / f"photos.{kind}"
    members = {top + name: content for name, content in MEMBERS.items()}
    write(path, {"__MACOSX/x": b"", **members}, kind=kind)
    for name, content in MEMBERS.items():
        target = tmp_path / "folder" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if content:
            target.write_bytes(content)
    for split in ("train", "validation"):
        packed, plain = load(path, split), load(tmp_path / "folder", split)
        assert packed.fingerprint == plain.fingerprint
        assert packed.class_names == ("cat", "dog")
        assert packed.notes == plain.notes == ("1 file left out: 1 .txt",)
    assert loading.find(str(path)).splits == ("train", "validation")


def test_an_archive_that_changes_is_prepared_anew(load, tmp_path):
    for kind in ("zip", "tar"):
        path = tmp_path / f"x.{kind}"
        for colour in (1, 2):
            write(path, {"a.png": png(colour)}, kind=kind)
            os.utime(path, ns=(colour, colour))
            assert load(path).images[0, 0, 0, 0] == colour


def test_a_folder_in_an_archive_is_a_folder(load, tmp_path):
    write(tmp_path / "x.zip", {"a/1.png": png(1), "b/2.png": png(2)})
    assert load(tmp_path / "x.zip" / "b").images[0, 0, 0, 0] == 2
    with pytest.raises(errors.UserError, match="x.zip/c is not a folder"):
        load(tmp_path / "x.zip" / "c")


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_an_archive_must_not_hold_is_left_out_with_a_note(
    load, tmp_path, kind
):
    path = tmp_path / f"x.{kind}"
    names = ("/etc/a.png", "../b.png", "sub/../../c.png", "C:/d.png")
    members = {"good.png": png(7)} | dict.fromkeys(names, png(1))
    write(path, members, kind=kind)
    links = "x"
    if kind == "zip":
        with zipfile.ZipFile(path, "a") as archive:
            link = zipfile.ZipInfo("link.png")
            link.create_system, link.external_attr = 3, 0o120777 << 16
            archive.writestr(link, "/etc/passwd")
        links = "link.png"
    else:
        with tarfile.open(path, "a") as archive:
            for name, type_ in (
                ("device", tarfile.CHRTYPE),
                ("hard.png", tarfile.LNKTYPE),
                ("link.png", tarfile.SYMTYPE),
            ):
                info = tarfile.TarInfo(name)
                info.type, info.linkname = type_, "/etc/passwd"
                archive.addfile(info)
        links = "device, hard.png, link.png"
    array = load(path)
    assert array.images[:, 0, 0, 0].tolist() == [7]
    assert array.notes == (
        f"left out: {links}, no files but links or devices",
        "left out: ../b.png, /etc/a.png, C:/d.png, sub/../../c.png, names that "
        "lead out of the archive or are too deep",
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", path.name]


def test_runs_in_an_archive_are_left_out(load, tmp_path):
    run = {f"runs/0/{n}": b"" for n in ("config.json", "metrics.jsonl")}
    members = {"a.png": png(1), "runs/0/samples/b.png": png(2), **run}
    write(tmp_path / "x.zip", members)
    array = load(tmp_path / "x.zip")
    assert len(array.images) == 1
    assert array.notes == ("left out: runs/0, which is a run and no data",)


def _encrypt(path):
    write(path, {"a.png": png(1)})
    data = bytearray(path.read_bytes())
    for begin, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(begin) + offset] |= 1
    path.write_bytes(data)


def _cut(path):
    kind = path.name.partition(".")[2]
    write(path, {f"{i}.png": os.urandom(9000) for i in range(9)}, kind=kind)
    path.write_bytes(path.read_bytes()[:40_000])


def _garble(path):
    path.write_bytes(b"no archive" * 200)


def _damage_a_header(path):
    write(path, {f"{i}.png": os.urandom(900) for i in range(9)}, kind="tar")
    data = bytearray(path.read_bytes())
    data[3 * 1536 + 100 : 3 * 1536 + 300] = bytes(200)
    path.write_bytes(data)


def _fill_the_disk(path):
    with gzip.open(path, "wb") as file:
        file.write(bytes(50_000_000))


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("x.zip", _encrypt, "x.zip is encrypted: unpack it with its password"),
        ("x.zip", _cut, "x.zip is no whole .zip file"),
        ("x.tar", _cut, "x.tar is no whole .tar file"),
        ("x.tar.gz", _cut, "x.tar.gz is no whole .tar.gz file"),
        ("x.tar.xz", _cut, "x.tar.xz is no whole .tar.xz file"),
        ("x.zip", _garble, "x.zip is no whole .zip file"),
        ("x.tar", _garble, "x.tar is no whole .tar file"),
        ("x.tgz", _garble, "x.tgz is no whole .tgz file"),
        ("x.tar", _damage_a_header, "it is damaged from byte 4,608 on"),
        ("x.tgz", _fill_the_disk, "x.tgz holds more than 200 times as many"),
    ],
)
def test_an_archive_that_cannot_be_read_is_refused_in_a_line(
    load, tmp_path, monkeypatch, name, damage, words
):
    monkeypatch.setattr(archives, "_GROWN_FREELY_BYTES", 100_000)
    damage(tmp_path / name)
    with pytest.raises(errors.UserError) as caught:
        load(tmp_path / name)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert not list(tmp_path.glob("cache/*"))


def test_a_member_too_large_or_damaged_is_left_out(load, tmp_path, monkeypatch):
    members = {f"{i:02d}.png": png(i) for i in range(20)}
    members["large.png"] = png(1) + bytes(5000)
    write(tmp_path / "x.zip", members)
    data = (tmp_path / "x.zip").read_bytes()
    place = data.index(b"07.png") + 20
    damaged = data[:place] + b"xxxxx" + data[place + 5 :]
    (tmp_path / "x.zip").write_bytes(damaged)
    monkeypatch.setattr(archives, "_LARGEST_BYTES", 4000)
    array = load(tmp_path / "x.zip")
    assert len(array.images) == 19
    assert array.notes == (
        "2 of 21 files are damaged and left out: 07.png, large.png",
    )


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_many_threads_read_one_archive(tmp_path, kind):
    path = tmp_path / f"x.{kind}"
    write(path, {f"{i:03d}.png": png(i) for i in range(200)}, kind=kind)
    cache = str(tmp_path / "cache")
    files = sorted(trees.read(path, cache_dir=cache).files)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        colours = [image[0, 0, 0] for image in pool.map(decoding.read, files)]
    assert colours == list(range(200))


def test_a_folder_that_is_called_as_an_archive_is_a_folder(load, tmp_path):
    (tmp_path / "x.zip").mkdir()
    (tmp_path / "x.zip" / "a.png").write_bytes(png(5))
    assert load(tmp_path / "x.zip").images[0, 0, 0, 0] == 5
    assert archives.split(tmp_path / "x.zip" / "a.png") is None


def test_backslashes_of_windows_part_names(load, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("cat\\a.png", "dog\\b.png"):
            info = zipfile.ZipInfo(name)
            info.create_system = 0
            archive.writestr(info, png(1))
    assert load(tmp_path / "x.zip").class_names == ("cat", "dog")


def test_both_sets_of_a_translation_may_lie_in_one_archive(tmp_path):
    from tf_dcgan.config import overrides
    from tf_dcgan.data import domains

    names = ("trainA", "trainB", "testA")
    members = {f"f/{n}/a.png": png(i) for i, n in enumerate(names)}
    write(tmp_path / "f.tar.gz", {**members, "f/testB/": b""}, kind="tar.gz")
    cache = tmp_path / "my cache"
    config = overrides.from_flags(
        {
            "recipe": "cyclegan",
            "dataset": f"{tmp_path}/f.tar.gz",
            "cache_dir": str(cache),
        }
    )
    a, b = domains.find(config)
    assert a.title == f"{tmp_path}/f.tar.gz/trainA"
    assert b.test is None
    array = domain_images.load(config, b, (4, 4))
    assert array.images[:, 0, 0, 0].tolist() == [1]
    assert [p.suffix for p in cache.iterdir() if p.is_file()].count(".tar") == 1


@pytest.mark.parametrize("name", ["photos.zip", "./photos.zip", "d/photos.tar"])
def test_a_container_is_named_as_a_path(tmp_path, monkeypatch, name):
    from tf_dcgan.config import overrides

    monkeypatch.chdir(tmp_path)
    for text in (name, f"{name}:cat"):
        flags = {"recipe": "cyclegan", "dataset_a": text, "dataset_b": "mnist"}
        config = overrides.from_flags(flags)
        assert config.dataset_a == os.path.abspath(text)
        assert pathlib.Path(config.dataset_a).is_absolute()
