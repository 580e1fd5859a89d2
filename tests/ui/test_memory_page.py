"""The laboratory of exercise 4 as Streamlit runs it, without a browser."""

from contextlib import suppress
from dataclasses import replace
from itertools import product

import pytest

import mlpcore as mlp
from mlpcore.equations.activations import CELLWISE
from mlpcore.exchange import to_json, to_link
from mlpcore.memory.sizes import PRESETS, Sizes
from mlpcore.memory.tally import compare, find_budget_schedules, totals
from mlpcore.schedules import SCHEDULES
from pages.ui.state import saved
from pages.ui.state.app_state import make_initial_state
from pages.ui.state.memory_page import CHAPTERS, MemoryChoice, find_schedule, find_subject
from pages.ui.widgets.bound import put
from pages.ui.widgets.memory.measure import put_schedules
from pages.ui.widgets.memory.sizes import resize
from tests.visits import MEMORY, STEP, find_field, find_keyed, list_payloads, open_menu, read_payload, visit


@pytest.fixture
def page(app):
    app.switch_page(MEMORY).run()
    assert not app.exception
    assert choice(app).source == "exercise 4"
    return choose(app, "memory source", "own")


def go(page, chapter):
    page.button_group(key="memory chapter").set_value(chapter).run()
    assert not page.exception
    return page


def choose(page, key, value):
    find_keyed(page, key).set_value(value).run()
    assert not page.exception
    return page


def type_into(page, label, text):
    open_menu(page, "More")
    next(w for w in page.text_input if w.label == label).set_value(text).run()
    assert not page.exception
    return page


def figures(page):
    return [sent["figure"] for sent in list_payloads(page._tree) if "figure" in sent]


def words(page):
    return " ".join(m.value for m in (*page.markdown, *page.error, *page.success, *page.info, *page.warning))


def choice(page):
    return page.session_state["state"].memory


def test_it_opens_where_caching_less_shows_and_an_older_link_on_the_network_of_the_app():
    page = visit()
    page.switch_page(MEMORY).run()
    sizes = PRESETS["exercise 4"]
    found = compare(sizes.shape, sizes.N, sizes.costs, SCHEDULES.values())
    least = found["recompute everything"]
    share = least.peak / found["cache S and Z"].peak
    assert share < 0.5
    assert f"recompute everything {share:.2f} (" in words(page)
    older = visit(s=to_link(to_json({"step": 3}, saved.PARTS)))
    older.switch_page(MEMORY).run()
    assert find_keyed(older, "memory source").value == "own"
    choose(page, "memory source", "784-512-256-10")
    assert "schedules have the same peak at this size" in words(page)
    state = replace(make_initial_state(), step=3)
    newer = visit(s=saved.build_keep_payload(state)["link"])
    assert newer.session_state["state"].memory == state.memory


def test_the_plan_of_the_network_of_the_app(page):
    (timeline,) = figures(page)
    drawn = {t["name"] for t in timeline["data"] if t.get("stackgroup")}
    assert drawn == {"cached", "workspace", "gradients", "scratch"}
    assert "peak is 272 bytes" in read_figures(page)
    assert any("<td>272 B</td>" in html.proto.body for html in page.get("html"))
    assert "440 bytes are needed in total" in words(page)


@pytest.mark.parametrize("source", ["own", "784-512-256-10", "gelu"])
def test_every_schedule_of_every_kind_is_planned(page, source):
    choose(page, "memory source", source)
    for schedule in (*SCHEDULES, "every", "blocks", "within"):
        choose(page, "memory schedule", schedule)
        assert not page.error
        assert len(figures(page)) == 1
        expected = totals(*_counted(page), _schedule(page)).peak
        assert f"{expected:,}" in read_figures(page), schedule


def read_figures(page):
    return " ".join(sent["says"] for sent in list_payloads(page._tree) if "figure" in sent)


def _counted(page):
    sizes = PRESETS.get(choice(page).source)
    if sizes:
        return sizes.shape, sizes.N, sizes.costs
    setup = page.session_state["state"].setup
    return setup.net.shape, setup.batch.N, setup.loss


def _schedule(page):
    work = page.session_state["state"]
    return find_schedule(work.memory, find_subject(work.memory, work.setup))


@pytest.mark.parametrize("schedule", [*SCHEDULES, "every", "blocks", "within"])
@pytest.mark.share(5)
def test_every_plan_plays_on_the_stage(page, schedule):
    choose(page, "memory schedule", schedule)
    wanted = _schedule(page)
    page.button(key="memory play").click().run()
    assert not page.exception
    page.switch_page(STEP).run()
    assert page.session_state["state"].schedule == wanted
    setup = page.session_state["state"].setup
    expected = mlp.one_pass(setup.net, setup.loss, wanted, N=setup.batch.N)
    assert [s["recompute"] for s in read_payload(page)["steps"]][: len(expected)] == [s.recompute for s in expected]
    assert find_field(page, "Cached for the backward pass").value == wanted.name
    # Another one can be chosen there, and every page still opens.
    page.switch_page("app.py").run()
    assert not page.exception
    page.switch_page(STEP).run()
    find_field(page, "Cached for the backward pass").select("cache S").run()
    assert page.session_state["state"].schedule == SCHEDULES["cache S"]


