/* Many WebSocket clients in one thread: what the scenes build on. */

#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct client {
    int fd;
    bool open;    /* the handshake is over */
    bool leaving; /* its end is no fault */
    bool waits;   /* some of `out` did not fit into the socket */
    bool dirty;   /* there is something in `out` that nobody has tried to send */
    bool stays_itself; /* it comes again under the same id */
    uint32_t address;  /* from which it connects; 0 for any */
    uint32_t number, room;
    uint32_t met;  /* peer-discovered received */
    uint32_t lost; /* peer-disconnected received */
    char id[41];
    char *rest; /* the beginning of a frame that has not come in full */
    size_t rest_length;
    char *out;
    size_t out_length, out_size;
} client;

/* What a scene does when something happens. */
typedef struct {
    void (*opened)(client *);                            /* the server has accepted it */
    void (*met)(client *);                               /* it was told of another */
    void (*lost)(client *);                              /* it was told of a departure */
    void (*signal)(client *, const char *text, size_t length);
    void (*closed)(client *);                            /* a leaving one has gone */
    void (*due)(void);                                   /* the time of `wake_at` has come */
    void (*late)(void);                                  /* the deadline is over, in vain */
    /* For clients of another kind: writes the target of their requests, and takes all they hear. */
    void (*target)(client *, char *to, size_t size);
    void (*text)(client *, const char *text, size_t length);
    /* Its connection was lost (0), refused (status), or closed (code); without it, a failure. */
    void (*cut)(client *, int why);
} hooks;

extern hooks on;

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t now(void); /* nanoseconds */
uint64_t chance(void);

/* The value of `name=value` on the command line, or `usual`. */
const char *option(const char *name, const char *usual);
long number_option(const char *name, long usual);

void prepare(int count, char **words); /* before all else: the command line */
int next_port(void); /* of several, given as `port=1,2,3`, each has its turn */
void connect_client(client *, int port);
void announce(client *);
void queue_text(client *, const char *text, size_t length);
void leave(client *);
void wake_at(uint64_t when);
void run_while(bool (*unfinished)(void)); /* fails when `deadline` (seconds) is over */

/* CPU seconds: of this process, and of those named by `watch=pid,pid`. */
enum { MOST_WATCHED = 8 };
typedef struct {
    uint64_t at;
    double own, of[MOST_WATCHED];
} usage;
extern int watched;
usage look(void);
void print_usage(const usage *from, const usage *to); /* as fields of a JSON object */

#endif
