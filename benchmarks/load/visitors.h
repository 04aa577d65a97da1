/* Clients of other ecosystems: how each comes, and when it has what it came for. */

#ifndef VISITORS_H
#define VISITORS_H

#include <stdbool.h>
#include <stddef.h>

#include "clients.h"

/* Clients that connect from now on are of a kind: peerjs, topics, tracker. What they hear goes to
 * `take`. */
void expect_visitors(const char *kind, void (*take)(client *, const char *text, size_t length));

/* Whether a message is the one after which a client of the kind has what it came for. */
bool is_usable(const char *text, size_t length);

/* Brings clients of a kind, `at_once` at a time, and goes on when all are usable. */
void bring_visitors(const char *kind, client *, long count, long members, void (*then)(void));

#endif
