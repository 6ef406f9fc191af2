"""MNIST's content is verified and split into training, validation and test images."""

import pytest

from ml.data import mnist
from ml.data.mnist import MnistError


def test_splits_off_validation_images(small_mnist_file):
    digits = mnist.load(*small_mnist_file)
    assert (len(digits.training), len(digits.validation), len(digits.test)) == (385, 35, 60)


def test_loads_the_real_mnist(real_mnist):
    whole = mnist.load(real_mnist)
    assert (len(whole.training), len(whole.validation), len(whole.test)) == (55_000, 5_000, 10_000)


def test_rejects_a_file_with_other_content(small_mnist_file):
    with pytest.raises(MnistError, match="does not contain MNIST"):
        mnist.load(small_mnist_file[0])
