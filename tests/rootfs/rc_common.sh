# scripts of /etc/init.d

cat >etc/init.d/x <<'END'
#!/bin/sh /etc/rc.common
START=40
STOP=60
start() { echo "start $*"; return 3; }
stop() { echo "stop $*"; }
END
rc() { (set -- etc/init.d/x "$@"; . etc/rc.common); echo "= $?"; }
rc start 'a b' c; rc stop; rc restart d; rc reload; rc boot; rc shutdown
#> start a b c
#> = 3
#> stop 
#> = 0
#> stop d
#> start d
#> = 3
#> stop 
#> start 
#> = 3
#> start 
#> = 3
#> stop 
#> = 0

printf 'START=40\nSTOP=60\n' >etc/init.d/x; chmod +x etc/init.d/x
rc() { (set -- etc/init.d/x "$@"; . etc/rc.common); echo "= $?"; }
list() { (cd etc/rc.d; ls | grep x); }
rc enabled; rc enable; list; rc enabled; readlink etc/rc.d/S40x; printf 'START=41\nSTOP=60\n' >etc/init.d/x; rc enabled; rc enable; list; rc disable; list; rc enabled; rc disable
#> = 1
#> = 0
#> K60x
#> S40x
#> = 0
#> ../init.d/x
#> = 1
#> = 0
#> K60x
#> S41x
#> = 0
#> = 1
#> = 0

# without numbers there is nothing to enable; others of a similar name stay
ln -s ../init.d/y etc/rc.d/S40yx; : >etc/init.d/x
rc() { (set -- etc/init.d/x "$@"; . etc/rc.common); echo "= $?"; }
rc enable; rc disable; ls etc/rc.d | grep x
#> = 1
#> = 0
#> S40yx

# called by the link
printf 'START=40\n' >etc/init.d/x; chmod +x etc/init.d/x; ln -s ../init.d/x etc/rc.d/S40x
rc() { (set -- etc/rc.d/S40x "$@"; . etc/rc.common); echo "= $?"; }
rc enabled; rc start; rc disable; ls etc/rc.d | grep -c x
#> = 0
#> = 0
#> = 0
#> 0
#= 1

cat >etc/init.d/x <<'END'
extra_command count 'Count what there is'
extra_command 'pour' 'Pour; $(echo no)'
EXTRA_COMMANDS="$EXTRA_COMMANDS old"
count() { echo counted "$1"; }
pour() { echo poured; }
old() { echo old; }
secret() { echo no; }
END
rc() { (set -- etc/init.d/x "$@"; . etc/rc.common); echo "= $?"; }
rc count 1; rc pour; rc old; rc secret; rc 'count;echo no'; rc help | grep -c '^.pour  *Pour; $(echo no)$'; rc | grep enable
#> counted 1
#> = 0
#> poured
#> = 0
#> old
#> = 0
#> = 1
#> = 1
#> 1
#> 	enable          from now on it runs at every boot
#> 	enabled         the status is 0 if it runs at boot

printf 'USE_PROCD=1\nSTART=50\nstart_service() { echo no; }\n' >etc/init.d/x
rc() { (set -- etc/init.d/x "$@"; . etc/rc.common); echo "= $?"; }
rc start; rc enable; ls etc/rc.d | grep x
#> = 1
#> = 0
#> S50x

# boot and shutdown may differ from start and stop
printf 'boot() { echo booted; start; }\nstart() { echo started; }\nreload() { echo reloaded; }\n' >etc/init.d/x
rc() { (set -- etc/init.d/x "$@"; . etc/rc.common); echo "= $?"; }
rc boot; rc reload
#> booted
#> started
#> = 0
#> reloaded
#> = 0

# the numbers of the links are those of the scripts
for script in etc/init.d/*; do case "$script" in *rcS) continue ;; esac; (set -- $script enabled; . etc/rc.common) || echo $script; done
before="$(ls etc/rc.d)"; for script in etc/init.d/*; do case "$script" in *rcS) continue ;; esac; (set -- $script enable; . etc/rc.common); done
[ "$before" = "$(ls etc/rc.d)" ]; echo $?
#> 0

# a restart comes to its end, even if what stops takes this shell along
printf 'stop() { kill -TERM $$; echo stopped; }\nstart() { echo started; }\n' >etc/init.d/x
sh etc/rc.common etc/init.d/x restart
#> stopped
#> started
