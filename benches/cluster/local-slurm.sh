#!/bin/sh
# A Slurm of three nodes on this one machine, from the Debian packages slurm-wlm and munge, without systemd. For tests.
#
#   local-slurm.sh start DIR    starts it; all its state is in DIR, which must not exist. Then: export SLURM_CONF=DIR/slurm.conf
#   local-slurm.sh kill DIR N   ends node N (1, 2, 3) at once, with all that runs on it, as a power cut does
#   local-slurm.sh stop DIR     ends everything that runs, and leaves DIR with its logs
#
# Needs root, as Slurm's daemons do. Ports are free ones, so several may run side by side. Exits with 77 where Slurm's
# daemons cannot run.
set -eu

die() { echo "local-slurm: $*" >&2; exit 1; }

# Ends the script if the reason is the machine.
cannot_run() {
    if grep -q 'Unable to initialize cgroup plugin' "$dir"/slurmd.*.log 2>/dev/null; then
        echo "local-slurm: slurmd finds no cgroups that it can use here" >&2
        exit 77
    fi
    cat "$dir"/slurmd.*.log >&2 2>/dev/null || true
}

# So many TCP ports in a row that nobody listens on.
free_ports() {
    python3 - "$1" <<'EOF'
import random, socket, sys
count = int(sys.argv[1])
for _ in range(200):
    first = random.randrange(20000, 30000)
    held = []
    try:
        for port in range(first, first + count):
            s = socket.socket()
            held.append(s)
            s.bind(("127.0.0.1", port))
    except OSError:
        continue
    finally:
        for s in held:
            s.close()
    print(first)
    break
EOF
}

configure() {
    host=$(hostname -s)
    port=$(free_ports 4)
    [ -n "$port" ] || die "no free ports"
    cat >"$dir/slurm.conf" <<EOF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge/munge.socket
CredType=cred/munge
MpiDefault=none
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MaxArraySize=101
ReturnToService=2
SlurmdTimeout=${SLURMD_TIMEOUT:-5}
KillWait=2
InactiveLimit=0
MinJobAge=300
NodeName=n[1-3] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 3))] CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
EOF
    # A file of its own, or Slurm reads that of the system. Slurm looks at cgroups even if it is to do without.
    printf 'CgroupAutomount=no\nIgnoreSystemd=yes\n' >"$dir/cgroup.conf"
}

start() {
    for program in munged slurmctld slurmd sinfo python3; do
        command -v "$program" >/dev/null || die "there is no program $program (Debian packages slurm-wlm, munge, python3)"
    done
    [ "$(id -u)" = 0 ] || die "only root can start Slurm's daemons"
    mkdir "$dir" || die "choose a folder that does not exist"
    dir=$(cd "$dir" && pwd)
    mkdir "$dir/munge" "$dir/state" "$dir/spool"
    chmod 755 "$dir"
    chmod 700 "$dir/munge"
    head -c 1024 /dev/urandom >"$dir/munge/munge.key"
    chmod 400 "$dir/munge/munge.key"
    configure
    trap 'code=$?; stop || true; exit $code' EXIT
    munged --force --key-file="$dir/munge/munge.key" --socket="$dir/munge/munge.socket" \
        --pid-file="$dir/munge/munged.pid" --log-file="$dir/munge/munged.log" --seed-file="$dir/munge/munged.seed"
    export SLURM_CONF="$dir/slurm.conf"
    slurmctld -c -f "$SLURM_CONF"
    for node in n1 n2 n3; do
        slurmd -N "$node" -c -f "$SLURM_CONF" || cannot_run
    done
    tries=0
    until [ "$(sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | wc -l)" = 3 ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 900 ] || { cannot_run; die "the nodes are not up after 180 s: see the logs in $dir"; }
        sleep 0.2
    done
    trap - EXIT
    echo "$dir/slurm.conf"
}

# The processes of the jobs of this Slurm, on one node or on all, the oldest first. They outlive their slurmd.
of_jobs() {
    for process in $(ls /proc | grep '^[0-9]*$' | sort -n); do
        environment=$(tr '\0' '\n' 2>/dev/null <"/proc/$process/environ") || continue
        case "
$environment
" in
        *"
SLURM_CONF=$dir/slurm.conf
"*) ;;
        *) continue ;;
        esac
        case "
$environment
" in
        *"
SLURMD_NODENAME=${1:-}"*) echo "$process" ;;
        esac
    done
}

# Their parents that are Slurm's: one per job.
step_daemons() {
    for process in "$@"; do
        parent=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$process/status" 2>/dev/null) || continue
        case $(tr '\0' ' ' 2>/dev/null <"/proc/${parent:-0}/cmdline") in
        *slurmstepd:*) echo "$parent" ;;
        esac
    done
}

# Ends a node, or what is left of all, as a power cut does.
kill_jobs() {
    jobs=$(of_jobs "${1:-}")
    [ -z "$jobs" ] || kill -9 $(step_daemons $jobs) $jobs 2>/dev/null || true
}

kill_node() {
    file="$dir/slurmd.n$1.pid"
    alive "$file" || die "there is no node n$1, or it is dead already"
    kill -9 "$(cat "$file")"
    kill_jobs "n$1"
}

# Whether a process runs: where nobody buries the dead, they keep their numbers.
runs() {
    case $(sed -n 's/^State:[^A-Z]*//p' "/proc/$1/status" 2>/dev/null) in
    '' | Z*) return 1 ;;
    esac
}

alive() { [ -s "$1" ] && runs "$(cat "$1")"; }

stop() {
    export SLURM_CONF="$dir/slurm.conf"
    if alive "$dir/slurmctld.pid"; then
        scancel --quiet --user=root 2>/dev/null || true
    fi
    for file in "$dir"/slurmd.*.pid "$dir/slurmctld.pid" "$dir/munge/munged.pid"; do
        end "$file"
    done
    kill_jobs
}

end() {
    alive "$1" || return 0
    process=$(cat "$1")
    kill "$process" 2>/dev/null || return 0
    tries=0
    while runs "$process"; do
        tries=$((tries + 1))
        [ "$tries" -lt 50 ] || { kill -9 "$process" 2>/dev/null || true; return 0; }
        sleep 0.1
    done
}

[ $# -ge 2 ] || die "expected: start DIR, kill DIR N, or stop DIR"
verb=$1 dir=$2
case $verb in
start) start ;;
kill) dir=$(cd "$dir" && pwd) && kill_node "${3:?which node}" ;;
stop) dir=$(cd "$dir" && pwd) && stop ;;
*) die "expected start, kill or stop, found $verb" ;;
esac
