from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from markupsafe import Markup

from actionrec.core import paths
from actionrec.core.files import write_json
from actionrec.core.tables import ScreenedRow
from actionrec.evaluation.leak import measure_leak
from actionrec.intake.split.guard import read_guard, write_guard
from actionrec.params import Params
from actionrec.report.coverage import measure_coverage
from actionrec.report.figures import Drawing
from actionrec.report.gather import gather
from actionrec.report.render import render, write_figures
from actionrec.report.results_view import colors
from tests.report.made import params_of, write_project

HOSTILE = '"><script>alert(1)</script>$x_{' + "long" * 20
VOID = {"meta", "input", "br", "wbr", "image", "path", "use", "rect"}


class _Page(HTMLParser):
    """Collects tags and links, and checks that elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "xlink:href"}:
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def _render(params: Params) -> tuple[str, _Page]:
    inputs = gather(params)
    labels = {row.video_id: row.label for row in inputs.split}
    coverage = measure_coverage(paths.PACKED_KEYPOINTS, labels, num_frames_shown=params.report.skeleton_frames)
    frames_path = {row.video_id: paths.frames_path(row.video_id) for row in inputs.screened}
    html = render(inputs, coverage, frames_path, paths.PACKED_KEYPOINTS, with_models=False)
    page = _Page()
    page.feed(html)
    assert page.open == []
    return re.sub("> (?=<)", ">", re.sub("[ \n]+", " ", html)), page  # the template's lines are for its readers


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _without_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing them is most of the time, and most tests look at words."""
    monkeypatch.setattr(Drawing, "svg", lambda self, *, alt: Markup("<svg></svg>"))


def test_the_page_is_self_contained_and_repeats() -> None:
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params)
    html, page = _render(params)
    assert html == _render(params)[0]
    assert all(link.startswith(("#", "data:")) for link in page.links)
    anchors = {link[1:] for link in page.links if link.startswith("#")}
    assert anchors <= set(page.ids)
    assert page.tags.count("image") >= 3  # skeleton frames
    assert "<h1>The fusion of all models recognises 9 of 9 unseen videos</h1>" in html
    assert "The leakage guard found nothing" in html
    assert "nothing was rejected" in html
    assert "shows several people at once" in html
    assert page.tags.count("script") == 2  # the rows of the table, and what draws them
    assert "&#39;" not in html.split("<script>")[1].split("</script>")[0]


@pytest.mark.usefixtures("_without_charts")
def test_the_policy_lets_one_script_run_ours() -> None:
    params = params_of("frame_resnet")
    write_project(params)
    html, _ = _render(params)
    script = (files("actionrec.report") / "videos.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src &#39;sha256-{digest}&#39;" in html or f"script-src 'sha256-{digest}'" in html


def test_text_from_outside_is_escaped() -> None:
    params = params_of("frame_resnet", "fused_convlstm")
    bad = ScreenedRow("bad", HOSTILE, "g", "", "d", 0, "no_video", f"saw {HOSTILE}", 0, 0.0, 0, 0, "")
    write_project(params, ["clap", HOSTILE], rejected=[bad])
    html, page = _render(params)
    assert page.tags.count("script") == 2
    assert "saw &#34;&gt;&lt;script&gt;" in html
    assert "1 of 15 videos were rejected" in html


@pytest.mark.usefixtures("_without_charts")
def test_space_or_time_is_answered_where_there_are_both_kinds_of_models() -> None:
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params, clip_frames=1)
    html, page = _render(params)
    assert "These videos do not decide clap, squat and wave." in html  # three groups of one video each
    assert '<span class="chip unclear">unclear</span>' in html
    assert "clap ↔ squat" in html
    assert "space-time" in page.ids
    write_project(params)
    html, page = _render(params)
    assert "Space or time" not in html
    assert "space-time" not in page.ids


@pytest.mark.usefixtures("_without_charts")
def test_protocols_are_a_table_where_a_model_has_more_than_one() -> None:
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params)
    assert "Video-level protocols" not in _render(params)[0]
    write_project(params, protocols=("whole", "overlapping"))
    html, _ = _render(params)
    assert "Video-level protocols" in html
    assert 'strided <span class="chip">reported</span>' in html
    assert '<td class="left">overlapping</td>' in html


@pytest.mark.usefixtures("_without_charts")
def test_gain_calibration_and_top_k_are_shown() -> None:
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params)
    html, _ = _render(params)
    assert "<small>p\u00a0=\u00a00.250</small>" in html
    assert "the exchange of whole groups (of 3, so at least 0.25)" in html
    assert "top-5<br>top-10" in html
    assert "ECE<br>calibrated" in html
    assert "fitted on the 6 validation videos" in html
    assert "The ten worst classes" not in html


@pytest.mark.usefixtures("_without_charts")
@pytest.mark.parametrize("num_classes", [2, 101])
def test_one_model_without_keypoints(num_classes: int) -> None:
    params = params_of("frame_resnet")
    write_project(params, [f"class{i:03d}" for i in range(num_classes)], keypoints=False)
    html, _ = _render(params)
    assert "No keypoints were extracted" in html
    assert "there is nothing to fuse" in html
    assert ("The ten worst classes" in html) == (num_classes == 101)


