"""The commands of HyperQueue's `hq` that vmpack and its tests use, over the Python package `hyperqueue`.

The package brings server and worker, but not the program `hq`, which is to be had as a download only. This stands in for
it where it is not installed: tasks are queued, started, and started again after a worker is lost, by HyperQueue itself.

    hq server start                     runs until it is ended
    hq worker start --cpus N            the same, and its tasks with it
    hq submit [options] -- COMMAND      only the options below
    hq job list --all
    hq task list JOB

The server is found by `HQ_SERVER_DIR` or `--server-dir`. What is printed is JSON, whatever `--output-mode` says.
"""

import argparse
import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from hyperqueue import Client, Job
from hyperqueue.ffi.cluster import Cluster
from hyperqueue.ffi.protocol import ResourceRequest

# The package cannot tell of single tasks that have not failed, so each says itself that it starts and ends.
REPORT = ': >"$0/$HQ_TASK_ID.started"; "$@"; code=$?; : >"$0/$HQ_TASK_ID.ended"; exit $code'


def main():
    arguments = parser().parse_args()
    directory = arguments.server_dir or os.environ.get("HQ_SERVER_DIR")
    if directory is None:
        sys.exit("hq: expected a server directory, by --server-dir or HQ_SERVER_DIR")
    arguments.run(Path(directory), arguments)


def parser():
    top = argparse.ArgumentParser(prog="hq")
    top.add_argument("--server-dir")
    top.add_argument("--output-mode")
    verbs = top.add_subparsers(required=True)

    server = verbs.add_parser("server").add_subparsers(required=True)
    server.add_parser("start").set_defaults(run=server_start)

    worker = verbs.add_parser("worker").add_subparsers(required=True).add_parser("start")
    worker.add_argument("--cpus", type=int, required=True)
    worker.set_defaults(run=worker_start)

    submit = verbs.add_parser("submit")
    submit.add_argument("--name", required=True)
    submit.add_argument("--array", required=True)
    submit.add_argument("--cpus", type=int, default=1)
    # Workers of the package have cores alone.
    submit.add_argument("--resource", action="append")
    submit.add_argument("--cwd")
    submit.add_argument("--stdout")
    submit.add_argument("--stderr", choices=["none"])
    submit.add_argument("command", nargs="+")
    submit.set_defaults(run=submit_job)

    jobs = verbs.add_parser("job").add_subparsers(required=True).add_parser("list")
    jobs.add_argument("--all", action="store_true")
    jobs.set_defaults(run=job_list)

    tasks = verbs.add_parser("task").add_subparsers(required=True).add_parser("list")
    tasks.add_argument("job", type=int)
    tasks.set_defaults(run=task_list)
    return top


def until_ended():
    # With whoever started it, however that ends.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    sys.stdout.flush()
    while True:
        signal.pause()


def server_start(directory, _):
    directory.mkdir(parents=True, exist_ok=True)
    _cluster = Cluster(str(directory))  # Runs as long as somebody holds it.
    until_ended()


def worker_start(directory, arguments):
    # A worker of the package belongs to a server in its own process. It finds that in a file, so it is given another's.
    own = tempfile.mkdtemp(prefix="hq-worker-", dir=directory)
    cluster = Cluster(own)
    shutil.copy(directory / "hq-current" / "access.json", Path(own) / "hq-current" / "access.json")
    cluster.add_worker(arguments.cpus)
    (directory / f"worker-{os.getpid()}").touch()
    until_ended()


def client(directory):
    if not (directory / "hq-current" / "access.json").exists():
        sys.exit(f"hq: there is no server in {directory}")
    return Client(str(directory))


def reports(directory, job):
    return directory / "hq-current" / f"job-{job}"


def submit_job(directory, arguments):
    connection = client(directory)
    first, last = (int(number) for number in arguments.array.split("-"))
    job = Job(max_fails=None, name=arguments.name)
    # Tasks of the package are numbered from 0.
    place = tempfile.mkdtemp(prefix="tasks-", dir=directory / "hq-current")
    for _ in range(first):
        job.program(["true"], stdout=None, stderr=None)
    for task in range(first, last + 1):
        stdout = arguments.stdout.replace("%{TASK_ID}", str(task))
        job.program(
            ["/bin/sh", "-c", REPORT, place, *arguments.command],
            cwd=arguments.cwd,
            stdout=stdout,
            stderr=None,
            resources=ResourceRequest(cpus=arguments.cpus),
        )
    number = connection.submit(job).id
    description = {"name": arguments.name, "first": first, "last": last, "place": place}
    (reports(directory, number)).write_text(json.dumps(description))
    print(json.dumps({"id": number}))


def job_list(directory, _):
    client(directory)
    jobs = (directory / "hq-current").glob("job-*")
    numbers = sorted(int(job.name.removeprefix("job-")) for job in jobs)
    names = [json.loads(reports(directory, number).read_text())["name"] for number in numbers]
    print(json.dumps([{"id": number, "name": name} for number, name in zip(numbers, names)]))


def task_list(directory, arguments):
    failed = client(directory).connection.get_failed_tasks([arguments.job])
    failed = failed.get(arguments.job, {})
    job = json.loads(reports(directory, arguments.job).read_text())
    place = Path(job["place"])

    def state(task):
        if task in failed:
            return "failed"
        if (place / f"{task}.ended").exists():
            return "finished"
        return "running" if (place / f"{task}.started").exists() else "waiting"

    tasks = range(job["first"], job["last"] + 1)
    print(json.dumps({str(arguments.job): [{"id": task, "state": state(task)} for task in tasks]}))


main()
