/* RFC 6455 frames, as far as a load generator needs them: whole text messages, no extensions. */

#ifndef FRAMES_H
#define FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };
enum { LONGEST_HEAD = 14 };

typedef struct {
    int opcode;
    bool final;
    char *payload;
    size_t length;
} frame;

/* XORs `length` bytes with the mask; the same call masks and unmasks (5.3). */
static inline void xor_into(char *to, const char *from, size_t length, uint32_t mask) {
    uint64_t wide = (uint64_t)mask << 32 | mask;
    size_t at = 0;
    for (; at + 8 <= length; at += 8) {
        uint64_t word;
        memcpy(&word, from + at, 8);
        word ^= wide;
        memcpy(to + at, &word, 8);
    }
    const char *bytes = (const char *)&wide;
    for (; at < length; at++) to[at] = (char)(from[at] ^ bytes[at & 7]);
}

/* Writes a whole frame and returns its size; `to` has room for the payload and LONGEST_HEAD. */
static inline size_t put_frame(char *to, int opcode, const char *payload, size_t length,
                               bool masked, uint32_t mask) {
    size_t at = 2;
    int masks = masked ? 0x80 : 0;
    to[0] = (char)(0x80 | opcode);
    if (length < 126) {
        to[1] = (char)(masks | (int)length);
    } else if (length < 65536) {
        to[1] = (char)(masks | 126);
        to[2] = (char)(length >> 8);
        to[3] = (char)length;
        at = 4;
    } else {
        to[1] = (char)(masks | 127);
        for (int byte = 0; byte < 8; byte++) to[2 + byte] = (char)(length >> (56 - 8 * byte));
        at = 10;
    }
    if (masked) {
        memcpy(to + at, &mask, 4);
        xor_into(to + at + 4, payload, length, mask);
        return at + 4 + length;
    }
    memcpy(to + at, payload, length);
    return at + length;
}

/* Takes the frame at the start of `data`, unmasks it in place if it is masked, and returns its
 * size; 0 if it is not all there. */
static inline size_t take_frame(char *data, size_t length, frame *taken) {
    const unsigned char *byte = (const unsigned char *)data;
    if (length < 2) return 0;
    size_t at = 2, size = byte[1] & 0x7f;
    if (size == 126) {
        if (length < 4) return 0;
        size = (size_t)byte[2] << 8 | byte[3];
        at = 4;
    } else if (size == 127) {
        if (length < 10) return 0;
        size = 0;
        for (int i = 2; i < 10; i++) size = size << 8 | byte[i];
        at = 10;
    }
    bool masked = byte[1] & 0x80;
    if (masked) at += 4;
    if (length - at < size || length < at) return 0;
    if (masked) {
        uint32_t mask;
        memcpy(&mask, data + at - 4, 4);
        xor_into(data + at, data + at, size, mask);
    }
    *taken = (frame){byte[0] & 0x0f, (byte[0] & 0x80) != 0, data + at, size};
    return at + size;
}

#endif
