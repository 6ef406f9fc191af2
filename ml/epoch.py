"""What an epoch shows: several sets as if they were one, without a copy of their images."""

import numpy as np
import numpy.typing as npt

from ml.mnist import Labelled
from ml.normalize import SIDE

Places = npt.NDArray[np.intp]  # (n,)


class Epoch:
    """Of each set the images at these places, one after another; a million are not copied."""

    def __init__(self, *parts: tuple[Labelled, Places]) -> None:
        self.labels = np.concatenate([data.labels[places] for data, places in parts])
        self._sets = [data for data, _ in parts]
        self._of = np.repeat(np.arange(len(parts)), [len(places) for _, places in parts])
        self._places = np.concatenate([places for _, places in parts])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, chosen: Places) -> Labelled:
        images = np.empty((len(chosen), SIDE, SIDE), np.uint8)
        for number, data in enumerate(self._sets):
            here = self._of[chosen] == number
            images[here] = data.images[self._places[chosen[here]]]
        return Labelled(images, self.labels[chosen])


def once(data: Labelled) -> tuple[Labelled, Places]:
    """Each image of the set."""
    return data, np.arange(len(data))
