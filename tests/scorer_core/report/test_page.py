"""report.html says how a run ended, whatever the end, and neither loads nor runs anything that is not its own."""

from __future__ import annotations

import html
import os
import re
import shutil
import stat
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from scorer_core.context import RunContext
from scorer_core.errors import Unreconciled
from scorer_core.publish.publisher import Publisher
from scorer_core.report.page import write_report
from scorer_core.report.summary import build_summary
from scorer_core.report.words import powers
from scorer_core.run.folder import RunFiles
from scorer_core.run.slot import Slot
from scorer_core.run.trials import read_trials
from scorer_core.steps.collect import collect
from scorer_core.steps.publish import publish
from scorer_core.steps.quality_gate import quality_gate
from scorer_core.steps.report import report
from tests.support.runs import LEASE, PLANTED_CONFIG, prepare, run_trials, sample_pool

HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>&\"'</title></script>{{ 7*7 }}"


class Page(HTMLParser):
    """A parsed page: its tags with their attributes, its scripts, and the text that a reader sees."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self._text: list[str] = []
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open:
            self._text.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    @property
    def banner(self) -> str:
        return next(str(attributes["class"]) for tag, attributes in self.tags if tag == "section")

    @property
    def figures(self) -> list[str]:
        return [str(attributes["id"]) for tag, attributes in self.tags if tag == "figure"]


def copy_of(context: RunContext, folder: Path) -> RunFiles:
    """Copy a run's folder into another folder of runs."""
    return RunFiles.at(shutil.copytree(context.files.location, folder / "run"))


def page_of(context: RunContext, files: RunFiles | None = None, **changes: Any) -> Page:
    """Write a run's report, into a copy of its folder when one is given, and parse it."""
    files = files or context.files
    trials = read_trials(files) if files.trials.exists() else []
    summary = build_summary(context.record, files, trials, context.ledger.counts(context.run_id))
    write_report(files, replace(summary, **changes), trials)
    return Page(Path(files.report.where))


@pytest.fixture
def prepared(tmp_path: Path) -> RunContext:
    return prepare(tmp_path, sample_pool(size=3000), n_trials=6, sample_size=None)


@pytest.mark.slow
def test_a_publish_is_green_and_says_where_the_config_is(tmp_path: Path) -> None:
    context = prepare(tmp_path, sample_pool())
    run_trials(context, first=PLANTED_CONFIG)
    collect(context, None)
    quality_gate(context)
    publish(context)

    page = Page(Path(report(context)))

    assert page.banner == "banner publish"
    assert "PUBLISH A config was found that chance would hardly bring forth, and that is worth publishing." in page.text
    assert f"Published as {context.publisher.config}. There was none before it." in page.text
    assert context.files.summary.exists()
    assert context.ledger.run("run-1").ended_at is not None


@pytest.mark.slow
def test_a_verdict_to_publish_that_was_not_followed_says_so(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))

    assert page.banner == "banner none"
    assert "NOT PUBLISHED A config was found that is worth publishing, and it was not published." in page.text
    assert "The verdict is PUBLISH, but publish failed, or has not run." in page.text
    asked = page_of(
        decided, RunFiles.at(tmp_path / "run"), spec=decided.spec.model_copy(update={"require_approval": True})
    )
    assert "it was not approved, or publish failed. See their logs." in asked.text


@pytest.mark.slow
def test_keeping_the_champion_is_blue_and_compares_the_two(decided: RunContext, tmp_path: Path) -> None:
    context = prepare(tmp_path, sample_pool())
    Publisher(context.settings.publish_dir).publish(decided.files.config.read_bytes())
    run_trials(context, first=PLANTED_CONFIG, fails=lambda number: number == 5)
    collect(context, None)
    quality_gate(context)

    page = page_of(context)

    assert page.banner == "banner keep"
    assert "KEEP CHAMPION" in page.text
    assert "The candidate keeps the very rows that the published config keeps." in page.text
    for kept in ("all rows", "kept by the candidate", "kept by the published config"):
        assert re.search(rf"{kept} [\d,]+ [\d,]+ [\d.]+%", page.text)


@pytest.mark.slow
def test_a_run_that_measured_nothing_is_amber_even_when_no_mask_was_accepted(tmp_path: Path) -> None:
    context = prepare(tmp_path, sample_pool(size=3000), n_trials=6, mask_policy="keep_fraction")
    run_trials(context, every={"keep_fraction": 0.9})
    collect(context, None)
    quality_gate(context)

    page = page_of(context)

    assert page.banner == "banner inconclusive"
    assert "INCONCLUSIVE Nothing is published" in page.text
    assert "Every mask was rejected; trial 0 is the first of them (keep too high)." in page.text
    assert page.text.count("not evaluated") == 3
    assert page.figures == ["objective", "lanes"]


