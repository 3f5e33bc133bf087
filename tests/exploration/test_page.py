"""The page of `explore`, asked as a browser asks, and as other sites would."""

import contextlib
import http.client
import io
import json
import pathlib
import re
import shlex
import threading
import urllib.parse

import browser
import numpy as np
import PIL.Image
import pytest

import benchmarks.browser
from tf_dcgan.commands import dispatch, explore
from tf_dcgan.common import errors, files
from tf_dcgan.exploration import explorer, server
from tf_dcgan.runs import runs
from tf_dcgan.sampling import generators, latent_files, samplers

_PICKED = {"a": "1,5,9", "b": "2,7:6,10", "c": "3,7,11"}


@pytest.fixture(scope="module")
def parts(trained):
    """The run, its generator and a sampler."""
    run = runs.open_run(trained[0])
    generator, _ = generators.load_generator(run)
    return run, generator, samplers.of_run(run, generator)


@contextlib.contextmanager
def served(parts, out, **more):
    run, generator, _ = parts
    shown = explorer.Explorer(
        run, generator, origin="ema weights of step 45", out=out, **more
    )
    page = server.Server(shown, 0)
    thread = threading.Thread(target=page.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield page
    finally:
        page.shutdown()
        thread.join()
        page.server_close()


@pytest.fixture(scope="module")
def page(parts, tmp_path_factory):
    with served(parts, tmp_path_factory.mktemp("explored")) as page:
        yield page


def ask(page, path, query=(), *, method="GET", body=None, **changed):
    """Sends a request as the page does, but for what is changed.

    A header that is changed to None is left out.
    """
    port = page.server_address[1]
    headers = {
        "Host": f"127.0.0.1:{port}",
        "X-Explore-Token": page.token,
        "Sec-Fetch-Site": "same-origin",
    }
    headers |= {name.replace("_", "-"): text for name, text in changed.items()}
    headers = {name: text for name, text in headers.items() if text is not None}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    if query:
        path += f"?{urllib.parse.urlencode(query)}"
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def pixels(content):
    with PIL.Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


def save(page, **query):
    answer, content = ask(page, "/save", method="POST", body=json.dumps(query))
    return answer.status, json.loads(content)


def test_only_this_machine_can_connect(page):
    assert page.server_address[0] == "127.0.0.1"
    assert page.url.startswith("http://127.0.0.1:")


def test_the_page_loads_nothing_and_may_be_framed_by_nobody(page):
    answer, content = ask(
        page,
        "/",
        {"token": page.token},
        X_Explore_Token=None,
        Sec_Fetch_Site="none",
    )
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'nonce-")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    nonce = re.search("script-src 'nonce-([^']+)'", policy)[1]
    text = content.decode()
    assert text.count(f'nonce="{nonce}"') == 3
    assert "https://" not in text
    # Neither an attribute nor a rule leads elsewhere.
    assert set(re.findall(r'(?:src|href)="([^"]*)"', text)) == {"data:,"}
    assert "url(" not in text and "@import" not in text


@pytest.mark.parametrize(
    "changed",
    [
        {"Host": "evil.example:8765"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"X_Explore_Token": None},
        {"X_Explore_Token": "x"},
        {"X_Explore_Token": ""},
    ],
)
def test_who_is_not_the_page_gets_nothing_and_saves_nothing(
    page, parts, tmp_path, changed
):
    with served(parts, tmp_path / "out") as own:
        for path in ("/", "/tiles.png", "/walk.png"):
            answer, content = ask(own, path, _PICKED, **changed)
            assert answer.status == 403
            assert own.token.encode() not in content
        answer, _ = ask(
            own,
            "/save",
            method="POST",
            body=json.dumps({"kind": "grid"}),
            **changed,
        )
        assert answer.status == 403
    assert not (tmp_path / "out").exists()


def test_the_pages_own_origin_may_save(page):
    port = page.server_address[1]
    for origin in (f"http://127.0.0.1:{port}", f"http://localhost:{port}"):
        answer, _ = ask(page, "/tiles.png", Origin=origin)
        assert answer.status == 200


def test_a_token_in_the_address_opens_the_page_alone(page):
    query = {"token": page.token}
    for path in ("/tiles.png", "/nowhere"):
        assert ask(page, path, query, X_Explore_Token=None)[0].status == 403
    answer, _ = ask(page, "/save", query, method="POST", X_Explore_Token=None)
    assert answer.status == 403
    assert ask(page, "/nowhere")[0].status == 404


def test_the_grid_shows_the_samples_of_a_seed(page, parts):
    _, content = ask(page, "/tiles.png", {"seed": "7"})
    shown = pixels(content).reshape(8, 28, 8, 28).swapaxes(1, 2)
    np.testing.assert_array_equal(
        shown.reshape(64, 28, 28), parts[2](7, 0, 64)[..., 0]
    )


def test_the_frames_of_a_walk_begin_and_end_at_its_samples(page, parts):
    answer, content = ask(
        page, "/frames.png", {"a": "3", "b": "17", "frames": "5"}
    )
    assert answer.headers["X-Frames"] == "5"
    shown = pixels(content).reshape(5, 28, 28)
    samples = parts[2](0, 0, 64)[..., 0]
    np.testing.assert_array_equal(shown[0], samples[3])
    np.testing.assert_array_equal(shown[-1], samples[17])
    assert not np.array_equal(shown[2], shown[0])


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "grid", "seed": "4"},
        {"kind": "walk", "seed": "4", "frames": "3", "loop": "true"},
        {"kind": "walk", "seed": "4", "method": "linear"},
        {"kind": "arithmetic", "seed": "4", "rescale": "true"},
    ],
    ids=lambda query: "-".join(query.values()),
)
def test_what_is_saved_is_made_again_by_its_command(
    page, tmp_path, query, monkeypatch
):
    status, reply = save(page, **query, **_PICKED)
    assert status == 200
    *pictures, note = map(pathlib.Path, reply["files"])
    command = reply["command"]
    assert note.read_text() == f"{command}\n"
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "tf_dcgan"]
    (out,) = [word for word in words if word.startswith("--out=")]
    saved = out.removeprefix("--out=")
    words[words.index(out)] = f"--out={tmp_path}/{saved.rpartition('/')[2]}"
    dispatch.COMMANDS[words[3]].main(words[3:])
    assert len(pictures) == len(list(tmp_path.iterdir())) > 0
    for picture in pictures:
        again = tmp_path / picture.name
        assert again.read_bytes() == picture.read_bytes()


