"""Show the progress of a training run."""

from typing import Self

from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as ProgressBar

from recognizer.training.retraining import Progress
from recognizer.training.run_lifecycle import format_duration


class ProgressDisplay:
    """A progress bar on a terminal, and a line for each 10 percent elsewhere, such as in a log."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._shown: tuple[int, bool] | None = None
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
        console = Console(stderr=True)
        self._bar = ProgressBar(*columns, console=console, disable=not self._is_terminal)
        self._task = self._bar.add_task("preparing", total=1)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def write(self, message: str) -> None:
        """Write a line, above the bar."""
        if self._is_terminal:
            self._bar.console.print(message, markup=False, highlight=False)
        else:
            # `str` as the style leaves the text as it is. By default, Django colours it red.
            self._out.write(message, str)

    def update(self, progress: Progress) -> None:
        """Show the progress."""
        if self._is_terminal:
            self._bar.update(self._task, completed=progress.share, description=describe(progress))
            return
        percent = int(100 * progress.share)
        shown = percent, progress.seconds_left is not None
        if shown != self._shown and not percent % 10:
            self._shown = shown
            self._out.write(f"{percent:3d}%  {describe(progress)}", str)


def describe(progress: Progress) -> str:
    """Return the epoch, the loss and the remaining time."""
    parts = [f"epoch {progress.epoch} of {progress.epochs}"]
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    if progress.seconds_left is None:
        parts.append("estimating ...")
    else:
        parts.append(f"about {format_duration(progress.seconds_left)} left")
    return ", ".join(parts)
