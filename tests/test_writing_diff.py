"""Differences of projects in words, merges of them, and both as git uses them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from projects import small_project

from kerastui.cli import main
from kerastui.engine.project import commands, grouping
from kerastui.engine.project import settings as settings_commands
from kerastui.engine.project.document import MODEL, Call, Column, Graph, Input, Layer, Project, Spec
from kerastui.engine.project.files import FILE_NAME, dumps, loads, read, write
from kerastui.engine.writing.diff import describe
from kerastui.engine.writing.merge import merge

BASE = small_project()


def lines(before: Project, after: Project) -> list[str]:
    """Return the words of all differences."""
    return [difference.text for difference in describe(before, after)]


def with_graph(project: Project, **fields: object) -> Project:
    """Return a project with other fields of its graph."""
    return replace(project, graph=replace(project.graph, **fields))


def nested(units: int = 3, name: str = "") -> Project:
    """Return a project with a model inside that is called once."""
    inner = Graph(
        {"x": Input((4,))},
        {"dense": Layer("Dense", {"units": units}, name)},
        {"dense": Call("dense", ("x",))},
        {"out": "dense"},
    )
    outer = Graph(
        {"a": Input((4,))},
        {"encoder": Layer(MODEL, {"model": "encoder"})},
        {"encoder": Call("encoder", ("a",))},
        {"end": "encoder:out"},
    )
    return Project("nested", graph=outer, models={"encoder": inner})


CASES: dict[str, tuple[Callable[[], Project], list[str]]] = {
    "argument": (lambda: commands.set_argument(BASE, "dense", "units", 128), ["dense: units 64 → 128"]),
    "default": (lambda: commands.set_argument(BASE, "dense", "use_bias", False), ["dense: use_bias true → false"]),
    "back": (lambda: commands.reset_argument(BASE, "dense", "activation"), ["dense: activation relu → none"]),
    "object": (
        lambda: commands.set_argument(BASE, "dense", "kernel_regularizer", Spec("L2", {"l2": 1e-4})),
        ["dense: kernel_regularizer none → L2(l2=1e-4)"],
    ),
    "renamed": (lambda: commands.rename(BASE, "dense", "hidden"), ["renamed dense → hidden"]),
    "moved": (lambda: replace(BASE, layout={"dense": (4, 8), "flatten": (0, 4)}), ["2 cards moved"]),
    "note": (lambda: replace(BASE, notes={"dense": "wide\nenough"}), ["+ note on dense: wide enough"]),
    "settings": (
        lambda: settings_commands.set_fit(
            replace(BASE, compile=replace(BASE.compile, optimizer=Spec("Adam", {"learning_rate": 0.01}))), epochs=40
        ),
        ["optimizer: learning_rate 1e-3 → 0.01", "epochs 20 → 40"],
    ),
    "model": (lambda: replace(BASE, compile=replace(BASE.compile, model="layers.VAE")), ["model none → layers.VAE"]),
    "optimizer": (
        lambda: replace(BASE, compile=replace(BASE.compile, optimizer=Spec("SGD", {"momentum": 0.9}))),
        ["optimizer: Adam → SGD, momentum 0.9"],
    ),
    "metrics": (
        lambda: settings_commands.set_metrics(BASE, "digit", (Spec("SparseTopKCategoricalAccuracy", {"k": 2}),)),
        ["metrics of digit: − SparseCategoricalAccuracy", "metrics of digit: + SparseTopKCategoricalAccuracy, k 2"],
    ),
    "column": (
        lambda: replace(BASE, data=replace(BASE.data, columns={"digit": BASE.data.columns["digit"]})),
        ["− column image (input, scale)"],
    ),
    "call": (
        lambda: with_graph(
            BASE, calls={**BASE.graph.calls, "dense": Call("dense", ("flatten",), {}, {"training": True})}
        ),
        ["dense (call): training unset → true"],
    ),
    "class": (
        lambda: with_graph(
            BASE,
            layers={
                **BASE.graph.layers,
                "dense": Layer("EinsumDense", {"equation": "ab,bc->ac", "output_shape": (3,)}),
            },
        ),
        ["dense: Dense 64, activation relu → EinsumDense 'ab,bc->ac', output_shape (3,)"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_change_in_words(case: str) -> None:
    change, expected = CASES[case]
    assert lines(BASE, change()) == expected
    assert lines(change(), BASE) != []


def test_a_card_put_into_a_wire_and_taken_out_again() -> None:
    calls = {**BASE.graph.calls, "drop": Call("drop", ("dense",)), "dense_1": Call("dense_1", ("drop",))}
    after = with_graph(BASE, layers={**BASE.graph.layers, "drop": Layer("Dropout", {"rate": 0.5})}, calls=calls)
    assert lines(BASE, after) == ["+ drop (Dropout 0.5) between dense and digit"]
    assert lines(after, BASE) == ["− drop (Dropout 0.5) between dense and digit"]
    cut = with_graph(after, calls={**calls, "dense_1": Call("dense_1", ())})
    assert lines(after, cut) == ["wire drop → digit cut"]
    other = with_graph(after, calls={**calls, "dense_1": Call("dense_1", ("flatten",))})
    assert lines(after, other) == ["digit: takes flatten in place of drop"]


def test_ids_that_changed_are_renamed_cards() -> None:
    graph = BASE.graph
    layers = {{"dense": "hidden"}.get(key, key): layer for key, layer in graph.layers.items()}
    calls = {
        "flatten": graph.calls["flatten"],
        "hidden": Call("hidden", ("flatten",)),
        "dense_1": Call("dense_1", ("hidden",)),
    }
    assert lines(BASE, with_graph(BASE, layers=layers, calls=calls)) == ["renamed dense → hidden"]


def test_models_inside_are_compared_too() -> None:
    assert lines(nested(), nested(5)) == ["encoder/dense: units 3 → 5"]
    assert lines(nested(), nested(3, "wide")) == ["encoder: renamed dense → wide"]
    assert describe(nested(), nested(5))[0].place == "encoder/dense"
    assert lines(replace(nested(), models={}), nested()) == ["+ model encoder (1 call)"]


def test_shared_layers_and_outputs() -> None:
    calls = {**BASE.graph.calls, "again": Call("dense_1", ("flatten",))}
    after = with_graph(BASE, calls=calls, outputs={**BASE.graph.outputs, "second": "again"})
    assert lines(BASE, after) == ["+ again (another call of digit) after flatten", "+ output second of again"]
    swapped = with_graph(after, outputs={"second": "again", "digit": "dense_1"})
    assert lines(after, swapped) == ["order of outputs: digit, second → second, digit"]


def test_nothing_is_said_of_nothing_and_order_alone_is_told() -> None:
    assert lines(BASE, loads(dumps(BASE), Path(FILE_NAME))) == []
    turned = with_graph(BASE, calls=dict(reversed(list(BASE.graph.calls.items()))))
    assert lines(BASE, turned) == ["the order of entries in the file"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def kept(folder: Path, project: Project) -> Path:
    """Write a project into a folder of its own."""
    write(folder, project)
    return folder


def test_command_diff_and_its_exit_codes(tmp_path: Path) -> None:
    before, after = kept(tmp_path / "a", BASE), kept(tmp_path / "b", CASES["argument"][0]())
    done = run("diff", before, after / FILE_NAME)
    assert (done.exit_code, done.output) == (1, "dense: units 64 → 128\n")
    assert (run("diff", before, before).exit_code, run("diff", before, before).output) == (0, "")
    found = json.loads(run("diff", before, after, "--json").output)
    assert found == {"differences": [{"what": "changed", "place": "dense", "text": "dense: units 64 → 128"}]}
    gone = run("diff", before, tmp_path / "none")
    assert gone.exit_code == 2
    assert "Traceback" not in gone.output
    assert run("diff", before).exit_code == 2


def test_edits_of_different_values_merge() -> None:
    ours = commands.set_argument(BASE, "dense", "units", 128)
    theirs = settings_commands.set_fit(commands.set_argument(BASE, "dense", "activation", "gelu"), epochs=40)
    merged = merge(BASE, ours, theirs)
    assert merged.conflicts == ()
    assert merged.project.graph.layers["dense"].config == {"units": 128, "activation": "gelu"}
    assert merged.project.fit.epochs == 40


def test_both_sides_may_add_cards_and_callbacks() -> None:
    ours, _ = commands.add_layer(BASE, "Dropout", {"rate": 0.5}, "flatten")
    theirs, _ = commands.add_layer(BASE, "BatchNormalization", {}, "dense")
    stop, stay = Spec("EarlyStopping", {"patience": 3}), Spec("TerminateOnNaN")
    ours, theirs = (settings_commands.set_fit(side, callbacks=(item,)) for side, item in ((ours, stop), (theirs, stay)))
    merged = merge(BASE, ours, theirs)
    assert merged.conflicts == ()
    assert set(merged.project.graph.layers) == {*BASE.graph.layers, "dropout", "batch_normalization"}
    assert merged.project.fit.callbacks == (stop, stay)


def test_one_value_changed_twice_is_a_conflict_and_the_file_opens() -> None:
    ours, theirs = (commands.set_argument(BASE, "dense", "units", units) for units in (128, 256))
    merged = merge(BASE, ours, theirs)
    assert merged.conflicts == ("dense units: ours 128, theirs 256, before 64",)
    assert merged.project == ours
    assert loads(merged.text(), Path(FILE_NAME)) == ours
    assert merged.text().startswith("# conflict: dense units: ours 128")


def test_a_merge_that_breaks_the_graph_is_a_conflict() -> None:
    calls = {key: call for key, call in BASE.graph.calls.items() if key != "flatten"}
    layers = {key: layer for key, layer in BASE.graph.layers.items() if key != "flatten"}
    ours = with_graph(BASE, layers=layers, calls={**calls, "dense": Call("dense", ("input",))})
    more = {**BASE.graph.calls, "extra": Call("extra", ("flatten",))}
    theirs = with_graph(BASE, layers={**BASE.graph.layers, "extra": Layer("ReLU")}, calls=more)
    merged = merge(BASE, ours, settings_commands.set_fit(theirs, epochs=7))
    assert "there is no input or call `flatten`" in merged.conflicts[0]
    assert merged.conflicts[0].endswith("; left out of theirs: + extra (ReLU) after flatten")
    assert merged.project.graph == ours.graph
    assert merged.project.fit.epochs == 7


def test_columns_and_weights_stay_with_the_graph_that_is_kept() -> None:
    base = replace(BASE, weights="weights.h5", weights_from={"dense": "hidden"})
    base = settings_commands.set_column(base, "old", Column("target", to="digit"))
    ours, _ = commands.add_layer(base, "ReLU", {}, after="flatten")
    theirs = commands.delete(base, ["flatten"])
    theirs = grouping.rename_output(theirs, "", "digit", "number")
    theirs = settings_commands.set_column(theirs, "more", Column("target", to="number"))
    theirs = settings_commands.set_column(theirs, "extra", Column("input", to="input"))
    broken = replace(theirs, weights="", weights_from={})
    merged = merge(base, ours, broken).project
    assert merged.graph == ours.graph
    assert (merged.weights, merged.weights_from) == ("weights.h5", ours.weights_from)
    columns = merged.data.columns
    assert (columns["old"], columns["extra"].to) == (Column("target", to="digit"), "input")
    assert (columns["more"].role, columns["more"].to) == ("ignore", "")


def test_a_model_inside_that_one_side_took_away_is_a_conflict() -> None:
    base = nested()
    ours = replace(
        with_graph(base, layers={"encoder": Layer("Dense", {"units": 3})}, outputs={"end": "encoder"}), models={}
    )
    layers, calls = base.graph.layers, base.graph.calls
    again = Layer(MODEL, {"model": "encoder"})
    theirs = with_graph(base, layers={**layers, "again": again}, calls={**calls, "again": Call("again", ("a",))})
    assert "graph.calls.again: there is no model encoder" in merge(base, ours, theirs).conflicts[0]


def test_a_layer_that_one_side_took_away_and_the_other_changed_is_as_ours_has_it() -> None:
    deleted = commands.delete(BASE, ["dense"])
    grouped, _ = grouping.group(BASE, ["dense"], "block")
    changed = commands.set_argument(BASE, "dense", "units", 999)
    stays = merge(BASE, changed, settings_commands.set_fit(deleted, epochs=40))
    assert stays.project == settings_commands.set_fit(changed, epochs=40)
    assert len(stays.conflicts) == 1
    assert stays.conflicts[0].endswith("; the file has the layer with our calls and wires")
    assert merge(BASE, deleted, changed).project == deleted
    assert merge(BASE, grouped, changed).project == grouped
    told = merge(BASE, changed, grouped)
    assert told.project == changed
    assert "`block` leads to no output; left out of theirs: " in told.conflicts[1]


def test_a_layer_without_a_call_and_equal_names_are_conflicts() -> None:
    ours, theirs = (commands.rename(BASE, key, "same") for key in ("flatten", "dense"))
    merged = merge(BASE, ours, theirs)
    assert merged.project == ours
    assert "2 are named `same`; left out of theirs: renamed dense → same" in merged.conflicts[0]
    other = {**BASE.graph.calls, "dense": replace(BASE.graph.calls["dense"], layer="other")}
    left = {key: layer for key, layer in BASE.graph.layers.items() if key != "dense"}
    theirs = with_graph(BASE, layers={**left, "other": Layer("ReLU")}, calls=other)
    ours = commands.set_argument(BASE, "dense", "units", 999)
    merged = merge(BASE, ours, theirs)
    assert merged.project == ours
    assert "no call of `other` is left" in merged.conflicts[1]


PLACES = st.sampled_from(["dense", "dense_1", "epochs", "batch_size", "note", "moved"])


@given(
    st.lists(st.tuples(PLACES, st.integers(1, 9)), max_size=4),
    st.lists(st.tuples(PLACES, st.integers(1, 9)), max_size=4),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_merges_take_what_one_side_changed(ours: list[tuple[str, int]], theirs: list[tuple[str, int]]) -> None:
    def changed(edits: list[tuple[str, int]]) -> Project:
        project = BASE
        for place, number in edits:
            if place in project.graph.layers:
                project = commands.set_argument(project, place, "units", number)
            elif place == "note":
                project = replace(project, notes={"dense": str(number)})
            elif place == "moved":
                project = replace(project, layout={"dense": (number, 0)})
            else:
                project = settings_commands.set_fit(project, **{place: number})
        return project

    one, other = changed(ours), changed(theirs)
    merged, turned = merge(BASE, one, other), merge(BASE, other, one)
    assert merge(BASE, one, BASE).project == one
    assert merge(BASE, BASE, one).project == one
    assert merge(BASE, one, one).conflicts == ()
    assert bool(merged.conflicts) == bool(turned.conflicts)
    apart = not {place for place, _ in ours} & {place for place, _ in theirs}
    if apart:
        assert merged.conflicts == ()
        assert merged.project == turned.project
        assert sorted(lines(BASE, merged.project)) == sorted([*lines(BASE, one), *lines(BASE, other)])


def test_command_merge_writes_and_names_conflicts(tmp_path: Path) -> None:
    base, target = kept(tmp_path / "base", BASE), tmp_path / "merged.toml"
    ours, theirs = (kept(tmp_path / str(n), commands.set_argument(BASE, "dense", "units", n)) for n in (2, 3))
    done = run("merge", base, ours, theirs, "-o", target)
    assert done.exit_code == 1
    assert "conflict in kerastui.toml: dense units: ours 2, theirs 3, before 64" in done.output
    assert "# conflict: dense units" in target.read_text()
    assert run("merge", base, ours, base, "-o", target).exit_code == 2
    assert run("merge", base, ours, base, "-o", target, "--overwrite").exit_code == 0
    assert read(ours) == loads(target.read_text(), target)
    assert json.loads(run("merge", base, ours, theirs, "--json").output)["conflicts"] == [
        "dense units: ours 2, theirs 3, before 64"
    ]
    assert run("merge", base, ours, tmp_path / "none").exit_code == 2


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_shows_and_merges_projects(tmp_path: Path) -> None:
    """The lines of docs/git.md, in a repository of git's own."""
    program = f"{sys.executable} -m kerastui"
    settings = {
        "user.name": "A",
        "user.email": "a@example.org",
        "diff.kerastui.command": f"{program} diff",
        "merge.kerastui.driver": f"{program} merge %O %A %B -o %A --path %P",
    }

    def git(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(["git", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def commit(project: Project, message: str) -> None:
        write(tmp_path, project)
        git("commit", "-qam", message)

    git("init", "-q", "-b", "main")
    for key, value in settings.items():
        git("config", key, value)
    (tmp_path / ".gitattributes").write_text("kerastui.toml diff=kerastui merge=kerastui\n")
    write(tmp_path, BASE)
    git("add", "-A")
    git("commit", "-qm", "begin")
    git("checkout", "-q", "-b", "wider")
    commit(commands.set_argument(BASE, "dense", "units", 128), "wider")
    assert "  dense: units 64 → 128\n" in git("diff", "main", "wider")
    git("checkout", "-q", "main")
    commit(settings_commands.set_fit(BASE, epochs=40), "longer")
    git("merge", "-q", "wider")
    merged = read(tmp_path)
    assert (merged.graph.layers["dense"].config["units"], merged.fit.epochs) == (128, 40)
    git("checkout", "-q", "wider")
    commit(settings_commands.set_fit(commands.set_argument(BASE, "dense", "units", 256), epochs=50), "longer still")
    assert "conflict in kerastui.toml: fit epochs: ours 50, theirs 40" in git("merge", "main", code=1)
    assert "UU kerastui.toml" in git("status", "--short")
    assert read(tmp_path).graph.layers["dense"].config["units"] == 256
    git("diff")
