"""TensorFlow and Keras, imported without their messages about GPUs and processors."""

import os

from ml.native_messages import native_messages_hidden

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with native_messages_hidden():
    import keras
    import tensorflow as tf

__all__ = ["keras", "tf"]
