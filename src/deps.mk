# What the firmware is made of besides its own sources. deps.lock pins it all.

# Debian packages the build machine needs.
PACKAGES := gcc libc6-dev linux-libc-dev musl-tools libmnl-dev dpkg-dev python3 xz-utils zstd lz4 bzip2 \
            kmod e2fsprogs fakeroot qemu-system-x86 wireguard-tools iproute2 iputils-ping ca-certificates \
            mtools dosfstools nftables gdisk xorriso ovmf sbsigntool
# What the binary runs beside, and talks to: promtool is of prometheus.
PACKAGES_TEST := docker.io docker-compose prometheus systemd groff-base dnsmasq-base radvd lldpd
PACKAGES_BENCH := iperf3 libssl-dev
PACKAGES_CHECK := clang clang-tidy cppcheck libclang-rt-14-dev valgrind

# Source packages and binary packages from the archive: PACKAGE/SUITE, or NAME=PACKAGE/SUITE where two versions of one are wanted.
SOURCES := bearssl/bookworm lwip/trixie libmnl/bookworm libsodium/bookworm e2fsprogs/bookworm dosfstools/bookworm mtools/bookworm dhcpcd5/bookworm \
           chrony/trixie
DEBS    := busybox-static/bookworm wireguard-go/trixie systemd-boot-efi/trixie
# What `make bench` measures beside: the newest there is. It goes out of the archive with each newer one, so that no test needs it.
DEBS    += wireguard-go-newest=wireguard-go/sid
# Every board's kernel, from whichever suite of the release has the newest.
DEBS    += $(sort $(shell sed -n 's/^KERNEL_PACKAGE *= *//p' board/*/board.conf))

BEARSSL := $(B)/src/bearssl
LIBMNL  := $(B)/src/libmnl
LWIP    := $(B)/src/lwip/src
SODIUM  := $(B)/src/libsodium/src/libsodium
SDBOOT  := $(B)/src/systemd-boot-efi/usr/lib/systemd/boot/efi

# UDP over IPv4 and IPv6, nothing above or below.
LWIP_FILES := $(addprefix core/,init def inet_chksum ip mem memp netif pbuf stats udp) \
              $(addprefix core/ipv4/,ip4 ip4_addr ip4_frag) \
              $(addprefix core/ipv6/,inet6 ip6 ip6_addr ip6_frag nd6)

# No RSA, TLS or X.509.
# rand: the generator behind a deterministic signature.
BEARSSL_PARTS := aead codec ec hash int kdf mac rand symcipher

DOSFS_TOOLS := mkfs.fat fsck.fat

# NTP, the clock, and the socket by which it is asked: no NTS, no clocks but the network's; who it runs as is its starter's to say.
# Times of NTP are of 1970 to 2106, whenever it is built.
CHRONY_WITHOUT := --disable-readline --without-editline --without-nettle --without-nss --without-tomcrypt --without-gnutls \
                  --without-seccomp --without-libcap --disable-privdrop --disable-sechash --disable-nts --disable-refclock --with-ntp-era=0

# Argon2id, with what it stands on: BLAKE2b, base64; X25519. In plain C, as everything that would choose is left out.
SODIUM_FILES := $(addprefix crypto_scalarmult/curve25519/,scalarmult_curve25519 ref10/x25519_ref10) \
                crypto_core/ed25519/ref10/ed25519_ref10 crypto_verify/sodium/verify \
                $(addprefix crypto_pwhash/argon2/,argon2 argon2-core argon2-encoding argon2-fill-block-ref blake2b-long pwhash_argon2id) \
                $(addprefix crypto_generichash/blake2b/ref/,blake2b-compress-ref blake2b-ref generichash_blake2b) \
                $(addprefix sodium/,codecs runtime utils)
# What its configure would find.
SODIUM_FOUND := CONFIGURED=1 NATIVE_LITTLE_ENDIAN=1 HAVE_MMAP=1 HAVE_SYS_MMAN_H=1 HAVE_TI_MODE=1

deps-fetch: $(patsubst %,$(B)/src/%/.unpacked,$(foreach d,$(SOURCES) $(DEBS),$(firstword $(subst /, ,$(subst =, ,$d))))) ## fetch and verify all of deps.lock

$(B)/src/%/.unpacked: deps.lock scripts/archive
	$(say) FETCH $*
	$(Q)scripts/archive --build $(B) unpack $* $(@D)
	$(Q)touch $@

# Its tarballs are not to be had from every mirror.
$(LIBMNL)/.unpacked: deps.lock scripts/archive
	$(say) FETCH libmnl
	$(Q)mkdir -p $(@D)
	$(Q)scripts/archive --build $(B) unpack libmnl $(@D) 2> $(B)/libmnl.log || mkdir -p $(@D)
	$(Q)touch $@
