"""The wire of p2 and idle: the e2e tests' three namespaces, with the gateway in the middle.

    client 10.80.1.2 ══ veth ══ 10.80.1.1 gateway 10.80.2.1 ══ veth ══ 10.80.2.2 … 5 origin

hydrofoil brings its own stack to the two links in the middle; for a proxy on the kernel's stack
kernel_stack() gives them the same addresses.  Offloads are off at every end."""
import sys
import time

from measure import bootstrap, napi
from measure.failure import Failure
from tests.e2e.lib import config
from tests.e2e.lib.world import BACK4, FRONT4, World, program, sh

SEGMENT = 'perf'


class Wire(World):
    front = FRONT4, 80
    endpoints = [(f'10.80.2.{host}', 8080) for host in (2, 3, 4, 5)]

    def __init__(self):
        super().__init__()
        self.napi = napi.Asker()
        for host, _ in self.endpoints[2:]:
            sh(f'ip -n origin addr add {host}/24 dev o0')

    def start_hydrofoil(self, folder, kind, **section):
        """On core 0, serving the routes of all measurements; hydrofoil: further fields of the section."""
        path = self.write_json('bootstrap.json', bootstrap.hydrofoil(
            SEGMENT, config.ports(kind), self.front, self.endpoints, **section))
        log = f'{folder}/{kind}.log'
        gateway = self.start('gateway', ['taskset', '-c', '0', program('hydrofoil'), '-c', path], log)
        end = time.monotonic() + 20
        while self.call('client', ['curl', '-sf', '-m', '1', f'http://{FRONT4}/route/1/'],
                        check=False).returncode:
            if gateway.poll() is not None or time.monotonic() > end:
                self.stop(gateway)
                raise Failure(f'hydrofoil does not serve over {kind}', log)
        return gateway

    def receive_by_threads(self):
        """Everybody's frames by threads of the kernel's, ours on core 0; after the ports are up, which make
        new ones."""
        for place, link, core in (('client', 'c0', 1), ('origin', 'o0', 1),
                                  ('gateway', 'g0', 0), ('gateway', 'g1', 0)):
            # A veth receives by NAPI where it has XDP or may join segments.
            sh(f'ip netns exec {place} ethtool -K {link} gro on')
            sh(f'ip netns exec {place} sh -c "echo 1 >/sys/class/net/{link}/threaded"')
            if not self.napi.pin(link, core):
                raise Failure(f'no thread receives for {link}')

    def received_ns(self):
        """ns of CPU that receiving for the proxy has taken so far."""
        return self.napi.ran_ns(('g0', 'g1'))

    @staticmethod
    def each_kind(kinds, measure):
        """({kind of port: what measure(kind) found}, [why one was left out]); one at least is found."""
        found, left_out = {}, []
        for kind in kinds.split(','):
            try:
                found[kind] = measure(kind)
            except Failure as failure:
                print(failure, file=sys.stderr)
                left_out.append(f'{kind}: ' + str(failure).splitlines()[0])
        if not found:
            raise Failure('no kind of port could be measured\n' + '\n'.join(left_out))
        return found, left_out

    def stop(self, process):
        process.terminate()
        process.wait(timeout=60)

    def kernel_stack(self):
        for link, address in (('g0', FRONT4), ('g1', BACK4)):
            sh(f'ip -n gateway addr add {address}/24 dev {link}')
        for name in ('client', 'origin'):
            sh(f'ip -n {name} neigh flush all')