def test_the_picture_that_is_shown_is_the_one_that_is_saved(page):
    for kind in ("walk", "arithmetic"):
        _, content = ask(page, f"/{kind}.png", _PICKED)
        _, reply = save(page, kind=kind, **_PICKED)
        with PIL.Image.open(reply["files"][0]) as saved:
            np.testing.assert_array_equal(pixels(content), np.asarray(saved))


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("/tiles.png", {"seed": "-1"}, "seed=-1 is out of range: 0 to 2,147"),
        ("/tiles.png", {"seed": "9" * 30}, "is out of range"),
        ("/tiles.png", {"seed": "٣"}, "is out of range"),
        ("/tiles.png", {"source": "file"}, "no file of latents was given"),
        ("/walk.png", {"a": "1"}, "choose two at least"),
        ("/walk.png", {"a": "1,x"}, "'x' is not the number of a sample"),
        ("/walk.png", {"a": "1,2", "frames": "61"}, "2 to 60"),
        ("/walk.png", {"a": "1,2", "method": "x"}, "spherical, linear"),
        ("/walk.png", {"a": ",".join(["1"] * 17)}, "at most 16"),
        ("/walk.png", {"a": "1,/etc/x.npz:0"}, "was not given"),
        ("/arithmetic.png", {"a": "1", "b": "2"}, "each of A, B and C"),
    ],
)
def test_a_wrong_value_is_told_in_a_line(page, path, query, message):
    answer, content = ask(page, path, query)
    assert answer.status == 400
    error = json.loads(content)["error"]
    assert message in error and "\n" not in error


@pytest.mark.parametrize("body", ["", "[]", '{"seed": 1}', "x", "[" * 9999])
def test_a_strange_body_is_refused(page, body):
    answer, _ = ask(page, "/save", method="POST", body=body)
    assert answer.status == 400
    assert save(page, kind="x")[0] == 400


