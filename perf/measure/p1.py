"""p1: worker CPU per proxied keep-alive request over memif.

    foil-load (core 1: client and origin)        hydrofoil (core 0: one worker)
      10.90.1.2 ── memif front ───────────────── 10.90.1.1:80
      10.90.2.11 … 14:8080 ── memif back ─────── 10.90.2.1

No pipelining, request heads of at least 400 bytes, answers of 1 KiB, 100 routes, four endpoints, all
counters on, checksums in software.  nginx and HAProxy do the same over loopback.  The value counts
every thread of hydrofoil, as measure/ours.py says."""
import json
import subprocess

from measure import bootstrap, ours, peers
from measure.failure import Failure
from tests.e2e.lib.world import program

TARGET_US = 3.0


def start_hydrofoil(folder, cores, name, **section):
    config_path = f'{folder}/bootstrap.json'
    with open(config_path, 'w') as config:
        json.dump(bootstrap.over_memif(folder, name, **section), config)
    with open(f'{folder}/hydrofoil.log', 'w') as log:
        return subprocess.Popen(['taskset', '-c', cores, program('hydrofoil'), '-c', config_path],
                                stdout=log, stderr=log)


def start_load(folder, cores, options, words):
    command = ['taskset', '-c', cores, program('foil-load'),
               '--front', f'{folder}/front.sock', '--back', f'{folder}/back.sock',
               '--client', '10.90.1.2/24', '--target', f'{bootstrap.GATEWAY}:80',
               '--origin', ','.join(f'{host}/24' for host in bootstrap.ENDPOINTS),
               '--origin-port', str(bootstrap.ORIGIN_PORT), '--connections', str(options.connections),
               '--paths', str(bootstrap.ROUTES), '--header-bytes', '400', '--body-bytes', '1024',
               '--warmup', '2', '--seconds', str(options.seconds), *words]
    with open(f'{folder}/load.log', 'w') as log:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)


def measure_hydrofoil(folder, options, gateway_cores='0', load_cores='1', load_words=(), **section):
    logs = f'{folder}/hydrofoil.log', f'{folder}/load.log'
    load = start_load(folder, load_cores, options, load_words)
    gateway = start_hydrofoil(folder, gateway_cores, 'perf', **section)
    try:
        return sample(gateway, load, logs)
    finally:
        stop(load, gateway)


def stop(load, gateway):
    load.kill()
    gateway.terminate()
    load.wait()
    gateway.wait(timeout=60)


def sample(gateway, load, logs):
    """foil-load says when its measurement starts and ends; the counters are read at both moments."""
    for line in load.stdout:
        if gateway.poll() is not None:
            raise Failure('hydrofoil ended', *logs)
        if line.startswith('start'):
            before = ours.read('perf', gateway.pid)
        elif line.startswith('end'):
            after = ours.read('perf', gateway.pid)
            break
    else:
        raise Failure('foil-load ended without a measurement', *logs)
    report = json.loads(load.stdout.readline())
    if report['answers'] == 0 or after['requests'] == before['requests']:
        raise Failure('nothing was answered', *logs)
    return {**ours.account(before, after), 'load': report}


def measure(folder, options):
    found = measure_hydrofoil(folder, options)
    others, left_out = ({}, []) if options.no_peers else peers.measure(
        ['nginx', 'haproxy'], peers.Loopback(), folder, options)
    return {'ours': found, 'peers': others, 'left_out': left_out, 'json': {
        'id': 'p1', 'value': round(found['us'], 3), 'unit': 'us/request', 'target': TARGET_US,
        'peers': {name: round(peer['us'], 2) for name, peer in others.items()},
        'conditions': conditions(found, options, left_out)}}


def conditions(found, options, left_out):
    return {'connections': options.connections, 'routes': bootstrap.ROUTES, 'endpoints': 4,
            'request_head_bytes': 400, 'answer_bytes': 1024, 'ports': 'memif', 'workers': found['workers'],
            'checksums': 'software', 'worker_busy_share': round(found['busy_share'], 3),
            'preempted_share': round(found['preempted_share'], 3),
            'cycles_per_request': round(found['cycles']),
            'requests_per_second': round(found['load']['answers'] / found['load']['seconds']),
            'tx_frames_per_request': round(found['tx_frames'], 2), 'errors': found['load']['errors'],
            'peers_left_out': left_out}


def print_table(result):
    found = result['ours']
    load = found['load']
    print('p1  CPU per proxied keep-alive request')
    print(f'  {"hydrofoil (memif)":22} {found["us"]:7.2f} us   worker {found["worker_us"]:.2f}, other threads '
          f'{found["others_us"]:.2f}; target {TARGET_US}')
    for name, peer in result['peers'].items():
        print(f'  {name + " (loopback)":22} {peer["us"]:7.2f} us   {peer["us"] / found["us"]:.1f} times ours')
    for line in result['left_out']:
        print(f'  left out: {line}')
    print(f'  {found["cycles"]:.0f} cycles a request, worker busy {found["busy_share"]:.0%}, preempted '
          f'{found["preempted_share"]:.1%}, {found["tx_frames"]:.2f} frames sent and {found["polls"]:.2f} '
          f'busy polls a request')
    print(f'  {load["answers"] / load["seconds"]:.0f} requests/s, {load["errors"]} errors; latency us: '
          f'p50 {load["p50_us"]:.0f}  p99 {load["p99_us"]:.0f}  p99.9 {load["p999_us"]:.0f}')
