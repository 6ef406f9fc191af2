"""MNIST's content is verified and split by the use of the images."""

import numpy as np
import pytest

from ml.data import mnist
from ml.data.mnist import MnistError


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
