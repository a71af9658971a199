/* Runs foilctl inside of a test and keeps what it wrote. */
#ifndef TESTS_UNIT_DATAPLANE_FOILCTL_RUN_H
#define TESTS_UNIT_DATAPLANE_FOILCTL_RUN_H

#include <stddef.h>

#include "dataplane/foilctl/foilctl.h"

/* What the last run wrote; good until the next one. */
extern char *foilctl_out, *foilctl_err;

/* Up to FOILCTL_WORDS_MAX words; returns the exit status. */
#define FOILCTL_WORDS_MAX 15
int foilctl_words(unsigned width, const char *const *words);
#define FOILCTL(width, ...) foilctl_words(width, (const char *const[]){__VA_ARGS__, NULL})

/* The clock that foilctl sees: it stands still but while foilctl sleeps; then this is called, if
 * it is not NULL, so that a test can count on. */
extern void (*foilctl_meanwhile)(void);
/* The user interrupts the rest of this number; 0 = never. */
extern unsigned foilctl_rests;

#endif
