"""CPU time of processes, thread by thread, from the scheduler's own nanosecond accounting."""
import os


def thread_cpu_ns(pid):
    """{thread id: (name, ns on a CPU)} of one process."""
    threads = {}
    for tid in os.listdir(f'/proc/{pid}/task'):
        try:
            with open(f'/proc/{pid}/task/{tid}/schedstat') as stat:
                ran_ns = int(stat.read().split()[0])
            with open(f'/proc/{pid}/task/{tid}/comm') as comm:
                threads[int(tid)] = (comm.read().strip(), ran_ns)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return threads


def process_cpu_ns(pids):
    """Sum over processes; threads that end in between are lost, ours don't."""
    return sum(ran_ns for pid in pids for _, ran_ns in thread_cpu_ns(pid).values())


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
