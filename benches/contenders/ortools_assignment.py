"""Packs a .vbp instance with CP-SAT and prints the answer in the line form of vmpack's contenders.

usage: ortools_assignment.py INSTANCE SECONDS THREADS SEED
"""

import math
import sys
import time

from ortools.sat.python import cp_model

# What is left of the time for printing, in seconds.
MARGIN = 0.2


def read(path):
    """Capacities, and a list of sizes and count per item."""
    with open(path) as file:
        numbers = [int(word) for word in file.read().split()]
    d = numbers[0]
    rows, items = numbers[d + 2 :], []
    for at in range(0, len(rows), d + 1):
        items.append((rows[at : at + d], rows[at + d]))
    return numbers[1 : d + 1], items


def first_fit_decreasing(capacity, items):
    """Hosts as counts per item; how many are enough."""
    def size(i):
        return sum(s / c for s, c in zip(items[i][0], capacity))

    hosts = []
    for i in sorted(range(len(items)), key=size, reverse=True):
        sizes, count = items[i]
        for _ in range(count):
            for free, held in hosts:
                if all(s <= f for s, f in zip(sizes, free)):
                    break
            else:
                free, held = list(capacity), [0] * len(items)
                hosts.append((free, held))
            held[i] += 1
            for k, s in enumerate(sizes):
                free[k] -= s
    return [held for _, held in hosts]


def main():
    started = time.monotonic()
    path, seconds, threads, seed = sys.argv[1:5]
    capacity, items = read(path)
    start = first_fit_decreasing(capacity, items)
    least = max(
        -(-sum(sizes[k] * count for sizes, count in items) // c) for k, c in enumerate(capacity)
    )

    model = cp_model.CpModel()
    hosts = range(len(start))
    is_open = [model.new_bool_var(f"open{h}") for h in hosts]
    held = [
        [model.new_int_var(0, count, f"held{h},{i}") for i, (_, count) in enumerate(items)]
        for h in hosts
    ]
    for i, (_, count) in enumerate(items):
        model.add(sum(held[h][i] for h in hosts) == count)
    for h in hosts:
        for k, c in enumerate(capacity):
            load = sum(sizes[k] * held[h][i] for i, (sizes, _) in enumerate(items))
            model.add(load <= c * is_open[h])
        # Items without any size need an open host as well.
        for i, (_, count) in enumerate(items):
            model.add(held[h][i] <= count * is_open[h])
    for h in hosts[1:]:
        model.add(is_open[h] <= is_open[h - 1])
    model.add(sum(is_open) >= least)
    model.minimize(sum(is_open))
    for h in hosts:
        model.add_hint(is_open[h], 1)
        for i in range(len(items)):
            model.add_hint(held[h][i], start[h][i])

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = int(threads)
    solver.parameters.random_seed = int(seed)
    elapsed = time.monotonic() - started
    solver.parameters.max_time_in_seconds = max(0.01, float(seconds) - elapsed - MARGIN)
    status = solver.solve(model)

    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        for h in hosts:
            counts = [(i, solver.value(held[h][i])) for i in range(len(items))]
            words = [f"{i}x{count}" for i, count in counts if count > 0]
            if words:
                print("host 0:", *words)
        # CP-SAT computes in integers, but hands the bound over as a float.
        print("bound", max(least, math.ceil(solver.best_objective_bound - 1e-6)))
    if status == cp_model.OPTIMAL:
        print("status optimal")


if __name__ == "__main__":
    main()
