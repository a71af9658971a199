"""p2: requests per CPU second of the proxy, hydrofoil beside nginx, HAProxy and Envoy on one wire.

    core 1: wrk ══ veth ══ core 0: proxy ══ veth ══ core 1: nginx        (measure/wire.py)

Two loads, the same for everybody: "full", wrk as fast as it gets answers, and "paced", where every
connection waits a while before each request.  What a request costs hydrofoil is taken from the busy
TSC cycles under full load, and from the CPU time of its threads under paced load, where its worker
sleeps whenever nothing is there.  The value is the worse of the two ratios to Envoy, over the first kind
of port that could be measured."""
from measure import ours, peers
from measure.failure import Failure
from measure.wire import SEGMENT, Wire

TARGET = 5
PAUSE_MS = 8
KINDS = 'af_xdp,af_packet'
NAMES = ['nginx', 'haproxy', 'envoy']
LOADS = {'full': 0, 'paced': PAUSE_MS}
# Sleeps as soon as there is nothing to do, so that CPU time is work and not polling.
SLEEPER = {'busy_poll': '0s'}


def measure_hydrofoil(wire, folder, kind, options):
    found = {}
    origin = peers.start_origin(wire, folder)
    try:
        for name, pause_ms in LOADS.items():
            gateway = wire.start_hydrofoil(folder, kind, **(SLEEPER if pause_ms else {}))
            try:
                peers.load(wire, folder, 1, options.connections)
                before = ours.read(SEGMENT, gateway.pid)
                done = peers.load(wire, folder, options.seconds, options.connections, pause_ms)
                found[name] = ours.account(before, ours.read(SEGMENT, gateway.pid))
                found[name]['per_second'] = done['answers'] / done['seconds']
            finally:
                wire.stop(gateway)
    finally:
        peers.stop(origin)
    return found


def measure(folder, options):
    wire = Wire()
    try:
        found, without = wire.each_kind(
            options.ports or KINDS, lambda kind: measure_hydrofoil(wire, folder, kind, options))
        others, absent = {}, []
        if not options.no_peers:
            wire.kernel_stack()
            for load, pause_ms in LOADS.items():
                others[load], absent = peers.measure(NAMES, wire, folder, options, pause_ms)
        left_out = without + absent
    finally:
        wire.close()
    return {'ours': found, 'peers': others, 'left_out': left_out,
            'json': as_json(found, others, left_out, options)}


def cost_us(found, load):
    return found[load]['cpu_us' if load == 'paced' else 'us']


def ratio(found, others, name):
    """How many times our requests per CPU second are another's, at the worse load."""
    return min(others[load][name]['us'] / cost_us(found, load) for load in LOADS)


def as_json(found, others, left_out, options):
    first = next(iter(found))
    here = list(others.get('full', {}))
    value = round(ratio(found[first], others, 'envoy'), 2) if 'envoy' in here else None
    if value is None and not options.no_peers:
        raise Failure('no Envoy to compare with: ' + '; '.join(left_out))
    return {'id': 'p2', 'value': value, 'unit': 'requests per proxy-CPU-second / Envoy\'s', 'target': TARGET,
            'peers': {name: round(ratio(found[first], others, name), 2) for name in here if name != 'envoy'},
            'conditions': {
                'ports': first, 'connections': options.connections, 'routes': 100, 'endpoints': 4,
                'answer_bytes': 1024, 'wire': 'veth, offloads off', 'client': 'wrk', 'origin': 'nginx',
                'pause_ms': PAUSE_MS, 'left_out': left_out,
                'us_per_request': {kind: {load: shown(of_load) for load, of_load in of_kind.items()}
                                   for kind, of_kind in found.items()},
                'peers_us_per_request': {load: {name: round(peer['us'], 2) for name, peer in of_load.items()}
                                         for load, of_load in others.items()},
                'requests_per_second': {load: {**{kind: round(of_kind[load]['per_second'])
                                                  for kind, of_kind in found.items()},
                                               **{name: round(peer['per_second'])
                                                  for name, peer in others.get(load, {}).items()}}
                                        for load in LOADS}}}


def shown(load):
    return {'busy_cycles': round(load['us'], 2), 'cpu_time': round(load['cpu_us'], 2),
            'tx_frames': round(load['tx_frames'], 2), 'preempted_share': round(load['preempted_share'], 3)}


def print_table(result):
    print('p2  CPU of the proxy a request, us (requests/s)')
    print(f'  {"":22} {"full load":>20} {"paced load":>20}')
    for kind, found in result['ours'].items():
        full, paced = found['full'], found['paced']
        print(f'  {"hydrofoil, " + kind:22} {full["us"]:10.2f} ({full["per_second"]:7.0f})'
              f' {paced["cpu_us"]:10.2f} ({paced["per_second"]:7.0f})   tx frames {full["tx_frames"]:.2f}, '
              f'preempted {full["preempted_share"]:.1%} / {paced["preempted_share"]:.1%}; busy cycles when '
              f'paced {paced["us"]:.2f} us')
    for name in result['peers'].get('full', {}):
        full, paced = (result['peers'][load][name] for load in LOADS)
        print(f'  {name:22} {full["us"]:10.2f} ({full["per_second"]:7.0f})'
              f' {paced["us"]:10.2f} ({paced["per_second"]:7.0f})   ' + ', '.join(
                  f'{ratio(found, result["peers"], name):.1f} times {kind}\'s'
                  for kind, found in result['ours'].items()))
    for line in result['left_out']:
        print(f'  left out: {line}')
