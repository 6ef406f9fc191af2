"""The error of a backup."""


class BackupError(Exception):
    """A backup cannot be written or restored. The message says why."""
