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
