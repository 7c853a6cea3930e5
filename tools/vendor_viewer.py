"""Fetch the libraries of the viewer's page with npm, as `phantom/viewer/vendor/package.json` names them.

    python tools/vendor_viewer.py            fetch them again; what is there must not change
    python tools/vendor_viewer.py 7.9.2      another version of d3: its files and checksums are taken

The files are kept in the repository and in the wheel, so that neither building nor installing needs npm.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "phantom" / "viewer" / "vendor"
# in the package: beside package.json
FILES = {"package/dist/d3.min.js": "d3.min.js", "package/LICENSE": "d3.LICENSE"}


def main() -> None:
    about = json.loads((VENDOR / "package.json").read_text("utf-8"))
    asked = sys.argv[1] if len(sys.argv) > 1 else None
    version = asked or about["dependencies"]["d3"]
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"d3@{version}", "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, capture_output=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            contents = {name: archive.extractfile(inside).read() for inside, name in FILES.items()}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    if asked is None and digests != about["phantom"]["sha256"]:
        sys.exit(f"d3 {version} is not what it was: {digests}")
    for name, content in contents.items():
        (VENDOR / name).write_bytes(content)
    about["dependencies"]["d3"] = version
    about["phantom"]["sha256"] = digests
    (VENDOR / "package.json").write_text(json.dumps(about, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
