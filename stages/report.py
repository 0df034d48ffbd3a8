"""Write the page that a person reads, and its figures as files."""

from __future__ import annotations

from actionrec.core import paths
from actionrec.core.errors import run_main
from actionrec.core.files import atomic_dir, atomic_path, write_text
from actionrec.params import load_params
from actionrec.report.coverage import measure_coverage
from actionrec.report.fonts import advice
from actionrec.report.gather import gather
from actionrec.report.pdf import make_pdf
from actionrec.report.render import render, write_figures


def main() -> None:
    """Write ``reports/index.html``, ``reports/report.pdf`` and ``reports/figures/``."""
    params = load_params()
    inputs = gather(params)
    labels = {row.video_id: row.label for row in inputs.split}
    coverage = measure_coverage(paths.PACKED_KEYPOINTS, labels, num_frames_shown=params.report.skeleton_frames)
    frames_path = {row.video_id: paths.frames_path(row.video_id) for row in inputs.screened}
    page = render(inputs, coverage, frames_path, paths.PACKED_KEYPOINTS)
    with atomic_dir(paths.FIGURES) as folder:
        write_figures(inputs, coverage, folder)
    write_text(paths.REPORT, page)
    if missing := advice(page):
        print(missing)
    with atomic_path(paths.PRINTED_REPORT) as aside:
        aside.write_bytes(make_pdf(page))
    print(f"the report is at {paths.REPORT}, for paper at {paths.PRINTED_REPORT}")


if __name__ == "__main__":
    run_main(main)