@pytest.mark.slow
def test_an_inconclusive_run_is_amber(tmp_path: Path) -> None:
    context = prepare(tmp_path, sample_pool("null"))
    run_trials(context)
    collect(context, None)
    quality_gate(context)

    page = page_of(context)

    assert page.banner == "banner inconclusive"
    assert "INCONCLUSIVE Nothing is published, and nothing is refuted: this run could not tell." in page.text


def test_a_run_that_never_started_a_trial_is_grey_and_names_deploy(prepared: RunContext) -> None:
    page = Page(Path(report(prepared)))

    assert page.banner == "banner none"
    assert "it did not get past deploy_worker. None of the 6 trials was started." in page.text
    assert page.figures == []
    assert "0 of 6" in page.text


def test_a_run_with_a_folder_cut_short_names_prepare(prepared: RunContext) -> None:
    Path(prepared.files.run.where).unlink()

    assert "it did not get past prepare_run." in page_of(prepared).text


def test_a_run_whose_lanes_stopped_names_them_and_counts_what_is_missing(prepared: RunContext) -> None:
    run_trials(prepared, trials=4)
    prepared.ledger.claim("run-1", Slot("head", 0), LEASE)

    page = page_of(prepared)

    assert "it did not get past trial_lane. 2 of 6 trials have no result and no recorded failure." in page.text


def test_a_run_that_was_not_collected_names_collect(prepared: RunContext) -> None:
    run_trials(prepared)

    assert "it did not get past collect. Every trial has ended" in page_of(prepared).text


def test_a_run_whose_trials_all_failed_names_collect_and_lists_their_errors(prepared: RunContext) -> None:
    run_trials(prepared, fails=lambda number: True)
    with pytest.raises(Unreconciled):
        collect(prepared, None)

    page = page_of(prepared)

    assert "it did not get past collect. Only 0 of 6 trials gave a result" in page.text
    assert "trial 3: the worker ran out of memory" in page.text
    assert page.figures == []


def test_a_collected_run_without_a_verdict_names_the_gate(prepared: RunContext) -> None:
    run_trials(prepared)
    collect(prepared, None)

    page = page_of(prepared)

    assert "it did not get past quality_gate." in page.text
    assert page.figures == ["objective", "lanes"]


def test_rigs_that_were_lost_taken_out_or_slow_are_named_with_the_reason(prepared: RunContext) -> None:
    run_trials(prepared)
    collect(prepared, None)
    collected = prepared.files.collected.read_json()
    collected |= {"unreachable": {"rig-6600a": "no SSH connection"}, "taken_out": {"rig-6600b": "6 trials in a row"}}
    collected |= {"slow": {"rig-6600c": "rig-6600c takes 3.0 times as long as the others"}}
    prepared.files.collected.write_json(collected)

    page = page_of(prepared)

    assert "unreachable: no SSH connection" in page.text
    assert "taken out of the run: 6 trials in a row" in page.text
    assert "slow: takes 3.0 times as long as the others" in page.text


def test_the_numbers_are_those_of_the_run(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))
    gate = decided.files.verdict.read_json()

    assert "budget 20 executed 19 collected from the nodes 19 reported by the study 19 failed 1" in page.text
    for lift in ("guaranteed_lift", "cross_fitted_lift"):
        assert f"× {gate['proof'][lift]:.3g}" in page.text
    assert f"folds in which the same config was picked {gate['proof']['same_in_folds']} of 5" in page.text
    for check in gate["checks"]:
        assert powers(check["meaning"]) in page.text


def test_each_of_the_eleven_parameters_has_its_role(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))

    for name in PLANTED_CONFIG:
        assert f"{name} the objective" in page.text
    for name in ("temporal_window_size", "hidden_layers", "dropout", "learning_rate", "batch_size"):
        assert f"{name} later steps only" in page.text


def test_the_minority_is_counted_exactly(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))
    counts = decided.files.verdict.read_json()["candidate"]["evaluation"]["counts"]

    assert page.figures[0] == "shares"
    share = counts["minority_kept"] / counts["kept"]
    assert f"{share:.1%}: {counts['minority_kept']:,} of {counts['kept']:,}" in page.text
    assert f"kept by the candidate {counts['minority_kept']:,} {counts['kept']:,} {share:.1%}" in page.text


