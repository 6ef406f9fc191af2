"""MNIST's content is verified and split by the use of the images."""

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
