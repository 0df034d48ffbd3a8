"""List the raw videos with label, group and digest."""

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.tables import ManifestRow, class_names, write_rows, write_table
from actionrec.intake.ingest.manifest import build_manifest
from actionrec.params import load_params


def main() -> None:
    """Write ``data/manifest.csv``, and ``data/extra.csv`` with the other columns of a table of videos."""
    params = load_params()
    manifest = build_manifest(params.data, params.compute)
    rows = manifest.rows
    write_rows(paths.MANIFEST, rows, ManifestRow)
    write_table(paths.EXTRA, manifest.extra_columns, manifest.extra_rows)
    for note in manifest.notes:
        print(f"note: {note}")
    groups = {row.group for row in rows}
    print(f"{len(rows)} videos, {len(class_names(rows))} classes, {len(groups)} groups -> {paths.MANIFEST}")


if __name__ == "__main__":
    run_main(main)
