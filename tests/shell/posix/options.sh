# set and its options

sh=x; set -e; . ./nofile 2>/dev/null || echo or; echo no
#= 2

set -u; (echo $nope) 2>/dev/null; echo $?; echo ${nope-d} "${nope:-d}" ${nope+s}; (echo ${#nope}) 2>/dev/null; echo $?
#> 2
#> d d
#> 2

set -u; echo "$@" $* $#; (echo $1) 2>/dev/null; echo $?; (echo ${1}) 2>/dev/null; echo $?; echo ${1-d}; (echo $!) 2>/dev/null; echo $?
#> 0
#> 2
#> 2
#> d
#> 2

set -u; (echo ${x%a}) 2>/dev/null; echo $?; (echo "${x#a}") 2>/dev/null; echo $?; (x=$y) 2>/dev/null; echo $?; for i in "$@"; do :; done; echo ok
#> 2
#> 2
#> 2
#> ok

set -u; unset x; (echo ${x:0:1}) 2>/dev/null; echo $?; (echo ${x//a/b}) 2>/dev/null; echo $?
#> 2
#> 2

set -u; set -- a; echo "$1"; shift; (echo "$1"; echo no) 2>/dev/null; echo $?; echo $nope; echo no
#> a
#> 2
#= 2

set -x; echo a 2>/dev/null; x=1; set +x; echo b
#> a
#> b

PS4='$x> '; x=1; (set -x; echo a; x=2; echo b) 2>&1
#> 1> echo a
#> a
#> 2> x=2
#> 2> echo b
#> b

set -v; echo a; set +v; echo b
#> a
#> b

set -a; x=1; y=2; set +a; z=3; sh -c 'echo $x $y $z'
#> 1 2

set -f; echo /bi*; set +f; echo /bi[n]
#> /bi*
#> /bin

set -o | grep -c . >/dev/null; set -o errexit; case $- in *e*) echo e;; esac; set +o errexit; false; echo yes
#> e
#> yes

set +o | grep -v '^set [-+]o ' ; set -fu; s=$(set +o); set +fu; eval "$s"; case $- in *f*u*|*u*f*) echo restored;; esac
#> restored

set - a b; echo $*; set -x 2>/dev/null; set - c; echo $*
#> a b
#> c

set +; set -; echo $?; set -- ''; echo $#
#> 0
#> 1

set -Q 2>/dev/null; echo no
#= 2

x='a b'; y=$(set | grep '^x='); echo "$y"; x="it's"; set | grep '^x='; x='a
b'; set | grep -A1 '^x='
#> x='a b'
#> x='it'"'"'s'
#> x='a
#> b'

set -o vi; set +o vi; set -m; set +m; echo ok; set -b; set +b; set -Z 2>/dev/null; echo $?
#> ok
#= 2

(set -eu; f() { echo ${nope}; }; f) 2>/dev/null; echo $?
#> 2

set -C; echo a >f; set +C; echo b >f; cat f; case $- in *C*) echo C;; *) echo none;; esac
#> b
#> none
