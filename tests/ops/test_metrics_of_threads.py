"""A server with several threads counts every request in /metrics/.

The server has a SQLite database and no cache server in any case, so this test does not have the
marker `database`.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.ops.test_metrics import BEARER, TOKEN, samples
from tests.support.factories import drawing_png
from tests.support.live_site import Site


@pytest.mark.slow
def test_server_counts_every_request_of_all_threads(tmp_path):
    environment = {"DATABASE_URL": "", "CACHE_URL": "", "METRICS_TOKEN": TOKEN}
    with Site(tmp_path, **environment) as site:
        api = f"{site.url}/api/v1/recognize/"

        def predict(i):
            return requests.post(api, files={"image": drawing_png(i % 2)}, timeout=20).status_code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(predict, range(120))) == {200}
        found = samples(requests.get(f"{site.url}/metrics/", headers=BEARER, timeout=20).text)
        assert found["digitsite_predictions_total", "0", "1"] == 60
        assert found["digitsite_predictions_total", "1", "1"] == 60
        assert found["digitsite_prediction_seconds_count",] == 120
        assert found["digitsite_requests_total", "POST", "200", "recognize"] == 120
        assert found["digitsite_confidence_bucket", "+Inf", "1"] == 120
