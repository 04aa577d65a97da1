/* Clients of y-webrtc: in each room one publication is under way at a time, and comes to all of its
 * members, the publisher too. The members publish in turn.
 *
 * They begin `settle` seconds after the last has come: a listener that comes with a publication from
 * another hub may be too late for it.
 *
 * Each publication has a number of its own, and each receiver checks that it is the next one, whole
 * and unchanged. */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "scenes.h"
#include "stages.h"
#include "visitors.h"

enum { DIGITS = 8 };

static const char LINE[] = "a=fmtp:111 minptime=10;useinbandfec=1;level-asymmetry-allowed=1\\r\\n";

typedef struct {
    char *text, *digits;
    size_t length;
    uint32_t number, missing; /* of the publication under way: whom it has not come to yet */
    uint64_t sent_at;
} room;

static client *crowd;
static room *rooms;
static uint32_t *heard; /* by each client */
static long count, members;

static void write_template(room *it, long number, size_t size) {
    char head[256];
    int head_length = snprintf(head, sizeof head,
                               "{\"type\":\"publish\",\"topic\":\"bench-%ld\",\"data\":{\"to\":\"somebody\","
                               "\"from\":\"somebody else\",\"type\":\"signal\",\"token\":",
                               number_option("first_room", 0) + number);
    static const char sdp[] = ",\"signal\":{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n", tail[] = "\"}}}";
    size_t used = (size_t)head_length + DIGITS + sizeof sdp - 1 + sizeof tail - 1;
    size_t filler = size > used ? size - used : 0;
    it->text = malloc(used + filler + 1);
    char *at = mempcpy(it->text, head, (size_t)head_length);
    it->digits = at;
    at = mempcpy(at + DIGITS, sdp, sizeof sdp - 1);
    for (; filler >= sizeof LINE - 1; filler -= sizeof LINE - 1) at = mempcpy(at, LINE, sizeof LINE - 1);
    memset(at, 'x', filler);
    at = mempcpy(at + filler, tail, sizeof tail - 1);
    it->length = (size_t)(at - it->text);
}

static void publish(room *it, client *who) {
    uint32_t number = ++it->number;
    /* A number has no zeros in front. */
    it->digits[0] = '1';
    for (int digit = DIGITS; digit-- > 1; number /= 10) it->digits[digit] = (char)('0' + number % 10);
    it->missing = (uint32_t)members;
    it->sent_at = now();
    expect((uint64_t)members);
    queue_text(who, it->text, it->length);
}

static void take_publication(client *who, const char *text, size_t length) {
    long number = (long)who->number / members;
    room *it = &rooms[number];
    /* It comes as it was, but for a count of those who listen before its last brace. */
    if (length < it->length || memcmp(text, it->text, it->length - 1))
        fail("not the publication that is under way: %.*s", (int)(length < 300 ? length : 300), text);
    if (heard[who->number] == it->number) fail("a publication came twice");
    heard[who->number] = it->number;
    it->missing--;
    bool goes_on = arrived(it->sent_at);
    if (!it->missing && goes_on) publish(it, &crowd[number * members + it->number % members]);
}

static void begin(void) {
    begin_stages();
    for (long i = 0; i < count / members; i++) {
        write_template(&rooms[i], i, (size_t)number_option("size", 700));
        publish(&rooms[i], &crowd[i * members]);
    }
}

static void come_to_rest(void) {
    on.text = take_publication;
    on.due = begin;
    wake_at(now() + (uint64_t)(atof(option("settle", "0")) * 1e9) + 1);
}

void play_topics(void) {
    members = number_option("members", 2);
    count = number_option("clients", members) / members * members;
    crowd = calloc((size_t)count, sizeof *crowd);
    heard = calloc((size_t)count, sizeof *heard);
    rooms = calloc((size_t)(count / members), sizeof *rooms);
    bring_visitors("topics", crowd, count, members, come_to_rest);
    run_while(stages_unfinished);
    printf("{\"bytes\":%zu,", rooms[0].length);
    print_stages();
    printf("}\n");
}
