#include "network/lldp.h"

#include <string.h>

#include "base/bytes.h"

/* 8.4 and table 8-1. A TLV's header: 7 bits of type, 9 of length. */
enum tlv {
	TLV_END, TLV_CHASSIS, TLV_PORT, TLV_TTL, TLV_PORT_DESCRIPTION, TLV_NAME, TLV_DESCRIPTION, TLV_CAPABILITIES, TLV_MANAGEMENT,
	TLV_OF_ORGANISATION = 127,
};

enum { HEADER_LEN = 2, TLV_LEN_MAX = 511, TLVS_MAX = 128 };

/* Subtypes of chassis and port, which differ. */
enum { CHASSIS_MAC = 4, CHASSIS_ADDRESS = 5, PORT_MAC = 3, PORT_ADDRESS = 4, PORT_NAME = 5 };

/* IANA's address family numbers. */
enum { FAMILY_IPV4 = 1, FAMILY_IPV6 = 2 };

static const uint8_t dot1[] = { 0x00, 0x80, 0xC2 };
enum { DOT1_PORT_VLAN_ID = 1, INTERFACE_BY_INDEX = 2 };

/* ---- what was heard ---- */

struct value {
	const uint8_t *bytes;
	size_t len;
};

static bool read_id(struct value value, struct lldp_id *id)
{
	if (value.len < 2 || value.len > 1 + LLDP_ID_MAX)
		return false;
	id->subtype = value.bytes[0];
	id->len = (uint8_t)(value.len - 1);
	memcpy(id->bytes, value.bytes + 1, id->len);
	return true;
}

static void read_text(struct value value, char dst[static LLDP_TEXT_LEN])
{
	size_t len = value.len < LLDP_TEXT_LEN ? value.len : LLDP_TEXT_LEN - 1;

	for (size_t i = 0; i < len; i++)
		dst[i] = (char)(value.bytes[i] < ' ' ? ' ' : value.bytes[i] > '~' ? '?' : value.bytes[i]);
	dst[len] = '\0';
}

static struct inet_addr read_address(uint8_t family, const uint8_t *bytes, size_t len)
{
	struct inet_addr addr = { .family = 0 };

	if (family == FAMILY_IPV4 && len == 4)
		addr.family = AF_INET;
	else if (family == FAMILY_IPV6 && len == 16)
		addr.family = AF_INET6;
	if (addr.family)
		memcpy(addr.bytes, bytes, len);
	return addr;
}

/* 8.5.9: length of family and address, those, then numbers of an interface. */
static void read_management(struct value value, struct lldp_frame *frame)
{
	size_t len = value.len ? value.bytes[0] : 0;

	if (len >= 2 && 1 + len <= value.len && !frame->management.family)
		frame->management = read_address(value.bytes[1], value.bytes + 2, len - 1);
}

static void read_organisation(struct value value, struct lldp_frame *frame)
{
	if (value.len >= sizeof(dot1) + 3 && !memcmp(value.bytes, dot1, sizeof(dot1)) &&
	    value.bytes[sizeof(dot1)] == DOT1_PORT_VLAN_ID)
		frame->vlan_id = load_be16(value.bytes + sizeof(dot1) + 1);
}

static void read_optional(unsigned type, struct value value, struct lldp_frame *frame)
{
	if (type == TLV_PORT_DESCRIPTION)
		read_text(value, frame->port_description);
	else if (type == TLV_NAME)
		read_text(value, frame->name);
	else if (type == TLV_DESCRIPTION)
		read_text(value, frame->description);
	else if (type == TLV_CAPABILITIES && value.len >= 4)
		frame->capabilities = load_be16(value.bytes + 2);
	else if (type == TLV_MANAGEMENT)
		read_management(value, frame);
	else if (type == TLV_OF_ORGANISATION)
		read_organisation(value, frame);
}

/* The place of a TLV tells what it must be: the first three, and nowhere else. */
static bool read_tlv(unsigned place, unsigned type, struct value value, struct lldp_frame *frame)
{
	static const enum tlv order[] = { TLV_CHASSIS, TLV_PORT, TLV_TTL };

	if (place >= sizeof(order) / sizeof(order[0])) {
		read_optional(type, value, frame);
		return type != TLV_CHASSIS && type != TLV_PORT && type != TLV_TTL;
	}
	if (type != order[place])
		return false;
	if (type != TLV_TTL)
		return read_id(value, type == TLV_CHASSIS ? &frame->chassis : &frame->port);
	if (value.len < 2)
		return false;
	frame->ttl_s = load_be16(value.bytes);
	return true;
}

