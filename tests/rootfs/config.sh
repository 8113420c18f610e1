# config_load and what is asked afterwards

config_load network; echo $? "$CONFIG_SECTIONS" $CONFIG_NUM_SECTIONS
config_get ip lan ipaddr; config_get type lan TYPE; echo "$ip $type"
#> 0 loopback lan 2
#> 192.168.1.1 interface

config_load nothing; echo $? "<$CONFIG_SECTIONS>"
config_foreach echo
#> 1 <>

config_load network; config_load nothing; config_foreach echo; config_get ip lan ipaddr; echo "$ip"
#> 192.168.1.1

x=old; config_load network; config_get x lan nothing; echo "<$x>"; config_get x lan nothing 'a default'; echo "$x"
#> <>
#> a default

config_load network; config_get x nowhere ipaddr none; echo "$x"; config_get lan ipaddr; config_get lan nothing
#> none
#> 192.168.1.1
#>

: >etc/config/empty; config_load empty; echo $? $CONFIG_NUM_SECTIONS; config_foreach echo
#> 0 0

cat >etc/config/x <<'END'
config a
	option v one
config b 'named'
	option v two
config a
	option v three
END
config_load x
show() { config_get v "$1" v; config_get t "$1" TYPE; echo "$t $v $2/$3"; }
config_foreach show a 'first arg' second
config_foreach show
config_foreach show c; echo $?
#> a one first arg/second
#> a three first arg/second
#> a one /
#> b two /
#> a three /
#> 0

cat >etc/config/x <<'END'
config a
config b
config a
END
config_load x; echo "$CONFIG_SECTIONS"
#> cfg01b606 cfg02b607 cfg03b606

# hostile values are values
cat >etc/config/x <<'END'
config a 'x'
	option dollar '$(echo no >&3) ${HOME} $HOME'
	option back '`echo no >&3`'
	option quotes 'it'\''s "quoted" '\'' '
	option lines 'one
two; echo no >&3
# three'
	option slash 'a\nb\'
	list many '; echo no >&3'
	list many '$(echo no >&3)'
	list many '*'
	list many '-n'
END
exec 3>&1
config_load x
for name in dollar back quotes lines slash; do config_get v x $name; printf '%s\n' "$v"; done
show() { printf '<%s>\n' "$1"; }
config_list_foreach x many show
config_get v x many; printf '%s\n' "$v"; config_get x quotes; config_get d x none '`echo no`$(echo no)'; echo "$d"
#> $(echo no >&3) ${HOME} $HOME
#> `echo no >&3`
#> it's "quoted" ' 
#> one
#> two; echo no >&3
#> # three
#> a\nb\
#> <; echo no >&3>
#> <$(echo no >&3)>
#> <*>
#> <-n>
#> ; echo no >&3 $(echo no >&3) * -n
#> it's "quoted" ' 
#> `echo no`$(echo no)

# so are types
printf "config '\$(echo,no)' x\n\toption a 1\nconfig ;echo\nconfig \`echo\` y\n" >etc/config/x
config_load x; config_get t x TYPE; config_get u y TYPE; echo "$t $u"
config_foreach echo '$(echo,no)'
#> $(echo,no) `echo`
#> x

# and packages
: >'etc/config/$(echo,no>no)'; config_load '$(echo,no>no)'; echo $?; config_load 'x;echo no'; echo $?
config_load ''; echo $?; [ ! -e no ]; echo $?
#> 0
#> 1
#> 1
#> 0

# names that are none
config_load network
x=old; config_get x 'lan;echo no' ipaddr default; echo "$x"
config_get x lan '$(echo no)'; echo "<$x>"
config_get 'lan}$(echo no)' ipaddr
config_get lan 'ipaddr}`echo no`'
config_get_bool x '$(echo no)' a 1; echo "$x"
config_set 'a;echo no' b c; echo $?; config_set a '$(echo no)' c; echo $?; config_set '' b c; echo $?
config_unset 'a;echo no' b; echo $?
config_list_foreach '$(echo no)' a echo; config_clear '$(echo no)'
#> default
#> <>
#> 1
#> 1
#> 1
#> 1
#> 1

cat >etc/config/x <<'END'
config a x
	option yes1 1
	option yes2 on
	option yes3 true
	option yes4 yes
	option yes5 enabled
	option no1 0
	option no2 off
	option no3 false
	option no4 no
	option no5 disabled
	option other maybe
END
config_load x
for n in 1 2 3 4 5; do config_get_bool y x yes$n 0; config_get_bool n x no$n 1; echo "$y$n"; done
config_get_bool v x other 1; config_get_bool w x nothing; config_get_bool u nowhere yes1 0; echo "<$v><$w><$u>"
#> 10
#> 10
#> 10
#> 10
#> 10
#> <1><><0>

get_bool on; get_bool off 1; get_bool maybe 7; get_bool '' 1
#> 1
#> 0
#> 7
#> 1

cat >etc/config/x <<'END'
config a x
	list l 'one'
	list l 'two words'
	list l ''
	list l 'three'
	option o 'no list'
END
config_load x
show() { echo "<$1> $2 $3"; }
config_list_foreach x l show 'an arg' b
config_list_foreach x o show; config_list_foreach x nothing show; config_list_foreach nowhere l show; echo $?
config_get v x l; config_get n x l_LENGTH; config_get i x l_ITEM2; echo "$v|$n|$i"
#> <one> an arg b
#> <two words> an arg b
#> <> an arg b
#> <three> an arg b
#> 0
#> one two words  three|4|two words

# separators of the caller's
cat >etc/config/x <<'END'
config a x
	list l 1
	list l 2
END
LIST_SEP=,; config_load x; config_get v x l; echo "$v"
#> 1,2

