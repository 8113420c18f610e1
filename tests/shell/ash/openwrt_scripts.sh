# every construct that scripts of the router use, as they use it

f() { local a b=2 c="$(echo 3 4)"; echo "${a-unset} $b $c"; }; a=out f
#> out 2 3 4

append() { local var="$1" value="$2" sep="${3:- }"; eval "export ${NO_EXPORT:+-n} -- \"$var=\${$var:+\${$var}\${value:+\$sep}}\$value\""; }; append l a; append l 'b c'; append l d ,; echo "$l"; sh -c 'echo "<$l>"'
#> a b c,d
#> <a b c,d>

NO_EXPORT=1; append() { local var="$1" value="$2" sep="${3:- }"; eval "export ${NO_EXPORT:+-n} -- \"$var=\${$var:+\${$var}\${value:+\$sep}}\$value\""; }; append l a; append l b; echo "$l"; sh -c 'echo "<$l>"'
#> a b
#> <>

oIFS="$IFS"; IFS="."; set -- 192.168.1.77; set -- $1; IFS="$oIFS"; echo $(( ($1 << 24) | ($2 << 16) | ($3 << 8) | $4 ))
#> 3232235853

n=$((0x1f)); m=$((010)); echo $n $m $((2 ** 10)) $((n >> 2)) $((n << 3)) $((n & 0x11)) $((n | 0x20)) $((~n)) $((n ^ m))
#> 31 8 1024 7 248 17 63 -32 23

i=5; echo $((i++)) $((++i)) $((i += 3)) $((i > 8 ? 1 : 0)) $((i)) $(((i + 1) * 2))
#> 5 7 10 1 10 22

prefix=26; mask=$((0xffffffff << (32 - prefix) & 0xffffffff)); echo $((mask >> 24)).$((mask >> 16 & 255)).$((mask >> 8 & 255)).$((mask & 255))
#> 255.255.255.192

