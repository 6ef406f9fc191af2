"""The settings of the site, with the fast trainer."""

from digitsite.settings import *  # noqa: F403
from digitsite.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.support.fast_trainer.FastTrainerConfig"]
