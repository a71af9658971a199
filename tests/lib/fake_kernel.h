/* A kernel that is a script, for tests of kernel streams: what it takes, gives and refuses is set in
 * plain variables. */
#ifndef TESTS_LIB_FAKE_KERNEL_H
#define TESTS_LIB_FAKE_KERNEL_H

#include "dataplane/kernel_stream/kernel_io.h"

#define FAKE_SOCKETS 8
#define FAKE_BYTES (128 * 1024)
#define FAKE_LISTENER 100 /* the handle of the only listener */

struct fake_socket {
	uint8_t in[FAKE_BYTES]; /* what the peer has sent */
	uint32_t in_bytes;
	uint32_t in_at;
	uint32_t read_max;      /* in one read; 0 = all */
	bool ended;             /* end after `in` */
	int read_error;         /* instead of the end */
	int failed;
	uint8_t out[FAKE_BYTES];
	uint32_t out_bytes;
	uint32_t room;          /* of what is written */
	int write_error;
	bool shut;
	bool closed;
	bool aborted;
	uint64_t token;
};

extern struct fake_socket fake_sockets[FAKE_SOCKETS]; /* by handle */
extern struct kernel_io fake_kernel;
extern int fake_connect_answer;   /* a handle, or -errno */
extern bool fake_connect_done;    /* at once */
extern bool fake_refused;         /* the listener's socket is closed for good */
extern uint32_t fake_connects;
extern uint32_t fake_waits;

/* Everything as new: no socket has anything to give, and all have room. */
void fake_kernel_reset(void);
/* The next answer of accept. */
void fake_kernel_accepts(int answer);
/* The next wait tells this. */
void fake_kernel_event(int handle, uint32_t ready);
/* Somebody is there to be accepted: the answer and the event. */
void fake_kernel_knocks(int answer);
/* More bytes from the peer: byte i of the stream is i * 7. */
void fake_kernel_arrives(int handle, uint32_t bytes);

#endif
