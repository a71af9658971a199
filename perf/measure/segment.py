"""What hydrofoil counts, read through foilctl."""
import json
import re
import subprocess
import time

FOILCTL = 'build/release/dataplane/foilctl/foilctl'
ENTRY = re.compile(r'hydrofoil\.worker\.(\d+)\.(\w+)$')


def read(name):
    """{"requests", "at", counter of worker.def: sum over the workers, "workers": their number}."""
    at = time.monotonic()
    out = subprocess.run([FOILCTL, 'stat', '--json', '--segment', name], check=True,
                         capture_output=True, text=True).stdout
    stats = {stat['name']: stat['value'] for stat in json.loads(out)['stats']}
    values, workers = {}, set()
    for entry, value in stats.items():
        match = ENTRY.match(entry)
        if match:
            workers.add(match.group(1))
            values[match.group(2)] = values.get(match.group(2), 0) + value
    return {**values, 'workers': len(workers), 'requests': stats['http.load.downstream_rq_completed'],
            'at': at}