def test_a_full_disk_is_told_and_the_page_goes_on(page, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(files, "atomic_file", full)
    status, reply = save(page, kind="grid")
    assert status == 500
    assert "No space left on device" in reply["error"]
    assert ask(page, "/tiles.png")[0].status == 200


def test_latents_of_a_file_are_points_too(parts, tmp_path):
    file = tmp_path / "inverted.npz"
    vectors = parts[2].latents(
        explorer.latents.parse_points("4,9", flag="", seed=3)
    )
    latent_files.write(file, vectors, {})
    with served(parts, tmp_path, latents_file=str(file)) as page:
        _, content = ask(page, "/tiles.png", {"source": "file"})
        shown = pixels(content)[:, :56].reshape(28, 2, 28).swapaxes(0, 1)
        samples = parts[2](3, 0, 64)[..., 0]
        np.testing.assert_array_equal(shown, samples[[4, 9]])
        status, reply = save(page, kind="walk", a=f"{file}:1", b="5")
        assert status == 200
        assert f"--indices={file}:1,5" in reply["command"]
        status, reply = save(page, kind="walk", a=f"{file}:2", b="5")
        assert status == 400


def test_ctrl_c_ends_the_page(trained, tmp_path, monkeypatch, capsys):
    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(server.Server, "serve_forever", interrupted)
    explore.main(
        [
            "explore",
            f"--run_dir={trained[0]}",
            "--port=0",
            f"--out={tmp_path / 'out'}",
        ]
    )
    first, *_, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", first)
    assert last == "the page has ended"
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_told(page, trained, tmp_path):
    port = page.server_address[1]
    with pytest.raises(errors.UserError, match=f"--port={port} cannot be had"):
        explore.main(
            [
                "explore",
                f"--run_dir={trained[0]}",
                f"--port={port}",
                f"--out={tmp_path}",
            ]
        )


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--port=65536", "0 to 65,535"),
        ("--out=", "--out= is empty"),
        ("--out=/dev/null/x", "cannot be written"),
        ("--latents=a.npy", "is no file of latents"),
        ("--latents=nowhere.npz", "nowhere.npz does not exist"),
    ],
)
def test_a_mistake_is_told_before_anything_is_loaded(trained, flag, message):
    with pytest.raises(errors.UserError, match=message):
        explore.main(["explore", f"--run_dir={trained[0]}", flag])


@pytest.mark.skipif(
    benchmarks.browser.chromium() is None, reason="needs a Chromium"
)
def test_a_person_collects_images_and_sees_and_saves(parts, tmp_path):
    with served(parts, tmp_path / "out") as page, browser.opened() as tab:
        tab.open(page.url)
        tab.wait("document.querySelectorAll('#tiles button').length == 64")
        assert tab.evaluate("document.getElementById('save_walk').disabled")
        for name, points in (("a", "159"), ("b", "260"), ("c", "37")):
            tab.click(f"[data-concept={name}]")
            for point in points:
                tab.click(f"[data-point='0:{point}']")
        tab.wait("document.getElementById('arithmetic').naturalWidth")
        tab.wait("document.getElementById('walk').naturalWidth")
        tab.wait("!document.getElementById('player').hidden")
        assert tab.evaluate("document.getElementById('place').max") == "77"
        tab.click("#next")
        tab.wait("document.querySelector('[data-point=\"1:63\"]') !== null")
        # Another click takes an image out again.
        tab.click("#collected_c button")
        tab.click("#save_walk")
        command = tab.wait(
            "(document.querySelector('#saved code') || {}).textContent"
        )
        assert "--seed=1" in command
        assert "--indices=0:1,0:5,0:9,0:2,0:6,0:0,0:7" in command
        assert len(list((tmp_path / "out").iterdir())) == 3
        tab.click("[data-clear=a]")
        tab.wait("document.getElementById('arithmetic').hidden")
        assert tab.errors == []
        hosts = {
            urllib.parse.urlsplit(address).netloc
            for address in tab.requests
            if not address.startswith(("blob:", "data:"))
        }
        assert hosts == {f"127.0.0.1:{page.server_address[1]}"}
