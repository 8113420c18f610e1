# where ash is not what POSIX or bash lead one to expect

type -t cd; f() { :; }; type -t f; type -t if; type -t nosuch; echo $?
#> cd
#> f
#> if
#> 127

echo 'a\nb\\c'; echo -- -n; echo - x; echo -E 'a\nb'; echo -ee 'a\tb'; echo -z
#> a\nb\\c
#> -- -n
#> - x
#> a\nb
#> a	b
#> -z

x=aXbXc; echo ${x/X/-} ${x//X/-} ${x/X} ${x//X}; echo ${x/#a/_} ${x/%c/_}
#> a-bXc a-b-c abXc abc
#> aXbXc aXbXc

x=abcdef; echo ${x: -2} ${x:1:2} ${x:0:-1} ${x: -3:-1}; set -- a b c; echo "${@:2}"
#> ef bc abcde de
#> b c

[[ abc == a?c ]]; echo $?; [[ abc =~ ^a(b|c)+$ ]]; echo $?; [[ a \< b ]]; echo $?; [[ b \< a ]]; echo $?
#! there the parenthesis is a syntax error, and nobody relies on that
#> 0
#> 0
#> 0
#> 1

echo word >b; [[ a < b ]]; echo $?
#> 0

echo $'a\tb\x41'; echo x &>f; cat f; set -C; echo y >|f; cat f; cat <(echo z)
#> a	bA
#> x
#> y
#> z

eval 'cat <<<x'; echo no
#= 2

eval 'x=(1 2)'; echo no
#= 2

echo {a,b} {1..3} a{b,c}d; printf -v x %s a >/dev/null 2>&1; echo "$? ${x-unset}"; printf %q a >/dev/null 2>&1; echo $?
#> {a,b} {1..3} a{b,c}d
#> 0 unset
#> 1

function f { echo one; }; f; function f() { echo two; }; f
#> one
#> two

eval 'a-b() { :; }'; echo no
#= 2

eval '1a() { :; }'; echo no
#= 2

x=out; f() { local x; echo "${x-unset}"; }; f; local y; echo no
#> unset
#= 2

(readonly r=1; r=2; echo no); echo $?; (echo ${x:?}; echo no); echo $?; (set -u; echo $x; echo no); echo $?; (. ./nosuch; echo no); echo $?; (command . ./nosuch; echo "still $?"); (exec nosuch; echo no); echo $?
#> 2
#> 2
#> 2
#> 2
#> still 2
#> 127

shift 3; echo $?; set -- a; shift 2; echo "$? $1"; cd /nosuch; echo $?; pwd >/dev/null && echo goes on
#> 1
#> 1 a
#> 2
#> goes on

let 0; echo $?; let 1; echo $?; (echo $((08))); echo $?; echo $((9223372036854775807 + 1)) $((16#ff)) $((0x1F)) $((017)); (echo $((1 / 0))); echo $?
#> 1
#> 0
#> 2
#> -9223372036854775808 255 31 15
#> 2

x=$(printf 'a\0b\0c'); echo $x ${#x}; (exit 300); echo $?; (kill -9 $(sh -c 'echo $PPID')); echo $?
#> abc 3
#> 44
#> 137

trap foo NOSUCH; echo $?; trap 'echo bye' EXIT; trap 'echo err' ERR; false; true
#> 1
#> err
#> bye

set -efu; case $- in *e*) echo -n e;; esac; case $- in *f*) echo -n f;; esac; case $- in *u*) echo u;; esac; set +efu; set -I; set +I; set -b -a -C; set +b +a +C; set -o vi; set +o vi; echo ok
#> efu
#> ok

alias late='echo expanded'; late; echo $?
#> 127

alias now='echo expanded'
now; eval 'alias x="echo x"'
x; eval 'alias y="echo y"; y'; echo $?
#> expanded
#> x
#> 127

nosuch; echo $?; ./nosuch; echo $?; /etc; echo $?; >plain; ./plain; echo $?; /nosuch/x; echo $?
#> 127
#> 127
#> 126
#> 126
#> 127
