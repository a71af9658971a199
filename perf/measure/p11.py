"""p11: what a request costs with two workers, against what it costs with one.

p1's set-up, the workers on the first CPUs and foil-load on the last, which on a machine of two CPUs it
shares with the second worker.  So the cost is CPU time, and the workers sleep as soon as there is
nothing to do: time spent waiting for a CPU doesn't count, as it would in busy TSC cycles."""
import os

from measure import p1
from measure.failure import Failure

TARGET = 1.05
LEAST_SHARE = 0.2


def measure_with(workers, folder, options):
    cpus = sorted(os.sched_getaffinity(0))
    where = ','.join(str(cpu) for cpu in cpus[:workers])
    place = f'{folder}/{workers}'
    os.mkdir(place)
    found = p1.measure_hydrofoil(place, options, where, str(cpus[-1]), workers=workers, busy_poll='0s')
    if found['workers'] != workers or min(found['shares']) < LEAST_SHARE:
        raise Failure(f'of {workers} workers not all served; shares of the frames sent: {found["shares"]}')
    return found


def measure(folder, options):
    found = {workers: measure_with(workers, folder, options) for workers in (1, 2)}
    value = found[2]['cpu_us'] / found[1]['cpu_us']
    return {'ours': found, 'value': value, 'json': {
        'id': 'p11', 'value': round(value, 3), 'unit': 'cost with two workers / cost with one',
        'target': TARGET, 'peers': {}, 'conditions': {
            'connections': options.connections, 'ports': 'memif', 'busy_poll': '0s',
            'load_shares_a_cpu': len(os.sched_getaffinity(0)) < 3,
            'workers': {workers: {
                'cpu_us': round(of_run['cpu_us'], 3), 'busy_us': round(of_run['us'], 3),
                'shares': of_run['shares'], 'cycles': round(of_run['cycles']), 'preempted_share': round(of_run['preempted_share'], 3),
                'requests_per_second': round(of_run['per_second']), 'errors': of_run['load']['errors']}
                for workers, of_run in found.items()}}}}


def print_table(result):
    print('p11  CPU per proxied request by number of workers')
    for workers, found in result['ours'].items():
        print(f'  {workers} worker{"s" if workers > 1 else " "} {found["cpu_us"]:7.2f} us CPU time, {found["us"]:.2f} us '
              f'({found["cycles"]:.0f} cycles) in busy polls, preempted {found["preempted_share"]:.1%}, '
              f'{found["per_second"]:.0f} requests/s, {found["load"]["errors"]} errors, frames by worker {found["shares"]}')
    print(f'  ratio {result["value"]:.3f}, target {TARGET}')
