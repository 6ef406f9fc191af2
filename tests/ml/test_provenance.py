"""A model's card identifies the code and the libraries that the model was trained with."""

import numpy as np

from ml.training import provenance


def test_code_hash_depends_on_the_content_and_path_of_each_file(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    module = tmp_path / "data" / "module.py"
    module.write_text("x = 1\n")
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    before = provenance.code_sha256()
    assert provenance.code_sha256() == before
    module.write_text("x = 2\n")
    changed = provenance.code_sha256()
    module.rename(tmp_path / "module.py")
    assert len({before, changed, provenance.code_sha256()}) == 3


def test_records_the_versions_of_the_libraries():
    assert provenance.library_versions()["numpy"] == np.__version__
