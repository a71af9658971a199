"""The main list of traffic once more, over the kernel's sockets alone: a bootstrap without ports.

What other files test between ports is imported and run here; only the start differs.
"""

from tests.e2e.lib.kernel import start
from tests.e2e.lib.points import run
# pylint: disable=unused-import
from tests.e2e.test_curl import (
    test_body_without_length_ends_with_the_connection,
    test_direct_response,
    test_exact_suffix_and_any_domains,
    test_forwarding_headers,
    test_get_over_v4,
    test_get_over_v6,
    test_headers_are_changed_on_the_way_in_and_out,
    test_methods_pass_through,
    test_nobody_listens_is_503,
    test_origin_that_dies_is_an_error_not_a_hang,
    test_post_body_arrives_whole,
    test_redirect,
    test_route_timeout_is_504,
    test_status_codes_pass_through,
    test_v4_client_to_v6_origin,
    test_v6_client_to_v6_origin,
)
from tests.e2e.test_http1 import *  # pylint: disable=wildcard-import,unused-wildcard-import
from tests.e2e.test_tcp_proxy import *  # pylint: disable=wildcard-import,unused-wildcard-import

if __name__ == '__main__':
    run(globals(), start)
