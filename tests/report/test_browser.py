"""The report in a real browser, where one is installed: what only a browser can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from actionrec.core import paths
from actionrec.params import Params
from actionrec.report.coverage import measure_coverage
from actionrec.report.gather import gather
from actionrec.report.render import render
from tests.report.browser import PROGRAMS, Page, browser_page, find_browser
from tests.report.made import params_of, write_project

HOSTILE = "<img src=x onerror=alert(1)>"
LONG = "a_class_of_a_name_that_does_not_end_" * 3
ROWS = "[...document.querySelectorAll('#video-table tbody tr')]"
FIRST_IDS = f"{ROWS}.map(row => row.cells[0].firstChild.textContent)"
A4_WIDTH = 703
"""CSS pixels between the margins that the page sets."""
COUNT = "document.querySelector('[data-control=count]').textContent"

BROWSER = find_browser()
pytestmark = pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(PROGRAMS)} is installed")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up project: the first model is wrong on every video of the class ``<img ...>``."""
    params = params_of("cnn3d", "stgcn", "cnn_lstm", "res2plus1d", "frame_resnet", "fused_convlstm")
    classes = [HOSTILE, LONG, *(f"class{number:02d}" for number in range(20))]
    return _write_page(params, classes, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def small_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every section but little in each: axe-core looks at every element."""
    params = params_of("cnn3d", "stgcn", folds=2, run_folds=[0, 1])
    return _write_page(params, ["clap", "wave"], tmp_path_factory.mktemp("small"))


def _write_page(params: Params, classes: Sequence[str], folder: Path) -> Path:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        write_project(params, classes)
        inputs = gather(params)
        labels = {row.video_id: row.label for row in inputs.split}
        coverage = measure_coverage(paths.PACKED_KEYPOINTS, labels, num_frames_shown=2)
        frames_path = {row.video_id: paths.frames_path(row.video_id) for row in inputs.screened}
        page = folder / "index.html"
        page.write_text(
            render(inputs, coverage, frames_path, paths.PACKED_KEYPOINTS, with_models=False), encoding="utf-8"
        )
    return page


@pytest.fixture(scope="module")
def page(report: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    assert BROWSER is not None
    with browser_page(BROWSER, tmp_path_factory.mktemp("profile")) as found:
        found.open(report, width=1400)
        yield found


def _set(page: Page, control: str, value: str) -> None:
    page.run(
        f"(() => {{ const input = document.querySelector('[data-control={control}]'); input.value = '{value}'; "
        "input.dispatchEvent(new Event('input')); })()"
    )


def _click(page: Page, selector: str) -> None:
    page.run(f"document.querySelector('{selector}').click()")


def _heading(column: int) -> str:
    return f"#video-table thead th:nth-child({column}) button"


@pytest.mark.parametrize("width", [360, 1400])
def test_the_page_fits_its_window_and_asks_for_nothing(report: Path, page: Page, width: int) -> None:
    page.requests.clear()
    page.open(report, width=width)
    assert page.run("document.documentElement.scrollWidth") == width
    page.run("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.run("document.documentElement.scrollWidth") == width
    assert [url for url in page.requests if not url.startswith("data:")] == [report.resolve().as_uri()]
    assert page.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1400, "dark")])
def test_nobody_is_kept_out(small_report: Path, page: Page, width: int, scheme: str) -> None:
    page.open(small_report, width=width)
    page.look(scheme)
    page.run("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.barriers() == []


def test_what_the_browser_prints_fits_its_paper_and_keeps_its_colours(report: Path, page: Page) -> None:
    page.open(report, width=A4_WIDTH)
    page.look("dark", media="print")
    page.run("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.run("document.documentElement.scrollWidth") == A4_WIDTH
    outside = """[...document.querySelectorAll('main table, main svg, main pre')].filter(
        part => part.getBoundingClientRect().right > part.closest('section').getBoundingClientRect().right + 1
    ).map(part => part.closest('section').id)"""
    assert page.run(outside) == []
    of_dot = "getComputedStyle(document.querySelector('#models .dot')).printColorAdjust"
    assert page.run(of_dot) == "exact"
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.run("getComputedStyle(document.body).color") == "rgb(28, 30, 36)"  # dark is for screens
    assert page.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    page.look("light")


def test_what_keeps_people_out_is_found(small_report: Path, page: Page) -> None:
    page.open(small_report, width=1400)
    page.look("light")
    page.run("document.querySelector('main p').style.color = '#ddd'")
    [found] = page.barriers()
    assert found.startswith("color-contrast")


def test_class_names_are_text(report: Path, page: Page) -> None:
    page.open(report, width=1400)
    assert page.run("document.querySelectorAll('img').length") == 0
    _set(page, "text", "onerror")
    assert page.run(f"{ROWS}[0].cells[2].textContent") == HOSTILE
    _set(page, "text", "")


def test_sorting(report: Path, page: Page) -> None:
    page.open(report, width=1400)
    assert page.run(FIRST_IDS)[:3] == ["v000_g0", "v000_g1", "v000_g2"]
    assert page.run(COUNT) == "66 of 66 videos, 1 to 50 shown"
    _click(page, _heading(1))
    assert page.run(FIRST_IDS)[:2] == ["v021_g2", "v021_g1"]
    assert page.run("document.querySelector('#video-table thead th').getAttribute('aria-sort')") == "descending"
    _click(page, _heading(5))  # the first model, beside the fusion: its wrong answers first
    assert page.run(f"{ROWS}.map(row => row.cells[4].className)")[:4] == ["left wrong"] * 3 + ["left right"]
    _click(page, _heading(5))
    assert page.run(f"{ROWS}[0].cells[4].className") == "left right"


def test_filters_and_pages(report: Path, page: Page) -> None:
    page.open(report, width=1400)
    _click(page, "[data-control=on]")
    assert page.run(COUNT) == "66 of 66 videos, 51 to 66 shown"
    assert page.run("document.querySelector('[data-control=on]').disabled") is True
    _set(page, "text", "G1 class0")  # words, in any case, of the id, the group and the class
    assert page.run(COUNT) == "10 of 66 videos"
    _set(page, "text", "roof")  # what the data set's table says beside
    assert page.run(FIRST_IDS) == ["v000_g0"]
    assert page.run(f"{ROWS}[0].cells[0].lastChild.textContent") == "camera: </script> roof"
    _set(page, "text", "")
    _set(page, "outcome", "wrong:1")
    assert page.run(FIRST_IDS) == ["v000_g0", "v000_g1", "v000_g2"]
    _set(page, "outcome", "some")
    assert page.run(COUNT) == "3 of 66 videos"
    _set(page, "outcome", "none")
    assert page.run(COUNT) == "0 of 66 videos"
    _set(page, "outcome", "all")
    _set(page, "label", "0")
    assert page.run(COUNT) == "3 of 66 videos"


def test_pictures_are_drawn(page: Page) -> None:
    assert page.run("[...document.querySelectorAll('svg.strip use')].every(use => use.getBBox().width > 100)") is True
