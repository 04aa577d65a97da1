#define _GNU_SOURCE
#include "clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"

enum { EVENTS = 256, INPUT = 1 << 18, MOST_DIRTY = 1 << 16 };

hooks on;
int watched;

static int poll_fd, timer_fd, words;
static char **word;
static clockid_t watched_clock[MOST_WATCHED];
static char input[INPUT];
static client *dirty[MOST_DIRTY];
static int dirty_count;
static uint64_t state;

void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(1);
}

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* splitmix64: masks and ids have to be unalike, not secret. */
uint64_t chance(void) {
    uint64_t value = state += 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

const char *option(const char *name, const char *usual) {
    size_t length = strlen(name);
    for (int i = 0; i < words; i++)
        if (!strncmp(word[i], name, length) && word[i][length] == '=') return word[i] + length + 1;
    return usual;
}

long number_option(const char *name, long usual) {
    const char *text = option(name, NULL);
    return text ? atol(text) : usual;
}

void prepare(int count, char **given) {
    words = count;
    word = given;
    if (getrandom(&state, sizeof state, 0) != sizeof state) fail("no random numbers");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    poll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer_fd, &event);
    for (const char *pid = option("watch", ""); *pid && watched < MOST_WATCHED;) {
        char *end;
        pid_t who = (pid_t)strtol(pid, &end, 10);
        if (clock_getcpuclockid(who, &watched_clock[watched++])) fail("no process %d", who);
        pid = *end ? end + 1 : end;
    }
}

static void want(client *who, uint32_t events, int how) {
    struct epoll_event event = {events, {.ptr = who}};
    if (epoll_ctl(poll_fd, how, who->fd, &event)) fail("epoll: %s", strerror(errno));
}

