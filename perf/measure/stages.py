"""stages: where the instructions of a proxied request go, by folder of the source.

worker-bench runs one worker between foil-load's client and origin in one thread over in-memory ports;
callgrind counts inside worker_poll only.  Instructions do not depend on what else the machine does, so
this is the figure to compare before and after a change."""
import json
import re
import shutil
import subprocess

from measure import bootstrap
from measure.failure import Failure
from tests.e2e.lib.world import program

REQUESTS = 4000
FOLDERS = [('stack/base', 'slices, checksums, timers'), ('stack/link', 'Ethernet, neighbours'),
           ('stack/ip', 'IPv4, IPv6'), ('stack/tcp', 'TCP'), ('stack/stack.c', 'stack'),
           ('gateway/http1', 'HTTP/1 codec'), ('gateway/exchange', 'exchange, headers'),
           ('gateway/filters', 'filters, router'), ('gateway/route', 'routes'),
           ('gateway/cluster', 'balancer, pool'), ('gateway/memory', 'arena'),
           ('gateway', 'gateway, the rest'), ('dataplane', 'worker'), ('perf', "the bench's own ports"),
           ('dpdk', 'DPDK'), ('libc', 'libc')]
LINE = re.compile(r'^\s*([0-9,]+)\s+\(.*?\)\s+(\S+?):(\S+)\s*(\[.*\])?')


def folder_of(path, binary):
    if '/rte_' in path or 'librte' in (binary or ''):
        return 'dpdk'
    for folder, _ in FOLDERS:
        if f'/{folder}/' in f'/{path}' or path.endswith(folder):
            return folder
    return 'libc'


def count(folder, connections):
    out = f'{folder}/callgrind.out'
    command = ['valgrind', '--tool=callgrind', f'--callgrind-out-file={out}',
               '--toggle-collect=worker_poll*', program('worker-bench'), f'{folder}/bootstrap.json', str(connections),
               str(REQUESTS)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    answered = json.loads(run.stdout.splitlines()[-1])['requests'] + 10 * connections  # its warm-up
    lines = subprocess.run(['callgrind_annotate', '--threshold=100', '--auto=no', out], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    sums = {}
    for line in lines:
        match = LINE.match(line)
        if match and match.group(3) != 'TOTALS':
            folder = folder_of(match.group(2), match.group(4))
            sums[folder] = sums.get(folder, 0) + int(match.group(1).replace(',', ''))
    return {folder: total / answered for folder, total in sums.items()}


def measure(folder, options):
    if not shutil.which('valgrind'):
        raise Failure('it needs valgrind')
    with open(f'{folder}/bootstrap.json', 'w') as file:
        json.dump(bootstrap.over_memif(folder, 'stages'), file)
    stages = count(folder, options.connections)
    total = sum(count for folder, count in stages.items() if folder != 'perf')
    return {'stages': stages, 'total': total, 'json': {
        'id': 'stages', 'value': round(total), 'unit': 'instructions/request', 'target': None, 'peers': {},
        'conditions': {'connections': options.connections,
                       'stages': {folder: round(count) for folder, count in stages.items()}}}}


def print_table(result):
    print('stages  instructions a proxied request, inside worker_poll')
    for folder, what in FOLDERS:
        if folder in result['stages']:
            print(f'  {folder:18} {result["stages"][folder]:8.0f}   {what}')
    print(f'  {"in all":18} {result["total"]:8.0f}   without the bench\'s ports')
