"""What hydrofoil counts, read through foilctl."""
import json
import subprocess
import time

FOILCTL = 'build/release/dataplane/foilctl/foilctl'
WORKER = ['busy_cycles', 'idle_cycles', 'busy_polls', 'tx_frames']


def read(name):
    at = time.monotonic()
    out = subprocess.run([FOILCTL, 'stat', '--json', '--segment', name], check=True,
                         capture_output=True, text=True).stdout
    stats = {stat['name']: stat['value'] for stat in json.loads(out)['stats']}
    values = {entry: stats[f'hydrofoil.worker.0.{entry}'] for entry in WORKER}
    return {**values, 'requests': stats['http.load.downstream_rq_completed'], 'at': at}
