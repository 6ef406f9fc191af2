"""MNIST's content is verified and split by the use of the images."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import numpy as np
import pytest

from ml.data import mnist
from ml.data.mnist import ARRAYS, MnistError, content_digest


def sizes(digits):
    parts = (digits.training, digits.calibration, digits.validation, digits.test)
    return tuple(map(len, parts))


def test_splits_off_calibration_and_validation_images(small_mnist_file):
    digits = mnist.load(*small_mnist_file)
    assert sizes(digits) == (385, 14, 21, 60)


def test_loads_the_real_mnist(real_mnist):
    whole = mnist.load(real_mnist)
    assert sizes(whole) == (55_000, 2000, 3000, 10_000)


def test_rejects_a_file_with_other_content(small_mnist_file):
    with pytest.raises(MnistError, match="does not contain MNIST"):
        mnist.load(small_mnist_file[0])


def test_rejects_a_file_that_is_not_readable_without_details_of_numpy(tmp_path, small_mnist_file):
    whole = small_mnist_file[0].read_bytes()
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, x_train=np.array([{}], object))
    damaged = bytearray(whole)
    damaged[2000:2200] = bytes(200)
    contents = (b"", b"text", whole[:5000], bytes(damaged), pickled.read_bytes())
    for content in contents:
        path = tmp_path / "mnist.npz"
        path.write_bytes(content)
        with pytest.raises(MnistError) as caught:
            mnist.load(path)
        assert str(caught.value) == (
            f"{path} is damaged, or it is not an .npz file with the arrays x_train, y_train, "
            "x_test, y_test. If you have set MNIST_PATH, replace the file. Otherwise, delete it "
            "to download it again."
        )


def load_changed(path, small_mnist_file, change):
    """Load the small MNIST after `change` was called with its arrays, and with its new digest."""
    with np.load(small_mnist_file[0]) as file:
        arrays = {name: file[name] for name in ARRAYS}
    arrays |= change(**arrays)
    np.savez(path, **arrays)
    return mnist.load(path, content_digest(*(arrays[name] for name in ARRAYS)))


@pytest.mark.parametrize(
    "change",
    [
        lambda x_train, **_: {"x_train": x_train.reshape(-1, 784)},
        lambda x_train, **_: {"x_train": x_train / 255},
        lambda y_train, **_: {"y_train": y_train.astype(int)},
        lambda y_train, **_: {"y_train": y_train + np.uint8(1)},
        lambda y_test, **_: {"y_test": y_test[:-1]},
        lambda y_test, **_: {"y_test": y_test[0]},
    ],
)
def test_rejects_another_data_set_that_is_not_in_the_format(tmp_path, small_mnist_file, change):
    with pytest.raises(MnistError, match="is not in MNIST's format"):
        load_changed(tmp_path / "other.npz", small_mnist_file, change)


@pytest.mark.parametrize(
    "change",
    [
        lambda y_train, **_: {"y_train": np.where(y_train == 4, np.uint8(9), y_train)},
        lambda x_train, y_train, **_: {"x_train": x_train * (y_train != 4)[:, None, None]},
    ],
)
def test_rejects_another_data_set_without_images_of_a_digit(tmp_path, small_mnist_file, change):
    with pytest.raises(MnistError, match=r"^The training images of .* do not show .* digits: 4\."):
        load_changed(tmp_path / "other.npz", small_mnist_file, change)


@contextmanager
def answering(body, length):
    """Serve `body` at every URL, with `length` as its length."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.handle_request, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/mnist.npz"


@pytest.mark.parametrize(
    ("length", "reason"), [(5, "the answer is not MNIST"), (99, "IncompleteRead")]
)
def test_reports_a_download_that_is_not_mnist_or_was_cut(tmp_path, monkeypatch, length, reason):
    with answering(b"login", length) as url:
        monkeypatch.setattr(mnist, "URL", url)
        with pytest.raises(MnistError, match=rf"^MNIST cannot be downloaded from {url} \({reason}"):
            mnist.fetch(tmp_path / "mnist.npz")
    assert not list(tmp_path.iterdir())
