/* The stages of a scene in which much is under way at once: all join, it warms up, it is measured,
 * and what is still under way arrives. */

#ifndef STAGES_H
#define STAGES_H

#include <stdbool.h>
#include <stdint.h>

void begin_stages(void);           /* all have joined: the warm-up begins */
void expect(uint64_t deliveries);  /* so many more are under way */
bool arrived(uint64_t sent_at);    /* one is there; whether something is to be sent in its place */
bool is_draining(void);            /* nothing is to be sent any more */
bool stages_unfinished(void);      /* for `run_while` */
void print_stages(void);           /* as fields of a JSON object */

#endif
