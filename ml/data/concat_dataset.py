"""Concatenate data sets without copying their images."""

import numpy as np

from ml.arrays import IMAGE_SIDE, Indices
from ml.data.mnist import LabelledImages


class ConcatDataset:
    """A concatenation of parts. Each part is a data set and the indices of the images to use.

    Indexing copies only the selected images, so the memory for the images is not doubled.
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
        for part, data in enumerate(self._parts):
            here = self._part_of[chosen] == part
            images[here] = data.images[self._index_in_part[chosen[here]]]
        return LabelledImages(images, self.labels[chosen])


def all_of(data: LabelledImages) -> tuple[LabelledImages, Indices]:
    """Return a part for `ConcatDataset` that contains the whole data set."""
    return data, np.arange(len(data))
