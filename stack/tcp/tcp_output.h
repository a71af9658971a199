/* What a connection sends next, in order: SYN, what recovery wants sent again, window probes,
 * duplicate ACKs, new data with FIN, and at last an ACK if one is owed still. */
#ifndef STACK_TCP_TCP_OUTPUT_H
#define STACK_TCP_TCP_OUTPUT_H

#include "stack/tcp/tcp_conn.h"

/* Whether a FIN follows the last byte of tx and is not acknowledged yet. */
bool tcp_output_fin_due(const struct tcp_conn *conn);

#endif
