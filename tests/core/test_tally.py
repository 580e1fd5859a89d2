"""Counting for a slider: three blocks tell what all would; sizes read in words; fronts without false winners."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore import benchmark as bench
from mlpcore.benchmark import Job, Measurement, Report
from mlpcore.memory import tally
from mlpcore.memory.sizes import MOST_LAYERS, PRESETS, Sizes, read_widths
from mlpcore.schedules import SCHEDULES
from mlpcore.units import bytes_text, read_bytes, seconds_text

shapes = st.builds(
    mlp.Shape.of,
    st.lists(st.integers(1, 9), min_size=2, max_size=6).map(tuple),
    st.sampled_from(tuple(mlp.ACTIVATIONS)),
    bias=st.booleans(),
)
schedules = st.one_of(
    st.sampled_from(tuple(SCHEDULES.values())),
    st.integers(1, 6).map(mlp.every),
    st.integers(1, 40).map(mlp.blocks),
    st.integers(1, 40).map(lambda size: mlp.blocks(size, SCHEDULES["cache S"])),
)


@given(shapes, st.integers(1, 60), schedules, st.sampled_from((mlp.MSE(), mlp.CrossEntropy())))
def test_a_tally_equals_the_count_of_the_pass_to_the_byte(shape, N, schedule, loss):
    quick = tally.tally(shape, N, loss, schedule).totals
    whole = mlp.count_pass(shape, N, loss, schedule)
    assert (quick.peak, quick.total, quick.activations) == (whole.peak, whole.total, whole.activations)
    assert (quick.flops, quick.recomputed_flops) == (sum(whole.flops), whole.recomputed_flops)
    assert tally.totals(shape, N, loss, schedule) == quick
    assert sum(quick.list_bytes().values()) == quick.total


def test_sizes_that_fit_nowhere_are_counted_as_quickly_as_small_ones():
    sizes = Sizes((2**20,) * 9, 2**24)
    t = tally.tally(sizes.shape, sizes.N, sizes.costs, SCHEDULES["micro-batches"])
    assert t.blocks == 4096
    assert t.left_out == 4093
    assert len(t.count.steps) < 1000
    assert t.totals.total > 10**13


def test_blocks_that_are_drawn_are_named_by_their_own_examples():
    def names(N, size):
        steps = tally.tally(mlp.Shape.of((3, 2, 2)), N, mlp.MSE(), mlp.blocks(size)).count.steps
        return {v.block for step in steps for v in (step.out, *step.operands, *step.frees)} - {""}

    assert names(10, 4) == {"1:4", "5:8", "1:8", "9:10"}
    assert names(7, 5) == {"1:5", "6:7"}
    assert names(8, 4) == {"1:4", "5:8"}
    assert names(8, 9) == set()


def test_a_step_list_that_is_kept_is_not_used_for_another_schedule_or_depth():
    for depth in (2, 3, 5):
        for k in (1, 2, 3):
            shape = mlp.Shape.of((4,) * (depth + 1))
            assert tally.totals(shape, 3, mlp.MSE(), mlp.every(k)).peak == mlp.peak_bytes(shape, 3, None, mlp.every(k))


def test_deep_networks_are_not_planned_while_a_page_waits():
    shape = Sizes((8,) * (tally.PLANNED + 2), 4).shape
    with pytest.raises(ValueError, match=f"up to {tally.PLANNED} layers"):
        tally.tally(shape, 4, mlp.MSE(), mlp.within(10**9))
    with pytest.raises(ValueError, match=f"up to {tally.PLANNED} layers"):
        tally.find_budget_schedules(shape, 4, mlp.MSE())
    assert "best in half the bytes" not in tally.compare(shape, 4, mlp.MSE(), SCHEDULES.values())


@pytest.mark.parametrize("axis", list(tally.AXES))
@pytest.mark.parametrize("name", list(PRESETS))
def test_along_an_axis_the_present_size_is_counted_too(axis, name):
    sizes = PRESETS[name]
    curves = tally.count_along(sizes, axis, [SCHEDULES["cache S and Z"], SCHEDULES["cache S"]])
    here = dict(curves["cache S"])[tally.find_size(sizes, axis)]
    assert here.peak == mlp.peak_bytes(sizes.shape, sizes.N, sizes.costs, "cache S")
    for value, sums in curves["cache S"]:
        assert tally.find_size(tally.resize_along(sizes, axis, value), axis) == value
        assert sums.peak <= dict(curves["cache S and Z"])[value].peak


@pytest.mark.parametrize(
    ("text", "widths"),
    [
        ("784-512-10", (784, 512, 10)),
        ("2, 3,1", (2, 3, 1)),
        ("8 x 3", (8, 8, 8)),
        ("5-4×2-1", (5, 4, 4, 1)),
        ("2 3", (2, 3)),
    ],
)
def test_widths_are_read_as_they_are_typed(text, widths):
    assert read_widths(text) == widths


@pytest.mark.parametrize(
    "text", ["", "7", "a-b", "3-", "1e3-4", "3x-4", "٣-٤", f"2 x {MOST_LAYERS + 2}", "9" * 40, "-3-4x"]
)
def test_what_are_no_widths_is_refused_in_words(text):
    with pytest.raises(ValueError, match=r"width|layers"):
        read_widths(text)


@given(st.lists(st.integers(1, 99), min_size=2, max_size=20).map(tuple))
def test_widths_survive_being_written_and_read(widths):
    assert read_widths(Sizes(widths, 1).text) == widths


@pytest.mark.parametrize(
    ("text", "n"),
    [("16 GB", 16 * 10**9), ("1 GiB", 2**30), ("1,234", 1234), ("0,5 kb", 500), ("7", 7), ("2.5MB", 2_500_000)],
)
def test_bytes_are_read_as_they_are_typed(text, n):
    assert read_bytes(text) == n


@pytest.mark.parametrize("text", ["", "GB", "-4 GB", "1e9", "nan", "4 parsec", "١٢"])
def test_what_are_no_bytes_is_refused_in_words(text):
    with pytest.raises(ValueError, match="number of bytes"):
        read_bytes(text)


def test_numbers_in_words_have_three_digits():
    assert [bytes_text(n) for n in (0, 999, 1000, 9_499_999, 999_999, 4 * 10**13)] == [
        "0 B", "999 B", "1.00 kB", "9.50 MB", "1.00 MB", "40.0 TB",
    ]  # fmt: skip
    assert [seconds_text(s) for s in (2.5e-6, 0.0456, 0.99999, 12.34)] == ["2.50 µs", "45.6 ms", "1.00 s", "12.3 s"]


def test_sizes_beyond_what_is_counted_are_refused():
    for wrong in (
        {"widths": (2,) * (MOST_LAYERS + 2)},
        {"N": 0},
        {"N": 2**25},
        {"widths": (2**21, 2)},
        {"dtype": "int8"},
    ):
        with pytest.raises(ValueError, match=r"counted here|numbers are"):
            Sizes(**{"widths": (2, 2), "N": 1} | wrong)
    for unknown in ({"loss": "guess"}, {"activation": "guess"}):  # also where there is no hidden layer to have it
        with pytest.raises(KeyError, match="choose one of"):
            Sizes(**{"widths": (2, 2), "N": 1} | unknown)


def arm(name, counted, ratio, spread=0.02):
    return Measurement(name, counted, counted, counted, 1, 0, ratio, ratio, ratio - spread, ratio + spread, counted)


def report(*arms, unreliable=""):
    return Report(Job(mlp.Shape.of((2, 2)), 1, ("cache S and Z",)), arms, {}, unreliable)


BASE = arm("cache S and Z", 10**7, 1.0, 0.0)


def test_within_the_spread_no_schedule_wins_in_time():
    slower, faster = arm("a", 5 * 10**6, 1.01), arm("b", 5 * 10**6, 0.99)
    assert bench.is_tie(slower, faster)
    # The same bytes and a tie in time: both stand. Fewer bytes at a tie: everything else is beaten.
    assert bench.pareto_front_with_ties([BASE, slower, faster]) == [2, 1]
    assert bench.pareto_front_with_ties([BASE, slower, arm("c", 10**6, 1.005)]) == [2]
    # Clearly faster at more bytes is another point of the front.
    assert bench.pareto_front_with_ties([BASE, arm("d", 10**6, 3.0)]) == [1, 0]
    assert bench.pareto_front_with_ties([BASE, arm("e", 10**7, 1.5)]) == [0]


def test_inside_the_spread_the_words_are_a_tie_and_never_a_winner():
    said = " ".join(bench.summarise(report(BASE, arm("a", 5 * 10**6, 0.99), unreliable="the machine was busy")))
    assert "no significant difference in time between “cache s and z” and “a”." in said.lower()
    assert said.startswith("The times are not reliable: the machine was busy")
    assert "tie" not in " ".join(bench.summarise(report(BASE, arm("a", 5 * 10**6, 1.5)))).split("beaten")[0]
    assert "only the counted bytes" in bench.summarise(report(arm("x", 100, 1.0, 0.0)))[0]


def test_jobs_along_an_axis_are_few_and_fit_and_are_found_again():
    sizes = PRESETS["784-512-256-10"]
    jobs = bench.make_jobs(sizes, "batch", [SCHEDULES["cache S and Z"], SCHEDULES["cache S"]], 5, 2 * 10**8)
    assert 2 <= len(jobs) <= 5
    for now in (3, 100, 5000):  # among more sizes than are measured at once, the present one is
        sizes_of = [job.N for job in bench.make_jobs(Sizes((2, 2), now), "batch", [SCHEDULES["cache S"]], 5, 10**9)]
        assert now in sizes_of
        assert len(sizes_of) == 5
    assert all(job.bytes_needed <= 2 * 10**8 for job in jobs)
    reports = [Report(job, (BASE, arm("cache S", 1, 1.0)), {}) for job in jobs]
    found = bench.find_measurements(reports, sizes, "batch")
    assert sorted(found["cache S"]) == sorted(job.N for job in jobs)
    assert bench.find_measurements(reports, sizes.with_width(7), "batch") == {}
    assert bench.make_jobs(sizes, "batch", [SCHEDULES["cache S"]], 5, 10) == []


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
@pytest.mark.parametrize("at_kink", [0.0, 0.5])
def test_the_present_size_on_an_axis_is_counted_as_it_is_alone(layout, at_kink):
    conventions = mlp.Conventions(layout, at_kink=at_kink)
    sizes = Sizes((2, 3, 3), 5, "float64", loss="CrossEntropy")
    schedules = [SCHEDULES[name] for name in ("cache S and Z", "cache Z")]
    alone = tally.compare(sizes.shape, sizes.N, sizes.costs, schedules, conventions)
    for axis in tally.AXES:
        for name, points in tally.count_along(sizes, axis, schedules, conventions).items():
            assert dict(points)[tally.find_size(sizes, axis)] == alone[name]
    jobs = bench.make_jobs(sizes, "batch", schedules, 3, 10**9, conventions)
    assert {job.conventions for job in jobs} == {conventions}
