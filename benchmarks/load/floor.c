/* A relay that does nothing but pass on: the floor under any server, and a check that the
 * generator is not what is measured. `floor` prints its port and stops with its standard input.
 *
 * It speaks to this generator only: it looks for no key, checks nothing, rewrites nothing, and
 * tells nobody of anybody, so the generator has to be told `blind=1`. Clients of
 * y-webrtc are those without an id in their request, each in one room. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"

enum { INPUT = 1 << 18, ID = 40, MOST = 1024, EVENTS = 256, TOPIC = 32 };

typedef struct peer {
    int fd;
    bool open;
    char id[ID];
    char topic[TOPIC]; /* empty if it has not subscribed */
    size_t rest;
    char *in, *out;
    size_t waiting;
} peer;

static peer peers[MOST];
static int count, poll_fd;
static const char TARGET[] = "\"targetPeerId\":\"";

static peer *find(const char *id) {
    /* Pairs come one after the other: the sender just behind its target. */
    static int near;
    for (int i = 0; i < count; i++) {
        peer *it = &peers[(near + i) % count];
        if (memcmp(it->id, id, ID)) continue;
        near = (int)(it - peers);
        return it;
    }
    return NULL;
}

static void flush(peer *it) {
    for (size_t at = 0; at < it->waiting;) {
        ssize_t sent = send(it->fd, it->out + at, it->waiting - at, MSG_NOSIGNAL);
        if (sent > 0) at += (size_t)sent;
        else if (sent < 0 && errno != EAGAIN) break;
    }
    it->waiting = 0;
}

static void pass_on(const frame *taken) {
    char *mark = memmem(taken->payload, taken->length, TARGET, sizeof TARGET - 1);
    peer *to = mark ? find(mark + sizeof TARGET - 1) : NULL;
    if (!to) return;
    to->waiting += put_frame(to->out + to->waiting, TEXT, taken->payload, taken->length, false, 0);
}

static void publish(const frame *taken, const char *topic) {
    for (int i = 0; i < count; i++) {
        peer *it = &peers[i];
        if (memcmp(it->topic, topic, TOPIC)) continue;
        it->waiting +=
            put_frame(it->out + it->waiting, TEXT, taken->payload, taken->length, false, 0);
    }
}

static bool begins(const frame *taken, const char *with) {
    return taken->length > strlen(with) && !memcmp(taken->payload, with, strlen(with));
}

static void copy_topic(char *to, const frame *taken, const char *behind) {
    const char *from = taken->payload + strlen(behind);
    const char *end = memchr(from, '"', taken->length - strlen(behind));
    memset(to, 0, TOPIC);
    if (end && end - from < TOPIC) memcpy(to, from, (size_t)(end - from));
}

/* Takes what a client of y-webrtc says. */
static void take_topic(peer *it, const frame *taken) {
    static const char subscribe[] = "{\"type\":\"subscribe\",\"topics\":[\"",
                      published[] = "{\"type\":\"publish\",\"topic\":\"",
                      pong[] = "{\"type\":\"pong\"}";
    char topic[TOPIC];
    if (begins(taken, published)) {
        copy_topic(topic, taken, published);
        publish(taken, topic);
    } else if (begins(taken, subscribe)) {
        copy_topic(it->topic, taken, subscribe);
    } else if (begins(taken, "{\"type\":\"ping\"")) {
        it->waiting += put_frame(it->out + it->waiting, TEXT, pong, sizeof pong - 1, false, 0);
    }
}

static bool greet(peer *it, char *data, size_t length) {
    if (memcmp(data + length - 4, "\r\n\r\n", 4)) return false;
    char *id = memmem(data, length, "peerId=", 7);
    if (id) memcpy(it->id, id + 7, ID);
    it->open = true;
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    return send(it->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0;
}

static void readable(peer *it) {
    ssize_t got = recv(it->fd, it->in + it->rest, INPUT - it->rest, 0);
    if (got <= 0) {
        close(it->fd);
        memset(it->topic, 0, TOPIC);
        return;
    }
    size_t length = it->rest + (size_t)got, at = 0, size;
    if (!it->open) {
        it->rest = greet(it, it->in, length) ? 0 : length;
        return;
    }
    for (frame taken; (size = take_frame(it->in + at, length - at, &taken)); at += size)
        if (taken.opcode == TEXT && *it->id) pass_on(&taken);
        else if (taken.opcode == TEXT) take_topic(it, &taken);
    for (int i = 0; i < count; i++)
        if (peers[i].waiting) flush(&peers[i]);
    it->rest = length - at;
    memmove(it->in, it->in + at, it->rest);
}

static void welcome(int listener) {
    if (count == MOST) exit(1);
    peer *it = &peers[count++];
    it->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    it->in = malloc(INPUT);
    it->out = malloc(4 * INPUT);
    int yes = 1;
    setsockopt(it->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event event = {EPOLLIN, {.ptr = it}};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, it->fd, &event);
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    if (bind(listener, (struct sockaddr *)&at, size) || listen(listener, MOST)) return 1;
    getsockname(listener, (struct sockaddr *)&at, &size);
    printf("{\"event\":\"started\",\"port\":%d}\n", ntohs(at.sin_port));
    fflush(stdout);
    poll_fd = epoll_create1(0);
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}}, events[EVENTS];
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event);
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    for (char ignored[8]; read(STDIN_FILENO, ignored, sizeof ignored);) {
        int ready = epoll_wait(poll_fd, events, EVENTS, 200);
        for (int i = 0; i < ready; i++)
            if (events[i].data.ptr) readable(events[i].data.ptr);
            else welcome(listener);
    }
    return 0;
}
