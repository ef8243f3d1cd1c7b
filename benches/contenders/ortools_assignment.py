"""Packs a .vbp instance with CP-SAT and prints the answer in the line form of vmpack's contenders.

usage: ortools_assignment.py INSTANCE SECONDS THREADS SEED
"""

import math
import sys

from packing import Clock, first_fit_decreasing, has_misfit, read, show

from ortools.sat.python import cp_model


def main():
    path, seconds, threads, seed = sys.argv[1:5]
    clock = Clock(seconds)
    instance = read(path)
    if has_misfit(instance):
        print("status infeasible")
        return
    capacity = instance.hosts[0].capacity
    items = [(item.options[0], item.count) for item in instance.items]
    start = first_fit_decreasing(capacity, items)
    least = max(
        -(-sum(sizes[k] * count for sizes, count in items) // c) if c else 0
        for k, c in enumerate(capacity)
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
    solver.parameters.max_time_in_seconds = clock.left()
    status = solver.solve(model)

    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        for h in hosts:
            counts = [(i, solver.value(held[h][i])) for i in range(len(items))]
            if any(count for _, count in counts):
                show(0, [((i, 0), count) for i, count in counts if count])
        # CP-SAT computes in integers, but hands the bound over as a float.
        print("bound", max(least, math.ceil(solver.best_objective_bound - 1e-6)))
    if status == cp_model.OPTIMAL:
        print("status optimal")


if __name__ == "__main__":
    main()
