"""No case and no person is named in any published file, whatever the records look like."""

from __future__ import annotations

import re

import pytest

from small_office import Office

REAL = [pytest.param(name, marks=pytest.mark.real) for name in ("permits", "receipt", "bpic2017-w")]


@pytest.mark.parametrize("name", ["sample", "a small office", *REAL])
def test_no_case_id_and_no_resource_is_in_any_file(name, studied, tmp_path, pdf_reading):
    section = Office().plan(tmp_path / "office") if name == "a small office" else studied(name)
    log = section.analysis.whole
    assert log.resource is not None
    names = {*map(str, log.case_id_array()), *log.resource.names} - {"system"}
    assert len(names) > 100
    for file, content in section.files().items():
        shown = re.sub(
            r"<script.*?</script>", "", pdf_reading.shown(content), flags=re.DOTALL
        )  # a page's own words, such as `test`
        words = set(re.findall(r"[\w-]+", shown))
        assert len(words) > 4, file  # it was read: a table's own header has as many words
        assert sorted(words & names) == [], file
