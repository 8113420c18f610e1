# functions, local variables, return

f() { return 30; }; f; echo $?
#> 30

f() { echo $x; }; x=1; x=2 f; echo $x
#> 2
#> 1

f() { echo "$1"; shift; echo $#; }; f a b c
#> a
#> 2

pwd() { echo mine; }; pwd; unset -f pwd; type pwd
#> mine
#> pwd is a shell builtin

f() { echo "$@"; }; f "a  b" c
#> a  b c

a() { b; }; b() { echo b; return 4; }; a; echo $?
#> b
#> 4

f() { x=in; }; x=out; f; echo $x; (x=sub); echo $x
#> in
#> in

f() ( x=sub; echo $x ); x=out; f; echo $x
#> sub
#> out

x() { echo $#; }; x; x a; x "" b
#> 0
#> 1
#> 2

command echo a; echo() { printf mine; }; command echo b; echo c
#> a
#> b
#> mine

f() { echo f; } ; f; f() { echo g; }; f
#> f
#> g

f() { f() { echo inner; }; echo outer; }; f; f
#> outer
#> inner

f() { exit 6; }; f; echo no
#= 6

f() { break; echo in; }; for i in 1 2; do f; echo $i; done; g() { continue; echo in; }; for i in 1 2; do g; echo $i; done
#! busybox lets a function leave the loop it is called in
#> in
#> 1
#> in
#> 2
#> in
#> 1
#> in
#> 2

f() { echo $# "$@"; }; f; f a; f 'a b' c; f "" 
#> 0
#> 1 a
#> 2 a b c
#> 1 

f() { echo $1; shift; [ $# -gt 0 ] && f "$@"; }; f a b c; echo $?
#> a
#> b
#> c
#> 1

f() { x=1; local y=2; z=$y; }; f; echo $x ${y-unset} $z
#> 1 unset 2

f() { local x=in; g; echo $x; }; g() { echo $x; x=g; }; x=out; f; echo $x
#> in
#> g
#> out

f() { local x=$1 y; y=$x; if [ $x -gt 0 ]; then f $((x-1)); fi; echo $x $y; }; f 2
#> 0 0
#> 1 1
#> 2 2

f() { local IFS=,; set -- $1; echo $#; }; f a,b,c; x=a,b; set -- $x; echo $#
#> 3
#> 1

f() { local x='a b'; local y=$x z; echo "$y" ${z-u}; local x; echo $x; }; f
#> a b u
#> a b

f() { local x=1; unset x; echo ${x-unset}; x=2; }; x=0; f; echo $x
#> unset
#> 0

f() { local a=1 b=$a; echo $b; }; a=0; f
#> 0

f() { local -x y=1 2>/dev/null; echo $?; }; f
#= 2

f() { return; }; true; f; echo $?; false; f; echo $?; f() { return 3; echo no; }; f; echo $?
#> 0
#> 1
#> 3

f() { false; return; }; f; echo $?; f() { (return 4); echo $?; }; f; f() { for i in 1 2; do return 5; done; }; f; echo $?
#> 1
#> 4
#> 5

f() { return -1; }; f 2>/dev/null; echo no
#= 2

f() { return a; }; f 2>/dev/null; echo no
#= 2

f() { exit 3; }; (f); echo $?; x=$(f); echo $?; f; echo no
#> 3
#> 3
#= 3

f() { f2() { echo inner; }; f2; }; f; f2
#> inner
#> inner

f() { echo 1; }; f() { echo 2; }; f; unset -f f; f 2>/dev/null; echo $?
#> 2
#> 127

x=var; x() { echo func; }; echo $x; x; unset x; x; unset -f x; x 2>/dev/null; echo $?
#> var
#> func
#> func
#> 127

x() { :; }; unset x; x=1; unset -v x; x 2>/dev/null; echo $?
#> 0

f() if true; then echo if; fi; f; f() for i in 1 2; do echo $i; done; f; f() (echo sub); f; f() case $1 in a) echo A;; esac; f a
#> if
#> 1
#> 2
#> sub
#> A

f() while [ $1 -lt 3 ]; do echo $1; set -- $(($1+1)); done; f 1
#> 1
#> 2

f()
{
echo nl
}
f
#> nl

f ( ) { echo sp; }; f
#> sp

f() { echo a; } >out; f; cat out; f() { cat; } <<X
doc
X
f; f
#> a
#> doc
#> doc

f() { echo $0; }; f | grep -c f
#> 0
#= 1

f() { x=5; }; x=1; x=2 f; echo $x
#> 1

f() { sh -c 'echo $x'; }; x=exp f; x=3 f
#> exp
#> 3

f() { export x; }; x=1 f; sh -c 'echo ${x-unset}'
#> unset

f() { echo "$x $y"; }; y=0; x=1 y=2 f; echo "$y"
#> 1 2
#> 0

set -- a b; f() { set -- x; echo $*; shift; echo $#; }; f 1 2; echo $*
#> x
#> 0
#> a b

f() { for i; do echo "<$i>"; done; }; f 'a b' c; f() { for i in; do echo no; done; echo $?; }; f x
#> <a b>
#> <c>
#> 0

f() { echo "$*"; IFS=-; echo "$*"; }; f a b; echo "$IFS"
#> a b
#> a-b
#> -

f() { trap 'echo trap' EXIT; }; f; echo after
#> after
#> trap

f() { :; }; f; echo $?; f() { }; echo no
#= 2
