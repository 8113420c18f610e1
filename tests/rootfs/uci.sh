# the uci_ functions

uci_get network lan ipaddr; uci_get network lan; uci_get network lan nothing; echo $?
#> 192.168.1.1
#> interface
#> 1

uci_get network lan nothing 'a default'; echo $?; uci_get nothing a b -n; echo $?
#> a default
#> 1
#> -n
#> 1

uci_set network lan ipaddr '10.0.0.1; $(echo no) '\''`x`'; uci_get network lan ipaddr
#> 10.0.0.1; $(echo no) '`x`

uci_set network nowhere ipaddr 1; echo $?
#> 1

uci_add network route; [ -n "$CONFIG_SECTION" ] && uci_set network "$CONFIG_SECTION" target 1
uci_get network @route[0] target; uci_add network rule mine; echo $CONFIG_SECTION; uci_get network mine
#> 1
#> mine
#> rule

uci_add nothing rule; echo $?
#> 3

uci_add_list network lan dns 'a b'; uci_add_list network lan dns c; uci_get network lan dns
uci_remove_list network lan dns 'a b'; uci_get network lan dns
#> 'a b' c
#> c

uci_remove network lan ipaddr; uci_get network lan ipaddr; echo $?; uci_remove network lan; uci_get network lan; echo $?
uci_remove network lan; echo $?
#> 1
#> 1
#> 1

uci_rename network lan home; uci_get network home; uci_rename network home ipaddr address; uci_get network home address
#> interface
#> 192.168.1.1

uci_set network lan ipaddr 10.0.0.1; uci_commit network; uci_revert network; uci_get network lan ipaddr
uci_set network lan ipaddr 10.0.0.2; uci_revert network lan ipaddr; uci_get network lan ipaddr
uci_set network lan ipaddr 10.0.0.3; uci_set system @system[0] hostname x; uci_commit; uci changes
#> 10.0.0.1
#> 10.0.0.1

mkdir -p var/state; uci_set_state network lan up 1; uci_get_state network lan up; uci_get network lan up; echo $?
uci_toggle_state network lan up 0; uci_get_state network lan up; uci_revert_state network lan up
uci_get_state network lan up none; echo $?; uci_get_state network lan ipaddr
#> 1
#> 1
#> 0
#> none
#> 1
#> 192.168.1.1

mkdir -p var/state; uci_set_state network lan up 1; uci_set_state network lan; uci_set_state network other '' interface
uci_get_state network other; uci_revert_state network; uci_get_state network lan up; uci_get_state network other; echo $?
#> interface
#> 1

printf 'config a x\n\toption v 1\n' | uci_set_default new; uci_get new x v
printf 'config a x\n\toption v 2\n' | uci_set_default new; uci_get new x v
#> 1
#> 1
