"""The default world without ports: g0 and g1 belong to the kernel, and hydrofoil serves its sockets.

The addresses are those of the ports elsewhere, so that the tests of other files run here unchanged.
"""

from tests.e2e.lib import config
from tests.e2e.lib.world import BACK4, BACK6, FRONT4, FRONT6, sh


def give_addresses(world):
    for link, v4, v6 in (('g0', FRONT4, FRONT6), ('g1', BACK4, BACK6)):
        sh(f'ip netns exec gateway sysctl -qw net.ipv6.conf.{link}.disable_ipv6=0')
        sh(f'ip -n gateway addr add {v4}/24 dev {link}')
        sh(f'ip -n gateway addr add {v6}/64 dev {link} nodad')


def bootstrap(world, **changes):
    made = config.default(world, **changes)
    del made['hydrofoil']
    return made


def start(world):
    give_addresses(world)
    world.origin()
    world.start_gateway(bootstrap(world, listeners=[config.tcp_listener('10.80.1.1', 9001, 'dead')]))
