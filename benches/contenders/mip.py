"""Packs a .vbp or .mvp instance by a solver of mixed-integer programs, and prints the answer in the line form of vmpack's
contenders. Files go into the working directory, which vmpack removes.

usage: mip.py assignment|arc-flow cbc|highs|scip INSTANCE SECONDS THREADS
       mip.py assignment|arc-flow cbc|highs|scip --version
"""

import math
import sys

from models import ArcFlow, Assignment
from packing import Clock, has_misfit, read
from solvers import SOLVERS


def main(model, solver, instance, seconds="0", threads="1"):
    solver = SOLVERS[solver]()
    if instance == "--version":
        known = {"assignment": Assignment, "arc-flow": ArcFlow}[model].version()
        print(*([known] if known else []), solver.version(), sep=", ")
        return
    clock = Clock(seconds)
    read_in = read(instance)
    if has_misfit(read_in):
        print("status infeasible")
        return
    model = Assignment(read_in) if model == "assignment" else ArcFlow(read_in, instance)
    model.write("model.mps")
    status, values, bound = solver.solve("model.mps", clock, int(threads))
    if values is not None:
        model.show(values)
    if bound is not None:
        # Costs are integers; the bound comes with the error of floating point.
        print("bound", math.ceil(bound - 1e-6 * max(1, abs(bound))))
    if status is not None:
        print("status", status)


if __name__ == "__main__":
    main(*sys.argv[1:])
