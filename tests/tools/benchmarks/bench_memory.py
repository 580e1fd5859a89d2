"""Memory and speed as ratios within one run: `python -m tests.tools.benchmarks.bench_memory`.

A training step (forward, backward, update in place) against its own bare matrix products and, where
torch is installed, against PyTorch eager; and every schedule against caching everything, bytes and
CPU time. The bare products are `np.matmul(A, B, out)` or `np.dot(A, B, out)`, whichever is faster;
"own calls" is the ratio to the products alone as the step itself calls them, with still less around
them. One BLAS thread, the arms interleaved at random, garbage collection off, the median of the
ratios within a round with its 95 % interval; kernel and threads are printed.
"""

import gc
import os
import random
import statistics
import sys
import time
from itertools import pairwise

import numpy as np

import mlpcore as mlp
from mlpcore.benchmark import Job, JobQueue
from mlpcore.benchmark.machine import KERNEL_OVERRIDES, ONE_THREAD, machine
from mlpcore.benchmark.worker import draw_numbers, median_interval
from mlpcore.memory.planner import find_front, task_of
from mlpcore.passes import training_step

try:
    import torch
except ImportError:
    torch = None

#: Name, widths, biases, N, rounds, limit against the bare products, times that PyTorch is slower.
STEPS = [
    ("2048 wide, 8 deep", (2048,) * 9, True, 512, 5, 1.10, 1),
    ("784-512-256-10", (784, 512, 256, 10), True, 128, 60, 1.15, 1),
    ("64-128-10", (64, 128, 10), True, 32, 300, 1.5, 5),
    ("64-128-10, no bias", (64, 128, 10), False, 32, 300, 1.5, 5),
    ("worksheet", (2, 3, 1), False, 4, 300, 3.0, 20),
]

#: Title, shape, N: chains on which every schedule is timed.
CHAINS = [
    ("8 of 512, tanh", mlp.Shape.of((512,) * 9, "tanh", dtype="float32"), 2048),
    ("8 of 512, relu", mlp.Shape.of((512,) * 9, "relu", dtype="float32"), 2048),
    ("16 of 256, relu", mlp.Shape.of((256,) * 17, "relu", dtype="float32"), 2048),
    ("8 of 128 after 32, sigmoid", mlp.Shape.of((32, *(128,) * 8), "sigmoid", dtype="float32"), 4096),
]
TRIED = (
    "cache S and Z", "cache S", "cache Z", ("every", 2), "every √L layers", "binomial", "best in half the bytes",
    "recompute everything", ("blocks", 256), ("blocks", 512), ("blocks", 256, "cache Z"),
)  # fmt: skip


def time_arms(arms, rounds):
    """CPU seconds of each arm in each round; an arm is (function, repetitions)."""
    order = random.Random(0)
    times = {name: [] for name in arms}
    for function, repeat in arms.values():
        function(repeat)
    gc.collect()
    gc.disable()
    for _ in range(rounds):
        for name in order.sample(list(arms), len(arms)):
            function, repeat = arms[name]
            begun = time.thread_time()
            function(repeat)
            times[name].append((time.thread_time() - begun) / repeat)
    gc.enable()
    return times


def torch_step(net, batch, rate, adam=False):
    """What a user of PyTorch writes: modules, a loss, an optimiser."""
    modules = []
    for layer in net.layers:
        linear = torch.nn.Linear(*layer.W.shape[::-1], bias=layer.b is not None)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(layer.W.copy()))
            if layer.b is not None:
                linear.bias.copy_(torch.from_numpy(layer.b.copy()))
        modules += [linear] + ([torch.nn.ReLU()] if layer.activation == "relu" else [])
    model = torch.nn.Sequential(*modules)
    optimiser = (torch.optim.Adam if adam else torch.optim.SGD)(model.parameters(), rate)
    X, Y = (torch.from_numpy(np.array(x.T, order="C")) for x in (batch.X, batch.Y))

    def step(times):
        for _ in range(times):
            optimiser.zero_grad()
            torch.nn.functional.mse_loss(model(X), Y).backward()
            optimiser.step()

    def peak():
        """The most bytes allocated in a forward and a backward pass, gradients with them."""
        optimiser.zero_grad()
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
            torch.nn.functional.mse_loss(model(X), Y).backward()
        events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
        most = now = 0
        for event in sorted(events, key=lambda e: e.start_ns()):
            now += event.nbytes()
            most = max(most, now)
        return most

    return step, peak


def judge(ratios, limit, at_least=False):
    low, high = median_interval(ratios)
    ratio = statistics.median(ratios)
    good = ratio >= limit if at_least else ratio <= limit
    return f"{ratio:7.3f} [{low:6.3f}, {high:6.3f}]  limit {limit:<5}{'' if good else ' MISSED'}"