static void flush(client *who) {
    who->dirty = false;
    if (who->fd < 0 || !who->out_length) return;
    ssize_t sent = send(who->fd, who->out, who->out_length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        if (who->leaving || on.cut) return; /* what is read next tells of the end */
        fail("send: %s", strerror(errno));
    }
    if (sent > 0) {
        who->out_length -= (size_t)sent;
        memmove(who->out, who->out + sent, who->out_length);
    }
    bool waits = who->out_length > 0;
    if (waits != who->waits) want(who, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    who->waits = waits;
}

static void flush_all(void) {
    for (int i = 0; i < dirty_count; i++) flush(dirty[i]);
    dirty_count = 0;
}

static char *room_for(client *who, size_t length) {
    if (who->out_length + length > who->out_size) {
        who->out_size = (who->out_length + length) * 2;
        who->out = realloc(who->out, who->out_size);
        if (!who->out) fail("out of memory");
    }
    if (!who->dirty) {
        if (dirty_count == MOST_DIRTY) flush_all();
        who->dirty = true;
        dirty[dirty_count++] = who;
    }
    return who->out + who->out_length;
}

static void queue(client *who, int opcode, const char *payload, size_t length) {
    char *to = room_for(who, length + LONGEST_HEAD);
    who->out_length += put_frame(to, opcode, payload, length, true, (uint32_t)chance());
}

void queue_text(client *who, const char *text, size_t length) { queue(who, TEXT, text, length); }

int next_port(void) {
    static const char *rest;
    if (!rest || !*rest) rest = option("port", "0");
    char *end;
    long port = strtol(rest, &end, 10);
    rest = *end ? end + 1 : end;
    return (int)port;
}

void connect_client(client *who, int port) {
    uint64_t id[3] = {chance(), chance(), chance()};
    if (!who->stays_itself || !who->id[0])
        snprintf(who->id, sizeof who->id, "%016lx%016lx%08lx", id[0], id[1], id[2] & 0xffffffff);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    who->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (who->fd < 0) fail("socket: %s", strerror(errno));
    int yes = 1;
    setsockopt(who->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (who->address) {
        struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(who->address)};
        setsockopt(who->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
        if (bind(who->fd, (struct sockaddr *)&from, sizeof from)) fail("bind: %s", strerror(errno));
    }
    /* What is sent before it is connected waits: a full queue of the server stops nobody else. */
    fcntl(who->fd, F_SETFL, O_NONBLOCK);
    if (connect(who->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    who->open = who->leaving = who->waits = false;
    who->met = who->lost = 0;
    who->out_length = who->rest_length = 0;
    want(who, EPOLLIN, EPOLL_CTL_ADD);
    char target[128];
    if (on.target)
        on.target(who, target, sizeof target);
    else
        snprintf(target, sizeof target, "/?peerId=%s", who->id);
    char *request = room_for(who, 512);
    int length = snprintf(request, 512,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n",
                          target, port);
    who->out_length += (size_t)length;
}

void announce(client *who) {
    char text[256];
    int length = snprintf(text, sizeof text,
                          "{\"type\":\"announce\",\"data\":{\"peerId\":\"%s\"},\"maxPeers\":3,"
                          "\"networkName\":\"bench-%u\"}",
                          who->id, who->room);
    queue_text(who, text, (size_t)length);
}

void leave(client *who) {
    who->leaving = true;
    queue(who, CLOSE, "\x03\xe8", 2);
}

static void cut(client *who, int why) {
    if (!on.cut) fail(why ? "closed or refused: %d" : "a connection was lost", why);
    close(who->fd);
    who->fd = -1;
    who->out_length = who->rest_length = 0;
    on.cut(who, why);
    who->open = false;
}

static void gone(client *who) {
    if (!who->leaving) {
        cut(who, 0);
        return;
    }
    close(who->fd);
    who->fd = -1;
    who->out_length = who->rest_length = 0;
    if (on.closed) on.closed(who);
}

static bool is(const char *text, size_t length, const char *type) {
    size_t size = strlen(type);
    return length > size + 10 && !memcmp(text + 9, type, size) && text[9 + size] == '"';
}

static void take_text(client *who, const char *text, size_t length) {
    if (length < 10 || memcmp(text, "{\"type\":\"", 9)) fail("no type: %.*s", (int)length, text);
    if (is(text, length, "offer") || is(text, length, "ice-candidate")) {
        if (!on.signal) fail("an unexpected signal");
        on.signal(who, text, length);
    } else if (is(text, length, "peer-discovered")) {
        who->met++;
        if (on.met) on.met(who);
    } else if (is(text, length, "peer-disconnected")) {
        who->lost++;
        if (on.lost) on.lost(who);
    } else if (!is(text, length, "connected")) {
        fail("unexpected: %.*s", (int)(length < 300 ? length : 300), text);
    }
}

static void take(client *who, const frame *taken) {
    if (taken->opcode == TEXT && taken->final && on.text)
        on.text(who, taken->payload, taken->length);
    else if (taken->opcode == TEXT && taken->final)
        take_text(who, taken->payload, taken->length);
    else if (taken->opcode == PING)
        queue(who, PONG, taken->payload, taken->length);
    else if (taken->opcode == CLOSE && !who->leaving && on.cut && taken->length >= 2)
        cut(who, (unsigned char)taken->payload[0] << 8 | (unsigned char)taken->payload[1]);
    else if (taken->opcode == CLOSE && !who->leaving)
        fail("closed by the server: %.*s", (int)taken->length - 2, taken->payload + 2);
    else if (taken->opcode != CLOSE && taken->opcode != PONG)
        fail("a frame with opcode %d, final %d", taken->opcode, taken->final);
}

static size_t take_head(client *who, char *data, size_t length) {
    char *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, "HTTP/1.1 101 ", 13)) {
        if (!on.cut) fail("refused: %.*s", (int)(end - data), data);
        cut(who, atoi(data + 9));
        return length;
    }
    who->open = true;
    if (on.opened) on.opened(who);
    return (size_t)(end + 4 - data);
}

static void readable(client *who) {
    size_t length = who->rest_length;
    if (length) memcpy(input, who->rest, length);
    ssize_t got = recv(who->fd, input + length, INPUT - length, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        gone(who);
        return;
    }
    length += (size_t)got;
    size_t at = 0;
    if (!who->open) at = take_head(who, input, length);
    frame taken;
    while (who->open) {
        size_t size = take_frame(input + at, length - at, &taken);
        if (!size) break;
        take(who, &taken);
        at += size;
    }
    if (who->fd < 0) return;
    who->rest_length = length - at;
    if (who->rest_length == 0 && !who->rest) return;
    who->rest = realloc(who->rest, who->rest_length + 1);
    memcpy(who->rest, input + at, who->rest_length);
}

void wake_at(uint64_t when) {
    struct itimerspec timer = {
        .it_value = {(time_t)(when / 1000000000u), (long)(when % 1000000000u)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

static void woken(void) {
    uint64_t times;
    if (read(timer_fd, &times, sizeof times) == sizeof times && on.due) on.due();
}

void run_while(bool (*unfinished)(void)) {
    struct epoll_event events[EVENTS];
    uint64_t end = now() + (uint64_t)number_option("deadline", 120) * 1000000000u;
    flush_all();
    while (unfinished()) {
        int count = epoll_wait(poll_fd, events, EVENTS, 100);
        for (int i = 0; i < count; i++) {
            client *who = events[i].data.ptr;
            if (!who) {
                woken();
            } else if (who->fd >= 0) {
                if (events[i].events & EPOLLOUT) flush(who);
                if (events[i].events & ~(uint32_t)EPOLLOUT) readable(who);
            }
            flush_all();
        }
        if (now() > end) {
            if (on.late) on.late();
            fail("not done within the deadline");
        }
    }
}

static double cpu_of(clockid_t clock) {
    struct timespec used;
    if (clock_gettime(clock, &used)) fail("a watched process is gone");
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

usage look(void) {
    usage seen = {.at = now(), .own = cpu_of(CLOCK_PROCESS_CPUTIME_ID)};
    for (int i = 0; i < watched; i++) seen.of[i] = cpu_of(watched_clock[i]);
    return seen;
}

void print_usage(const usage *from, const usage *to) {
    printf("\"seconds\":%.6f,\"own_cpu\":%.6f,\"cpu\":[", (double)(to->at - from->at) / 1e9,
           to->own - from->own);
    for (int i = 0; i < watched; i++) printf("%s%.6f", i ? "," : "", to->of[i] - from->of[i]);
    printf("]");
}
