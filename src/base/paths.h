/* Where the processes of the appliance keep what others of them look for, and the names they are called by. */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

/* The persistent partition: the configuration files and what was kept of them. */
#define DATA_DIR "/srv/mitigator"

/* Of the image's root. */
#define BOARD_FILE "/etc/board.conf"

/* In DATA_DIR, those that were committed; in RUN_DIR, what workers are handed. */
#define GENERATIONS_DIR "generations"

/* In DATA_DIR, what this system keeps of itself, for no one else to read. */
#define SYSTEM_DIR "system"
#define ALIVE_FILE "alive" /* peers and NICs that were alive, for an image on trial; in RUN_DIR too */
#define FETCHED_FILE "fetched.bundle" /* an update that comes from a peer, as far as it has come */
#define PASSWORD_FILE "password" /* there while the consoles ask for one: what it is known by */

/* In memory: gone with the boot. */
#define RUN_DIR "/run/gateway"
/* In RUN_DIR. */
#define BOOT_FILE "boot"
#define TRIAL_FILE "trial" /* what the loader says of this image: TRIAL_NONE, or how its trial goes, in words */
#define HANDOVER_FILE "handover" /* there while a hand-over to a next root is to come: what is waited for, in words */
#define NEXT_ROOT_DIED_FILE "handover.died" /* there when the boot before ended so: how the root died that it had handed over to */
#define BOOT_NOW_FILE "boot.now"   /* the step that runs; gone when they are over */
#define CLOCK_TROUBLE_FILE "clock" /* there while the clock that the machine came with is not trusted: why, for `show` */
#define CLOCK_FLOOR_FILE "clock.floor" /* the earliest time that peers bear, in seconds since 1970: init/clockstep.h */
#define HELD_FILE "held" /* there while what is confirmed runs in place of the files: why, for `show` */
#define NAMES_FILE "names" /* of this instance, for the prompt; then the names and addresses of peers, for Tab */
#define CONFIRMED_FILE "confirmed" /* number and sum of the generation that is */
#define COMMIT_LOCK_FILE "commit.lock" /* base/lockfile.h: who has it changes what runs and what is confirmed */
#define PENDING_FILE "pending" /* there while a commit is under way or waits to be confirmed; its second line is for `show` */
#define SCHEDULED_FILE "scheduled" /* there while a commit waits for its time: when, for the prompt; its second line is for `show` */
#define RECOVERY_OFFER_FILE "recovery.offer" /* there while `r` at a console is taken: for how many seconds it was offered */
#define RECOVERY_FILE "recovery" /* there when it was: what a console says */
#define ABSENT_END ".absent" /* behind the name of a service: there until that is ready, and again once it ended: why, in a sentence */
#define ESP_LOCK_FILE "esp.lock" /* base/lockfile.h: who has it changes the ESP that the system runs from */
#define INSTALL_LOCK_FILE "install.lock" /* base/lockfile.h: who has it writes this system to a disk */
#define IMAGE_CONFIRMED_FILE "image.confirmed" /* there once the image that runs, which came with a counter, was confirmed in this boot */
#define SYSLOG_END ".syslog" /* behind the name of a service: who is to get the log, "HOST PORT NAME" */
#define LOGIN_FILE "login" /* there once the partition was looked at: seconds without a key, then PASSWORD_FILE's line or none */
#define LEASES_FILE "leases" /* network/leases.h: of NICs, those in use; in DATA_DIR, each one's last */
#define DHCP_NTP_FILE "dhcp.ntp" /* time servers that leases name, an address a line; there while there are any */
#define LEASES_TROUBLE_FILE "leases.trouble" /* there while a server that gave one, or is to, does not answer: for `show` */
#define FILTER_OFF_FILE "filter.off" /* there while .env says MITIGATOR_FILTER=off: the NICs' service knows it when it is started again */
#define CONFLICTS_FILE "conflicts" /* addresses that another machine has as well, for `show` */

#define TRIAL_NONE "none"

/* Of applets, of services and of their control sockets. */
#define NAME_CONFIG "config"
#define NAME_NETWORK "network"
#define NAME_MANAGEMENT "gateway"
#define NAME_DATAPLANE "gateway-dataplane"
#define NAME_TIME "time"
#define ENGINE_APPLET "wireguard-lwip"   /* WireGuard in user space */
#define ENGINE_PROCESS "@wireguard-lwip" /* as a running one calls itself */
#define OPENER_NAME "wg-lwip-opener" /* opens sockets for one, as that has no right to */
#define OPENER_APPLET "@" OPENER_NAME
#define SYSLOG_APPLET "syslog"
#define OFFER_APPLET "offer" /* puts the bundle of the image that runs together again */

#endif
