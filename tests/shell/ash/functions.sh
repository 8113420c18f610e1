# functions, local variables, return

function f { echo f; }; f; function g() { echo g; }; g
#> f
#> g

f() { return; }; false; f; echo $?
#> 1

type type; type f; f() { :; }; type f
#> type is a shell builtin
#> f: not found
#> f is a function

f() { for i in 1 2; do return $i; done; }; f; echo $?
#> 1

f() { return $1; }; f 3; echo $?
#> 3

f() { local x; echo ${x-unset}; x=1; echo $x; }; x=out; f; echo $x
#> unset
#> 1
#> out

f() { return 256; }; f; echo $?; f() { return 300; }; f 2>/dev/null; echo $?
#> 0
#> 44

function f { echo a; }; f; function g() { echo b; }; g; function h
{ echo c; }; h
#> a
#> b
#> c
