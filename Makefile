# MITIGATOR gateway firmware. `make help` lists the targets.

BOARD ?= qemu
# Where everything goes that is not in git. A board's files are in $(B)/<board>.
B     ?= build
V     ?=

ifeq ($(wildcard board/$(BOARD)/board.conf),)
$(error BOARD=$(BOARD): there is no such board; boards: $(notdir $(wildcard board/*)))
endif
include board/$(BOARD)/board.conf
include src/deps.mk

Q   := $(if $(V),,@)
say  = @printf '  %-7s %s\n'
JOBS := $(shell nproc)
MAKEFLAGS += --no-builtin-rules --jobs=$(JOBS)
.DEFAULT_GOAL := image
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.PHONY: image image-pc container install sign bundle help deps deps-fetch lock run test soak bench check fuzz clean

# Packages are looked for before anything else, whatever the target.
GOALS := $(or $(MAKECMDGOALS),image)
ifneq ($(filter-out help clean,$(GOALS)),)
ifneq ($(shell scripts/deps $(PACKAGES) $(if $(filter check fuzz,$(GOALS)),$(PACKAGES_CHECK)) $(if $(filter test soak,$(GOALS)),$(PACKAGES_TEST)) $(if $(filter bench,$(GOALS)),$(PACKAGES_BENCH)) >&2 || echo missing),)
$(error the packages named above could not be installed)
endif
endif

# What a board boots from: files for QEMU, and what is written to a disk where there is firmware to read it.
ARTEFACTS := vmlinuz vmlinux initramfs.img cmdline data.img gateway \
             $(if $(FIRMWARE),gateway.efi disk.img gateway.iso) sbom.cdx.json

image: $(ARTEFACTS:%=$(B)/$(BOARD)/%) ## build everything a board boots from (BOARD=qemu, or pc)

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile src/deps.mk | expand -t 20

deps: ## install what a bare Debian 12 lacks (every target does)
	$(say) DEPS 'all packages are installed'

lock: ## move deps.lock to the newest versions in the archive
	$(say) LOCK deps.lock
	$(Q)scripts/archive --build $(B) lock $(addprefix source:,$(SOURCES)) $(addprefix deb:,$(DEBS))
	$(Q)git --no-pager diff --stat -- deps.lock

clean: ## remove build/
	$(Q)rm -rf $(B)

# --- compiling ---------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Werror
BASE     := -std=c11 -D_GNU_SOURCE -Isrc -Isrc/outer -isystem $(BEARSSL)/inc -isystem $(LWIP)/include \
            -isystem $(SODIUM)/include

MUSL        := /usr/lib/x86_64-linux-musl
CC_target   := musl-gcc
# musl-gcc knows neither the kernel's headers nor libmnl's.
BASE_target := $(BASE) -isystem $(B)/include
# Foreign code too: a stack that is written over ends the process, one that grows too far hits its guard page, and what
# was forgotten to be set is zero. The canary is random: musl takes it from the kernel's AT_RANDOM.
HARDENING    := -fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero
# Nothing that runs unwinds a stack: what gdb does it by is in gateway.debug alone.
SECTIONS     := -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables
FLAGS_target := -O2 -g -fPIE $(SECTIONS) -ffile-prefix-map=$(CURDIR)=. $(HARDENING)

CC_host     := gcc
BASE_host   := $(BASE)
FLAGS_host  := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined

# What packets come by. It lies together in the binary, so that who carries them maps little of the rest.
PACKETS := base crypto engine outer wg
SRC     := $(wildcard $(PACKETS:%=src/%/*.c))
SRC     += $(filter-out $(SRC),$(wildcard src/*.c src/*/*.c))
STANDIN := $(wildcard src/netlink/mnl/*.c)
UNIT    := $(wildcard tests/unit/*.c)
# What compares the stand-in with Debian's shared libmnl needs both in one binary.
UNIT_host := $(wildcard tests/unit/mnl/*.c)

objects = $(patsubst %.c,$(B)/$1/%.o,$2)
ready  := $(BEARSSL)/.unpacked $(B)/src/lwip/.unpacked $(B)/src/libsodium/.unpacked $(B)/include/.made

define variant
$(B)/$1/%.o: %.c | $(ready)
	$$(say) CC '$$< ($1)'
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC_$1) $$(BASE_$1) $$(WARNINGS) $$(FLAGS_$1) $$(FLAGS) -MD -MP -c -o $$@ $$<

$(B)/$1/libbearssl.a: $(BEARSSL)/.unpacked src/deps.mk
	$$(say) LIB $$@
	$$(Q)rm -rf $$(@D)/bearssl && mkdir -p $$(@D)/bearssl
	$$(Q)cd $$(@D)/bearssl && find $$(BEARSSL_PARTS:%=$$(abspath $(BEARSSL))/src/%) -name '*.c' | \
		xargs -P $(JOBS) -n 8 $$(CC_$1) -O2 -fPIE $(SECTIONS) $$(if $$(filter target,$1),-g $(HARDENING)) \
		-I$$(abspath $(BEARSSL))/inc -I$$(abspath $(BEARSSL))/src -c
	$$(Q)rm -f $$@ && find $$(@D)/bearssl -name '*.o' | LC_ALL=C sort | xargs ar rcsD $$@

# lwIP includes our options by their bare names.
$(B)/$1/liblwip.a: $(B)/src/lwip/.unpacked src/outer/lwipopts.h src/outer/arch/cc.h | $(ready)
	$$(say) LIB $$@
	$$(Q)rm -rf $$(@D)/lwip && mkdir -p $$(@D)/lwip
	$$(Q)for file in $(LWIP_FILES); do \
		$$(CC_$1) -std=gnu11 -D_GNU_SOURCE -w -fno-strict-aliasing $$(FLAGS_$1) -Isrc/outer -I$(LWIP)/include -Isrc \
			-c -o $$(@D)/lwip/$$$$(basename $$$$file).o $(LWIP)/$$$$file.c || exit 1; \
	done
	$$(Q)rm -f $$@ && ar rcsD $$@ $$(@D)/lwip/*.o

$(B)/$1/libsodium.a: $(B)/src/libsodium/.unpacked src/deps.mk
	$$(say) LIB $$@
	$$(Q)rm -rf $$(@D)/libsodium && mkdir -p $$(@D)/libsodium
	$$(Q)cd $(SODIUM) && for file in $(SODIUM_FILES); do \
		$$(CC_$1) -std=gnu11 -O2 -fPIE $(SECTIONS) $$(if $$(filter target,$1),-g $(HARDENING)) \
			$(SODIUM_FOUND:%=-D%) -Iinclude/sodium -Iinclude -c -o $$(abspath $$(@D))/libsodium/$$$$(basename $$$$file).o $$$$file.c || exit 1; \
	done
	$$(Q)rm -f $$@ && ar rcsD $$@ $$(@D)/libsodium/*.o

-include $$(patsubst %.o,%.d,$$(call objects,$1,$(SRC) $(STANDIN) $(UNIT)))
endef
$(foreach v,target host,$(eval $(call variant,$v)))

# What no packet comes by is small rather than fast.
$(call objects,target,$(filter-out $(PACKETS:%=src/%/%),$(SRC))): FLAGS_target += -Os

# musl-gcc -static-pie makes a dynamic binary, so the line is spelled out.
crt          = $(shell gcc -print-file-name=$1)
define link_target
gcc -nostdlib -static -Wl,-pie,--no-dynamic-linker,-z,text,-z,relro,-z,now,--gc-sections,--build-id=none \
	-L$(MUSL) -o $@ $(MUSL)/rcrt1.o $(MUSL)/crti.o $(call crt,crtbeginS.o) $(filter %.o %.a,$^) \
	-Wl,--start-group -lc -lgcc -lgcc_eh -Wl,--end-group $(call crt,crtendS.o) $(MUSL)/crtn.o
endef
define assert_static_pie
readelf -h $@ | grep -q 'Type: *DYN' && ! readelf -lW $@ | grep -q INTERP || \
	{ echo '$@ is not a static PIE' >&2; exit 1; }
endef
link_host = $(CC_host) $(FLAGS_host) -o $@ $(filter %.o %.a,$^) -lmnl

$(B)/target/gateway.debug: $(call objects,target,$(SRC)) $(B)/target/libbearssl.a $(B)/target/liblwip.a $(B)/target/libsodium.a $(B)/target/libmnl.a
	$(say) LINK $@
	$(Q)$(link_target)
	$(Q)$(assert_static_pie)

$(B)/target/gateway: $(B)/target/gateway.debug
	$(Q)strip -o $@ $<

$(B)/host/gateway: $(call objects,host,$(SRC)) $(B)/host/libbearssl.a $(B)/host/liblwip.a $(B)/host/libsodium.a
	$(say) LINK $@
	$(Q)$(link_host)

$(B)/include/.made:
	$(Q)mkdir -p $(@D)
	$(Q)ln -sfn /usr/include/linux $(@D)/linux
	$(Q)ln -sfn /usr/include/asm-generic $(@D)/asm-generic
	$(Q)ln -sfn /usr/include/x86_64-linux-gnu/asm $(@D)/asm
	$(Q)cp -r /usr/include/libmnl $(@D)/
	$(Q)touch $@

# libmnl from its source package where that can be had, else the stand-in.
$(B)/target/libmnl.a: $(LIBMNL)/.unpacked $(call objects,target,$(STANDIN))
	$(Q)rm -rf $@ $(@D)/libmnl && mkdir -p $(@D)/libmnl
	$(Q)if [ -d $(LIBMNL)/src ]; then \
		printf '  %-7s %s\n' LIB $@; cd $(@D)/libmnl && \
		$(CC_target) $(FLAGS_target) -I$(abspath $(LIBMNL))/include -isystem $(abspath $(B))/include \
			-c $(abspath $(LIBMNL))/src/*.c; \
	else \
		printf '  %-7s %s\n' NOTE 'libmnl source not in the archive: building the stand-in src/netlink/mnl'; \
	fi
	$(Q)set -- $(@D)/libmnl/*.o; [ -e "$$1" ] || set -- $(call objects,target,$(STANDIN)); ar rcsD $@ "$$@"

# The unit tests, as a sanitized glibc binary and again as a static musl one.
lib_objects = $(call objects,$1,$(filter-out src/main.c,$(SRC)))

$(B)/target/unit: $(call objects,target,$(UNIT)) $(call lib_objects,target) $(B)/target/libbearssl.a $(B)/target/liblwip.a $(B)/target/libsodium.a $(B)/target/libmnl.a
	$(say) LINK $@
	$(Q)$(link_target)

ifneq ($(wildcard src/netlink/mnl/prefix.h),)
STANDIN_TEST_OBJS := $(STANDIN:src/netlink/mnl/%.c=$(B)/host/standin/%.o)
endif
$(B)/host/standin/%.o: src/netlink/mnl/%.c src/netlink/mnl/prefix.h | $(ready)
	$(say) CC '$< (host, prefixed)'
	$(Q)mkdir -p $(@D)
	$(Q)$(CC_host) $(BASE_host) $(WARNINGS) $(FLAGS_host) -include src/netlink/mnl/prefix.h -MMD -MP -c -o $@ $<
-include $(STANDIN_TEST_OBJS:.o=.d) $(patsubst %.o,%.d,$(call objects,host,$(UNIT_host)))

$(B)/host/unit: $(call objects,host,$(UNIT) $(UNIT_host)) $(STANDIN_TEST_OBJS) $(call lib_objects,host) $(B)/host/libbearssl.a $(B)/host/liblwip.a $(B)/host/libsodium.a
	$(say) LINK $@
	$(Q)$(link_host)

# What needs namespaces of its own: tests/netns/test_X.c is build/host/netns-X.
NETNS := $(patsubst tests/netns/test_%.c,$(B)/host/netns-%,$(wildcard tests/netns/test_*.c))

$(B)/host/netns-%: $(B)/host/tests/netns/test_%.o $(B)/host/tests/unit/test.o $(call lib_objects,host) $(B)/host/libbearssl.a $(B)/host/liblwip.a $(B)/host/libsodium.a
	$(say) LINK $@
	$(Q)$(link_host)

-include $(patsubst $(B)/host/netns-%,$(B)/host/tests/netns/test_%.d,$(NETNS))

# --- the image ---------------------------------------------------------------

OUT      := $(B)/$(BOARD)
KERNEL   := $(B)/src/$(KERNEL_PACKAGE)
MANIFEST := initramfs/manifest
E2FS     := $(B)/e2fsprogs
DOSFS    := $(B)/dosfstools
DHCPCD   := $(B)/dhcpcd
CHRONY   := $(B)/chrony
# The one place is src/base/version.h.
VERSION  := $(shell sed -n 's/^\#define GATEWAY_VERSION "\(.*\)"/\1/p' src/base/version.h)
REPLACES := $(shell sed -n 's/^\#define GATEWAY_REPLACES "\(.*\)"/\1/p' src/base/version.h)

$(OUT)/vmlinuz: $(KERNEL)/.unpacked
	$(Q)mkdir -p $(@D)
	$(Q)cp $(KERNEL)/boot/vmlinuz-* $@

$(OUT)/vmlinux: $(OUT)/vmlinuz scripts/unpack-vmlinuz
	$(say) UNPACK $@
	$(Q)scripts/unpack-vmlinuz $< $@

$(OUT)/modules/.made: $(KERNEL)/.unpacked board/$(BOARD)/board.conf scripts/modules
	$(say) MODULES $(@D)
	$(Q)rm -rf $(@D)
	$(Q)scripts/modules $(KERNEL) $(@D) $(MODULES) $(DRIVERS)
	$(Q)touch $@

# What the image and the loader call this version.
$(OUT)/os-release: src/base/version.h Makefile
	$(Q)mkdir -p $(@D)
	$(Q)printf '%s\n' 'NAME="MITIGATOR gateway"' 'ID=mitigator-gateway' 'PRETTY_NAME="MITIGATOR gateway $(VERSION)"' \
		'IMAGE_ID=mitigator-gateway' 'IMAGE_VERSION=$(VERSION)' > $@

# The file system's own tools, static and all of one version.
$(E2FS)/.made: $(B)/src/e2fsprogs/.unpacked $(B)/include/.made
	$(say) BUILD $(@D)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)/obj
	$(Q)cd $(@D)/obj && unset MAKEFLAGS MFLAGS MAKELEVEL && { $(abspath $(B))/src/e2fsprogs/configure --quiet --disable-nls --disable-uuidd --disable-fsck \
		--disable-e2initrd-helper --disable-tls --disable-debugfs --disable-imager --disable-defrag --disable-fuse2fs \
		CC=musl-gcc LDFLAGS=-static CFLAGS='-O2 $(HARDENING) -ffile-prefix-map=$(abspath $(B))=. -isystem $(abspath $(B))/include' && \
		make -j$(JOBS) libs && make -j$(JOBS) -C e2fsck e2fsck && make -j$(JOBS) -C misc mke2fs && \
		make -j$(JOBS) -C resize resize2fs; } > ../log 2>&1 || \
		{ tail -40 ../log; exit 1; }
	$(Q)cd $(@D) && for tool in e2fsck/e2fsck misc/mke2fs resize/resize2fs; do strip -o "$${tool#*/}" obj/$$tool || exit 1; done
	$(Q)rm -rf $(@D)/obj
	$(Q)touch $@

# What makes, fills and mends an ESP.
$(DOSFS)/.made: $(B)/src/dosfstools/.unpacked $(B)/src/mtools/.unpacked $(B)/include/.made src/deps.mk
	$(say) BUILD $(@D)
	$(Q)rm -rf $(@D) && mkdir -p $(@D)/dosfstools $(@D)/mtools
	$(Q)unset MAKEFLAGS MFLAGS MAKELEVEL && set -- CC=musl-gcc LDFLAGS=-static \
		CFLAGS='-O2 $(HARDENING) -ffile-prefix-map=$(abspath $(B))=. -isystem $(abspath $(B))/include' && { \
		(cd $(@D)/dosfstools && $(abspath $(B))/src/dosfstools/configure --quiet --without-udev --without-iconv "$$@" && \
			make -j$(JOBS) -C src $(DOSFS_TOOLS)) && \
		(cd $(@D)/mtools && $(abspath $(B))/src/mtools/configure --quiet --without-x --disable-floppyd "$$@" && \
			make -j$(JOBS) mtools); } > $(@D)/log 2>&1 || { tail -40 $(@D)/log; exit 1; }
	$(Q)cd $(@D) && for tool in $(DOSFS_TOOLS); do strip -o $$tool dosfstools/src/$$tool || exit 1; done
	$(Q)strip -o $(@D)/mtools.static $(@D)/mtools/mtools
	$(Q)rm -rf $(@D)/dosfstools $(@D)/mtools && mv $(@D)/mtools.static $(@D)/mtools
	$(Q)touch $@

# The DHCP client: without its privilege separation, since it has a user of its own and sets nothing (nics/dhcp_become.h), which also
# says where its files are; without what a host with hooks, plugins and autoconfigured addresses wants.
$(DHCPCD)/.made: $(B)/src/dhcpcd5/.unpacked scripts/dhcpcd.patch $(B)/include/.made
	$(say) BUILD $(@D)
	$(Q)rm -rf $(@D) && mkdir -p $(@D) && cp -r $(B)/src/dhcpcd5 $(@D)/obj
	$(Q)patch -s -p1 -d $(@D)/obj < scripts/dhcpcd.patch
	$(Q)cd $(@D)/obj && unset MAKEFLAGS MFLAGS MAKELEVEL && { ./configure --disable-privsep --disable-auth --disable-ipv4ll \
		--without-udev --without-dev --dbdir=/proc/self/fd/3 --rundir=/proc/self/fd/3 CC=musl-gcc \
		CFLAGS='-O2 $(HARDENING) -ffile-prefix-map=$(abspath $(@D)/obj)=. -isystem $(abspath $(B))/include' && \
		make -j$(JOBS) -C src LDFLAGS=-static dhcpcd && ! readelf -lW src/dhcpcd | grep INTERP; } > ../log 2>&1 || { tail -40 ../log; exit 1; }
	$(Q)cd $(@D) && strip -o dhcpcd obj/src/dhcpcd && rm -rf obj
	$(Q)touch $@

# What keeps the time. It looks its user up in rootfs/etc/passwd.
$(CHRONY)/.made: $(B)/src/chrony/.unpacked $(B)/include/.made src/deps.mk
	$(say) BUILD $(@D)
	$(Q)rm -rf $(@D) && cp -a $(B)/src/chrony $(@D)
	$(Q)cd $(@D) && unset MAKEFLAGS MFLAGS MAKELEVEL && export CC=musl-gcc LDFLAGS=-static \
		CFLAGS='-O2 $(HARDENING) -ffile-prefix-map=$(abspath $(B))=. -isystem $(abspath $(B))/include' && { \
		./configure --host-system=Linux $(CHRONY_WITHOUT) && make -j$(JOBS) chronyd; } > log 2>&1 || { tail -40 log; exit 1; }
	$(Q)strip -o $(@D).chronyd $(@D)/chronyd && rm -rf $(@D) && mkdir $(@D) && mv $(@D).chronyd $(@D)/chronyd
	$(Q)touch $@

$(OUT)/initramfs.img: initramfs/pack $(MANIFEST) $(B)/target/gateway $(OUT)/modules/.made board/$(BOARD)/board.conf \
		$(E2FS)/.made $(DOSFS)/.made $(DHCPCD)/.made $(CHRONY)/.made $(OUT)/os-release $(wildcard initramfs/data/* initramfs/data/.env) $(shell find rootfs ! -type l)
	$(say) PACK $@
	$(Q)initramfs/pack $(MANIFEST) gateway=$(B)/target/gateway modules=$(OUT)/modules/lib/modules \
		board=board/$(BOARD)/board.conf tools=$(E2FS) dosfs=$(DOSFS) dhcp=$(DHCPCD) chrony=$(CHRONY) release=$(OUT)/os-release > $@.cpio
	$(Q)zstd -q -f -19 -T1 --rm -o $@ $@.cpio

# On every board: no module that the kernel's makers did not sign, and no bond that no one asked for.
CMDLINE_ALL := module.sig_enforce=1 bonding.max_bonds=0

$(OUT)/cmdline: board/$(BOARD)/board.conf Makefile
	$(Q)mkdir -p $(@D)
	$(Q)echo '$(CMDLINE) $(CMDLINE_ALL)' > $@

$(OUT)/data.img: scripts/data-image board/$(BOARD)/board.conf $(wildcard initramfs/data/* initramfs/data/.env)
	$(say) MKFS $@
	$(Q)mkdir -p $(@D)
	$(Q)scripts/data-image $@ $(DATA_LABEL) $(DATA_SIZE_MB) initramfs/data

$(OUT)/gateway: $(B)/target/gateway
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

# --- a disk that firmware boots ----------------------------------------------

UKI_NAME := gateway_$(VERSION).efi

$(OUT)/gateway.efi: scripts/uki $(OUT)/os-release $(OUT)/cmdline $(OUT)/initramfs.img $(OUT)/vmlinuz $(B)/src/systemd-boot-efi/.unpacked
	$(say) UKI $@
	$(Q)scripts/uki $(SDBOOT)/linuxx64.efi.stub $@ .osrel=$(OUT)/os-release .cmdline=$(OUT)/cmdline \
		.initrd=$(OUT)/initramfs.img .linux=$(OUT)/vmlinuz

# What `update` takes, and what of it the ESP has for peers. The pair in the tree is for tests: an image that trusts it says so.
UPDATE_KEY ?= tests/update/development.key
UPDATE_UKI ?= $(OUT)/gateway.efi
bundle_of   = '$(UPDATE_KEY)' $(BOARD) '$(VERSION)' '$(REPLACES)'

$(OUT)/bundle.rest: $(B)/target/bundle $(OUT)/gateway.efi $(OUT)/sbom.cdx.json $(UPDATE_KEY) src/base/version.h
	$(Q)$(B)/target/bundle rest $@ $(bundle_of) $(OUT)/gateway.efi $(OUT)/sbom.cdx.json

$(OUT)/disk.img: scripts/esp scripts/disk $(OUT)/gateway.efi $(OUT)/bundle.rest board/$(BOARD)/board.conf
	$(say) DISK $@
	$(Q)scripts/esp $@.esp $(ESP_SIZE_MB) $(SDBOOT)/systemd-bootx64.efi $(OUT)/gateway.efi $(UKI_NAME) $(OUT)/bundle.rest
	$(Q)scripts/disk $@ $@.esp $(DATA_LABEL) $(DATA_SIZE_MB)
	$(Q)rm $@.esp

$(OUT)/gateway.iso: scripts/esp scripts/iso $(OUT)/gateway.efi $(OUT)/bundle.rest
	$(say) ISO $@
	$(Q)scripts/esp $@.esp fit $(SDBOOT)/systemd-bootx64.efi $(OUT)/gateway.efi $(UKI_NAME) $(OUT)/bundle.rest
	$(Q)scripts/iso $@ $@.esp $(VERSION)
	$(Q)rm $@.esp

$(OUT)/sbom.cdx.json: scripts/sbom deps.lock initramfs/licences $(OUT)/modules/.made $(B)/target/gateway $(E2FS)/.made $(DOSFS)/.made $(DHCPCD)/.made $(CHRONY)/.made \
		$(OUT)/vmlinuz $(OUT)/os-release $(if $(FIRMWARE),$(B)/src/systemd-boot-efi/.unpacked)
	$(say) SBOM $@
	$(Q)scripts/sbom $(VERSION) $(KERNEL_PACKAGE) $(B) gateway=$(B)/target/gateway tools=$(E2FS) dosfs=$(DOSFS) dhcp=$(DHCPCD) chrony=$(CHRONY) modules=$(OUT)/modules \
		vmlinuz=$(OUT)/vmlinuz $(if $(FIRMWARE),sdboot=$(SDBOOT)) \
		libmnl=$(if $(wildcard $(LIBMNL)/src),$(LIBMNL)) > $@

# Both are signed: the firmware checks the loader, and by its key the loader has the firmware check the UKI.
sign: $(OUT)/gateway.efi $(OUT)/sbom.cdx.json $(B)/target/bundle $(B)/src/systemd-boot-efi/.unpacked scripts/esp scripts/disk scripts/iso ## sign for Secure Boot (BOARD=pc KEY= CERT=): build/pc/signed
	$(if $(and $(KEY),$(CERT)),,$(error make sign BOARD=pc KEY=file CERT=file: the key and its certificate, PEM))
	$(Q)scripts/sign '$(KEY)' '$(CERT)' $(OUT) $(SDBOOT)/systemd-bootx64.efi $(UKI_NAME) $(ESP_SIZE_MB) $(DATA_LABEL) \
		$(DATA_SIZE_MB) $(VERSION) $(B)/target/bundle $(bundle_of)

bundle: $(B)/target/bundle $(OUT)/gateway.efi $(OUT)/sbom.cdx.json ## an update (BOARD=pc UPDATE_KEY= UPDATE_UKI=): build/pc/update.bundle
	$(say) BUNDLE $(OUT)/update.bundle
	$(Q)$(B)/target/bundle make $(OUT)/update.bundle $(bundle_of) '$(UPDATE_UKI)' $(OUT)/sbom.cdx.json

$(B)/target/bundle: $(B)/target/tools/bundle.o $(call lib_objects,target) $(B)/target/libbearssl.a $(B)/target/liblwip.a $(B)/target/libsodium.a $(B)/target/libmnl.a
	$(say) LINK $@
	$(Q)$(link_target)

-include $(B)/target/tools/bundle.d

# --- beside the appliance ----------------------------------------------------

container: $(B)/gateway-container.tar $(B)/compose.yml ## an image for `docker load`, and a compose.yml to copy from

$(B)/gateway-container.tar: scripts/container $(B)/target/gateway src/base/version.h
	$(say) TAR $@
	$(Q)scripts/container $(B)/target/gateway $(VERSION) $@

$(B)/compose.yml: host/compose.yml src/base/version.h
	$(Q)mkdir -p $(@D)
	$(Q)sed 's/:VERSION$$/:$(subst ~,-,$(VERSION))/' $< > $@

$(B)/man/gateway.8: scripts/man $(B)/target/gateway
	$(say) MAN $(@D)
	$(Q)scripts/man $(B)/target/gateway $(VERSION) $(@D)

# A plain host: the binary, two systemd units, man pages. DESTDIR is what a package is made from.
PREFIX  ?= /usr/local
UNITS   := gateway gateway-dataplane

install: $(B)/target/gateway $(B)/man/gateway.8 ## on a plain host: binary, systemd units, man pages (PREFIX=/usr/local DESTDIR=)
	$(Q)install -D -m 755 $(B)/target/gateway $(DESTDIR)$(PREFIX)/sbin/gateway
	$(Q)ln -sfn gateway $(DESTDIR)$(PREFIX)/sbin/gateway-dataplane
	$(Q)ln -sfn gateway $(DESTDIR)$(PREFIX)/sbin/wireguard-lwip
	$(Q)mkdir -p $(DESTDIR)$(PREFIX)/lib/systemd/system
	$(Q)for unit in $(UNITS); do \
		sed 's|BINDIR|$(PREFIX)/sbin|' host/$$unit.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit.service || exit 1; \
	done
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 $(B)/man/gateway.8 $(B)/man/wireguard-lwip.8
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 $(B)/man/vpn-public.conf.5 $(B)/man/network.conf.5

# What tests add to the image at boot: a shell on the second serial port.
$(OUT)/agent.img: initramfs/pack tests/qemu/agent-manifest $(wildcard tests/qemu/agent/*) $(B)/src/busybox-static/.unpacked
	$(say) PACK $@
	$(Q)mkdir -p $(@D)
	$(Q)tests/qemu/agent-manifest $(B)/src/busybox-static/bin/busybox > $@.manifest
	$(Q)initramfs/pack $@.manifest > $@

# --- running and testing -----------------------------------------------------

run: image ## two instances in QEMU, you at the first one's console
	$(Q)tests/qemu/demo --image $(OUT)

# The board with firmware is another run of this file: board.conf's names are make's.
TESTED := image container $(if $(FIRMWARE),,image-pc) $(OUT)/agent.img $(B)/host/unit $(B)/target/unit $(B)/host/gateway $(B)/target/bundle $(addprefix $(B)/target/,flooder handshaker) $(NETNS) $(DHCPCD)/.made $(B)/src/wireguard-go/.unpacked

$(B)/root/.made: $(B)/target/gateway $(B)/man/gateway.8 $(wildcard host/*.service)
	$(Q)rm -rf $(@D)
	$(Q)$(MAKE) -s install DESTDIR=$(@D) PREFIX=/usr/local
	$(Q)touch $@

test: $(TESTED) $(B)/root/.made ## every test
	$(Q)tests/run --build $(B) --board $(BOARD)

image-pc: image
	$(Q)$(MAKE) BOARD=pc image

soak: $(TESTED) ## the tests that repeat or wait for long
	$(Q)tests/run --build $(B) --board $(BOARD) --soak

# --- benchmarks --------------------------------------------------------------

# tests/bench/bench_X.c is a micro-benchmark with a main of its own; the others are what tunnels puts load on with.
BENCH := $(patsubst tests/bench/bench_%.c,$(B)/target/bench_%,$(wildcard tests/bench/bench_*.c))
BENCH_TOOLS := $(addprefix $(B)/target/,flooder handshaker opposite udpload)
BENCH_ROUNDS ?= 5
# An earlier gateway binary, measured in the same rounds: make bench BEFORE=/path/to/gateway
BEFORE ?=
-include $(wildcard $(B)/target/tests/bench/*.d)

$(BENCH) $(BENCH_TOOLS): $(B)/target/%: $(B)/target/tests/bench/%.o $(call lib_objects,target) $(B)/target/libbearssl.a $(B)/target/liblwip.a $(B)/target/libsodium.a $(B)/target/libmnl.a
	$(say) LINK $@
	$(Q)$(link_target)

# Beside OpenSSL's, which is glibc's.
$(B)/host/beside_openssl: tests/bench/beside_openssl.c src/base/cpu.c $(addprefix src/crypto/,aead.c aead_avx2.c aead_avx512.c key.c) \
		$(wildcard src/crypto/*.h) $(B)/host/libbearssl.a
	$(say) CC $@
	$(Q)gcc $(BASE_host) $(WARNINGS) -O2 -o $@ $(filter %.c %.a,$^) -lcrypto

bench: image $(if $(FIRMWARE),,image-pc) $(BENCH) $(BENCH_TOOLS) $(B)/host/beside_openssl $(B)/src/wireguard-go-newest/.unpacked $(OUT)/agent.img ## ratios against wireguard-go and a bare link; micro-benchmarks; times of a boot by phase; the kernel's WireGuard in QEMU
	$(Q)tests/bench/tunnels $(if $(BEFORE),--before $(BEFORE)) $(OUT)/gateway $(B)/src/wireguard-go-newest/usr/bin/wireguard-go \
		$(B)/target $(B)/bench $(BENCH_ROUNDS)
	$(Q)for bench in $(BENCH) $(B)/host/beside_openssl; do echo; echo "$$bench"; $$bench || exit 1; done
	$(Q)tests/qemu/metal --image $(B)/pc boots_on boots_as
	$(Q)tests/bench/kernel $(OUT)

# --- analysis ----------------------------------------------------------------

ANALYZED := $(SRC:%.c=$(B)/check/%.gcc)
TIDIED   := $(SRC:%.c=$(B)/check/%.tidy)

check: $(ANALYZED) $(TIDIED) $(B)/check/cppcheck $(B)/check/ct $(B)/check/ct-avx512 fuzz ## gcc -fanalyzer, clang-tidy and cppcheck over src; constant time; the fuzzers

# Their loops over arrays take it gigabytes to follow in each order.
$(B)/check/src/crypto/aead_avx2.gcc $(B)/check/src/crypto/aead_avx512.gcc: ANALYZER := --param analyzer-bb-explosion-factor=1

$(B)/check/%.gcc: %.c | $(ready)
	$(say) ANALYZE $<
	$(Q)mkdir -p $(@D)
	$(Q)gcc $(BASE_host) $(WARNINGS) -O0 -fanalyzer $(ANALYZER) -MMD -MP -MT $@ -MF $@.d -c -o $@ $<

$(B)/check/%.tidy: %.c .clang-tidy | $(ready)
	$(say) TIDY $<
	$(Q)mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(BASE_host) > $@.out 2>&1 || { cat $@.out; exit 1; }
	$(Q)clang $(BASE_host) -MM -MP -MT $@ -MF $@.d $< && touch $@

# varFuncNullUB: NULL is a pointer in each libc that this is built with.
$(B)/check/cppcheck: $(SRC) $(wildcard src/*/*.h) | $(ready)
	$(say) CPPCHECK src
	$(Q)mkdir -p $(@D)
	$(Q)cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 -D_GNU_SOURCE -Isrc --suppress=missingIncludeSystem --suppress=varFuncNullUB -isrc/netlink/mnl src
	$(Q)touch $@

# Secrets as undefined memory: valgrind complains of each branch and index that depends on one. It must complain of "leak".
CT_SRC := tests/ct/ct_crypto.c src/base/cpu.c $(addprefix src/crypto/,aead.c aead_avx2.c aead_avx512.c blake2s.c kdf.c key.c x25519.c)

$(B)/check/ct: $(CT_SRC) $(wildcard src/crypto/*.h src/base/*.h) $(B)/host/libbearssl.a $(B)/host/libsodium.a
	$(say) CT 'no branch or index of src/crypto depends on a secret'
	$(Q)mkdir -p $(@D)
	$(Q)gcc $(BASE_host) -O2 -g -Wl,--wrap=ct_equal,--gc-sections -o $@.run $(filter %.c %.a,$^)
	$(Q)valgrind -q --error-exitcode=1 $@.run
	$(Q)! valgrind -q --error-exitcode=1 $@.run leak > $@.leak 2>&1 || { echo 'a leak was not seen' >&2; exit 1; }
	$(Q)touch $@

# valgrind runs no AVX-512: what its branches and addresses depend on is read. An empty list must not do.
$(B)/check/ct-avx512: tests/ct/disassembly tests/ct/avx512.txt $(B)/target/src/crypto/aead_avx512.o
	$(say) CT 'no branch or index of aead_avx512 depends on a secret'
	$(Q)mkdir -p $(@D)
	$(Q)tests/ct/disassembly $(B)/target/src/crypto/aead_avx512.o tests/ct/avx512.txt
	$(Q)! tests/ct/disassembly $(B)/target/src/crypto/aead_avx512.o /dev/null > $@.leak || { echo 'no branch was seen' >&2; exit 1; }
	$(Q)touch $@

# --- fuzzing -----------------------------------------------------------------

# tests/fuzz/fuzz_X.c feeds a parser of foreign bytes, from tests/fuzz/seeds/X where there are any; FUZZ_S seconds each.
FUZZ_S  ?= 60
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

CC_fuzz    := clang
BASE_fuzz  := $(BASE)
FLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
$(eval $(call variant,fuzz))

$(B)/fuzz/fuzz_%: $(B)/fuzz/tests/fuzz/fuzz_%.o $(call lib_objects,fuzz) $(B)/fuzz/libbearssl.a $(B)/fuzz/liblwip.a $(B)/fuzz/libsodium.a
	$(say) LINK $@
	$(Q)$(CC_fuzz) $(FLAGS_fuzz) -fsanitize=fuzzer -o $@ $(filter %.o %.a,$^) -lmnl

fuzz: $(FUZZERS:%=$(B)/fuzz/%.done) ## every fuzzer for FUZZ_S seconds (60)

$(B)/fuzz/%.done: $(B)/fuzz/fuzz_%
	$(say) FUZZ '$* ($(FUZZ_S) s)'
	$(Q)mkdir -p $(B)/fuzz/corpus/$*
	$(Q)$< -max_total_time=$(FUZZ_S) -timeout=10 -print_final_stats=1 -artifact_prefix=$(B)/fuzz/$*- \
		$(B)/fuzz/corpus/$* $(wildcard tests/fuzz/seeds/$*) > $(B)/fuzz/$*.log 2>&1 || { tail -40 $(B)/fuzz/$*.log; exit 1; }
	$(Q)sed -n 's/^stat::number_of_executed_units: */          $*: runs without a finding: /p' $(B)/fuzz/$*.log
	$(Q)touch $@

-include $(FUZZERS:%=$(B)/fuzz/tests/fuzz/fuzz_%.d)
-include $(wildcard $(B)/check/src/*.d $(B)/check/src/*/*.d)
