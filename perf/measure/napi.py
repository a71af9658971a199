"""Threaded NAPI: who receives a frame pays for it, in a thread of the kernel's that can be seen and pinned.

On a veth the sender's system call otherwise runs the receiver's softirq: a proxy pays for what its client
and origin receive, and the load generator for what the proxy receives.

    core 1: wrk, origin, napi/c0, napi/o0 ══ veth ══ core 0: proxy, napi/g0, napi/g1

The kernel's threads are outside of the sandbox's process namespace.  So a Watch outside of it (main.py) looks
for them, and a measurement inside asks it over a socket that it has inherited: one JSON list a line.
"""
import json
import os
import re
import socket
import threading

FD = 'HYDROFOIL_NAPI_FD'


def threads_of(link):
    """The kernel's threads that receive for a link of this name."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/comm') as comm:
                if re.fullmatch(rf'napi/{link}-\d+', comm.read().strip()):
                    found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def ran_ns(pid):
    with open(f'/proc/{pid}/schedstat') as stat:
        return int(stat.read().split()[0])


class Watch:
    """The side that sees the threads; inside is the other side's end."""

    def __init__(self):
        self.ours, self.inside = socket.socketpair()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with self.ours.makefile('rw') as lines:
            for line in lines:
                what, link, core = json.loads(line)
                threads = threads_of(link)
                if what == 'pin':
                    for pid in threads:
                        os.sched_setaffinity(pid, {core})
                        os.setpriority(os.PRIO_PROCESS, pid, -20)
                lines.write(json.dumps({'count': len(threads), 'ns': sum(map(ran_ns, threads))}) + '\n')
                lines.flush()


class Asker:
    """The side of the measurement."""

    def __init__(self):
        self.lines = socket.socket(fileno=os.dup(int(os.environ[FD]))).makefile('rw')

    def ask(self, what, link, core=0):
        self.lines.write(json.dumps([what, link, core]) + '\n')
        self.lines.flush()
        return json.loads(self.lines.readline())

    def pin(self, link, core):
        """How many threads receive for the link, all on that core now."""
        return self.ask('pin', link, core)['count']

    def ran_ns(self, links):
        """ns that the threads of these links have run."""
        return sum(self.ask('time', link)['ns'] for link in links)
