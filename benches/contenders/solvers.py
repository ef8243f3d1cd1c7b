"""Solvers of mixed-integer programs, each of which is given a file in MPS, a clock and a number of threads.

Each returns a `Result`: what it claims (`optimal`, `infeasible` or None), the values of the variables that are not 0 as
integers (None without a solution), and a lower bound (None without one). No gap is tolerated.
"""

import math
import os
import re
import shutil
import subprocess
from collections import namedtuple

Result = namedtuple("Result", "status values bound")


class Cbc:
    """The command of COIN-OR's CBC, such as Debian's package `coinor-cbc`."""

    def version(self):
        said = subprocess.run(["cbc", "-exit"], capture_output=True, text=True).stdout
        return "CBC " + re.search(r"^Version: *(\S+)", said, re.MULTILINE).group(1)

    def solve(self, model, clock, threads):
        # It counts from when it has read the model, and looks at its clock now and then.
        seconds = 0.95 * clock.left()
        command = ["cbc", model, "-timeMode", "elapsed", "-sec", f"{seconds:.2f}", "-ratioGap", "0"]
        # One thread is what it uses unless told otherwise; to say so costs it a thread that waits.
        if threads > 1:
            command += ["-threads", str(threads)]
        said = run(*command, "-solve", "-solution", "cbc.sol")
        if not os.path.exists("cbc.sol"):
            return Result(None, None, None)
        with open("cbc.sol") as file:
            ending, *lines = file.read().splitlines()
        if ending.lower().startswith(("infeasible", "integer infeasible")):
            return Result("infeasible", None, None)
        # Lines are number, name, value and reduced cost, with two stars before those that violate something.
        columns = (line.removeprefix("**").split() for line in lines)
        values = None if "continuous used" in ending else integers((c[1], c[2]) for c in columns)
        is_optimal = ending.startswith("Optimal")
        bound = number(ending.split("objective value")[1]) if is_optimal else last(r"^Lower bound: +(\S+)", said)
        return Result("optimal" if is_optimal else None, values, bound)


class Highs:
    """The command of HiGHS: `highs` on the search path, or that in the Python package `highsbox`."""

    def __init__(self):
        self.program, self.environment = shutil.which("highs"), dict(os.environ)
        if self.program is None:
            import highsbox

            self.program = highsbox.highs_bin_path()
            self.environment["LD_LIBRARY_PATH"] = highsbox.highs_lib_dir()

    def version(self):
        return "HiGHS " + run(self.program, "--version", env=self.environment).split()[2]

    def solve(self, model, clock, threads):
        with open("highs.options", "w") as file:
            print(f"threads = {threads}\nmip_rel_gap = 0", file=file)
        said = run(
            self.program, "--model_file", model, "--options_file", "highs.options",
            "--time_limit", f"{clock.left():.2f}", "--solution_file", "highs.sol", env=self.environment,
            forgive="Parser reached timeout",
        )
        # The time may be over before the model is read, which the command takes for an error.
        if not os.path.exists("highs.sol"):
            return Result(None, None, None)
        with open("highs.sol") as file:
            lines = file.read().splitlines()
        status = {"Optimal": "optimal", "Infeasible": "infeasible"}.get(lines[1])
        at = lines.index("# Primal solution values") + 1
        values = None
        if lines[at] == "Feasible":
            first = at + 3
            columns = int(lines[at + 2].split()[-1])
            values = integers(line.split() for line in lines[first : first + columns])
        return Result(status, values, last(r"^ *Dual bound +(\S+)", said))


class Scip:
    """SCIP through PySCIPOpt, whose package brings it."""

    def version(self):
        import pyscipopt

        model = pyscipopt.Model()
        parts = model.getMajorVersion(), model.getMinorVersion(), model.getTechVersion()
        return f"SCIP {'.'.join(str(int(part)) for part in parts)} by PySCIPOpt {pyscipopt.__version__}"

    def solve(self, model, clock, threads):
        import pyscipopt

        scip = pyscipopt.Model()
        scip.hideOutput()
        scip.readProblem(model)
        scip.setParams({
            "limits/time": clock.left(),
            "timing/clocktype": 2,
            "lp/threads": threads,
            "parallel/maxnthreads": threads,
        })
        scip.optimize()
        status = scip.getStatus()
        values = None
        if scip.getNSols() > 0:
            values = integers((var.name, scip.getVal(var)) for var in scip.getVars())
        bound = scip.getDualbound()
        finite = bound if abs(bound) < scip.infinity() else None
        return Result(status if status in ("optimal", "infeasible") else None, values, finite)


SOLVERS = {"cbc": Cbc, "highs": Highs, "scip": Scip}


def run(*command, env=None, forgive=None):
    """What the program prints. It must end well, unless it prints what is forgiven."""
    ended = subprocess.run(command, capture_output=True, text=True, env=env)
    if forgive is None or forgive not in ended.stdout:
        ended.check_returncode()
    return ended.stdout


def integers(columns):
    """Those that are not 0, of pairs of name and value."""
    values = ((name, round(float(value))) for name, value in columns)
    return {name: value for name, value in values if value}


def number(text):
    """A finite number, or None."""
    value = float(text)
    return value if math.isfinite(value) else None


def last(pattern, text):
    """The number in the last match, or None."""
    found = re.findall(pattern, text, re.MULTILINE)
    return number(found[-1]) if found else None