f=/lib/upgrade/keep.d/base.tar.gz; echo ${f#/} ${f##*/} ${f%.gz} ${f%%.*} ${f#*.} ${f%/*}
#> lib/upgrade/keep.d/base.tar.gz base.tar.gz /lib/upgrade/keep.d/base.tar /lib/upgrade/keep d/base.tar.gz /lib/upgrade/keep.d

dev=/dev/mtdblock5; echo ${dev##*mtdblock} ${dev%%[0-9]*} ${dev#/dev/}; part="rootfs_data:rw"; echo ${part%%:*} ${part##*:}
#> 5 /dev/mtdblock mtdblock5
#> rootfs_data rw

x=; echo "${x:-default}" "${x:+no}" ${x:-${y:-nested}} "${y:-"quoted  nested"}"; x=1; echo ${x:+-x "$x"}; set -- ${x:+--opt="$x"}; echo $# $1
#> default  nested quoted  nested
#> -x 1
#> 1 --opt=1

mac=00:11:22:aa:bb:cc; echo ${mac:0:8} ${mac:9} ${mac: -2} ${mac:$((3 * 1)):2}; off=6; len=2; echo ${mac:off:len} ${mac:$off:$len}
#> 00:11:22 aa:bb:cc cc 11
#> 22 22

line='"value",'; echo "${line:0:-1}" "${line:1:-2}" ${line:0:1}; hex=a1b2c3; while [ -n "$hex" ]; do echo -n "${hex:0:2} "; hex=${hex:2}; done; echo
#> "value" value "
#> a1 b2 c3 

mac=00:11:22:aa:bb:cc; echo ${mac//:/} ${mac//:/-} ${mac/:/} ${mac//[!0-9]/}; s='a/b"c'; echo "${s//\//_}" "${s//\"/}" "${s//[\/\"]/.}"
#> 001122aabbcc 00-11-22-aa-bb-cc 0011:22:aa:bb:cc 001122
#> a_b"c a/bc a.b.c

x='a b c'; echo ${x// /_} "${x//[ac]/}" ${x//b/\\b}
#> a_b_c  b  a \b c

s=$(printf 'abc\303\244'); echo ${#s}; name=config; [ ${#name} -gt 5 ] && echo long
#> 5
#> long

eval "x_$((1 + 1))='a b'"; eval "echo \"\$x_2\""; n=x_2; eval "v=\"\${$n}\""; echo "$v"; eval "set -- $v"; echo $#
#> a b
#> a b
#> 2

export -n -- "CONFIG_a_b=some value"; echo "$CONFIG_a_b"; sh -c 'echo "<$CONFIG_a_b>"'; export -n "x=1" y=2; echo $x$y
#> some value
#> <>
#> 12

[ -n "a" -a "b" = "b" -o -z "c" ] && echo yes; [ "a" == "a" ] && echo same; [ "$x" = "" -a ! -e /nosuch ] && echo none; [ \( a = b \) -o 1 -lt 2 ] && echo group
#> yes
#> same
#> none
#> group

[[ -f /etc/passwd ]] && echo file; x=abc; [[ "$x" == a* ]] && echo glob; [[ $x == abd ]] || echo differs
#> file
#> glob
#> differs

magic=$'\x55\xAA'; [ "$(printf '\125\252')" = "$magic" ] && echo boot; x=$'\1a\tb'; echo ${#x}
#> boot
#> 4

x=5; cat <<EOF
x is $x, $(echo run), \$x, "quoted" 'single' `echo back`
EOF
#> x is 5, run, $x, "quoted" 'single' back

x=5; cat <<'EOF'
x is $x, $(echo run), \$x
EOF
#> x is $x, $(echo run), \$x

f() {
	cat <<-EOF
		tabs go: $1
			all of them
	EOF
}
f arg
#> tabs go: arg
#> all of them

cat <<EOF >out; while read -r a b; do echo "$b $a"; done <out
1 one
2 two
EOF
#> one 1
#> two 2

printf '\1\0\x00\x41' | od -An -tx1; printf '%08x %011o %2d|%s\n' 48879 493 7 a
#>  01 00 00 41
#> 0000beef 00000000755  7|a

printf "%-10s|%5s|%c\n" name value xyz; printf '%s\n' a b c; printf '%d.%d\n' 1 2 3 4; printf "\\x$(printf %x 65)\n"
#> name      |value|x
#> a
#> b
#> c
#> 1.2
#> 3.4
#> A

echo -n a; echo -e 'b\tc'; echo -ne 'd\n'; echo -n; echo -e "\x41\\n"; echo "-n"; echo a -n
#> ab	c
#> d
#> A
#>
#> a -n

type cd >/dev/null && echo builtin; type nosuch >/dev/null 2>&1 || echo none; platform_do() { :; }; type platform_do >/dev/null 2>/dev/null && echo function
#> builtin
#> none
#> function

platform_copy_config() { :; }; [ "$(type -t platform_copy_config)" = platform_copy_config ] && echo there; [ -n "$(type -t nosuch)" ] || echo none; type -t nosuch; echo $?
#> there
#> none
#> 127

command -v cd; command -v nosuch || echo none; command -v /bin/sh; command -v /nosuch/x || echo no path; f() { :; }; command -v f
#> cd
#> none
#> /bin/sh
#> no path
#> f

x=3; let x--; echo $x; let 'a = x + 1'; echo $a; let "a += 1" "b = a"; echo $a $b; let 0 || echo zero; let 5 && echo five
#> 2
#> 3
#> 4 4
#> zero
#> five

echo value >dev; read -t 1 x <dev; echo $x; read -r a b c <<E; echo "$a|$b|$c"
one two\n three four
E
#> value
#> one|two\n|three four

printf 'a b c\nd e\n' >f; while read -r x y; do echo "$y-$x"; done <f; read line <f; echo "$line"; { read a; read b; } <f; echo "$b"
#> b c-a
#> e-d
#> a b c
#> d e

lock_on_exit() { echo unlock; }; trap lock_on_exit EXIT; trap 'echo usr; exit 3' USR1; kill -USR1 $$; echo no
#> usr
#> unlock
#= 3

trap 'true' INT; trap - INT; trap '' TERM; kill -TERM $$; echo alive; trap - TERM; trap
#> alive

trap 'echo interrupted; trap - INT USR1 TERM' INT USR1 TERM; kill -INT $$; kill -0 $$ && echo goes on; trap
#> interrupted
#> goes on

{ echo in background; } & wait $!; echo a & wait; (echo sub; exit 3) & wait $! || echo $?
#> in background
#> a
#> sub
#> 3

{ echo x >bg; } & p=$!; wait $p; cat bg; [ -n "$p" ] && kill -0 $p 2>/dev/null || echo gone
#> x
#> gone

exec 3>&2; exec 2>err; echo lost >&2; exec 2>&3 3>&-; cat err
#> lost

get() { { echo data; echo noise >&2; } 2>&1 1>&3; }; exec 3>&1; x=$(get); echo "<$x>"
#> data
#> <noise>

exec 1000>lock; echo locked >&1000; exec 1000>&-; cat lock; (echo again >&1000) 2>/dev/null || echo closed
#> locked
#> closed

{ echo out; echo err >&2; } &>both; cat both; echo x &>/dev/null; echo $?
#> out
#> err
#> 0

set -o pipefail; false | cat; echo $?; set +o pipefail; false | cat; echo $?
#> 1
#> 0

config_get_list() { local IFS=' '; set -- $1; echo $#; for i in "$@"; do echo "- $i"; done; }; config_get_list 'a b  c'; IFS=:; x=a:b; set -- $x; echo $2
#> 3
#> - a
#> - b
#> - c
#> b

IFS=,; x=a,b,,c; for i in $x; do echo "[$i]"; done; IFS=; x='a b'; for i in $x; do echo "[$i]"; done; unset IFS; for i in $x; do echo "[$i]"; done
#> [a]
#> [b]
#> []
#> [c]
#> [a b]
#> [a]
#> [b]

mkdir lib; echo 'a() { echo a; }' >lib/1.sh; echo 'b=2' >lib/2.sh; for f in lib/*.sh; do . $f; done; a; echo $b; include() { local f; for f in $(ls $1/*.sh 2>/dev/null); do . $f; done; }; b=; include lib; echo $b
#> a
#> 2
#> 2

include() { for file in $1/*; do [ -f "$file" ] && . $file; done; }; include nosuch; echo $?; mkdir d; include d; echo $?
#> 1
#> 1

config() { echo "config $*"; }; option() { echo "option $*"; }; list() { echo "list $*"; }; package() { echo "package $*"; }; v() { echo "v $*"; }; eval "package p
config system s
option hostname 'Open Wrt'
list server a"; v done
#> package p
#> config system s
#> option hostname Open Wrt
#> list server a
#> v done

boot_hook_init() { local hook="${1}_hook"; export -n "PI_STACK_LIST=${PI_STACK_LIST:+$PI_STACK_LIST }$hook"; export -n "$hook="; }; boot_hook_add() { local hook="${1}_hook"; eval "export -n \"$hook=\${$hook:+\$$hook }$2\""; }; boot_run_hook() { local hook="${1}_hook" func; while eval "[ -n \"\$$hook\" ]"; do eval "func=\${$hook%% *}; $hook=\"\${$hook#* }\"; [ \"\$$hook\" = \"\$func\" ] && $hook="; $func; done; }; one() { echo one; }; two() { echo two; }; boot_hook_init main; boot_hook_add main one; boot_hook_add main two; boot_run_hook main; echo $PI_STACK_LIST
#> one
#> two
#> main_hook

case "$(printf 'sysupgrade')" in *.bin|*.img) echo image;; sys*grade) echo tool;; esac; case x in [a-w]) ;; [!a-w]) echo other;; esac
#> tool
#> other

set -e; f() { [ "$1" = x ] || return 1; echo ok; }; f x; f y || echo handled; [ -f /nosuch ] && echo no; for i in 1 2; do [ $i = 3 ] && echo no; done || true; echo end
#> ok
#> handled
#> end

json='{ "a": "b" }'; while [ -n "$json" ]; do case "$json" in \"*) echo -n Q;; ' '*) ;; *) echo -n "${json%"${json#?}"}";; esac; json=${json#?}; done; echo
#> {QaQ:QbQ}

ARGV=; for arg in "a b" c; do ARGV="$ARGV '$arg'"; done; eval "set -- $ARGV"; echo $# "$1"; shift $(($# - 1)); echo $1
#> 2 a b
#> c

dd if=/dev/zero bs=4 count=1 2>/dev/null | od -An -tx1; x=$(dd if=/dev/zero bs=4 count=1 2>/dev/null); echo "${#x}"
#>  00 00 00 00
#> 0
