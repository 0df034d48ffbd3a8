"""List the raw videos with label, group and digest."""

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.tables import ManifestRow, class_names, write_rows
from actionrec.intake.ingest.manifest import build_manifest
from actionrec.params import load_params


def main() -> None:
    """Write ``data/manifest.csv``."""
    params = load_params()
    rows, notes = build_manifest(params.data, params.compute)
    write_rows(paths.MANIFEST, rows, ManifestRow)
    for note in notes:
        print(f"note: {note}")
    groups = {row.group for row in rows}
    print(f"{len(rows)} videos, {len(class_names(rows))} classes, {len(groups)} groups -> {paths.MANIFEST}")


if __name__ == "__main__":
    run_main(main)
