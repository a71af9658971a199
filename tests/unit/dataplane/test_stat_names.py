#!/usr/bin/env python3
"""Every counter that stands under one of Envoy's prefixes is one that Envoy has, under its name.

    test_stat_names.py TOP

envoy_stat_names.txt is /stats of a real Envoy (1.40: HTTP and TCP listeners, three clusters, some
requests) with the names of objects taken out, statuses as NNN and classes as Nxx.
"""
import os
import re
import sys

# Envoy 1.40 makes these when the feature is configured or first used; the sample has no need of it.
CONDITIONAL = {'cluster.upstream_rq_NNN', 'cluster_manager.cds.update_success',
               'cluster_manager.cds.update_rejected', 'listener_manager.lds.update_success',
               'listener_manager.lds.update_rejected', 'tcp.downstream_cx_active',
               'tcp.idle_timeout'} | {
    'cluster.circuit_breakers.default.remaining_' + what for what in ('cx', 'pending', 'rq', 'retries')}
# Counted by nobody else; said to be ours in the README of dataplane.
OURS = {'tcp.downstream_cx_active'}
PREFIXES = {'listener.def': 'listener.', 'http.def': 'http.', 'cluster.def': 'cluster.',
            'route.def': 'vhost.route.', 'tcp_proxy.def': 'tcp.'}


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as f:
        return f.read()


def ours(top):
    for name, prefix in PREFIXES.items():
        for stat in re.findall(r'^(?:COUNTER|GAUGE)(?:_AS\(\w+, "|\()([\w.]+)',
                               read(top, 'gateway/stats', name), re.MULTILINE):
            if not stat.startswith('breaker_'):  # not shown
                yield prefix + re.sub(r'_rq_[1-5]xx$', '_rq_Nxx', stat)
    for name in re.findall(r'^(?:COUNTER|GAUGE)\(\w+, "([^"]+)"',
                           read(top, 'dataplane/counters/process.def'), re.MULTILINE):
        yield name


def main():
    top = sys.argv[1]
    envoys = set(read(top, 'tests/unit/dataplane/envoy_stat_names.txt').split())
    wrong = [name for name in ours(top) if name not in envoys | CONDITIONAL | OURS]
    print('1..1')
    for name in wrong:
        print(f'# {name}: Envoy has no such counter')
    print('not ok 1 - names are Envoy\'s' if wrong else 'ok 1 - names are Envoy\'s')
    sys.exit(bool(wrong))


if __name__ == '__main__':
    main()
