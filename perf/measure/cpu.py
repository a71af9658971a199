"""CPU time of processes, thread by thread, from the scheduler's own nanosecond accounting; and what
can be done and said about a machine that others use too."""
import os
import time

PRIORITY = -20


def raise_priority():
    """Ahead of everything else on the machine: the scheduler's group of our session, and we in it."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
        with open('/proc/self/autogroup', 'w') as group:
            group.write(str(PRIORITY))
    except OSError:
        pass  # not allowed, or no such groups: what is measured says how long it was kept waiting


def machine():
    with open('/proc/loadavg') as load:
        return {'load_before': float(load.read().split()[0]), 'cpus': os.cpu_count(),
                'date': time.strftime('%Y-%m-%d')}


def thread_cpu_ns(pid):
    """{thread id: (name, ns on a CPU, ns ready but waiting for one)} of one process."""
    threads = {}
    for tid in os.listdir(f'/proc/{pid}/task'):
        try:
            with open(f'/proc/{pid}/task/{tid}/schedstat') as stat:
                ran_ns, waited_ns = (int(word) for word in stat.read().split()[:2])
            with open(f'/proc/{pid}/task/{tid}/comm') as comm:
                threads[int(tid)] = (comm.read().strip(), ran_ns, waited_ns)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return threads


def process_cpu_ns(pids):
    """Sum over processes; threads that end in between are lost, ours don't."""
    return sum(ran_ns for pid in pids for _, ran_ns, _ in thread_cpu_ns(pid).values())


def children(pid):
    """The process and everything below it."""
    found = [pid]
    for parent in found:
        try:
            for tid in os.listdir(f'/proc/{parent}/task'):
                with open(f'/proc/{parent}/task/{tid}/children') as below:
                    found += [int(child) for child in below.read().split()]
        except FileNotFoundError:
            continue
    return found
