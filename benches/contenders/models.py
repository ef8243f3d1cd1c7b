"""Packing as a mixed-integer program in MPS, which every solver reads: as an assignment, or as a flow by VPSolver.

A model is written to a file, and turns the values of its variables into hosts. Every item goes on some host.
"""

import ast
import importlib.metadata
import subprocess
from collections import Counter

from packing import first_fit_decreasing, fits, show


class Assignment:
    """A count of every item on every host, and whether the host is open: the model that people write first.

    There are as many hosts of a type as first fit decreasing needs for all items that it can hold, and no optimum
    needs more. They are opened in order. Its relaxation is no better than the volume of the items.
    """

    @staticmethod
    def version():
        return None

    def __init__(self, instance):
        self.instance = instance
        # A host per entry, by its type.
        self.hosts = [t for t, host in enumerate(instance.hosts) for _ in range(self.most(host))]

    def most(self, host):
        """How many hosts of a type are enough."""
        first = ((next((o for o in item.options if fits(o, host.capacity)), None), item.count)
                 for item in self.instance.items)
        needed = len(first_fit_decreasing(host.capacity, [one for one in first if one[0] is not None]))
        return needed if host.stock is None else min(needed, host.stock)

    def write(self, path):
        items = self.instance.items
        rows = [f" E i{i}" for i in range(len(items))]
        columns, bounds = [], []

        def column(name, entries, most):
            columns.extend(f" {name} {row} {value}" for row, value in entries)
            bounds.append(f" UP b {name} {most}")

        for h, t in enumerate(self.hosts):
            host = self.instance.hosts[t]
            loads = range(len(host.capacity))
            rows.extend(f" L c{h}_{k}" for k in loads)
            entries = [("cost", host.cost)] + [(f"c{h}_{k}", -host.capacity[k]) for k in loads]
            # Those of one type are opened in order.
            if h > 0 and self.hosts[h - 1] == t:
                rows.append(f" L o{h}")
                entries.append((f"o{h}", 1))
            if self.hosts[h + 1 : h + 2] == [t]:
                entries.append((f"o{h + 1}", -1))
            held = []
            for i, item in enumerate(items):
                for a, sizes in enumerate(item.options):
                    if not fits(sizes, host.capacity):
                        continue
                    used = [(f"i{i}", 1)] + [(f"c{h}_{k}", sizes[k]) for k in loads if sizes[k]]
                    if not any(sizes):
                        # What has no size needs an open host as well.
                        rows.append(f" L z{h}_{i}_{a}")
                        used.append((f"z{h}_{i}_{a}", 1))
                        entries.append((f"z{h}_{i}_{a}", -item.count))
                    held.append((f"x{h}_{i}_{a}", used, item.count))
            column(f"open{h}", entries, 1)
            for one in held:
                column(*one)
        with open(path, "w") as file:
            print("NAME assignment\nROWS\n N cost", *rows, sep="\n", file=file)
            print("COLUMNS\n m1 'MARKER' 'INTORG'", *columns, " m2 'MARKER' 'INTEND'\nRHS", sep="\n", file=file)
            print(*(f" r i{i} {item.count}" for i, item in enumerate(items)), sep="\n", file=file)
            print("BOUNDS", *bounds, "ENDATA", sep="\n", file=file)

    def show(self, values):
        patterns = Counter()
        for h, t in enumerate(self.hosts):
            held = [
                ((i, a), values.get(f"x{h}_{i}_{a}", 0))
                for i, item in enumerate(self.instance.items)
                for a in range(len(item.options))
            ]
            patterns[t, tuple((which, count) for which, count in held if count)] += 1
        for (t, held), number in patterns.items():
            if held:
                show(t, held, number)


class ArcFlow:
    """A graph whose paths are the fillings of hosts, compressed by VPSolver (Brandao and Pedroso 2016), and a flow in it."""

    GRAPH = "graph.afg"

    @staticmethod
    def version():
        # Without arguments it says its name, though an older version than its package has, and how it is used.
        said = subprocess.run(["vbp2afg"], capture_output=True, text=True).stdout.split(",")[0]
        try:
            return f"{said} of pyvpsolver {importlib.metadata.version('pyvpsolver')}"
        except importlib.metadata.PackageNotFoundError:
            return said

    def __init__(self, instance, path):
        self.left = [item.count for item in instance.items]
        run("vbp2afg", path, self.GRAPH)

    def write(self, path):
        run("afg2mps", self.GRAPH, path)

    def show(self, values):
        with open("variables.sol", "w") as file:
            for name, value in values.items():
                if value:
                    print(name, value, file=file)
        # The last argument asks for a line that Python can read: the cost, and for each host type
        # pairs of a number of hosts and what each of them holds, as pairs of item and alternative.
        said = run("vbpsol", self.GRAPH, "variables.sol", "0", "1")
        _, types = ast.literal_eval(said.split("PYSOL=")[1].splitlines()[0])
        for host, patterns in enumerate(types):
            for number, held in patterns:
                while number > 0:
                    held, hosts = self.wanted(held, number)
                    if held:
                        show(host, Counter(held).items(), hosts)
                    number -= hosts

    def wanted(self, held, number):
        """What is still wanted of a pattern, by how many of its hosts. The model demands at least as many of every item
        as there are, and its flow may carry more."""
        most = Counter(item for item, _ in held)
        hosts = min([number] + [self.left[item] // count for item, count in most.items()])
        if hosts == 0:
            hosts, kept = 1, []
            for item, option in held:
                if self.left[item] > 0:
                    self.left[item] -= 1
                    kept.append((item, option))
            return kept, hosts
        for item, count in most.items():
            self.left[item] -= count * hosts
        return held, hosts


def run(*command):
    """What the program prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