@pytest.mark.usefixtures("_without_charts")
def test_folds_are_told_and_shown() -> None:
    params = params_of("frame_resnet", "fused_convlstm", folds=2)
    write_project(params)
    html, _ = _render(params)
    assert "<h1>The fusion of all models recognises 21 of 21 unseen videos</h1>" in html
    told = "Cross-validation, 2 of 2 folds: every test video was answered by a model that had not seen its group, and"
    assert f"{told} every kept video is a test video." in html
    assert "<dt>folds run</dt><dd>2 <small>of 2</small></dd>" in html
    assert "<dt>test videos</dt><dd>21 <small>7 groups</small></dd>" in html
    # Fold 0: wrong on all three test videos of one class of three; fold 1: right. Then all, of 9 and of 12.
    assert '<th scope="row">0</th><td>9</td><td>0.667</td><td>1.000</td><td>1.000</td>' in html
    assert '<th scope="row">1</th><td>12</td><td>1.000</td><td>1.000</td><td>1.000</td>' in html
    assert '<th scope="row">all</th><td>21</td><td>0.857</td><td>1.000</td><td>1.000</td>' in html
    assert "<td>6 <small>2 groups</small></td><td>3 <small>1 groups</small></td><td>12 <small>4 groups</small>" in html
    assert "fitted on the validation videos of that fold" in html
    single = params_of("frame_resnet", "fused_convlstm")
    write_project(single)
    html, _ = _render(single)
    assert "Cross-validation" not in html
    assert '<th scope="col">fold</th>' not in html
    assert "<dt>test videos</dt><dd>9 <small>3 groups</small></dd>" in html


@pytest.mark.usefixtures("_without_charts")
def test_folds_that_did_not_run_are_told() -> None:
    params = params_of("frame_resnet", folds=5, run_folds=[1])
    write_project(params)
    html, _ = _render(params)
    assert (
        "Cross-validation, 1 of 5 folds: every test video was answered by a model that had not seen its group" in html
    )
    assert "9 of the 21 kept videos are in no test part that ran." in html


@pytest.mark.usefixtures("_without_charts")
def test_what_a_leak_is_worth_is_shown_where_a_file_says_so(tmp_path: Path) -> None:
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params)
    assert "What a leak is worth" not in _render(params)[0]
    (tmp_path / "honest").mkdir()
    for path in paths.METRICS.iterdir():
        (tmp_path / "honest" / path.name).write_bytes(path.read_bytes())
    write_project(params, leaking=True)
    write_json(tmp_path / "leak.json", asdict(measure_leak(tmp_path / "honest", paths.METRICS)))
    report = params.report.model_copy(update={"leak": str(tmp_path / "leak.json")})
    write_project(params)
    html, _ = _render(params.model_copy(update={"report": report}))
    assert "What a leak is worth" in html
    assert "would have shown 1.000 instead of 1.000 for the fusion: +0.000, 95 % interval" in html


@pytest.mark.usefixtures("_without_charts")
def test_the_test_videos_choose_nothing_on_the_page() -> None:
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params)
    html, _ = _render(params)
    # The first model is wrong on a third of the test videos, but as good on validation, and enabled first.
    assert "frame_resnet is the best single model on validation" in html
    assert '<tr class="best"><th scope="row" class="model"><span class="dot" style="--c:#8f5bd0"></span>fusion' in html


@pytest.mark.usefixtures("_without_charts")
def test_a_leak_is_loud() -> None:
    params = params_of("frame_resnet")
    write_project(params, leaking=True)
    html, _ = _render(params)
    assert "The split leaks: no number on this page is a fair measure." in html
    assert "found nothing" not in html


@pytest.mark.usefixtures("_without_charts")
def test_what_the_split_had_to_say_is_repeated() -> None:
    params = params_of("frame_resnet")
    write_project(params)
    notes = ("12 videos seem to show 2 scenes", "1 pair: <b>clap_1</b> and clap_2")
    write_guard(replace(read_guard(paths.GUARD), notes=notes), paths.GUARD)
    html, _ = _render(params)
    assert '<p class="note">12 videos seem to show 2 scenes</p>' in html
    assert "1 pair: &lt;b&gt;clap_1&lt;/b&gt; and clap_2" in html


@pytest.mark.usefixtures("_without_charts")
def test_pictures_are_left_out_where_the_page_would_grow_too_large() -> None:
    params = params_of("cnn3d", "stgcn")
    write_project(params)
    html, _ = _render(params)
    assert "left out, so that" not in html
    size = len(html.split('<svg class="defs"')[0].encode()) / 1e6
    report = params.report.model_copy(update={"max_mb": size})
    html, _ = _render(params.model_copy(update={"report": report}))
    assert re.search(r"<p class=\"note\">(\d+) pictures of \1 are left out, so that this page stays below", html)


def test_figures_are_written(tmp_path: Path) -> None:
    params = params_of("frame_resnet", "fused_convlstm")
    write_project(params)
    folder = tmp_path / "figures"
    folder.mkdir()
    write_figures(gather(params), None, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "confusion_frame_resnet.png",
        "confusion_fused_convlstm.png",
        "confusion_fusion.png",
        "cost.png",
        "curves_frame_resnet.png",
        "curves_fused_convlstm.png",
        "models.png",
        "reliability_frame_resnet.png",
        "reliability_fused_convlstm.png",
        "reliability_fusion.png",
    ]


@pytest.mark.usefixtures("_without_charts")
def test_every_shipped_model_has_a_row_and_a_colour_of_its_own() -> None:
    names = [name for name, model in params_of().models.items() if not name.endswith("_reference")]
    params = params_of(*names)
    write_project(params)
    html, page = _render(params)
    assert "stgcn <small>keypoints</small>" in html
    assert "cnn3d <small>view rgb64</small>" in html
    assert all(name in html for name in names)
    assert len(set(colors(gather(params)).values())) == len(names) + 1
    assert len(page.ids) == len(set(page.ids))
