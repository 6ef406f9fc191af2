"""The running site conforms to its OpenAPI schema. `make fuzz` runs more cases."""

import pytest

from tests.fuzz import run


@pytest.mark.slow
def test_responses_conform_to_the_schema():
    assert run.main(cases=5) == 0
