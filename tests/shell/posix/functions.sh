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
