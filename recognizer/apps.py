from django.apps import AppConfig


class RecognizerConfig(AppConfig):
    name = "recognizer"
    verbose_name = "Digits"

    def ready(self) -> None:
        # The import registers the system checks.
        from recognizer.ops import checks  # noqa: F401
