"""idle: what hydrofoil uses when nothing happens, and how late the first packet afterwards is.

Over veth: CPU time of the whole process while nothing is sent, then the round trip of pings 50 ms
apart, each of which finds the worker asleep; the kernel's stack answers the same pings for comparison.
Over memif, which has no descriptor to sleep on: one request at a time, 50 ms apart, through the proxy."""
import argparse
import re
import time

from measure import cpu, p1, peers
from measure.failure import Failure
from measure.wire import Wire

TARGET_PERCENT = 1
KINDS = 'af_xdp,af_packet,memif'
APART_MS = 50


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def ping(wire, seconds):
    count = max(20, int(seconds * 1000 / APART_MS))
    out = wire.call('client', ['ping', '-n', '-c', count, '-i', APART_MS / 1000, wire.front[0]], check=False,
                    limit_s=60 + seconds).stdout
    times_us = [float(ms) * 1000 for ms in re.findall(r'time=([0-9.]+) ms', out)]
    if len(times_us) < count:
        raise Failure(f'{count - len(times_us)} of {count} pings were not answered')
    return {'wake_p50_us': at(times_us, 0.5), 'wake_p99_us': at(times_us, 0.99)}


def idle_percent(process, seconds):
    time.sleep(1)
    began, before = time.monotonic(), cpu.process_cpu_ns([process.pid])
    time.sleep(seconds)
    used_ns = cpu.process_cpu_ns([process.pid]) - before
    return used_ns / (time.monotonic() - began) / 1e7


def on_wire(wire, kind, folder, seconds):
    gateway = wire.start_hydrofoil(folder, kind)
    try:
        return {'idle_percent': idle_percent(gateway, seconds), **ping(wire, seconds)}
    finally:
        wire.stop(gateway)


def on_memif(folder, seconds):
    one = argparse.Namespace(connections=1, seconds=seconds)
    awake = p1.measure_hydrofoil(folder, one, load_words=['--pause-ms', str(APART_MS)])['load']
    # One request, and then none for ten minutes.
    load = p1.start_load(folder, '1', one, ['--pause-ms', '600000', '--warmup', str(seconds + 10)])
    gateway = p1.start_hydrofoil(folder, '0', 'perf')
    try:
        time.sleep(3)
        return {'idle_percent': idle_percent(gateway, seconds), 'wake_p50_us': awake['p50_us'],
                'wake_p99_us': awake['p99_us']}
    finally:
        p1.stop(load, gateway)


def measure(folder, options):
    wire = Wire()
    try:
        peers.start_origin(wire, folder)
        found, left_out = wire.each_kind(
            options.ports or KINDS, lambda kind: on_memif(folder, options.seconds) if kind == 'memif'
            else on_wire(wire, kind, folder, options.seconds))
        wire.kernel_stack()
        kernel = ping(wire, options.seconds)
    finally:
        wire.close()
    return {'ours': found, 'kernel': kernel, 'left_out': left_out, 'json': {
        'id': 'idle', 'value': round(max(kind['idle_percent'] for kind in found.values()), 3),
        'unit': '% of a core, of the worst kind of port', 'target': TARGET_PERCENT, 'peers': {},
        'conditions': {'apart_ms': APART_MS, 'left_out': left_out, 'kernel': rounded(kernel),
                       'ports': {kind: rounded(of_kind) for kind, of_kind in found.items()}}}}


def rounded(found):
    return {name: round(value, 3) for name, value in found.items()}


def print_table(result):
    print('idle  CPU with nothing to do, and the first packet afterwards')
    for kind, found in result['ours'].items():
        what = f'request every {APART_MS} ms' if kind == 'memif' else f'ping every {APART_MS} ms'
        print(f'  {kind:10} {found["idle_percent"]:6.2f} % of a core   {what}: p50 '
              f'{found["wake_p50_us"]:.0f} us, p99 {found["wake_p99_us"]:.0f} us')
    print(f'  {"kernel":10} {"":6}               ping every {APART_MS} ms: p50 '
          f'{result["kernel"]["wake_p50_us"]:.0f} us, p99 {result["kernel"]["wake_p99_us"]:.0f} us')
    for line in result['left_out']:
        print(f'  left out: {line}')
