"""Packs a .vbp instance with heuristics of Vectorpack, the best of those named, and prints the answer in the line form of
vmpack's contenders. Files go into the working directory, which vmpack removes.

usage: vectorpack_heuristics.py INSTANCE SECONDS ALGORITHM...
       vectorpack_heuristics.py --version
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections import Counter

from packing import Clock, fail, read, show

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
            subprocess.run(command, check=True, capture_output=True, timeout=clock.left())
        except subprocess.TimeoutExpired:
            break
        # A line with the number of bins, then `Bin_0: 3 1` for each, by the numbers of the lines.
        with open("allocation.txt") as file:
            bins = [re.fullmatch(r"Bin_\d+[^:]*:(.*)", line.strip()) for line in file]
        packing = [[single[int(word)] for word in found.group(1).split()] for found in bins if found]
        if packing and (best is None or len(packing) < len(best)):
            best = packing
    if best is not None:
        patterns = Counter(tuple(sorted(Counter(held).items())) for held in best)
        for held, number in patterns.items():
            show(0, [((item, 0), count) for item, count in held], number)


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        version()
    else:
        solve(sys.argv[1], sys.argv[2], sys.argv[3:])