def steps():
    print("\nA training step against its own bare matrix products, float32, squared error")
    for name, widths, bias, N, rounds, limit, slower in STEPS:
        job = Job(mlp.Shape.of(widths, "relu", bias=bias, dtype="float32"), N, ("cache S and Z",))
        net, batch = draw_numbers(job)
        loss, values = mlp.MSE(), training_step.initial_values(net, batch, mlp.MSE()) | {mlp.rate: np.float32(1e-3)}
        plain = mlp.Program(mlp.one_pass(net) + mlp.update(net), values, net.shape, N)
        lean = mlp.Program(mlp.one_pass(net, loss, "cache Z") + mlp.update(net), values, net.shape, N)
        repeat = max(1, min(50, int(2e8 / sum(plain.count.flops))))
        arms = {
            "matmul": (plain.products(np.matmul), repeat),
            "dot": (plain.products(np.dot), repeat),
            "own calls": (plain.products(), repeat),
            "cache S and Z": (plain.run, repeat),
            "cache Z": (lean.run, repeat),
        }
        if torch:
            step, peak = torch_step(net, batch, 1e-3)
            arms["torch"] = step, max(1, repeat // 10)
        times = time_arms(arms, rounds)
        bare = min(("matmul", "dot"), key=lambda way: statistics.median(times[way]))
        for arm in ("cache S and Z", "cache Z"):
            ratios = [t / b for t, b in zip(times[arm], times[bare], strict=True)]
            own = statistics.median(t / b for t, b in zip(times[arm], times["own calls"], strict=True))
            took = statistics.median(times[arm]) * 1e6
            print(f"{name:20} {arm:14} {took:11.1f} us  {judge(ratios, limit)}  (np.{bare}; own calls {own:.3f})")
        if torch:
            ratios = [t / b for t, b in zip(times["torch"], times["cache S and Z"], strict=True)]
            took = statistics.median(times["torch"]) * 1e6
            print(f"{name:20} {'PyTorch eager':14} {took:11.1f} us  {judge(ratios, slower, at_least=True)} (over ours)")
            ours, theirs = mlp.peak_bytes(net, N, loss, "cache Z"), peak()
            print(f"{name:20} {'peak bytes':14} {ours:11,d}     cache Z, PyTorch {theirs:,d}: {ours / theirs:.3f}")


def schedules():
    queue = JobQueue()
    for title, shape, N in CHAINS:
        report = queue.submit(Job(shape, N, TRIED, rounds=15)).wait()
        all_of_it = report.measurements[0]
        print(f"\n{title}, N = {N}, {shape.dtype}; against caching S and Z  {report.unreliable.upper()}")
        print(f"{'':32}{'activations':>12}{'all bytes':>11}{'traced':>9}{'time':>8}  95 %")
        for arm in report.measurements:
            print(
                f"{arm.schedule:32}{arm.activations / all_of_it.activations:12.3f}"
                f"{arm.counted / all_of_it.counted:11.3f}"
                f"{arm.traced / arm.counted - 1:9.2%}{arm.ratio:8.3f}  [{arm.low:.3f}, {arm.high:.3f}]"
                f"{'  tie' if arm.ties_baseline else ''}"
            )
        small = [a for a in report.measurements if a.activations <= 0.30 * all_of_it.activations]
        best = min(small, key=lambda a: a.ratio)
        s_only, z_only = report.measurements[1], report.measurements[2]
        for what, bytes_, limit, ratio, slowest in (
            ("S only", s_only.activations, 0.60, s_only.ratio, 1.10),
            ("Z only", z_only.activations, 1.00, z_only.ratio, 1.02),
            (best.schedule, best.activations, 0.30, best.ratio, 1.15),
        ):
            share = bytes_ / all_of_it.activations
            good = share <= limit and ratio <= slowest
            missed = "" if good else " MISSED"
            print(f"  {what}: {share:.3f} of the bytes ({limit}), {ratio:.3f} of the time ({slowest}){missed}")
    queue.close()


def planner():
    rng = np.random.default_rng(0)
    begun = time.thread_time()
    plans = find_front(task_of(mlp.Shape.of(tuple(int(d) for d in rng.integers(10, 500, 11)), "gelu"), 256))
    assert all(a.peak < b.peak for a, b in pairwise(plans))
    took = time.thread_time() - begun
    print(f"\nThe best plan for every budget, 10 unequal layers: {len(plans)} plans in {took:.2f} s (1 s)")


def main():
    if any(os.environ.get(k) != v for k, v in ONE_THREAD.items()) or set(KERNEL_OVERRIDES) & set(os.environ):
        env = {k: v for k, v in os.environ.items() if k not in KERNEL_OVERRIDES} | ONE_THREAD
        os.execve(sys.executable, [sys.executable, "-m", "tests.tools.benchmarks.bench_memory"], env)
    print(", ".join(f"{k} {v}" for k, v in machine().items()))
    if torch:
        torch.set_num_threads(1)
        print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread")
    steps()
    schedules()
    planner()


if __name__ == "__main__":
    main()