# a function called for each section may load another package
cat >etc/config/one <<'END'
config a p
	option v 1
	list l 'x y'
config a q
	option v 2
	list l 'z'
END
cat >etc/config/two <<'END'
config b r
	list l 'other'
END
show() { config_load two; config_get v "$1" v; config_list_foreach "$1" l echo "$v"; }
config_load one; config_foreach show a; config_foreach echo
#> x y 1
#> z 2
#> r

# sections of the same name: one package's options add to the other's, lists do not mix
cat >etc/config/one <<'END'
config a lan
	option only one
	option both one
	list l 1
	list l 2
END
cat >etc/config/two <<'END'
config b lan
	option both two
	list l 3
END
config_load one; config_load two
for n in TYPE only both l; do config_get v lan $n; echo "$v"; done; config_list_foreach lan l echo
#> b
#> one
#> two
#> 3
#> 3

# what a package no longer has is gone when it is read again
cat >etc/config/my-own <<'END'
config a x
	option v 1
	list l 1
	list l 2
config a y
	option v 1
END
config_load my-own
printf 'config a x\n\tlist l 3\n' >etc/config/my-own
config_load my-own
config_get v x v none; config_get w y v none; config_get t y TYPE none; config_get i x l_ITEM2 none; echo $v $w $t $i
config_list_foreach x l echo; config_foreach echo
#> none none none none
#> 3
#> x

CONFIG_APPEND=1; config_load network; config_load system; unset CONFIG_APPEND
set -- $CONFIG_SECTIONS; echo $# $1 $2 $CONFIG_NUM_SECTIONS
#> 3 loopback lan 3

# a line that makes no sense does not cost the others
printf 'config a x\n\toption v 1\n\tnonsense\n\toption w 2\n' >etc/config/x
config_load x; echo $?; config_get v x v; config_get w x w; echo $v $w
#> 0
#> 1 2

# callbacks
cat >etc/config/x <<'END'
config a one
	option o 'a value'
	list l 'first item'
	list l second
config b
END
config_cb() { echo "config <$1> <${2%%cfg*}> $#"; }
option_cb() { config_get now "$CONFIG_SECTION" "$1"; echo "option <$1> <$2> <$now>"; }
list_cb() { echo "list <$1> <$2>"; }
config_load x
reset_cb; config_load x; echo quiet
#> config <a> <one> 2
#> option <o> <a value> <a value>
#> list <l> <first item>
#> list <l> <second>
#> config <b> <> 2
#> config <> <> 0
#> quiet

# in a callback the section has its type, and a section without a package ends nothing
config_cb() { [ $# -eq 0 ] && echo end || { config_get t "$2" TYPE; echo "$t"; }; }
config_load network; : >etc/config/empty; config_load empty; config_load nothing; echo $?
#> interface
#> interface
#> end
#> 1

config_load network; config_set lan ipaddr '10.0.0.1 $(echo no)'; config_get v lan ipaddr; echo "$v"
config_set new option 1; config_get v new option; echo "$v"; uci -q get network.lan.ipaddr
#> 10.0.0.1 $(echo no)
#> 1
#> 192.168.1.1

config_load network; config_unset lan ipaddr; config_get v lan ipaddr none; echo $v; config_unset lan nothing; echo $?
#> none
#> 0

printf 'config a x\n\tlist l 1\n\tlist l 2\n' >etc/config/x
config_load x; config_unset x l; config_list_foreach x l echo; config_get v x l none; config_get w x l_ITEM2 none; echo $v $w
#> none none

config_load network; config_clear lan; echo "$CONFIG_SECTIONS"; config_get v lan ipaddr none; config_get w loopback ipaddr; echo $v $w
config_clear; config_foreach echo; config_get w loopback ipaddr none; echo "<$CONFIG_SECTIONS> $w"
#> loopback
#> none 127.0.0.1
#> <> none

# the words of an export may be called by hand
config a one; option v 1; config a; option v 2; list l 1; list l 2
echo "$CONFIG_SECTIONS"; config_foreach config_get a v
config_get v one v; config_get w cfg2 l; echo "$v $w"
#> one cfg2
#> 1
#> 2
#> 1 1 2

config a 'x;echo no'; option 'a;echo no' 1; list '$(echo no)' 1; option '' 1; echo $CONFIG_SECTION
#> cfg1

mkdir other; printf 'config a x\n\toption v 1\n' >other/mine
UCI_CONFIG_DIR="$PWD/other"; config_load mine; config_get v x v; echo $v; config_load network; echo $?
#> 1
#> 1

# changes that are not committed count, and so does the state, unless it is not asked for
uci set network.lan.ipaddr=10.0.0.1; mkdir -p var/state; uci_set_state network lan up 1
config_load network; config_get v lan ipaddr; config_get w lan up none; echo $v $w
LOAD_STATE=; config_load network; config_get v lan ipaddr; config_get w lan up none; echo $v $w
#> 10.0.0.1 1
#> 10.0.0.1 none

# under an IFS of the caller's
IFS=,; config_load network; config_get v lan ipaddr; echo "$v"; IFS=' '; config_foreach echo
#> 192.168.1.1
#> loopback
#> lan

# what a callback calls its variables is its own business
call() { type=no section=no value=no name=no item=no; echo "$1"; }
printf 'config a x\n\tlist l 1\n\tlist l 2\n\tconfig a y\n' >etc/config/x
config_load x; config_foreach call a; config_list_foreach x l call; echo $type
#> x
#> y
#> 1
#> 2
#> no

set -e; config_load network || true; config_foreach : interface; config_get x lan ipaddr ''; echo $x
#> 192.168.1.1
