"""Packs a .vbp instance with heuristics of Vectorpack, the best of those named, and prints the answer in the line form of
vmpack's contenders. Files go into the working directory, which vmpack removes.

usage: vectorpack_heuristics.py INSTANCE SECONDS ALGORITHM...
       vectorpack_heuristics.py --version
"""

import hashlib
import shutil
import subprocess
import sys
from collections import Counter

from packing import Clock, fail, has_misfit, read, show

PROGRAM = "vectorpack"


def version():
    # It does not say its version, so what is run is named by its content.
    path = shutil.which(PROGRAM)
    if path is None:
        fail(f"there is no program {PROGRAM!r} on the search path")
    with open(path, "rb") as file:
        print("Vectorpack, SHA-256", hashlib.sha256(file.read()).hexdigest()[:16])


def solve(path, seconds, algorithms):
    clock = Clock(seconds)
    instance = read(path)
    # It would put an item into a new bin without asking whether it fits.
    if has_misfit(instance):
        print("status infeasible")
        return
    # It knows no counts: every line is one item.
    single = [i for i, item in enumerate(instance.items) for _ in range(item.count)]
    capacity = instance.hosts[0].capacity
    with open("single.vbp", "w") as file:
        print(len(capacity), " ".join(map(str, capacity)), len(single), sep="\n", file=file)
        for i in single:
            print(*instance.items[i].options[0], 1, file=file)

    best = None
    for algorithm in algorithms:
        command = [PROGRAM, "single.vbp", algorithm, "--output", "allocation.txt"]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=clock.left())
        except subprocess.TimeoutExpired:
            break
        if run.returncode != 0:
            fail(f"{algorithm}: {run.stderr.strip() or run.returncode}")
        # The number of bins, then a line for each: how many items, and their numbers from 0, those of their lines.
        with open("allocation.txt") as file:
            (count,), *rows = [[int(word) for word in line.split()] for line in file]
        if count != len(rows) or any(row[0] != len(row[1:]) for row in rows):
            fail(f"{algorithm}: expected bins with as many items as announced")
        if best is None or count < len(best):
            best = [[single[item] for item in row[1:]] for row in rows]
    if best is not None:
        patterns = Counter(tuple(sorted(Counter(held).items())) for held in best)
        for held, number in patterns.items():
            show(0, [((item, 0), count) for item, count in held], number)


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        version()
    else:
        solve(sys.argv[1], sys.argv[2], sys.argv[3:])
