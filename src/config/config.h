/* The command `config`: the owner of every change on the appliance. It reads the files once, and what it checked is what all
 * workers get. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

int config_main(int argc, char **argv);

#endif
