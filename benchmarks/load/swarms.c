/* WebTorrent clients: each announces itself with some offers, and again as soon as it has its
 * response and the answers to all of them. Who is given an offer answers it.
 *
 * Each offer and answer has the number of its announce and of its place in it, and it is checked
 * that each is whole and comes once. */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "scenes.h"
#include "stages.h"
#include "visitors.h"

enum { MOST_OFFERS = 16, HASH = 20, MOST_TEXT = 1 << 15 };

static const char LINE[] = "a=fmtp:111 minptime=10;useinbandfec=1;level-asymmetry-allowed=1\\r\\n";

typedef struct {
    uint32_t announce;             /* the number of its last */
    uint32_t unanswered, ungiven; /* which of its offers: bits */
    uint32_t missing;             /* what has to come of it: response, offers to others, answers */
    uint64_t sent_at;
} peer;

static client *crowd;
static peer *peers;
static long count, members, offers, announces;
static char filler[4096];

static void announce_peer(client *who) {
    static char text[MOST_TEXT];
    peer *it = &peers[who->number];
    it->announce++;
    it->unanswered = it->ungiven = (1u << offers) - 1;
    it->missing = 1 + 2 * (uint32_t)offers;
    int at = snprintf(text, sizeof text,
                      "{\"numwant\":%ld,\"uploaded\":0,\"downloaded\":0,\"left\":100,\"action\":\"announce\","
                      "\"info_hash\":\"bench-swarm-%08u\",\"peer_id\":\"%.20s\"",
                      offers, who->room, who->id);
    for (long i = 0; i < offers; i++)
        at += snprintf(text + at, sizeof text - (size_t)at,
                       "%s{\"offer\":{\"type\":\"offer\",\"sdp\":\"%s\"},\"offer_id\":\"%08u%08u%04ld\"}",
                       i ? "," : ",\"offers\":[", filler, who->number, it->announce, i);
    at += snprintf(text + at, sizeof text - (size_t)at, offers ? "]}" : "}");
    it->sent_at = now();
    expect(it->missing);
    announces++;
    queue_text(who, text, (size_t)at);
}

/* The text of a field, in the end of a message: there are no others of that name there. */
static const char *field(const char *text, size_t length, const char *name) {
    size_t end = length < 160 ? length : 160;
    const char *at = memmem(text + length - end, end, name, strlen(name));
    if (!at || at + strlen(name) + HASH > text + length)
        fail("no %s: %.*s", name, (int)(length < 300 ? length : 300), text);
    return at + strlen(name);
}

/* Notes that an offer was given or answered, by its id; returns whose it was. */
static client *note_offer(const char *id, bool is_answer) {
    char number[9] = "", announce[9] = "";
    memcpy(number, id, 8);
    memcpy(announce, id + 8, 8);
    long from = atol(number), place = atol(id + 16);
    if (from >= count || place >= offers || (uint32_t)atol(announce) != peers[from].announce)
        fail("an offer that nobody waits for: %.20s", id);
    uint32_t *bits = is_answer ? &peers[from].unanswered : &peers[from].ungiven;
    if (!(*bits & 1u << place)) fail("offer %.20s came twice", id);
    *bits &= ~(1u << place);
    return &crowd[from];
}

static void answer(client *who, const char *offer_id, const char *to) {
    static char text[MOST_TEXT];
    int at = snprintf(text, sizeof text,
                      "{\"action\":\"announce\",\"info_hash\":\"bench-swarm-%08u\",\"peer_id\":\"%.20s\","
                      "\"to_peer_id\":\"%.20s\",\"answer\":{\"type\":\"answer\",\"sdp\":\"%s\"},"
                      "\"offer_id\":\"%.20s\"}",
                      who->room, who->id, to, filler, offer_id);
    queue_text(who, text, (size_t)at);
}

static void take_message(client *who, const char *text, size_t length) {
    client *of = who;
    if (!is_usable(text, length)) { /* no response */
        static const char offer[] = "\"offer\":{", was_answer[] = "\"answer\":{";
        bool is_answer = memmem(text, length, was_answer, sizeof was_answer - 1);
        if (!is_answer && !memmem(text, length, offer, sizeof offer - 1))
            fail("not expected: %.*s", (int)(length < 300 ? length : 300), text);
        if (!memmem(text, length, filler, strlen(filler))) fail("an offer or an answer was changed");
        const char *id = field(text, length, "\"offer_id\":\"");
        of = note_offer(id, is_answer);
        if (is_answer ? of != who : of == who || of->room != who->room)
            fail("an offer or an answer came to somebody else");
        if (!is_answer) answer(who, id, field(text, length, "\"peer_id\":\""));
    }
    peer *it = &peers[of->number];
    it->missing--;
    bool goes_on = arrived(it->sent_at);
    if (!it->missing && goes_on) announce_peer(of);
}

static void begin(void) {
    begin_stages();
    on.text = take_message;
    for (long i = 0; i < count; i++) announce_peer(&crowd[i]);
}

static void fill(size_t size) {
    char *at = stpcpy(filler, "v=0\\r\\n");
    while ((size_t)(at - filler) + sizeof LINE <= size && size < sizeof filler) at = stpcpy(at, LINE);
}

void play_swarms(void) {
    members = number_option("members", 8);
    count = number_option("clients", members) / members * members;
    offers = number_option("offers", 0);
    if (offers > MOST_OFFERS || offers >= members) fail("%ld offers are too many", offers);
    fill((size_t)number_option("size", 600));
    crowd = calloc((size_t)count, sizeof *crowd);
    peers = calloc((size_t)count, sizeof *peers);
    bring_visitors("tracker", crowd, count, members, begin);
    run_while(stages_unfinished);
    printf("{\"announces\":%ld,", announces);
    print_stages();
    printf("}\n");
}