def test_the_mask_is_shown_class_by_class(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))
    mask = decided.files.evidence.read_json()["mask"]

    assert "mask" in page.figures
    for modulus in mask["moduli"]:
        for one in modulus["classes"]:
            assert f"{modulus['modulus']} {one['first']} {one['rows']:,} {one['minority']:,}" in page.text
    assert f"2 votes, kept {mask['votes'][2]['rows']:,}" in page.text


def test_the_first_screen_has_the_verdict_three_numbers_and_what_happens_now(
    decided: RunContext, tmp_path: Path
) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))

    assert [attributes.get("class") for tag, attributes in page.tags if tag == "div"].count("tile") == 3
    first = page.text.partition("Why: the checks")[0]
    assert "Guaranteed lift × " in first
    assert "Publish the config with" not in first  # the whole reason stands below
    folded = [attributes for tag, attributes in page.tags if tag == "details" and attributes.get("class") == "card"]
    assert [("open" in attributes) for attributes in folded].count(True) == 3
    assert len(folded) > 8


def test_what_was_asked_and_every_node_are_told(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))

    assert "min_lift 1.1" in page.text
    assert "mask_policy max_offset" in page.text
    assert f"survivors_path {decided.spec.survivors_path}" in page.text
    assert f"pool {decided.spec.survivors_path}" in page.text
    for node in ("head", "rig-6600a", "rig-6600b"):
        assert re.search(rf"{node} \d+ \d+ \d[\d.]* s \d[\d.]* s {decided.record.worker_sha256[:12]} worked", page.text)


def test_text_from_data_is_escaped_wherever_it_stands(prepared: RunContext) -> None:
    run_trials(prepared, fails=lambda number: number == 4)
    write_hostile_trials(prepared)

    page = page_of(prepared, run_id=HOSTILE, study_name=HOSTILE, nodes={HOSTILE: 5})

    assert {tag for tag, _ in page.tags}.isdisjoint({"img", "iframe", "object", "embed", "base", "link"})
    assert [attributes for _, attributes in page.tags if any(name.startswith("on") for name in attributes)] == []
    assert "script" not in {tag for tag, _ in page.tags}
    assert " ".join(HOSTILE.split()) in page.text
    lanes = page.source.partition('id="lanes"')[2].partition("</figure>")[0]
    assert html.escape(HOSTILE, quote=False) in lanes


def write_hostile_trials(context: RunContext) -> None:
    """Write trials.jsonl as collect does, with a node and an error that hold HTML."""
    with pytest.raises(Unreconciled):
        collect(context, None)
    trials = context.files.trials.read_json_lines()
    for trial in trials:
        trial |= {"node": HOSTILE} if trial["state"] == "done" else {"error": HOSTILE}
    context.files.trials.write_json_lines(trials)


def test_nothing_is_loaded_and_no_script_is_run(decided: RunContext, tmp_path: Path) -> None:
    files = copy_of(decided, tmp_path)
    page = page_of(decided, files)

    loading = {"src", "srcset", "data", "poster", "action", "background", "manifest"}
    links = {str(attributes["href"]) for tag, attributes in page.tags if tag == "a"}
    assert [value for _, attributes in page.tags for name, value in attributes.items() if name in loading] == []
    assert links == {path.name for path in Path(files.location).iterdir()} & links
    assert not re.search(r"https?://|@import|url\((?!#)", page.source)
    policy = next(str(tag["content"]) for _, tag in page.tags if tag.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_every_id_is_its_own_and_every_reference_leads_to_one(decided: RunContext, tmp_path: Path) -> None:
    page = page_of(decided, copy_of(decided, tmp_path))

    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = set(re.findall(r"url\(#([^)]+)\)", page.source)) | set(re.findall(r'href="#([^"]+)"', page.source))
    assert named
    assert named <= set(ids)
    used = set(re.findall(r"var\((--[a-z0-9-]+)\)", page.source))
    assert used <= set(re.findall(r"(--[a-z0-9-]+):", page.source))


def test_the_report_is_private_and_small(decided: RunContext, tmp_path: Path) -> None:
    files = copy_of(decided, tmp_path)
    page_of(decided, files)

    assert stat.S_IMODE(Path(files.report.where).stat().st_mode) == 0o600
    assert Path(files.report.where).stat().st_size < 400_000


def test_a_report_that_cannot_be_made_leaves_the_old_one(decided: RunContext, tmp_path: Path) -> None:
    files = copy_of(decided, tmp_path)
    files.report.write_bytes(b"old")

    with pytest.raises(KeyError, match="reason"):
        page_of(decided, files, gate={"verdict": "PUBLISH"})

    assert files.report.read_bytes() == b"old"
    assert not [name for name in os.listdir(files.location) if name.endswith(".tmp")]
