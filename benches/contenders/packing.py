"""What the wrappers of contenders share: reading .vbp and .mvp instances, first fit decreasing, printing hosts."""

import sys
import time
from collections import namedtuple

# Capacities, the cost of opening one, and how many there are (None: as many as wanted).
Host = namedtuple("Host", "capacity cost stock")
# How many, and the sizes of each alternative.
Item = namedtuple("Item", "count options")
Instance = namedtuple("Instance", "hosts items")


# The limit counts from the start of the process, so this is imported before a solver, which takes its time.
STARTED = time.monotonic()


class Clock:
    """What is left of the time, less what solvers take to notice that it is over, and printing: a tenth of it, since on a
    busy machine both take longer, but half a second at least and five at most."""

    def __init__(self, seconds):
        seconds = float(seconds)
        self.end = STARTED + seconds - min(max(0.1 * seconds, 0.5), 5.0)

    def left(self):
        return max(0.01, self.end - time.monotonic())


def read(path):
    """The instance in a file whose name ends in .vbp or .mvp."""
    with open(path) as file:
        numbers = [int(word) for word in file.read().split()]
    numbers = iter(numbers)
    take = lambda count: [next(numbers) for _ in range(count)]
    (dimensions,) = take(1)
    if path.endswith(".vbp"):
        hosts = [Host(take(dimensions), 1, None)]
        (items,) = take(1)
        rows = [take(dimensions + 1) for _ in range(items)]
        return Instance(hosts, [Item(row[-1], [row[:-1]]) for row in rows])
    (types,) = take(1)
    hosts = []
    for _ in range(types):
        *capacity, cost, stock = take(dimensions + 2)
        hosts.append(Host(capacity, cost, None if stock < 0 else stock))
    items = []
    for _ in range(take(1)[0]):
        options, count = take(2)
        items.append(Item(count, [take(dimensions) for _ in range(options)]))
    return Instance(hosts, items)


def fits(sizes, free):
    return all(s <= f for s, f in zip(sizes, free))


def has_misfit(instance):
    """Whether an item goes on no host: then there is no packing, and no need of a solver."""
    capacities = [host.capacity for host in instance.hosts if host.stock != 0]
    goes = lambda item: any(fits(sizes, capacity) for capacity in capacities for sizes in item.options)
    return not all(goes(item) for item in instance.items if item.count > 0)


def first_fit_decreasing(capacity, items):
    """The hosts that first fit opens for pairs of sizes and count, as counts per item."""
    def size(i):
        return sum(s / max(c, 1) for s, c in zip(items[i][0], capacity))

    hosts = []
    for i in sorted(range(len(items)), key=size, reverse=True):
        sizes, count = items[i]
        for _ in range(count):
            for free, held in hosts:
                if fits(sizes, free):
                    break
            else:
                free, held = list(capacity), [0] * len(items)
                hosts.append((free, held))
            held[i] += 1
            for k, s in enumerate(sizes):
                free[k] -= s
    return [held for _, held in hosts]


def show(host, held, number=1):
    """Prints hosts that are filled alike: pairs of (item, alternative) and how often."""
    words = (f"{item}.{option}x{count}" for (item, option), count in held)
    print(f"host {host} x{number}:", *words)


def fail(reason):
    """Says why there is no answer, and ends."""
    sys.exit(f"{sys.argv[0]}: {reason}")
