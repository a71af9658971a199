"""What a request costs hydrofoil: from two readings of its counters and threads.

A poller's CPU time says only that it polled.  The worker's cost is the TSC cycles of polls that did
work; the CPU time of all other threads is added.  cpu_us is the whole process's CPU time, which is
honest where the workers sleep when there is nothing to do; all_us adds what the kernel's threads took
that received for it, where there are such (measure/napi.py)."""
from measure import cpu, segment


def read(name, pid):
    return {**segment.read(name), 'threads': cpu.thread_cpu_ns(pid)}


def moved(before, after, workers, column):
    """ns that the threads of one sort ran (column 1) or waited for a CPU (column 2)."""
    return sum(now[column] - before['threads'].get(tid, (now[0], 0, 0))[column]
               for tid, now in after['threads'].items() if ('foil-worker' in now[0]) == workers)


def account(before, after, received_ns=0):
    grown = {entry: after[entry] - before[entry] for entry in after if entry not in ('threads', 'sent_by')}
    requests, seconds, workers = grown['requests'], grown['at'], len(after['sent_by'])
    sent_by = [now - then for now, then in zip(after['sent_by'], before['sent_by'])]
    cycles = grown['busy_cycles'] + grown['idle_cycles']
    # Workers account for every cycle, so their cycles and the clock give the TSC's rate.
    busy_ns = grown['busy_cycles'] / cycles * seconds * workers * 1e9
    others_ns = moved(before, after, False, 1)
    cpu_us = (moved(before, after, True, 1) + others_ns) / requests / 1e3
    return {'us': (busy_ns + others_ns) / requests / 1e3, 'worker_us': busy_ns / requests / 1e3,
            'others_us': others_ns / requests / 1e3, 'cycles': grown['busy_cycles'] / requests,
            'cpu_us': cpu_us, 'received_us': received_ns / requests / 1e3,
            'all_us': cpu_us + received_ns / requests / 1e3,
            'preempted_share': moved(before, after, True, 2) / (seconds * workers * 1e9),
            'busy_share': grown['busy_cycles'] / cycles, 'requests': requests, 'workers': workers,
            'per_second': requests / seconds, 'tx_frames': grown['tx_frames'] / requests,
            'shares': [round(sent / max(1, grown['tx_frames']), 3) for sent in sent_by],
            'polls': grown['busy_polls'] / requests}
