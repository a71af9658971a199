"""p2: requests per CPU second of the proxy, hydrofoil beside nginx, HAProxy and Envoy on one wire.

    core 1: wrk ══ veth ══ core 0: proxy ══ veth ══ core 1: nginx        (measure/wire.py)

Two loads, the same for everybody: "full", wrk as fast as it gets answers, and "paced", where every
connection waits a while before each request.  What a request costs is the CPU time of the proxy's threads
and of the kernel's that receive for it (measure/napi.py); hydrofoil's workers sleep whenever nothing is
there, so that their CPU time is work and not polling.  The value is the worse of the two ratios to Envoy,
over the first kind of port that could be measured."""
from measure import ours, peers
from measure.failure import Failure
from measure.wire import SEGMENT, Wire

TARGET = 5
PAUSE_MS = 8
KINDS = 'af_xdp,af_packet'
NAMES = ['nginx', 'haproxy', 'envoy']
LOADS = {'full': 0, 'paced': PAUSE_MS}
SLEEPER = {'busy_poll': '0s'}


def measure_hydrofoil(wire, folder, kind, options):
    found = {}
    origin = peers.start_origin(wire, folder)
    try:
        for name, pause_ms in LOADS.items():
            gateway = wire.start_hydrofoil(folder, kind, **SLEEPER)
            try:
                wire.receive_by_threads()
                peers.load(wire, folder, 1, options.connections)
                before, received_ns = ours.read(SEGMENT, gateway.pid), wire.received_ns()
                done = peers.load(wire, folder, options.seconds, options.connections, pause_ms)
                found[name] = ours.account(before, ours.read(SEGMENT, gateway.pid),
                                           wire.received_ns() - received_ns)
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
            wire.receive_by_threads()
            for load, pause_ms in LOADS.items():
                others[load], absent = peers.measure(NAMES, wire, folder, options, pause_ms)
        left_out = without + absent
    finally:
        wire.close()
    return {'ours': found, 'peers': others, 'left_out': left_out,
            'json': as_json(found, others, left_out, options)}


def ratio(found, others, name):
    """How many times our requests per CPU second are another's, at the worse load."""
    return min(others[load][name]['us'] / found[load]['all_us'] for load in LOADS)


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
    return {'cpu_time': round(load['all_us'], 2), 'received': round(load['received_us'], 2),
            'busy_cycles': round(load['us'], 2), 'tx_frames': round(load['tx_frames'], 2),
            'preempted_share': round(load['preempted_share'], 3)}


def print_table(result):
    print('p2  CPU of the proxy a request, us (of it the kernel receiving; requests/s)')
    print(f'  {"":22} {"full load":>24} {"paced load":>24}')
    for kind, found in result['ours'].items():
        print(f'  {"hydrofoil, " + kind:22}' + ''.join(
            f' {of["all_us"]:8.2f} ({of["received_us"]:5.2f}; {of["per_second"]:6.0f})' for of in found.values()))
        for load, of in found.items():
            print(f'  {"":6}{load}: {of["us"]:.2f} us in busy cycles, tx frames {of["tx_frames"]:.2f}, '
                  f'{1 / of["polls"]:.2f} requests a poll, preempted {of["preempted_share"]:.1%}')
    for name in result['peers'].get('full', {}):
        print(f'  {name:22}' + ''.join(
            f' {of["us"]:8.2f} ({of["received_us"]:5.2f}; {of["per_second"]:6.0f})'
            for of in (result['peers'][load][name] for load in LOADS)) + '   ' + ', '.join(
                f'{ratio(found, result["peers"], name):.1f} times {kind}\'s'
                for kind, found in result['ours'].items()))
    for line in result['left_out']:
        print(f'  left out: {line}')
