"""What hydrofoil counts, read through foilctl."""
import json
import re
import subprocess
import time

from tests.e2e.lib.world import program

ENTRY = re.compile(r'hydrofoil\.worker\.(\d+)\.(\w+)$')


def read(name):
    """{"requests", "at", counter of worker.def: sum over the workers, "sent_by": [frames a worker sent]}."""
    at = time.monotonic()
    out = subprocess.run([program('foilctl'), 'stat', '--json', '--segment', name], check=True,
                         capture_output=True, text=True).stdout
    stats = {stat['name']: stat['value'] for stat in json.loads(out)['stats']}
    values, sent_by = {}, {}
    for entry, value in stats.items():
        match = ENTRY.match(entry)
        if match:
            values[match.group(2)] = values.get(match.group(2), 0) + value
            if match.group(2) == 'tx_frames':
                sent_by[int(match.group(1))] = value
    return {**values, 'sent_by': [sent_by[worker] for worker in sorted(sent_by)], 'at': at,
            'requests': stats['http.load.downstream_rq_completed']}