def test_a_plan_that_no_longer_fits_after_an_edit_is_reported_and_plays_on(page):
    choose(page, "memory schedule", "within")
    page.button(key="memory play").click().run()
    page.switch_page("app.py").run()
    work = page.session_state["state"]
    page.session_state["state"] = replace(work, schedule=mlp.within(8))
    page.switch_page(STEP).run()
    assert read_payload(page)["look"].startswith("No plan fits into 8 bytes")
    assert "Every matrix is kept" in read_payload(page)["look"]


def test_sizes_are_typed_and_dragged_and_kept(page):
    choose(page, "memory depth", 5)
    assert choice(page).sizes == Sizes((2, 3, 3, 3, 3, 1), 4, "float64", biases=False)
    assert choice(page).source == "typed"
    choose(page, "memory width", 2**20)
    choose(page, "memory batch", 2**24)
    assert "**No.**" in words(page)
    assert "Nor would any in the table" in words(page) or "would, with" in words(page)
    type_into(page, "Widths, input to output", "784-512 x 3-10")
    assert choice(page).sizes.widths == (784, 512, 512, 512, 10)
    open_menu(page, "More")
    next(w for w in page.selectbox if w.label == "Numbers").select("float32").run()
    next(w for w in page.checkbox if w.label == "Biases").check().run()
    assert (choice(page).sizes.dtype, choice(page).sizes.biases) == ("float32", True)
    page.switch_page("app.py").run()
    page.switch_page(MEMORY).run()
    assert choice(page).sizes.widths == (784, 512, 512, 512, 10)


NO_SIZES = [
    ("Widths, input to output", "784-many", "is not a width"),
    ("Widths, input to output", "", "is not a width"),
    ("Widths, input to output", "0-3", "at least one unit"),
    ("Widths, input to output", "3 x 400", "layers"),
    ("Examples", "-1", "not a whole number"),
    ("Examples", "2,5", "not a whole number"),
    ("Examples", "9" * 12, "not a whole number from 1 to 16,777,216"),
    ("Will it fit into", "a lot", "is not a number of bytes"),
    ("Examples", "0", "not a whole number from 1 to 16,777,216"),
    ("Will it fit into", "0", "from 1 to"),
]


def test_what_makes_no_sense_is_reported_and_changes_nothing(page):
    before = choice(page)
    for label, text, reason in NO_SIZES:
        type_into(page, label, text)
        assert reason in " ".join(e.value for e in page.error).replace("\\", ""), text
        assert choice(page) == before


def test_a_budget_is_dragged_and_too_small_a_one_names_the_way_out(page):
    choose(page, "memory source", "gelu")
    choose(page, "memory schedule", "within")
    stops = [int(o.replace(",", "").split()[0]) for o in find_keyed(page, "memory budget").options]
    choose(page, "memory budget", stops[0])
    assert "No plan fits" in page.error[0].value
    page.button(key="memory least").click().run()
    assert not page.error
    sizes = PRESETS["gelu"]
    assert totals(sizes.shape, sizes.N, sizes.costs, _schedule(page)).peak <= choice(page).budget
    choose(page, "memory budget", stops[-1])
    assert "plans are Pareto-optimal" in words(page)


def test_a_budget_of_a_small_network_becomes_the_least_of_a_large_one(page):
    choose(page, "memory schedule", "within")
    choose(page, "memory source", "784-512-256-10")
    assert not page.error
    assert find_budget_schedules(*_counted(page))[0].peak == find_keyed(page, "memory budget").value


def test_the_cost_of_caching_s_alone_is_stated_where_no_product_is_recomputed(page):
    choose(page, "memory schedule", "cache S")
    assert "f(S), 12 cells of it" in words(page)  # Z_1 of the worksheet: 3 units, 4 examples
    choose(page, "memory schedule", "cache S and Z")
    assert "f(S)" not in words(page)
    choose(page, "memory schedule", "recompute everything")
    assert "cells of it and no product" not in words(page)


def test_sizes_are_counted_under_the_conventions_in_force(page):
    state = page.session_state["state"]
    conventions = mlp.Conventions("rows", at_kink=0.5)
    page.session_state["state"] = replace(state, setup=replace(state.setup, conventions=conventions))
    choose(page, "memory source", "deep and narrow")
    choose(page, "memory schedule", "cache Z")
    sizes = PRESETS["deep and narrow"]
    sums = compare(sizes.shape, sizes.N, sizes.costs, SCHEDULES.values(), conventions)
    assert sums["cache Z"].peak == sums["cache S and Z"].peak  # at 1/2 relu's derivative is not read off Z
    assert find_subject(choice(page), page.session_state["state"].setup).conventions == conventions
    saved_share = sums["cache S"].peak / sums["cache S and Z"].peak
    assert f"cache S {saved_share:.2f}" in words(page)


