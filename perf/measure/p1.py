"""p1: worker CPU per proxied keep-alive request over memif.

    foil-load (core 1: client and origin)        hydrofoil (core 0: one worker)
      10.90.1.2 ── memif front ───────────────── 10.90.1.1:80
      10.90.2.11 … 14:8080 ── memif back ─────── 10.90.2.1

No pipelining, request heads of at least 400 bytes, answers of 1 KiB, 100 routes, four endpoints, all
counters on, checksums in software.  The value counts every thread of hydrofoil: for the worker the
TSC cycles of polls that did work, as a poller's own CPU time says only that it polled; for the others
their CPU time."""
import json
import os
import signal
import subprocess
import tempfile
import time

from measure import bootstrap, cpu, peers, segment

TARGET_US = 3.0


def start_hydrofoil(program, config_path, log):
    return subprocess.Popen(['taskset', '-c', '0', program, '-c', config_path], stdout=log, stderr=log)


def start_load(program, sockets, options):
    command = ['taskset', '-c', '1', program,
               '--front', f'{sockets}/front.sock', '--back', f'{sockets}/back.sock',
               '--client', '10.90.1.2/24', '--target', f'{bootstrap.GATEWAY}:80',
               '--origin', ','.join(f'{host}/24' for host in bootstrap.ENDPOINTS),
               '--origin-port', str(bootstrap.ORIGIN_PORT), '--connections', str(options.connections),
               '--paths', str(bootstrap.ROUTES), '--header-bytes', '400', '--body-bytes', '1024',
               '--warmup', '2', '--seconds', str(options.seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def measure_hydrofoil(programs, options, folder):
    config_path = f'{folder}/bootstrap.json'
    name = f'perf-{os.getpid()}'
    with open(config_path, 'w') as config:
        json.dump(bootstrap.bootstrap(folder, name), config)
    with open(f'{folder}/hydrofoil.log', 'w+') as log:
        load = start_load(programs['foil-load'], folder, options)
        gateway = start_hydrofoil(programs['hydrofoil'], config_path, log)
        try:
            return sample(gateway, load, name, options)
        except Exception:
            log.seek(0)
            print(log.read())
            raise
        finally:
            for process in (load, gateway):
                process.send_signal(signal.SIGKILL if process is load else signal.SIGTERM)
            gateway.wait(timeout=60)


def sample(gateway, load, name, options):
    """foil-load says when its measurement starts and ends; the counters are read at both moments."""
    for line in load.stdout:
        if line.startswith('start'):
            before, threads_before = segment.read(name), cpu.thread_cpu_ns(gateway.pid)
        elif line.startswith('end'):
            after, threads_after = segment.read(name), cpu.thread_cpu_ns(gateway.pid)
            break
        if gateway.poll() is not None:
            raise RuntimeError('hydrofoil ended')
    else:
        raise RuntimeError('foil-load ended without a measurement')
    report = json.loads(load.stdout.readline())
    return account(before, after, threads_before, threads_after, report)


def account(before, after, threads_before, threads_after, report):
    requests = after['requests'] - before['requests']
    busy_cycles = after['busy_cycles'] - before['busy_cycles']
    cycles = busy_cycles + after['idle_cycles'] - before['idle_cycles']
    others_ns = sum(ran_ns - threads_before.get(tid, (name, 0))[1]
                    for tid, (name, ran_ns) in threads_after.items() if 'worker' not in name)
    # The worker accounts for every cycle, so its cycles and the clock give the TSC's rate.
    busy_ns = busy_cycles / cycles * (after['at'] - before['at']) * 1e9
    frames = after['tx_frames'] - before['tx_frames']
    return {'us': (busy_ns + others_ns) / requests / 1e3, 'worker_us': busy_ns / requests / 1e3,
            'others_us': others_ns / requests / 1e3, 'cycles': busy_cycles / requests,
            'busy_share': busy_cycles / cycles, 'requests': requests, 'tx_frames': frames / requests,
            'polls': (after['busy_polls'] - before['busy_polls']) / requests, 'load': report}


def measure(programs, options):
    with tempfile.TemporaryDirectory(prefix='hydrofoil-perf-') as folder:
        ours = measure_hydrofoil(programs, options, folder)
        others = {} if options.no_peers else peers.measure(folder, options)
    return {'ours': ours, 'peers': others, 'json': {
        'id': 'p1', 'value': round(ours['us'], 3), 'unit': 'us/request', 'target': TARGET_US,
        'peers': {name: round(peer['us'], 2) for name, peer in others.items()},
        'conditions': conditions(ours, options)}}


def conditions(ours, options):
    return {'connections': options.connections, 'routes': bootstrap.ROUTES, 'endpoints': 4,
            'request_head_bytes': 400, 'answer_bytes': 1024, 'ports': 'memif', 'workers': 1,
            'checksums': 'software', 'worker_busy_share': round(ours['busy_share'], 3),
            'cycles_per_request': round(ours['cycles']), 'requests_per_second':
            round(ours['load']['answers'] / ours['load']['seconds']),
            'tx_frames_per_request': round(ours['tx_frames'], 2), 'errors': ours['load']['errors'],
            'date': time.strftime('%Y-%m-%d')}


def print_table(result):
    ours = result['ours']
    load = ours['load']
    print('p1  CPU per proxied keep-alive request')
    print(f'  {"hydrofoil (memif)":22} {ours["us"]:7.2f} us   worker {ours["worker_us"]:.2f}, other threads '
          f'{ours["others_us"]:.2f}; target {TARGET_US}')
    for name, peer in result['peers'].items():
        print(f'  {name + " (loopback)":22} {peer["us"]:7.2f} us   {peer["us"] / ours["us"]:.1f} times ours')
    print(f'  {ours["cycles"]:.0f} cycles a request, worker busy {ours["busy_share"]:.0%}, '
          f'{ours["tx_frames"]:.2f} frames sent and {ours["polls"]:.2f} busy polls a request')
    print(f'  {load["answers"] / load["seconds"]:.0f} requests/s, {load["errors"]} errors; latency us: '
          f'p50 {load["p50_us"]:.0f}  p99 {load["p99_us"]:.0f}  p99.9 {load["p999_us"]:.0f}')
