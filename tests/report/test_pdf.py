from __future__ import annotations

from pathlib import Path

import pytest

from actionrec.core import paths
from actionrec.report.fonts import lacking
from actionrec.report.gather import gather
from actionrec.report.pdf import make_pdf
from actionrec.report.render import render
from actionrec.report.typeset import string, typeset
from tests.report.made import params_of, write_project

HOSTILE = '"]#panic("x")[\\ $x$ */ <b> @cite #{1/0}'


def _set(html: str) -> str:
    return typeset(html, lambda svg: f"#pic({len(svg)});")


def test_text_is_a_string_whatever_it_holds() -> None:
    assert string('a"b\\c') == '"a\\"b\\\\c"'
    assert string("a_b/c") == '"a_\u200bb/\u200bc"'
    assert _set("<p>one\n  two</p>") == '#paragraph[#"one two";]\n'


def test_what_is_only_for_the_screen_is_left_out() -> None:
    html = '<nav>a</nav><script>b</script><div class="card screen-only">c</div><svg class="defs">d</svg><p>e</p>'
    assert _set(html) == '#paragraph[#"e";]\n'


def test_tables_keep_bars_colours_and_sides() -> None:
    html = (
        "<table><caption>c</caption><thead><tr><th>class</th><th>recall</th></tr></thead><tbody><tr><th>a</th>"
        '<td class="bar" style="--v:0.5;--c:#123456">0.50</td></tr></tbody></table>'
    )
    assert _set(html) == (
        '#whole[#caption[#"c";]\n#data-table(2, 8.0pt, (table.cell(align: left + horizon)[#strong[#"class";]], '
        'table.cell(align: right + horizon)[#strong[#"recall";]],), '
        'table.cell(align: left + horizon)[#strong[#"a";]], '
        'table.cell(align: right + horizon)[#bar(0.5000, rgb("#123456"), [#"0.50";]);])\n]\n'
    )
    heat = (
        '<table><thead><tr><th>a</th></tr></thead><tr><td class="heat" style="--v:1;--c:var(--val)">1</td></tr></table>'
    )
    assert 'fill: rgb("#d9a441").lighten(55.0%)' in _set(heat.replace("<tr><td", "<tbody><tr><td"))


def test_swatches_and_pictures() -> None:
    assert _set('<div class="legend"><span><i class="train"></i>train</span></div>') == (
        '#legend[#swatch(rgb("#8fa3c4"));#"train";]\n'
    )
    assert _set('<figure><svg viewBox="0 0 1 1"><path/></svg></figure>') == "#pic(36);"


def test_the_pdf_repeats_to_the_byte_whatever_classes_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = params_of("cnn3d", "stgcn")
    write_project(params, ("clap", HOSTILE))
    inputs = gather(params)
    frames_path = {row.video_id: paths.frames_path(row.video_id) for row in inputs.screened}
    page = render(inputs, None, frames_path, paths.PACKED_KEYPOINTS, with_models=False)
    pdf = make_pdf(page)
    assert pdf.startswith(b"%PDF-")
    assert pdf == make_pdf(page)


def test_fonts_of_the_machine_are_asked_only_for_what_ours_lacks() -> None:
    assert not lacking("recall → 0.50 \u200b ✓ ✗ é Ω Ж\n")
    assert lacking("wave 挥手") == {"挥", "手"}


def test_short_tables_stand_beside_each_other() -> None:
    table = (
        '<div class="scroll"><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table></div>'
    )
    assert _set(f"<details><summary>s</summary>{table}{table}</details>").count("#cards(2, ") == 1
    long = table.replace("<tr><td>1</td></tr>", "<tr><td>1</td></tr>" * 15)
    assert "#cards" not in _set(f"<details><summary>s</summary>{long}{long}</details>")
    assert "#whole" not in _set(long)
