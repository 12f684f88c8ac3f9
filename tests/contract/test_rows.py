"""No row of the contract is forgotten, skipped or expected to fail."""

import re
from pathlib import Path

HERE = Path(__file__).parent
ROWS = [line for line in HERE.joinpath("rows.txt").read_text().splitlines() if line and not line.startswith("#")]


def test_each_row_has_its_test_and_none_is_skipped() -> None:
    texts = [path.read_text() for path in HERE.glob("test_*.py") if path != Path(__file__)]
    covered = {match for text in texts for match in re.findall(r'\brow\(\s*"([^"]+)"', text)}
    assert sorted(set(ROWS) - covered) == []
    assert sorted(covered - set(ROWS)) == []
    assert not [text for text in texts if re.search(r"\b(skip|skipif|xfail|importorskip)\b", text)]
