"""The notebooks as pages of the site, with the outputs that are committed."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

#: What pandas puts around its tables; the site has its own look for them.
_STYLE = re.compile(r"<style scoped>.*?</style>", flags=re.DOTALL)
_LOOK = re.compile(r' (?:class="dataframe"|border="\d+"|style="text-align: \w+;")')


def page_of(path: Path) -> tuple[str, dict[str, bytes]]:
    """A notebook as Markdown, and its pictures by file name."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    pictures: dict[str, bytes] = {}
    parts: list[str] = []
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            parts.append(_output(output, f"{path.stem}-{len(pictures)}.png", pictures))
    return "\n\n".join(parts) + "\n", pictures


def _output(output: dict[str, Any], name: str, pictures: dict[str, bytes]) -> str:
    data = output.get("data", {})
    if output["output_type"] == "stream":
        return _text("".join(output["text"]))
    if "text/markdown" in data:
        return "".join(data["text/markdown"]).strip()
    if "text/html" in data:
        table = _LOOK.sub("", _STYLE.sub("", "".join(data["text/html"])))
        return table.replace("<th></th>", "<td></td>").replace("\n\n", "\n").strip()
    if "image/png" in data:
        pictures[name] = base64.b64decode("".join(data["image/png"]))
        return f"![The chart that the code above draws]({name})"
    return _text("".join(data.get("text/plain", "")))


def _text(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"
