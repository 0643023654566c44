/* mac1, mac2 and cookies (paper 5.3, 5.4.4, 5.4.7), for the one who checks them and the one who makes them. */
#ifndef WG_COOKIE_H
#define WG_COOKIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/inet.h"
#include "wg/messages.h"

enum { COOKIE_SECRET_MAX_AGE_S = 120, COOKIE_SECRET_LATENCY_S = 5 };

/* The device's side: it gives cookies out and takes them back. */
struct cookie_checker {
	uint8_t mac1_key[KEY_LEN];
	uint8_t cookie_key[KEY_LEN];
	uint8_t secret[KEY_LEN];
	bool has_secret;
	uint64_t secret_born_ns;
};

/* A peer's side: the cookie that it gave us. */
struct cookie_jar {
	uint8_t mac1_key[KEY_LEN];
	uint8_t cookie_key[KEY_LEN];
	uint8_t last_mac1[MAC_LEN]; /* a cookie reply is bound to it */
	bool has_mac1;              /* and may come once */
	bool has_cookie;
	uint8_t cookie[COOKIE_LEN];
	uint64_t cookie_born_ns;
};

void cookie_checker_set_key(struct cookie_checker *checker, const uint8_t public_key[static KEY_LEN]);
/* bytes is an initiation or a response of len bytes. */
bool cookie_mac1_is_right(const struct cookie_checker *checker, const uint8_t *bytes, size_t len);
bool cookie_mac2_is_right(const struct cookie_checker *checker, const uint8_t *bytes, size_t len,
			  const struct inet_endpoint *from, uint64_t now_ns);
/* A secret must be made anew before a cookie is given out. */
bool cookie_secret_is_old(const struct cookie_checker *checker, uint64_t now_ns);
void cookie_set_secret(struct cookie_checker *checker, const uint8_t secret[static KEY_LEN], uint64_t now_ns);
/* Answers bytes, an initiation or a response of len bytes; m->nonce holds random bytes. */
void cookie_write(const struct cookie_checker *checker, struct message_cookie *m, const uint8_t *bytes, size_t len,
		  const struct inet_endpoint *from);

void cookie_jar_set_key(struct cookie_jar *jar, const uint8_t public_key[static KEY_LEN]);
/* Fills mac1 and mac2, the end of bytes. */
void cookie_write_macs(struct cookie_jar *jar, uint8_t *bytes, size_t len, uint64_t now_ns);
bool cookie_read(struct cookie_jar *jar, const struct message_cookie *m, uint64_t now_ns);

#endif