def test_the_smallest_micro_batches_may_fit_where_nothing_in_the_table_does(page):
    choose(page, "memory source", "worksheet")
    least = totals(PRESETS["worksheet"].shape, PRESETS["worksheet"].N, mlp.MSE(), mlp.blocks(1)).total
    type_into(page, "Will it fit into", f"{least}")
    assert "**micro-batches of 1** would, with" in words(page)
    type_into(page, "Will it fit into", f"{least - 1}")
    assert "Nor would any" in words(page)


def test_will_it_fit_is_answered_in_words(page):
    choose(page, "memory source", "deep and narrow")
    type_into(page, "Will it fit into", "20 MB")
    assert "**No.** 35,725,828 bytes are needed in total, 15.7 MB too many." in words(page)
    assert "would, with" in words(page)
    choose(page, "memory optimiser", "Adam")
    state = mlp.Adam().count_state_bytes(PRESETS["deep and narrow"].shape)
    assert f"**No.** {35_725_828 + state:,} bytes are needed in total" in words(page)
    type_into(page, "Will it fit into", "1 kB")
    assert "Nor would any in the table, or micro-batches of 1: the least is" in words(page)
    type_into(page, "Will it fit into", "1 GiB")
    assert "**Yes.**" in words(page)
    assert next(w.value for w in page.text_input if w.label == "Will it fit into") == "1 GiB"  # not 1073741824


def test_losses_have_the_names_of_the_other_pages(page):
    open_menu(page, "More")
    assert "Hinge of logits (Weston-Watkins)" in next(w for w in page.selectbox if w.label == "Loss").options


def test_z_only_is_explained_for_every_activation(page):
    go(page, "slopes")
    for name in CELLWISE:
        page.button_group(key="memory activation").set_value(name).run()
        assert not page.exception
        diamonds = [t for t in figures(page)[0]["data"] if t["mode"] == "markers"]
        row = mlp.ACTIVATIONS[name]
        assert bool(diamonds) == (row.derivative is not None and row.derivative_from_Z is None)
    page.button_group(key="memory activation").set_value("gelu").run()
    assert "two derivatives" in words(page)
    table = next(m.value for m in page.markdown if m.value.startswith("|"))
    assert {line.count("|") for line in table.splitlines()} == {4}


def test_scaling_draws_what_was_counted(page):
    choose(page, "memory source", "784-512-256-10")
    go(page, "scaling")
    for axis, what in product(("depth", "width", "batch"), ("bytes", "flops", "seconds")):
        page.button_group(key="memory axis").set_value(axis).run()
        page.button_group(key="memory what").set_value(what).run()
        assert not page.exception
        assert (choice(page).axis, choice(page).what) == (axis, what)
        if what == "seconds":
            assert "Nothing was measured" in page.info[0].value
        else:
            (figure,) = figures(page)
            assert len([t for t in figure["data"] if t["mode"] == "lines"]) == len(choice(page).schedules)


@pytest.mark.parametrize(
    "wrong",
    [
        {"schedule": "nothing"},
        {"k": 0},
        {"block": -1},
        {"room": 0},
        {"rounds": 1000},
        {"chapter": "x"},
        {"schedules": ("x",)},
    ],
)
def test_no_choice_is_made_of_nonsense(wrong):
    with pytest.raises((ValueError, KeyError)):
        MemoryChoice(**wrong)


@pytest.mark.parametrize("chapter", list(CHAPTERS))
def test_hostile_states_break_nothing(page, chapter):
    go(page, chapter)
    before = choice(page)
    for key, value in {"trade": {"click": "here"}, "timeline": 7, "scaling": None, "memory k": 99}.items():
        page.session_state[key] = value
        page.run()
        assert not page.exception, key
        assert choice(page) == before, key


WIDGET_VALUES = ("many", None, 0, -1, 10**30, 1.5, float("nan"), [], ["x"], {}, True, b"7")


def test_whatever_a_widget_sends_the_choice_is_one_or_is_refused(page):
    about = find_subject(MemoryChoice(), page.session_state["state"].setup)
    hows = [put_schedules, *(put(field) for field in ("chapter", "source", "schedule", "k", "block", "budget", "room",
                                                     "rounds", "axis", "what", "activation"))]  # fmt: skip
    hows += [resize(about, how) for how in (Sizes.with_depth, Sizes.with_width, put("N"), put("dtype"))]
    made = []
    for how, value in product(hows, WIDGET_VALUES):
        with suppress(ValueError, KeyError, TypeError, OverflowError):
            made.append(how(MemoryChoice(), value))
    different = [memory for number, memory in enumerate(made) if memory not in made[:number]]
    assert len(different) > 3
    for memory in different:
        for chapter in CHAPTERS:
            page.session_state["state"] = replace(page.session_state["state"], memory=replace(memory, chapter=chapter))
            page.run()
            assert not page.exception, (memory, chapter)


def test_every_example_of_the_app_is_counted_in_every_chapter(page):
    for example in mlp.EXAMPLES.values():
        page.session_state["state"] = replace(page.session_state["state"], setup=example.setup)
        for chapter in CHAPTERS:
            go(page, chapter)
            assert not page.error
            assert figures(page)


def test_the_schedules_have_a_reason_each():
    assert all(schedule.why for schedule in SCHEDULES.values())
