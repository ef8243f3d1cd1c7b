"""Packs a .vbp or .mvp instance with VPSolver and HiGHS, and prints the answer in the line form of
vmpack's contenders. Files go into the working directory, which vmpack removes.

usage: vpsolver_highs.py INSTANCE SECONDS THREADS
       vpsolver_highs.py --version
"""

import ast
import importlib.metadata
import math
import subprocess
import sys
import time

import highspy

# What is left of the time for extracting and printing the solution, in seconds.
MARGIN = 0.5


def run(*command):
    """What the program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def version():
    # Without arguments it says its name and how it is used.
    said = subprocess.run(["vbp2afg"], capture_output=True, text=True).stdout
    print(f"{said.split(',')[0]}, HiGHS {importlib.metadata.version('highspy')}")


def solve(instance, seconds, threads):
    started = time.monotonic()
    run("vbp2afg", instance, "graph.afg")
    run("afg2mps", "graph.afg", "model.mps")

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", threads)
    solver.setOptionValue("mip_rel_gap", 0.0)
    solver.readModel("model.mps")
    left = seconds - (time.monotonic() - started) - MARGIN
    solver.setOptionValue("time_limit", max(0.01, left))
    solver.run()
    info, status = solver.getInfo(), solver.getModelStatus()

    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        values = zip(solver.getLp().col_names_, solver.getSolution().col_value)
        with open("variables.sol", "w") as file:
            for name, value in values:
                if round(value) > 0:
                    print(name, round(value), file=file)
        # The last argument asks for a line that Python can read: the cost, and for each host type
        # pairs of a number of hosts and what each of them holds, as pairs of item and alternative.
        said = run("vbpsol", "graph.afg", "variables.sol", "0", "1")
        _, types = ast.literal_eval(said.split("PYSOL=")[1].splitlines()[0])
        for host, patterns in enumerate(types):
            for number, held in patterns:
                print(f"host {host} x{number}:", *(f"{item}.{option}" for item, option in held))
    if math.isfinite(info.mip_dual_bound):
        # Costs are integers; the bound comes with the error of floating point.
        print("bound", math.ceil(info.mip_dual_bound - 1e-6))
    if status == highspy.HighsModelStatus.kOptimal:
        print("status optimal")
    elif status == highspy.HighsModelStatus.kInfeasible:
        print("status infeasible")


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        version()
    else:
        solve(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
