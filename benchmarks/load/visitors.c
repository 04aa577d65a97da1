#define _GNU_SOURCE
#include "visitors.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name;
    const char *target;   /* of its request; the client's id stands for %s */
    const char *greeting; /* what it says first, its id for %1$s, its room for %2$u; or NULL */
    const char *answer;   /* what is in the message after which it is usable */
} visitor_kind;

static const visitor_kind kinds[] = {
    {"peerjs", "/peerjs?key=peerjs&id=%s&token=bench&version=1.5.5", NULL, "{\"type\":\"OPEN\"}"},
    {"topics", "/y-webrtc",
     "{\"type\":\"subscribe\",\"topics\":[\"bench-%2$u\"]}\n{\"type\":\"ping\"}", "{\"type\":\"pong\"}"},
    {"tracker", "/announce",
     "{\"numwant\":0,\"uploaded\":0,\"downloaded\":0,\"left\":100,\"event\":\"started\","
     "\"action\":\"announce\",\"info_hash\":\"bench-swarm-%2$08u\",\"peer_id\":\"%1$.20s\",\"offers\":[]}",
     "\"interval\":"},
};

static const visitor_kind *kind;

static void write_target(client *who, char *to, size_t size) {
    snprintf(to, size, kind->target, who->id);
}

static void greet(client *who) {
    if (!kind->greeting) return;
    char text[512];
    snprintf(text, sizeof text, kind->greeting, who->id, who->room);
    /* Each line is a message. */
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) queue_text(who, line, strlen(line));
}

void expect_visitors(const char *name, void (*take)(client *, const char *, size_t)) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, name)) kind = &kinds[i];
    if (!kind) fail("no clients are called %s", name);
    on = (hooks){.target = write_target, .opened = greet, .text = take};
}

bool is_usable(const char *text, size_t length) {
    return memmem(text, length, kind->answer, strlen(kind->answer)) != NULL;
}

static client *all;
static long count, members, begun, coming, unusable, at_once;
static void (*go_on)(void);

static void come_more(void) {
    while (begun < count && coming < at_once) {
        client *next = &all[begun];
        next->number = (uint32_t)begun;
        next->room = (uint32_t)(number_option("first_room", 0) + begun / members);
        begun++;
        coming++;
        connect_client(next, next_port());
    }
}

static void take_answer(client *who, const char *text, size_t length) {
    if (!is_usable(text, length))
        fail("client %u was answered: %.*s", who->number, (int)length, text);
    coming--;
    come_more();
    if (--unusable == 0) go_on();
}

void bring_visitors(const char *name, client *these, long how_many, long in_room, void (*then)(void)) {
    all = these;
    count = unusable = how_many;
    members = in_room;
    go_on = then;
    at_once = number_option("at_once", 64);
    expect_visitors(name, take_answer);
    come_more();
}