bool lldp_read(const uint8_t *bytes, size_t len, struct lldp_frame *frame)
{
	unsigned count = 0;

	memset(frame, 0, sizeof(*frame));
	for (; len >= HEADER_LEN && count < TLVS_MAX; count++) {
		unsigned type = bytes[0] >> 1;
		struct value value = { bytes + HEADER_LEN, load_be16(bytes) & TLV_LEN_MAX };

		if (type == TLV_END)
			break;
		if (value.len > len - HEADER_LEN || !read_tlv(count, type, value, frame))
			return false;
		bytes += HEADER_LEN + value.len;
		len -= HEADER_LEN + value.len;
	}
	return count >= TLV_TTL;
}

bool lldp_id_equal(const struct lldp_id *a, const struct lldp_id *b)
{
	return a->subtype == b->subtype && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

static bool is_text(const struct lldp_id *id)
{
	for (size_t i = 0; i < id->len; i++)
		if (id->bytes[i] < ' ' || id->bytes[i] > '~')
			return false;
	return true;
}

static const char *id_text(const struct lldp_id *id, uint8_t mac_subtype, uint8_t address_subtype, char dst[static LLDP_ID_TEXT_LEN])
{
	struct inet_addr addr = { .family = 0 };
	bool mac = id->subtype == mac_subtype && id->len == LINK_MAC_LEN;
	char address[INET_ADDR_STRLEN];
	struct text text;

	if (id->subtype == address_subtype && id->len > 1)
		addr = read_address(id->bytes[0], id->bytes + 1, id->len - 1U);
	text_init(&text, dst, LLDP_ID_TEXT_LEN);
	if (addr.family) {
		text_add(&text, "%s", inet_addr_text(&addr, address));
	} else if (!mac && is_text(id)) {
		text_add(&text, "%.*s", id->len, (const char *)id->bytes);
	} else {
		for (size_t i = 0; i < id->len; i++)
			text_add(&text, "%s%02x", mac && i ? ":" : "", id->bytes[i]);
	}
	return dst;
}

const char *lldp_chassis_text(const struct lldp_id *id, char dst[static LLDP_ID_TEXT_LEN])
{
	return id_text(id, CHASSIS_MAC, CHASSIS_ADDRESS, dst);
}

const char *lldp_port_text(const struct lldp_id *id, char dst[static LLDP_ID_TEXT_LEN])
{
	return id_text(id, PORT_MAC, PORT_ADDRESS, dst);
}

/* ---- what we say ---- */

struct writer {
	uint8_t *bytes; /* LLDP_OWN_MAX, which the longest values fit */
	size_t len;
};

/* Begins a TLV of a value of so many bytes, and says where that goes. */
static uint8_t *add(struct writer *writer, enum tlv type, size_t len)
{
	uint8_t *at = writer->bytes + writer->len;

	store_be16(at, (uint16_t)(type << 9 | len));
	writer->len += HEADER_LEN + len;
	return at + HEADER_LEN;
}

static void add_text(struct writer *writer, enum tlv type, const char *value)
{
	if (*value)
		memcpy(add(writer, type, strlen(value)), value, strlen(value));
}

static void add_management(struct writer *writer, const struct inet_addr *addr, uint32_t link)
{
	size_t size = inet_size(addr->family);
	uint8_t *at;

	if (!addr->family)
		return;
	at = add(writer, TLV_MANAGEMENT, 1 + 1 + size + 1 + 4 + 1);
	*at++ = (uint8_t)(1 + size);
	*at++ = addr->family == AF_INET ? FAMILY_IPV4 : FAMILY_IPV6;
	memcpy(at, addr->bytes, size);
	at[size] = INTERFACE_BY_INDEX;
	store_be32(at + size + 1, link);
	at[size + 5] = 0; /* no object id */
}

size_t lldp_write(const struct lldp_own *own, uint8_t bytes[static LLDP_OWN_MAX])
{
	struct writer writer = { bytes, 0 };
	uint8_t *at = add(&writer, TLV_CHASSIS, 1 + LINK_MAC_LEN);

	at[0] = CHASSIS_MAC;
	memcpy(at + 1, own->chassis, LINK_MAC_LEN);
	at = add(&writer, TLV_PORT, 1 + strlen(own->port));
	at[0] = PORT_NAME;
	memcpy(at + 1, own->port, strlen(own->port));
	store_be16(add(&writer, TLV_TTL, 2), own->ttl_s);
	if (own->ttl_s) { /* a frame that says goodbye says no more: 8.5.4.1 */
		add_text(&writer, TLV_NAME, own->name);
		add_text(&writer, TLV_DESCRIPTION, own->description);
		at = add(&writer, TLV_CAPABILITIES, 4);
		store_be16(at, LLDP_STATION);
		store_be16(at + 2, LLDP_STATION);
		for (size_t i = 0; i < sizeof(own->management) / sizeof(own->management[0]); i++)
			add_management(&writer, &own->management[i], own->link);
	}
	(void)add(&writer, TLV_END, 0);
	return writer.len;
}
