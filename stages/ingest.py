"""List the raw videos with label, group and digest."""

from actionrec import paths
from actionrec.errors import run_main
from actionrec.ingest.manifest import build_manifest
from actionrec.params import load_params
from actionrec.tables import ManifestRow, class_names, write_rows


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
