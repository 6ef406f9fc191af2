"""The optimizers for training from scratch and for continuing from the live version."""

import math
from typing import Final

from ml.training.libraries import keras, tf

LEARNING_RATE_FROM_SCRATCH: Final = 1e-2  # for Muon
LEARNING_RATE_FROM_LIVE: Final = 1e-3  # for AdamW
WARMUP_SHARE: Final = 0.1  # of the steps; then the learning rate decays along a cosine
WEIGHT_DECAY: Final = 1e-3


class Muon(keras.optimizers.Muon):
    """Muon for the kernels of convolutions, and AdamW for all other weights.

    Muon orthogonalizes updates, which makes them equally large in all directions (K. Jordan et
    al., "Muon: An Optimizer for Hidden Layers in Neural Networks", 2024). Muon needs matrices, and
    Keras uses AdamW for all other shapes. Here, a kernel (3, 3, in, out) is treated as a matrix of
    shape (9 * in, out). The updates are scaled to the size of AdamW's (J. Liu et al., "Muon
    Is Scalable for LLM Training", 2025, section 2.2).
    """

    def __init__(
        self, learning_rate: keras.optimizers.schedules.LearningRateSchedule | float
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay=WEIGHT_DECAY,
            adam_weight_decay=WEIGHT_DECAY,
            adam_beta_2=0.99,
            rms_rate=None,  # Keras would scale by the kernel's first two dimensions, 3 and 3.
        )

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) != 4

    def zeropower_via_newtonschulz5(self, x: tf.Tensor, steps: int) -> tf.Tensor:
        """Return a kernel's update, orthogonalized and scaled to the size of AdamW's."""
        matrix = tf.reshape(x, (-1, x.shape[-1]))
        size = 0.2 * math.sqrt(max(matrix.shape))
        return tf.reshape(size * super().zeropower_via_newtonschulz5(matrix, steps), x.shape)


def muon_optimizer(steps: int) -> keras.Optimizer:
    """Return the optimizer for training from scratch. Muon needs few steps."""
    return Muon(_schedule(LEARNING_RATE_FROM_SCRATCH, steps))


def adamw_optimizer(steps: int) -> keras.Optimizer:
    """Return the optimizer for training that continues from the live version."""
    schedule = _schedule(LEARNING_RATE_FROM_LIVE, steps)
    return keras.optimizers.AdamW(schedule, weight_decay=WEIGHT_DECAY)


def _schedule(rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    warmup_steps = round(WARMUP_SHARE * steps)
    return keras.optimizers.schedules.CosineDecay(
        rate / 10, max(1, steps - warmup_steps), warmup_target=rate, warmup_steps=warmup_steps
    )
