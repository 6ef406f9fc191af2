"""Present several data sets as one, without a copy of their images."""

import numpy as np

from ml.arrays import IMAGE_SIDE, Indices
from ml.data.mnist import LabelledImages


class ConcatDataset:
    """Concatenate parts, each the images of one data set at the given indices.

    Only the images of a batch are copied, so a million images cost no second million.
    """

    def __init__(self, *parts: tuple[LabelledImages, Indices]) -> None:
        self.labels = np.concatenate([data.labels[indices] for data, indices in parts])
        self._parts = [data for data, _ in parts]
        self._part_of = np.repeat(np.arange(len(parts)), [len(indices) for _, indices in parts])
        self._index_in_part = np.concatenate([indices for _, indices in parts])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: Indices) -> LabelledImages:
        images = np.empty((len(chosen), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
        for number, data in enumerate(self._parts):
            here = self._part_of[chosen] == number
            images[here] = data.images[self._index_in_part[chosen[here]]]
        return LabelledImages(images, self.labels[chosen])


def all_of(data: LabelledImages) -> tuple[LabelledImages, Indices]:
    """Return the data set with all of its indices, as a part of a `ConcatDataset`."""
    return data, np.arange(len(data))
