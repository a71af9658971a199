/* The program while it serves: configuration, DNS, admin, signals and the end, on the control loop. */
#ifndef DATAPLANE_SERVER_H
#define DATAPLANE_SERVER_H

#include "dataplane/options.h"

/* Until the end is asked for; returns the exit status. */
int server_run(const struct options *options);
/* "0.1.0" */
extern const char server_version[];

#endif
